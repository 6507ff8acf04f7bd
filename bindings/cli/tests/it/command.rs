//! The command as a user runs it.

use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use jwt_simple::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const PEPPER: &str = "5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1";
const AT: &str = "2026-11-22T00:00:00Z";

struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new(document: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("portcullis.json"), document).unwrap();
        std::fs::write(
            folder.path().join("secrets.env"),
            format!("JWT_SECRET_KEY={SECRET}\nPORTCULLIS_PEPPER='{PEPPER}'\n"),
        )
        .unwrap();
        Self { folder }
    }

    fn agentflow() -> Self {
        Self::new(
            r#"{"profile":"agentflow","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn explain(&self, arguments: &[&str]) -> Output {
        Command::cargo_bin("portcullis")
            .unwrap()
            .arg("explain")
            .arg("--config")
            .arg(self.path("portcullis.json"))
            .arg("--env-file")
            .arg(self.path("secrets.env"))
            .args(["--at", AT])
            .args(arguments)
            .output()
            .unwrap()
    }
}

fn token(role: &str) -> String {
    let mut claims = Claims::with_custom_claims(
        json!({"user_id": "alice", "role": role, "exp": 1_795_305_660}),
        Duration::from_secs(1),
    );
    (claims.issued_at, claims.expires_at, claims.invalid_before) = (None, None, None);
    HS256Key::from_bytes(SECRET.as_bytes()).authenticate(claims).unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn allowed_in_words() {
    let header = format!("Authorization: Bearer {}", token("user"));
    let output =
        Fixture::agentflow().explain(&["-H", &header, "-H", "X-Auth-Subject: root", "GET //v1/threads?a=b"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "ALLOW  GET //v1/threads?a=b\n  \
         ✓ path         /v1/threads, with empty segments merged\n  \
         ✓ route        GET /v1/threads\n  \
         ✓ access       asks for checkpointer:read\n  \
         ✓ credential   a token, in the Authorization header\n  \
         ✓ header       the token says: alg HS256, no kid, typ JWT\n  \
         ✓ key          key 1 of 1 (HS256, without kid) of /issuers/0, the only one that fits\n  \
         ✓ signature    valid\n  \
         ✓ claim        typ JWT is one of JWT, at+jwt\n  \
         ✓ claim        kind: not marked as another kind of token by nonce, at_hash, c_hash, s_hash, events\n  \
         ✓ claim        aud is absent, and none is configured\n  \
         ✓ claim        exp 2026-11-22T00:01:00Z, good for 1 minute more\n  \
         ✓ claim        subject alice from /user_id\n  \
         ✓ claim        roles user from /role\n  \
         ✓ principal    alice with user\n  \
         ✓ permission   checkpointer:read is given by user\n  \
         ✓ scopes       none are declared, which narrows nothing\n  \
         ✓ forward      /v1/threads?a=b with the caller's own credential\n      \
         remove   x-auth-subject\n      \
         set      x-auth-subject: alice\n      \
         set      x-auth-roles: user\n"
    );
}

#[test]
fn denied_in_words() {
    let header = format!("Authorization: Bearer {}", token("guest"));
    let output = Fixture::agentflow().explain(&["-H", &header, "GET /v1/threads"]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("DENY   GET /v1/threads → 403 permission_missing\n"), "{stdout}");
    assert!(
        stdout.contains("✗ refused      permission_missing: no role of the principal has the permission"),
        "{stdout}"
    );
    assert!(
        stdout.ends_with("  → role `guest` lacks `checkpointer:read`; roles that have it: admin, user\n"),
        "{stdout}"
    );
    assert!(stdout.contains(r#"WWW-Authenticate: Bearer realm="auth_required", error="insufficient_scope", scope="checkpointer:read""#));
}

#[test]
fn json() {
    let header = format!("Authorization: Bearer {}", token("user"));
    let output = Fixture::agentflow().explain(&["--json", "-H", &header, "GET /v1/threads"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["decision"], "allow");
    assert_eq!(value["route"], "GET /v1/threads");
    assert_eq!(value["permission"], "checkpointer:read");
    assert_eq!(value["principal"]["subject"], "alice");
    assert_eq!(value["set_headers"], json!([["x-auth-subject", "alice"], ["x-auth-roles", "user"]]));
    assert_eq!(value["remedy"], Value::Null);
    let steps: Vec<&str> =
        value["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps[..5], ["path", "route", "access", "credential", "header"]);
    assert_eq!(steps[steps.len() - 4..], ["principal", "permission", "scopes", "forward"]);

    let output =
        Fixture::agentflow().explain(&["--json", "--at", "1795305660", "-H", &header, "GET /v1/threads"]);
    assert_eq!(output.status.code(), Some(2), "--at twice is a usage error");
    let output = Fixture::agentflow().explain(&["--json", "GET /v1/threads"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&value["decision"], &value["status"], &value["reason"]),
        (&json!("deny"), &json!(401), &json!("credential_missing"))
    );
    assert_eq!(value["remedy"], "send a credential as `Authorization: Bearer …`");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn mistakes_of_the_user() {
    let fixture = Fixture::agentflow();
    for (arguments, expected) in [
        (&["/v1/threads"][..], "error: write a method and a target"),
        (&["-H", "Authorization", "GET /"], "error: -H: write a header as 'Name: value'"),
        (&["-H", "Authori zation: x", "GET /"], "error: -H: write a header as 'Name: value', with no space"),
    ] {
        let output = fixture.explain(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).starts_with(expected), "{}", text(&output.stderr));
    }
    let broken = Fixture::new(
        r#"{"profile":"agentflow","policy":{"roles":{"user":{"inherits":["usr"]}}},"issuers":[{"keys":[{"alg":"HS256","secret":{"env":"UNSET_SECRET"}}]}]}"#,
    );
    let output = broken.explain(&["GET /"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains(
            "portcullis.json:1:63: /policy/roles/user/inherits/0: no role \"usr\"; did you mean \"user\"?"
        ),
        "{stderr}"
    );
    assert!(
        stderr.contains("secret \"UNSET_SECRET\" is not set; set the environment variable UNSET_SECRET"),
        "{stderr}"
    );
}

#[test]
fn a_created_key_is_let_in() {
    let fixture = Fixture::new("{}");
    let create = |id: &str| {
        let output = Command::cargo_bin("portcullis")
            .unwrap()
            .args(["api-key", "create", "--id", id, "--role", "user", "--owner", "ci-bot", "--env-file"])
            .arg(fixture.path("secrets.env"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let created = create("ci1");
    assert_ne!(create("ci1")["key"], created["key"]);
    let document = json!({"profile": "agentflow",
        "upstream": {"credential": "swap", "token": {"secret": {"env": "JWT_SECRET_KEY"}}},
        "api_keys": {"pepper": {"env": "PORTCULLIS_PEPPER"}, "records": [created["record"]]}});
    std::fs::write(fixture.path("portcullis.json"), document.to_string()).unwrap();
    let header = format!("X-API-Key: {}", created["key"].as_str().unwrap());
    let output = fixture.explain(&["-H", &header, "GET /v1/threads"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert!(
        stdout.contains("credential   an API key with the identifier `ci1`, in the API-key header"),
        "{stdout}"
    );
    assert!(stdout.contains("principal    ci-bot with user\n"), "{stdout}");
    assert!(stdout.contains("set      authorization: (a credential for the origin)"), "{stdout}");
    assert!(!stdout.contains("eyJ"), "{stdout}");
    let output = fixture.explain(&["--json", "-H", &header, "GET /v1/threads"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["set_headers"][0], json!(["authorization", "(a credential for the origin)"]));
    assert!(!text(&output.stdout).contains("eyJ"), "{}", text(&output.stdout));
}

#[test]
fn foreign_keys_are_hashed_from_standard_input() {
    let run = |input: &str| {
        Command::cargo_bin("portcullis")
            .unwrap()
            .args(["api-key", "hash"])
            .write_stdin(input)
            .output()
            .unwrap()
    };
    let output = run("abc\n");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["hash"], "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(run("").status.code(), Some(2));
}
