//! What `portcullis config init` prints, as it is: the commands that it names work, the origin's own clients get in with the
//! tokens and keys that it issues, and nobody else does.

use jwt_simple::prelude::*;
use portcullis_test_support::identity_provider::{Fault, IdentityProvider};
use serde_json::{Value, json};

use crate::common::{Folder, assert_code, json, portcullis, run, run_with, text};

/// Sixteen different digits three times: the secret of the tokens that were recorded.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";
/// 2026-11-22T01:00:00Z
const NOW: u64 = 1_795_309_200;

/// As a running R2R issued them at 00:20 that day; it keeps seconds with six decimals, and lets the first be used for 41
/// days.
const R2R_ACCESS: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZG1pbkBleGFtcGxlLmNvbSIsInRva2VuX3R5cGUiOiJhY2Nlc3MiLCJleHAiOjE3OTg5MDY4MTEuMjE4ODU5LCJpYXQiOjE3OTUzMDY4MTEuMjE4ODk5LCJuYmYiOjE3OTUzMDY4MTEuMjE4ODk5LCJqdGkiOiJmMkEyLWY5M29NbTk2N3FpNmo1WkJRPT0iLCJub25jZSI6Ikl6Sk9oZE5QWk53Zk5mZUp6UFdPY3c9PSJ9.xVXgRn8iN-LNNXZS3IAQiS6kF14mEq0oJk-MWwVeD54";
const R2R_REFRESH: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZG1pbkBleGFtcGxlLmNvbSIsInRva2VuX3R5cGUiOiJyZWZyZXNoIiwiZXhwIjoxNzk1OTExNjExLjIxOTI0MywiaWF0IjoxNzk1MzA2ODExLjIxOTI0OCwibmJmIjoxNzk1MzA2ODExLjIxOTI0OCwianRpIjoiVU5Oel9Zd0lVbmNTb2hQR21yOEZOQT09Iiwibm9uY2UiOiItelB3MDZIX0NscUlUdDVBdXBrTWd3PT0ifQ.Tkj7QByfesxUWJzkKe6J4Wy4RODMY1JX32YgvkB6xik";
const R2R_KEY: &str = "key_kPzqU5e2Sg6T2uWqz0hXSg==.AzCx0bN1c2V5c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmU=";
/// Signed a minute before, as RAGFlow signs the sessions of its web page.
const RAGFLOW_SESSION: &str =
    "ImI0OTQ0ZTA0ZTkzMjExZjFhZTMyMDJmYzAwMDAwMDAxIg.awI-VA.3DG-ROXP-TMev48TL4cRwYkoEW4";
const RAGFLOW_KEY: &str = "ragflow-mYx0Qd4zv3K1c2V5c2VjcmV0a2V5c2VjcmV0a2V5c2Vj";

/// A folder with what is printed for `profile`, and every secret that a profile names; the origin, if it is asked.
struct Start(Folder, Option<String>);

impl Start {
    fn of(profile: &str) -> Self {
        let folder = Folder::new();
        let output = run(&["config", "init", "--profile", profile]);
        assert_code(&output, 0);
        folder.write("portcullis.json", &output.stdout);
        let names = ["JWT_SECRET_KEY", "R2R_SECRET_KEY", "RAGFLOW_SECRET_KEY"];
        let secrets = names.map(|name| format!("{name}={SECRET}\n")).concat();
        folder.write("secrets.env", format!("{secrets}ORIGIN_JWT_SECRET=ff{SECRET}\n"));
        Self(folder, None)
    }

    /// Lets this origin be asked.
    fn before(self, origin: &IdentityProvider) -> Self {
        Self(self.0, Some(origin.issuer()))
    }

    /// Lists the record that `portcullis api-key hash` makes of `key`.
    fn with_key(self, key: &str, options: &[&str]) -> Self {
        let output = run_with(key, &[&["api-key", "hash"], options].concat());
        assert_code(&output, 0);
        self.add(&json(&output));
        self
    }

    fn add(&self, record: &Value) {
        let file = self.0.path("portcullis.json");
        let mut document: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        document["api_keys"]["records"].as_array_mut().unwrap().push(record.clone());
        std::fs::write(&file, document.to_string()).unwrap();
    }

