//! `portcullis api-key`: records that load, and what is no key.

use serde_json::{Value, json};

use crate::common::{portcullis, run_with, text};

const PEPPER: &str = "5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1";
const AT: &str = "2026-11-22T00:00:00Z";

fn create(arguments: &[&str]) -> std::process::Output {
    let mut command = portcullis(&["api-key", "create", "--id", "ci1"]);
    command.args(arguments).env("PORTCULLIS_PEPPER", PEPPER).output().unwrap()
}

/// Whether a gate loads with these records.
fn assert_they_load(records: &Value) {
    let document = json!({"profile": "generic", "policy": {"roles": {"user": {"permissions": ["graph:invoke"]}}},
        "api_keys": {"pepper": {"env": "P"}, "records": records}});
    let output = run_with(document.to_string(), &["config", "check", "--no-secrets", "--config", "-"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn all_that_a_record_can_say() {
    let output = create(&[
        "--role",
        "user",
        "--scope",
        "graph:invoke",
        "--tenant",
        "t1",
        "--owner",
        "bot",
        "--claim",
        "collections=[\"a\",\"b\"]",
        "--expires",
        "90d",
        "--at",
        AT,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let created: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut record = created["record"].clone();
    assert!(record["hash"].take().as_str().is_some_and(|hash| hash.starts_with("hmac-sha256:")));
    assert_eq!(
        record,
        json!({"id": "ci1", "hash": null, "roles": ["user"], "scopes": ["graph:invoke"], "tenant": "t1", "owner": "bot",
            "claims": {"collections": ["a", "b"]}, "expires_at": "2027-02-20T00:00:00Z"})
    );
    assert_they_load(&json!([created["record"]]));
}

#[test]
fn when_a_key_ends() {
    for (written, end) in [
        ("2027-01-01", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("1798761600", "2027-01-01T00:00:00Z"),
        ("12h", "2026-11-22T12:00:00Z"),
        ("1d 1h", "2026-11-23T01:00:00Z"),
    ] {
        let output = create(&["--at", AT, "--expires", written]);
        let created: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(created["record"]["expires_at"], json!(end), "{written}");
    }
    for (written, complaint) in [
        ("2020-01-01", "--expires: 2020-01-01T00:00:00Z has passed"),
        ("never", "--expires: write a date like"),
        ("-1d", "--expires"),
        ("2027-13-01", "--expires: write a date like"),
    ] {
        let output = create(&["--at", AT, &format!("--expires={written}")]);
        assert_eq!(output.status.code(), Some(2), "{written}");
        assert!(text(&output.stderr).contains(complaint), "{written}: {}", text(&output.stderr));
    }
    for claim in ["x", "=1", "x=text", "x={"] {
        let output = create(&["--claim", claim]);
        assert_eq!(output.status.code(), Some(2), "{claim}");
        assert!(text(&output.stderr).contains("--claim: "), "{claim}: {}", text(&output.stderr));
    }
}

#[test]
fn keys_of_another_system() {
    const KEYS: &str = "first-key-of-some-length,second-key-of-some-length\nthird-key-of-some-length \n";
    let output = run_with(KEYS, &["api-key", "import", "--role", "user", "--id-prefix", "old"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let imported: Value = serde_json::from_slice(&output.stdout).unwrap();
    let records = imported["records"].as_array().unwrap();
    assert_eq!(records.len(), 3);
    assert_they_load(&imported["records"]);
    for (record, key) in records.iter().zip(KEYS.split([',', '\n'])) {
        let output = run_with(key.trim(), &["api-key", "hash"]);
        let hashed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(hashed["hash"], record["hash"]);
        let digits = record["hash"].as_str().unwrap().strip_prefix("sha256:").unwrap();
        let id = record["id"].as_str().unwrap();
        assert!(
            id.strip_prefix("old").is_some_and(|part| part.len() == 8 && digits.starts_with(part)),
            "{id}"
        );
    }

    let output =
        run_with("one-key", &["api-key", "hash", "--id", "bot1", "--role", "user", "--owner", "bot"]);
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&record["id"], &record["owner"]), (&json!("bot1"), &json!("bot")));

    let output = run_with(KEYS, &["api-key", "hash"]);
    let hashed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let hashes: Vec<&Value> = records.iter().map(|record| &record["hash"]).collect();
    assert_eq!(hashed, json!({"hashes": hashes}));

    for (input, arguments, complaint) in [
        (KEYS, &["api-key", "hash", "--id", "all"][..], "standard input has 3 keys"),
        ("a", &["api-key", "hash", "--kv"], "--kv: a hash by itself is no record"),
        ("", &["api-key", "hash"], "standard input is empty"),
        (" ,\n", &["api-key", "import"], "standard input is empty"),
        ("a,b,a", &["api-key", "import"], "a key stands there twice"),
        ("a", &["api-key", "import", "--id-prefix", "x_"], "--id-prefix"),
        ("a", &["api-key", "hash", "--id", "x_"], "--id"),
    ] {
        let output = run_with(input, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(complaint), "{arguments:?}: {}", text(&output.stderr));
    }
}
