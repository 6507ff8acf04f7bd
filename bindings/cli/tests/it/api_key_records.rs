//! `portcullis api-key list`, `revoke` and `rotate`: records of a document, and what of it stays as it is written.

use serde_json::{Value, json};

use crate::common::{Folder, assert_code, json as printed, portcullis, run, text};

const PEPPER: &str = "5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1";
const AT: &str = "2026-11-22T00:00:00Z";
const OWN: &str = "hmac-sha256:1111111111111111111111111111111111111111111111111111111111111111";
const FOREIGN: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
const OLD: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";

/// A document whose members are in no order of the alphabet, and which is laid out in several ways.
fn document() -> String {
    format!(
        r#"{{
  "profile": "generic",
  "policy": {{ "roles": {{ "user": {{ "permissions": ["graph:invoke"] }} }} }},
  "api_keys": {{
    "records": [
      {{ "roles": ["user"], "id": "ci1", "hash": "{OWN}", "claims": {{ "b": [1, 2], "a": "é" }} }},
      {{
        "id": "crawler 1",
        "hash": "{FOREIGN}",
        "owner": "crawler",
        "expires_at": "2027-01-31T00:00:00Z"
      }},
      {{"id": "old", "hash": "{OLD}", "expires_at": 1}}
    ],
    "pepper": {{ "env": "P" }}
  }}
}}
"#
    )
}

fn api_key(arguments: &[&str]) -> std::process::Output {
    portcullis(&["api-key"]).args(arguments).env("PORTCULLIS_PEPPER", PEPPER).output().unwrap()
}

/// The record `id` of a document.
fn record(document: &str, id: &str) -> Value {
    let document: Value = serde_json::from_str(document).unwrap();
    let records = document["api_keys"]["records"].as_array().unwrap();
    records.iter().find(|record| record["id"] == id).unwrap_or_else(|| panic!("no record {id}")).clone()
}

#[test]
fn what_is_known_of_each_key_but_its_hash() {
    let folder = Folder::new();
    let file =
        folder.write("c.json", document().replace("\"id\": \"ci1\"", "\"id\": \"ci1\", \"disabled\": true"));
    let output = run(&["api-key", "list", "--config", &file, "--at", AT]);
    assert_code(&output, 0);
    assert_eq!(
        text(&output.stdout),
        "id         state     ends                  subject  roles\n\
         ci1        disabled  never                 key:ci1  user\n\
         crawler 1  active    2027-01-31T00:00:00Z  crawler  (none)\n\
         old        expired   1970-01-01T00:00:01Z  key:old  (none)\n\
         3 records; 1 active\n"
    );
    let output = run(&["api-key", "list", "--config", &file, "--at", "2027-01-31", "--json"]);
    assert_code(&output, 2);
    let output = run(&["api-key", "list", "--config", &file, "--at", "2027-01-31T00:00:00Z", "--json"]);
    let keys = printed(&output);
    assert_eq!(
        keys["records"][1],
        json!({"id": "crawler 1", "state": "expired", "kind": "of_another_system", "expires_at": "2027-01-31T00:00:00Z",
            "subject": "crawler", "roles": [], "scopes": null, "tenant": null})
    );
    assert!(!text(&output.stdout).contains("2222"), "{keys}");

    let broken =
        folder.write("broken.json", document().replace("\"roles\": [\"user\"]", "\"roles\": [\"usr\"]"));
    let output = run(&["api-key", "list", "--config", &broken]);
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("broken.json:6:"), "{}", text(&output.stderr));
}

#[test]
fn a_revoked_key_changes_its_record_alone() {
    let folder = Folder::new();
    let file = folder.write("c.json", document());
    let output = run(&["api-key", "revoke", "ci1", "--config", &file]);
    assert_code(&output, 0);
    let expected = document().replace("\"a\": \"é\" } }", "\"a\": \"é\" }, \"disabled\": true }");
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), document());

    // Of several lines, with a line of its own.
    let output = run(&["api-key", "revoke", "crawler 1", "--config", &file, "--in-place"]);
    assert_code(&output, 0);
    assert_eq!(printed(&output)["record"]["disabled"], true);
    let expected = document().replace("31T00:00:00Z\"\n", "31T00:00:00Z\",\n        \"disabled\": true\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);

    let output = run(&["api-key", "revoke", "old", "--remove", "--config", &file, "--in-place"]);
    assert_code(&output, 0);
    assert_eq!(printed(&output), json!({"removed": "old"}));
    let left = std::fs::read_to_string(&file).unwrap();
    assert!(!left.contains("old") && left.contains("\"claims\": { \"b\": [1, 2], \"a\": \"é\" }"), "{left}");
    assert_code(&run(&["config", "check", "--no-secrets", "--config", &file]), 0);

    let output = run(&["api-key", "revoke", "nobody", "--config", &file]);
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("has no record with this id"), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions_and_its_links() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let file = folder.write("c.json", document());
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path("link.json");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let output = run(&["api-key", "revoke", "ci1", "--in-place", "--config", link.to_str().unwrap()]);
    assert_code(&output, 0);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(record(&std::fs::read_to_string(&file).unwrap(), "ci1")["disabled"], true);
}