    /// What becomes of a request with these headers, one a line: `ALLOW` and the subject, or the reason of the refusal.
    fn decide(&self, headers: &str, request: &str) -> String {
        let (config, secrets) = (self.0.path("portcullis.json"), self.0.path("secrets.env"));
        let mut command = portcullis(&["explain", "--json", "--at", &NOW.to_string(), request]);
        command.arg("--config").arg(config).arg("--env-file").arg(secrets);
        command.args(headers.lines().flat_map(|header| ["-H", header]));
        command.args(self.1.iter().flat_map(|origin| ["--fetch", "--origin", origin]));
        let output = command.output().unwrap();
        let report = json(&output);
        match (report["decision"].as_str().unwrap(), &report["principal"], &report["reason"]) {
            ("answer", ..) => "ANSWER".to_owned(),
            ("allow", Value::Null, _) => "ALLOW".to_owned(),
            ("allow", principal, _) => format!("ALLOW {}", principal["subject"].as_str().unwrap()),
            (_, _, reason) => reason.as_str().unwrap().to_owned(),
        }
    }

    fn with_token(&self, token: &str, request: &str) -> String {
        self.decide(&format!("Authorization: Bearer {token}"), request)
    }
}

/// A token with exactly these claims.
fn signed(claims: &Value, secret: &str) -> String {
    let mut set = Claims::with_custom_claims(claims.clone(), Duration::from_secs(1));
    (set.issued_at, set.expires_at, set.invalid_before) = (None, None, None);
    HS256Key::from_bytes(secret.as_bytes()).authenticate(set).unwrap()
}

fn unsigned(claims: &Value) -> String {
    portcullis_test_support::origin::tokens::unsigned(claims)
}

#[test]
fn agentflow_and_the_token_of_its_guide() {
    let start = Start::of("agentflow");
    let of_guide = |role: &str| json!({"sub": "user-123", "name": "Alice", "role": role, "exp": NOW + 3600});
    let invoke = "POST /v1/graph/invoke";
    let (user, guest) = (signed(&of_guide("user"), SECRET), signed(&of_guide("guest"), SECRET));
    assert_eq!(start.with_token(&user, invoke), "ALLOW user-123");
    assert_eq!(start.with_token(&user, "GET /v1/threads"), "ALLOW user-123");
    assert_eq!(start.with_token(&guest, invoke), "ALLOW user-123");
    assert_eq!(start.with_token(&guest, "GET /v1/threads"), "permission_missing");
    // As the server itself asks for: its `user_id` counts, as there.
    let of_server = json!({"user_id": "u1", "sub": "other", "exp": NOW + 3600});
    assert_eq!(start.with_token(&signed(&of_server, SECRET), invoke), "ALLOW u1");

    let admin = of_guide("admin");
    for (token, reason) in [
        (signed(&admin, &format!("x{SECRET}")), "signature_invalid"),
        (unsigned(&admin), "algorithm_not_allowed"),
        (signed(&json!({"name": "Alice", "role": "admin", "exp": NOW + 60}), SECRET), "claim_missing"),
        (signed(&json!({"user_id": [], "sub": "a", "exp": NOW + 60}), SECRET), "claim_invalid"),
        (signed(&json!({"sub": "a", "role": "admin"}), SECRET), "claim_missing"),
        (signed(&json!({"sub": "a", "exp": NOW - 60}), SECRET), "token_expired"),
    ] {
        assert_eq!(start.with_token(&token, invoke), reason);
    }
    assert_eq!(start.decide("Accept: */*", invoke), "credential_missing");
}

/// R2R, as far as it says who its users are, and lets them read what is theirs.
struct R2r(IdentityProvider);

impl R2r {
    fn start() -> Self {
        Self(IdentityProvider::start().unwrap())
    }

    /// Whoever asks from now on is this user.
    fn knows(&self, email: &str, is_superuser: bool, is_active: bool) {
        let user = json!({"email": email, "is_superuser": is_superuser, "is_active": is_active});
        self.0.store("/v3/users/me", json!({"results": user}));
    }
}

