//! What the operator's log says about a decision, and what it never says.

use portcullis::api_key::{RecordLookup, assemble};
use portcullis::parts::Pepper;
use portcullis::{CredentialLocation, HeaderPair, Need, RequestHead, Step, UnixTime, Verdict};
use portcullis_tests::{NOW, OTHER_SECRET, PEPPER, SECRET, decide, decide_with_token, load, outcome, sign};
use serde_json::{Value, json};

fn document() -> Value {
    json!({
        "profile": "agentflow",
        "issuers": [{
            "issuer": "https://idp.example",
            "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}],
            "claims": {"subject": "/sub"},
        }],
        "api_keys": {"pepper": {"env": "PEPPER"}, "lookup": true},
        "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}}},
    })
}

fn line(verdict: &Verdict) -> Value {
    serde_json::from_str(&verdict.log_line_with_client("GET", "request-1", Some("192.0.2.7"))).unwrap()
}

fn claims(more: &Value) -> Value {
    let mut claims = json!({"iss": "https://idp.example", "sub": "ada", "exp": NOW + 60});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

#[test]
fn an_allowed_request() {
    let gate = load(&document().to_string());
    let token = sign(claims(&json!({"roles": ["user"], "tenant": "acme"})), SECRET);
    let verdict = decide_with_token(&gate, "GET", "/v1/threads", &token);
    let said = line(&verdict);
    for (member, value) in [
        ("decision", json!("allow")),
        ("subject", json!("ada")),
        ("roles", json!(["user"])),
        ("issuer", json!("https://idp.example")),
        ("client", json!("192.0.2.7")),
        ("policy", json!(gate.version().to_string())),
    ] {
        assert_eq!(said[member], value, "{member}: {said}");
    }
    for absent in ["path", "detail", "unverified"] {
        assert_eq!(said.get(absent), None, "{said}");
    }
}

#[test]
fn what_a_refused_token_says_of_itself() {
    let gate = load(&document().to_string());
    let odd = json!({"iss": "https://evil.example/\u{1b}[2J", "aud": ["a", "b\u{202e}"], "roles": ["admin"]});
    let token = sign(claims(&odd), OTHER_SECRET);
    let verdict = decide_with_token(&gate, "GET", "/v1/threads", &token);
    let text = verdict.log_line("GET", "request-1");
    let said = line(&verdict);
    assert_eq!(said["reason"], "signature_invalid");
    assert_eq!(said["detail"], "the signature does not match");
    assert_eq!(
        said["unverified"],
        json!({"iss": "https://evil.example/\\u{1b}[2J", "aud": ["a", "b\\u{202e}"]})
    );
    assert_eq!((&said["subject"], said.get("roles")), (&Value::Null, None));
    assert!(token.split('.').all(|part| !text.contains(part)), "{text}");

    for garbled in ["a.b.c", "not-a-token", &token[..token.len() / 2]] {
        let verdict = decide_with_token(&gate, "GET", "/v1/threads", garbled);
        assert_eq!(line(&verdict).get("unverified"), None, "{garbled}");
    }
    let long =
        sign(claims(&json!({"iss": "x".repeat(5000), "aud": vec!["y".repeat(900); 30]})), OTHER_SECRET);
    let text = decide_with_token(&gate, "GET", "/v1/threads", &long).log_line("GET", "request-1");
    assert!(text.len() < 2000, "{}", text.len());
}

#[test]
fn where_the_credential_stands_whatever_becomes_of_it() {
    let gate = load(&document().to_string());
    let of = |role: &str, secret| sign(claims(&json!({"roles": [role]})), secret);
    for (path, token, reason, subject) in [
        ("/v1/threads", of("user", SECRET), "-", json!("ada")),
        ("/v1/threads", of("user", OTHER_SECRET), "signature_invalid", Value::Null),
        ("/v1/threads", of("guest", SECRET), "permission_missing", json!("ada")),
        ("/v9", of("user", SECRET), "route_unknown", json!("ada")),
    ] {
        let verdict = decide_with_token(&gate, "GET", path, &token);
        assert_eq!(outcome(&verdict).1, reason);
        assert_eq!(verdict.diagnostics.location, Some(CredentialLocation::Authorization), "{reason}");
        assert_eq!(line(&verdict)["subject"], subject, "{reason}");
    }
    assert_eq!(decide(&gate, "GET", "/v1/threads", &[]).diagnostics.location, None);
}

#[test]
fn whose_request_it_is_when_its_body_is_there() {
    let document = json!({
        "profile": "generic",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": {
            "roles": {"user": {"permissions": ["doc:*"]}},
            "routes": {"POST /doc": {"access": "doc:write", "where": {"body./user": "subject"}}},
        },
    });
    let gate = load(&document.to_string());
    let bearer = format!("Bearer {}", sign(claims(&json!({"roles": ["user"]})), SECRET));
    let pairs =
        [HeaderPair::new("authorization", &bearer), HeaderPair::new("content-type", "application/json")];
    let now = UnixTime::from_secs(NOW);
    for (body, decision) in [(r#"{"user": "ada"}"#, "allow"), (r#"{"user": "bob"}"#, "deny")] {
        let Step::Need(Need::Body(need)) = gate.begin(&RequestHead::new("POST", "/doc", &pairs), now) else {
            panic!("no need");
        };
        let verdict = need.supply(body.as_bytes(), now);
        let said = line(&verdict);
        assert_eq!((&said["decision"], &said["subject"]), (&json!(decision), &json!("ada")), "{said}");
        assert_eq!(said["policy"], json!(gate.version().to_string()));
        assert_eq!(verdict.diagnostics.binding.is_some(), decision == "deny");
        assert_eq!(verdict.diagnostics.location, Some(CredentialLocation::Authorization));
    }
}

#[test]
fn a_preflight_is_answered_by_a_policy_as_well() {
    let mut document = document();
    document["cors"] = json!({"preflight": "answer", "allowed_origins": ["https://app.example"]});
    let gate = load(&document.to_string());
    let headers = [("origin", "https://app.example"), ("access-control-request-method", "GET")];
    let verdict = decide(&gate, "OPTIONS", "/v1/threads", &headers);
    assert!(matches!(verdict.decision, portcullis::Decision::Answer(_)), "{verdict:?}");
    assert_eq!(line(&verdict)["policy"], json!(gate.version().to_string()));
}

#[test]
fn the_public_identifier_of_a_refused_key() {
    let gate = load(&document().to_string());
    let key = assemble("live", "robot", (0..=255).cycle().take(200)).unwrap();
    let pairs = [HeaderPair::new("x-api-key", &key)];
    let head = RequestHead::new("GET", "/v1/threads", &pairs);
    let now = UnixTime::from_secs(NOW);
    let disabled =
        json!({"id": "robot", "hash": Pepper::new(PEPPER.as_bytes()).unwrap().hash(&key), "disabled": true});
    for (record, reason, detail) in [
        (RecordLookup::NotFound, "api_key_unknown", "no record matches the API key"),
        (portcullis_config::api_key_record(disabled.to_string().as_bytes()), "api_key_disabled", "disabled"),
        (
            portcullis_config::api_key_record(br#"{"id":"robot","hash":"sha256:5ec3e7"}"#),
            "records_unavailable",
            "cannot be used: /hash: write",
        ),
    ] {
        let Step::Need(Need::ApiKeyRecord(need)) = gate.begin(&head, now) else { panic!("no need") };
        let Step::Verdict(verdict) = need.supply(&record, now) else { panic!("another need") };
        let said = line(&verdict);
        assert_eq!(said["reason"], reason);
        assert!(said["detail"].as_str().unwrap().contains(detail), "{said}");
        assert_eq!(said["unverified"], json!({"api_key": "robot"}));
        assert!(!said.to_string().contains(&key) && !said.to_string().contains("5ec3e7"), "{said}");
    }
}

#[test]
fn the_path_of_an_unknown_route_alone() {
    let gate = load(&document().to_string());
    let token = sign(claims(&json!({"roles": ["user"]})), SECRET);
    let target = format!("/v9/{token}/x?secret=1");
    let said = line(&decide_with_token(&gate, "GET", &target, &sign(claims(&json!({})), SECRET)));
    assert_eq!((&said["reason"], &said["path"]), (&json!("route_unknown"), &json!("/v9/…/x")));
    let known = line(&decide(&gate, "GET", "/v1/threads/7", &[]));
    assert_eq!((&known["route"], known.get("path")), (&json!("GET /v1/threads/{thread_id}"), None));
}

#[test]
fn the_name_of_a_configuration_follows_from_what_it_says() {
    let written = load(&document().to_string()).version();
    assert_eq!(load(&serde_json::to_string_pretty(&document()).unwrap()).version(), written);
    let mut other = document();
    other["mode"] = "report".into();
    assert_ne!(load(&other.to_string()).version(), written);
    assert_eq!(written.to_string().len(), 12);
}
