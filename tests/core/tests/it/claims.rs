//! Claims rules through the whole gate: times, types, required and mapped claims.

use portcullis::Decision;
use portcullis_tests::*;
use serde_json::{Value, json};

fn gate_with(issuer: &str) -> portcullis::Gate {
    load(&format!(
        r#"{{"profile":"agentflow","issuers":[{{"keys":[{{"alg":"HS256","secret":{{"env":"JWT_SECRET_KEY"}}}}]{issuer}}}]}}"#
    ))
}

fn base() -> Value {
    json!({"user_id": "alice", "role": "admin", "exp": NOW + 60})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = base();
    claims.as_object_mut().unwrap().insert(name.to_owned(), value);
    claims
}

fn without(name: &str) -> Value {
    let mut claims = base();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn reason(gate: &portcullis::Gate, claims: &Value) -> &'static str {
    outcome(&decide_with_token(
        gate,
        "GET",
        "/v1/threads",
        &raw_token(r#"{"alg":"HS256"}"#, &claims.to_string(), SECRET),
    ))
    .1
}

#[test]
fn expiry() {
    let gate = agentflow();
    assert_eq!(reason(&gate, &without("exp")), "claim_missing");
    for (exp, expected) in [
        (json!(NOW + 1), "-"),
        (json!(253_402_300_799_u64), "-"),
        // R2R writes floats; a fraction of a second is cut off.
        (json!(NOW + 1).as_f64().map(|exp| json!(exp + 0.5)).unwrap(), "-"),
        (json!(1_795_305_600.9), "token_expired"),
        (json!(NOW), "token_expired"),
        (json!(NOW - 1), "token_expired"),
        (json!(0), "token_expired"),
        (json!(0.0), "token_expired"),
        (json!(-1), "claim_invalid"),
        (json!(-0.5), "claim_invalid"),
        (json!(253_402_300_800_u64), "claim_invalid"),
        (json!(1e18), "claim_invalid"),
        (json!(1e300), "claim_invalid"),
        (json!(u64::MAX), "claim_invalid"),
        (json!(i64::MIN), "claim_invalid"),
        (json!("1795305700"), "claim_invalid"),
        (json!({}), "claim_invalid"),
        (json!([NOW + 60]), "claim_invalid"),
        (json!(true), "claim_invalid"),
        (Value::Null, "claim_invalid"),
    ] {
        assert_eq!(reason(&gate, &with("exp", exp.clone())), expected, "exp {exp}");
    }
}

#[test]
fn not_before_and_issued_at() {
    let gate = agentflow();
    for name in ["nbf", "iat"] {
        let later = if name == "nbf" { "token_not_yet_valid" } else { "token_issued_in_future" };
        assert_eq!(reason(&gate, &with(name, json!(NOW))), "-");
        assert_eq!(reason(&gate, &with(name, json!(1_795_305_600.9))), "-");
        assert_eq!(reason(&gate, &with(name, json!(0))), "-");
        assert_eq!(reason(&gate, &with(name, json!(NOW + 1))), later);
        for bad in [json!("now"), Value::Null, json!({}), json!(-1), json!(1e300)] {
            assert_eq!(reason(&gate, &with(name, bad.clone())), "claim_invalid", "{name} {bad}");
        }
    }
}

#[test]
fn leeway_moves_every_bound_and_no_further() {
    let gate = gate_with(r#","leeway_secs":60"#);
    assert_eq!(reason(&gate, &with("exp", json!(NOW - 59))), "-");
    assert_eq!(reason(&gate, &with("exp", json!(NOW - 60))), "token_expired");
    assert_eq!(reason(&gate, &with("nbf", json!(NOW + 60))), "-");
    assert_eq!(reason(&gate, &with("nbf", json!(NOW + 61))), "token_not_yet_valid");
    assert_eq!(reason(&gate, &with("iat", json!(NOW + 60))), "-");
    assert_eq!(reason(&gate, &with("iat", json!(NOW + 61))), "token_issued_in_future");
}

#[test]
fn maximum_age() {
    let gate = gate_with(r#","max_age_secs":3600"#);
    assert_eq!(reason(&gate, &base()), "claim_missing");
    assert_eq!(reason(&gate, &with("iat", json!(NOW - 3600))), "-");
    assert_eq!(reason(&gate, &with("iat", json!(NOW - 3601))), "token_too_old");
    assert_eq!(reason(&gate, &with("iat", json!(0))), "token_too_old");
}

#[test]
fn issuer() {
    let gate = gate_with(r#","issuer":"https://idp.example""#);
    assert_eq!(reason(&gate, &base()), "claim_missing");
    for (iss, expected) in [
        (json!("https://idp.example"), "-"),
        (json!("https://idp.example/"), "issuer_untrusted"),
        (json!("https://idp.exampl"), "issuer_untrusted"),
        (json!("HTTPS://IDP.EXAMPLE"), "issuer_untrusted"),
        (json!(""), "issuer_untrusted"),
        (json!(1), "claim_invalid"),
        (json!({}), "claim_invalid"),
        (json!(["https://idp.example"]), "claim_invalid"),
        (Value::Null, "claim_invalid"),
    ] {
        assert_eq!(reason(&gate, &with("iss", iss.clone())), expected, "iss {iss}");
    }
    // Where none is configured any is accepted, but only as a string.
    assert_eq!(reason(&agentflow(), &with("iss", json!("anybody"))), "-");
    assert_eq!(reason(&agentflow(), &with("iss", json!(7))), "claim_invalid");
}

#[test]
fn audience() {
    let gate = gate_with(r#","audience":["agentflow","other"]"#);
    assert_eq!(reason(&gate, &base()), "claim_missing");
    for (aud, expected) in [
        (json!("agentflow"), "-"),
        (json!(["x", "other"]), "-"),
        (json!(["x"]), "audience_mismatch"),
        (json!([]), "audience_mismatch"),
        (json!("agentflow2"), "audience_mismatch"),
        (json!("Agentflow"), "audience_mismatch"),
        (json!(""), "audience_mismatch"),
        (json!(1), "claim_invalid"),
        (json!({}), "claim_invalid"),
        (json!(["agentflow", 1]), "claim_invalid"),
        (Value::Null, "claim_invalid"),
    ] {
        assert_eq!(reason(&gate, &with("aud", aud.clone())), expected, "aud {aud}");
    }
    assert_eq!(reason(&gate_with(r#","audience":"agentflow""#), &with("aud", json!("agentflow"))), "-");
    // RFC 7519 section 4.1.3: a token for somebody must not be accepted by nobody in particular.
    assert_eq!(reason(&agentflow(), &with("aud", json!("agentflow"))), "audience_mismatch");
}

#[test]
fn required_claims() {
    let gate = gate_with(r#","required_claims":["/email","/realm/id"]"#);
    assert_eq!(reason(&gate, &base()), "claim_missing");
    let mut claims = with("email", json!("a@example.com"));
    assert_eq!(reason(&gate, &claims), "claim_missing");
    claims.as_object_mut().unwrap().insert("realm".to_owned(), json!({"id": null}));
    assert_eq!(reason(&gate, &claims), "claim_missing");
    claims.as_object_mut().unwrap().insert("realm".to_owned(), json!({"id": false}));
    assert_eq!(reason(&gate, &claims), "-");
}

#[test]
fn subject() {
    let gate = agentflow();
    assert_eq!(reason(&gate, &without("user_id")), "claim_missing");
    for (subject, expected) in [
        (json!("alice"), "-"),
        (json!(7), "-"),
        (json!("日本語"), "-"),
        (json!(""), "claim_invalid"),
        (json!("a\r\nx-auth-roles: admin"), "claim_invalid"),
        (json!("x".repeat(513)), "claim_invalid"),
        (json!(-7), "claim_invalid"),
        (json!(1.5), "claim_invalid"),
        (json!(true), "claim_invalid"),
        (json!(["alice"]), "claim_invalid"),
        (json!({"id": "alice"}), "claim_invalid"),
        (Value::Null, "claim_missing"),
    ] {
        assert_eq!(reason(&gate, &with("user_id", subject.clone())), expected, "user_id {subject}");
    }
    assert_eq!(reason(&gate, &with("sub", json!(7))), "claim_invalid");
}

#[test]
fn roles_and_scopes() {
    let gate = agentflow();
    for (name, value, expected) in [
        ("role", json!("admin"), "-"),
        ("role", json!(["guest", "admin"]), "-"),
        ("role", json!("nobody"), "permission_missing"),
        ("role", json!("Admin"), "permission_missing"),
        ("role", json!("admin,guest"), "permission_missing"),
        ("role", json!(""), "claim_invalid"),
        ("role", json!(7), "claim_invalid"),
        ("role", json!({"admin": true}), "claim_invalid"),
        ("role", json!(["admin", 7]), "claim_invalid"),
        ("role", json!(vec!["admin"; 257]), "claim_invalid"),
        // `roles` counts before `role`, unless it is null.
        ("roles", json!(["guest"]), "permission_missing"),
        ("roles", json!([]), "permission_missing"),
        ("roles", Value::Null, "-"),
        ("scopes", json!(["checkpointer:read"]), "-"),
        ("scopes", json!("graph:invoke checkpointer:read"), "-"),
        ("scopes", json!(["graph:invoke"]), "scope_missing"),
        ("scopes", json!([]), "scope_missing"),
        ("scopes", json!(""), "-"),
        ("scopes", json!("  "), "-"),
        ("scopes", json!([""]), "claim_invalid"),
        ("scope", json!([]), "scope_missing"),
        ("scp", json!([]), "scope_missing"),
        ("scp", json!(""), "-"),
        ("scopes", json!(["*"]), "scope_missing"),
        ("scopes", json!("xcheckpointer:read"), "scope_missing"),
        ("scopes", json!("checkpointer:readx"), "scope_missing"),
        ("scopes", json!("checkpointer:read,graph:invoke"), "scope_missing"),
        // What neither begins nor ends like a permission is about something else.
        ("scopes", json!("xcheckpointer:readx"), "-"),
        ("scope", json!("openid profile email"), "-"),
        ("scope", json!("openid graph:invoke"), "scope_missing"),
        ("scope", json!("openid checkpointer:read"), "-"),
        ("scp", json!(["openid", "graph:invoke"]), "scope_missing"),
        ("scp", json!("access_as_user"), "-"),
        ("scp", json!(7), "claim_invalid"),
        ("scopes", json!(7), "claim_invalid"),
        ("scopes", json!([7]), "claim_invalid"),
        ("scopes", Value::Null, "-"),
        ("tenant", json!("acme"), "-"),
        ("tenant", json!(7), "claim_invalid"),
    ] {
        assert_eq!(reason(&gate, &with(name, value.clone())), expected, "{name} {value}");
    }
}

#[test]
fn the_subject_may_stand_in_one_of_several_claims() {
    let issuers = |subject: &str| {
        format!(
            r#"{{"profile":"agentflow","upstream":{{"credential":"swap","token":{{"secret":{{"env":"ORIGIN_SECRET"}}}}}},
            "issuers":[{{"keys":[{{"alg":"HS256","secret":{{"env":"JWT_SECRET_KEY"}}}}],"claims":{{"subject":{subject}}}}}]}}"#
        )
    };
    let gate = load(&issuers(r#"["/user_id","/sub"]"#));
    let subject = |claims: Value| {
        let mut claims = claims;
        claims["exp"] = json!(NOW + 60);
        let verdict = decide_with_token(&gate, "POST", "/v1/graph/invoke", &sign(claims, SECRET));
        match (outcome(&verdict).1, verdict.diagnostics.principal) {
            ("-", Some(principal)) => principal.subject().to_owned(),
            (reason, _) => reason.to_owned(),
        }
    };
    assert_eq!(subject(json!({"sub": "alice"})), "alice");
    assert_eq!(subject(json!({"user_id": "bob"})), "bob");
    assert_eq!(subject(json!({"user_id": 7})), "7");
    assert_eq!(subject(json!({"user_id": "bob", "sub": "alice"})), "bob");
    assert_eq!(subject(json!({"user_id": null, "sub": "alice"})), "alice");
    // What is there counts, whatever it is.
    assert_eq!(subject(json!({"user_id": "", "sub": "alice"})), "claim_invalid");
    assert_eq!(subject(json!({"user_id": ["bob"], "sub": "alice"})), "claim_invalid");
    assert_eq!(subject(json!({"user_id": "key:bob", "sub": "alice"})), "claim_invalid");
    assert_eq!(subject(json!({"name": "alice"})), "claim_missing");
}

#[test]
fn claims_can_be_mapped() {
    let gate = load(
        r#"{"profile":"agentflow","upstream":{"credential":"swap","token":{"secret":{"env":"ORIGIN_SECRET"}}},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}],
            "claims":{"subject":"/sub","roles":["/https:~1~1example.com~1roles","/realm_access/roles"],
            "scopes":"/scope","tenant":"/org/id"}}]}"#,
    );
    let claims = json!({"sub": "alice", "exp": NOW + 60, "realm_access": {"roles": ["user"]},
        "https://example.com/roles": ["admin"], "scope": "checkpointer:read", "org": {"id": "acme"}});
    let verdict = decide_with_token(&gate, "GET", "/v1/threads", &sign(claims, SECRET));
    assert!(matches!(verdict.decision, Decision::Allow(_)));
    let principal = verdict.diagnostics.principal.unwrap();
    assert_eq!(principal.subject(), "alice");
    assert_eq!(principal.roles(), ["admin"]);
    assert_eq!(principal.scopes(), Some(&["checkpointer:read".to_owned()][..]));
    assert_eq!(principal.tenant(), Some("acme"));
}

/// An origin may know the subject without the prefix of its issuer.
#[test]
fn no_subject_is_the_name_of_a_key_behind_a_prefix_either() {
    let gate = load(
        r#"{"profile":"agentflow","upstream":{"credential":"swap","token":{"secret":{"env":"ORIGIN_SECRET"}}},
            "issuers":[{"issuer":"https://idp.example","subject_prefix":"idp:",
                "keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let of = |subject: &str| {
        let mut claims = with("iss", json!("https://idp.example"));
        claims["user_id"] = json!(subject);
        reason(&gate, &claims)
    };
    assert_eq!((of("alice"), of("a key:ci")), ("-", "-"));
    for subject in ["key:ci", "KEY:ci"] {
        assert_eq!(of(subject), "claim_invalid", "{subject}");
    }
}