#[test]
fn r2r_and_its_tokens_and_keys() {
    let origin = R2r::start();
    let start = Start::of("r2r").before(&origin.0);
    let me = "GET /v3/users/me";
    origin.knows("admin@example.com", true, true);
    assert_eq!(start.with_token(R2R_ACCESS, me), "ALLOW admin@example.com");
    assert_eq!(start.with_token(R2R_ACCESS, "GET /v3/system/settings"), "ALLOW admin@example.com");
    // A page anywhere, as with R2R itself.
    let preflight = "Origin: https://chat.example\nAccess-Control-Request-Method: GET";
    assert_eq!(start.decide(preflight, "OPTIONS /v3/users/me"), "ANSWER");
    let from_page = format!("Origin: https://chat.example\nAuthorization: Bearer {R2R_ACCESS}");
    assert_eq!(start.decide(&from_page, me), "ALLOW admin@example.com");
    assert_eq!(start.decide("Accept: */*", "POST /v3/users/login"), "ALLOW");

    // R2R's word counts: who is no superuser any longer, or was locked out.
    origin.knows("admin@example.com", false, true);
    assert_eq!(start.with_token(R2R_ACCESS, "GET /v3/system/settings"), "permission_missing");
    origin.knows("admin@example.com", false, false);
    assert_eq!(start.with_token(R2R_ACCESS, me), "credential_rejected");

    origin.knows("ann@example.com", false, true);
    assert_eq!(start.decide(&format!("X-API-Key: {R2R_KEY}"), me), "ALLOW ann@example.com");
    assert_eq!(start.with_token(R2R_KEY, "POST /v3/retrieval/search"), "ALLOW ann@example.com");
    // Forty days old, and still good: R2R lets it be used.
    let old =
        json!({"sub": "ann@example.com", "token_type": "access", "iat": NOW - 3_456_000, "exp": NOW + 60});
    assert_eq!(start.with_token(&signed(&old, SECRET), me), "ALLOW ann@example.com");
    // Whose an object is, the origin says as well.
    origin.0.store("/v3/conversations/hers", json!({"results": []}));
    let rename = |id: &str| format!("POST /v3/conversations/{id}");
    assert_eq!(start.with_token(R2R_KEY, &rename("hers")), "ALLOW ann@example.com");
    let join = "POST /v3/users/u/collections/theirs";
    assert_eq!(start.with_token(R2R_KEY, join), "binding_mismatch");

    assert_eq!(start.with_token(R2R_REFRESH, me), "token_type_mismatch");
    assert_eq!(start.with_token(&signed(&old, &format!("x{SECRET}")), me), "signature_invalid");
    assert_eq!(start.with_token(&unsigned(&old), me), "algorithm_not_allowed");
    assert_eq!(start.with_token(&signed(&old, SECRET), "GET /v3/system/settings"), "permission_missing");
    assert_eq!(start.decide("Accept: */*", me), "credential_missing");
    origin.0.fail_at("/v3/users/me", Fault::Down);
    assert_eq!(start.with_token(R2R_KEY, me), "ask_unavailable");
}

#[test]
fn rag_modulo_and_both_kinds_of_its_tokens() {
    let start = Start::of("rag-modulo");
    let uuid = "9bae4a21-718b-4c8b-bdd2-22857779a85b";
    let login = |exp: Value| json!({"sub": "IBMid-1", "email": "ann@example.com", "name": "Ann", "uuid": uuid, "exp": exp, "role": "user"});
    let device = json!({"sub": uuid, "uuid": uuid, "email": "ann@example.com", "username": "ann", "role": "user",
        "exp": NOW + 86400, "iat": NOW, "iss": "rag-modulo"});
    let allowed = format!("ALLOW {uuid}");
    for token in [login(json!(NOW + 3600)), device.clone()] {
        let token = signed(&token, SECRET);
        assert_eq!(start.with_token(&token, "GET /api/collections"), allowed);
        assert_eq!(start.with_token(&token, &format!("GET /api/users/{uuid}/collections")), allowed);
        assert_eq!(start.with_token(&token, "GET /api/users/another/collections"), "binding_mismatch");
        // In the frames of a WebSocket stands whose conversation is meant: not for users, unless a document gives it them.
        let upgrade = "Connection: Upgrade\nUpgrade: websocket";
        assert_eq!(start.decide(upgrade, &format!("GET /ws?token={token}")), "permission_missing");
    }
    // A preflight of its own page, which the server would refuse.
    let preflight = |origin: &str| format!("Origin: {origin}\nAccess-Control-Request-Method: GET");
    let collections = "OPTIONS /api/collections";
    assert_eq!(start.decide(&preflight("http://localhost:3000"), collections), "ANSWER");
    assert_ne!(start.decide(&preflight("https://other.example"), collections), "ANSWER");
    for (token, reason) in [
        (signed(&login(Value::Null), SECRET), "claim_invalid"),
        (signed(&device, &format!("x{SECRET}")), "signature_invalid"),
        (unsigned(&device), "algorithm_not_allowed"),
        ("dev-bypass-auth".to_owned(), "token_malformed"),
        ("mock_token_for_testing".to_owned(), "token_malformed"),
    ] {
        assert_eq!(start.with_token(&token, "GET /api/collections"), reason);
    }
}