#[test]
fn a_rotated_key_hands_its_record_on() {
    let folder = Folder::new();
    let file = folder.write("c.json", document());
    let output = api_key(&["rotate", "ci1", "--config", &file, "--at", AT]);
    assert_code(&output, 0);
    let (rotated, told) = (text(&output.stdout), text(&output.stderr));
    let key = told.trim().rsplit(' ').next().unwrap();
    assert!(key.starts_with("pc_live_ci1r20261122_") && !rotated.contains(key), "{told}");
    let (old, new) = (record(rotated, "ci1"), record(rotated, "ci1r20261122"));
    assert_eq!(old["expires_at"], "2026-11-29T00:00:00Z");
    assert_eq!((&old["hash"], old.get("owner")), (&json!(OWN), None));
    // The same caller to everybody, though the identifier of the key is another.
    assert_eq!(
        (&new["owner"], &new["roles"], &new["claims"]),
        (&json!("key:ci1"), &old["roles"], &old["claims"])
    );
    assert_eq!(new.get("expires_at"), None);
    // Nothing else has changed: without the two lines, it is the old document without its line.
    let without =
        |text: &str| text.lines().filter(|line| !line.contains("ci1")).collect::<Vec<_>>().join("\n");
    assert_eq!(without(rotated), without(&document()));
    let lines: Vec<&str> = rotated.lines().filter(|line| line.contains("ci1")).collect();
    assert!(lines.iter().all(|line| line.starts_with("      { \"roles\": [\"user\"], \"id\"")), "{lines:?}");

    // The new key gets in.
    let file = folder.write("rotated.json", rotated);
    for (key, code) in [(key, "permission_missing"), ("nobodys-key-of-some-length", "api_key_unknown")] {
        let header = format!("X-API-Key: {key}");
        let routed = rotated.replace("\"policy\": {", "\"policy\": { \"routes\": {\"GET /x\": \"x:read\"},");
        std::fs::write(&file, routed).unwrap();
        let output = portcullis(&["explain", "--config", &file, "--json", "-H", &header, "GET /x"])
            .env("P", PEPPER)
            .output()
            .unwrap();
        assert_eq!(printed(&output)["reason"], code, "{}", text(&output.stderr));
    }
}

#[test]
fn what_a_rotation_is_told() {
    let folder = Folder::new();
    let file = folder.write("c.json", document());
    let output = api_key(&[
        "rotate",
        "crawler 1",
        "--new-id",
        "crawler2",
        "--grace",
        "12h",
        "--expires",
        "2028-01-01",
        "--config",
        &file,
        "--at",
        AT,
        "--in-place",
        "--env",
        "test",
    ]);
    assert_code(&output, 0);
    let told = printed(&output);
    assert!(told["key"].as_str().unwrap().starts_with("pc_test_crawler2_"));
    assert_eq!(
        (&told["old"]["expires_at"], &told["record"]["expires_at"], &told["record"]["owner"]),
        (&json!("2026-11-22T12:00:00Z"), &json!("2028-01-01T00:00:00Z"), &json!("crawler"))
    );
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        (record(&written, "crawler 1"), record(&written, "crawler2")),
        (told["old"].clone(), told["record"].clone())
    );

    // An old key that ends before its grace is over is good for no longer, and neither is the new one.
    let file = folder.write("c.json", document());
    let output = api_key(&[
        "rotate",
        "crawler 1",
        "--new-id",
        "crawler2",
        "--grace",
        "800d",
        "--config",
        &file,
        "--at",
        AT,
        "--json",
    ]);
    let told = printed(&output);
    assert_eq!(
        (&told["old"]["expires_at"], &told["record"]["expires_at"]),
        (&json!("2027-01-31T00:00:00Z"), &json!("2027-01-31T00:00:00Z"))
    );
    assert_eq!(record(&told["document"].to_string(), "crawler2"), told["record"]);

    for (arguments, complaint) in [
        (&["crawler 1"][..], "--new-id: give the new key an identifier"),
        (&["crawler 1", "--new-id", "a b"], "--new-id: write 1 to 64"),
        (&["ci1", "--new-id", "ci1"], "--new-id: the new key takes another identifier"),
        (&["ci1", "--new-id", "old"], "an earlier record has this identifier"),
        (&["old", "--new-id", "old2"], "ID: the API key expired at"),
        (&["nobody"], "has no record with this id"),
        (&["ci1", "--grace", "soon"], "--grace: write"),
        (&["ci1", "--expires", "2020-01-01"], "--expires: 2020-01-01T00:00:00Z has passed"),
    ] {
        let output = api_key(&[&["rotate", "--config", &file, "--at", AT], arguments].concat());
        assert_code(&output, 2);
        let said = text(&output.stderr);
        assert!(said.contains(complaint) && !said.contains("pc_live"), "{arguments:?}: {said}");
    }
}

#[test]
fn of_yaml_the_record_is_printed_with_its_place() {
    let folder = Folder::new();
    let yaml = format!(
        "profile: generic\npolicy:\n  roles: {{user: {{permissions: [\"graph:invoke\"]}}}}\napi_keys:\n  pepper: {{env: P}}\n  records:\n    - id: ci1  # the pipeline\n      hash: {OWN}\n      roles: [user]\n"
    );
    let file = folder.write("c.yaml", &yaml);
    let output = run(&["api-key", "revoke", "ci1", "--config", &file]);
    assert_code(&output, 0);
    assert_eq!(
        printed(&output)["record"],
        json!({"id": "ci1", "hash": OWN, "roles": ["user"], "disabled": true})
    );
    let said = text(&output.stderr);
    assert!(said.contains("c.yaml:7:7: /api_keys/records/0: put the printed record in place"), "{said}");
    let output = api_key(&["rotate", "ci1", "--config", &file, "--at", AT]);
    assert_eq!(printed(&output)["old"]["expires_at"], "2026-11-29T00:00:00Z");
    assert!(text(&output.stderr).contains("put the printed records in place"), "{}", text(&output.stderr));
    let output = run(&["api-key", "revoke", "ci1", "--config", &file, "--in-place"]);
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("--in-place: "), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), yaml);
}