#[test]
fn ragflow_and_its_keys() {
    let start =
        Start::of("ragflow").with_key(RAGFLOW_KEY, &["--id", "alice1", "--owner", "alice", "--role", "user"]);
    for request in ["GET /api/v1/datasets", "POST /api/v1/datasets", "GET /api/v1/chats?page=1"] {
        assert_eq!(start.with_token(RAGFLOW_KEY, request), "ALLOW alice", "{request}");
    }
    assert_eq!(start.decide(&format!("Authorization: {RAGFLOW_KEY}"), "GET /api/v1/datasets"), "ALLOW alice");
    assert_eq!(start.with_token(RAGFLOW_KEY, "GET /api/v1/system/tokens"), "permission_missing");
    // About others, and about sessions that it has signed, RAGFlow is asked, which is not there.
    assert_eq!(start.with_token(&format!("{RAGFLOW_KEY}x"), "GET /api/v1/datasets"), "ask_unavailable");
    let foreign = RAGFLOW_SESSION.replace("3DG-ROXP", "3DG-ROXA");
    for (session, reason) in [(RAGFLOW_SESSION, "ask_unavailable"), (foreign.as_str(), "signature_invalid")] {
        assert_eq!(start.with_token(session, "GET /api/v1/datasets"), reason);
        assert_eq!(start.decide(&format!("Authorization: {session}"), "GET /api/v1/datasets"), reason);
    }
    assert_eq!(start.decide("Accept: */*", "GET /api/v1/datasets"), "credential_missing");
}

/// Paste for paste: the lines that stand in by four spaces.
#[cfg(unix)]
#[test]
fn the_commands_that_are_printed_work() {
    let program = portcullis(&[]).get_program().to_owned();
    let programs = std::path::Path::new(&program).parent().unwrap().to_owned();
    let path = std::env::join_paths(
        std::iter::once(programs).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    for profile in ["agentflow", "r2r", "rag-modulo", "ragflow", "ragflow-0.24", "generic"] {
        let printed = run(&["config", "init", "--profile", profile]);
        let lines: Vec<&str> =
            text(&printed.stderr).lines().filter_map(|line| line.strip_prefix("    ")).collect();
        let commands: Vec<&&str> = lines.iter().filter(|line| !line.starts_with(' ')).collect();
        let start = Start::of(profile);
        let origin = R2r::start();
        origin.knows("ann@example.com", false, true);
        let mut last = String::new();
        for command in &commands {
            let command = command.replace("http://127.0.0.1:7272", &origin.0.issuer());
            let output = std::process::Command::new("sh")
                .args(["-c", &command])
                .current_dir(start.0.path("."))
                .env("PATH", &path)
                .env("RAGFLOW_API_KEY", RAGFLOW_KEY)
                .output()
                .unwrap();
            assert_code(&output, 0);
            let said = text(&output.stdout).to_owned();
            if command.contains("api-key hash") {
                start.add(&serde_json::from_str(&said).unwrap());
            } else if command.contains("explain") {
                last = said;
            }
        }
        assert!(commands.len() >= 3 && last.starts_with("ALLOW"), "{profile}: {commands:?}: {last}");
    }
}
