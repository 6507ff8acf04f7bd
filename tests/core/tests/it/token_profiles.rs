//! The kinds of access token, and that nothing else passes for one: ID tokens, logout tokens, refresh tokens.

use portcullis::{Gate, UnixTime};
use portcullis_tests::*;
use serde_json::{Value, json};

const PROFILES: [&str; 5] = ["jwt", "at+jwt", "agentflow", "r2r", "rag-modulo"];

/// A gate for one kind of token, with more members for its issuer.
fn gate(profile: &str, more: Value) -> Gate {
    let mut issuer = json!({"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}],
        "token_profile": profile, "issuer": "https://issuer.example", "audience": "api"});
    issuer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    load(&json!({"profile": "generic", "issuers": [issuer]}).to_string())
}

/// The claims of an access token of that kind.
fn claims(profile: &str) -> Value {
    let common = json!({"iss": "https://issuer.example", "aud": "api", "exp": NOW + 60});
    let own = match profile {
        "jwt" => json!({"sub": "alice"}),
        "at+jwt" => json!({"sub": "alice", "client_id": "app", "iat": NOW - 1, "jti": "1"}),
        "agentflow" => json!({"user_id": "alice"}),
        // As R2R writes them.
        "r2r" => {
            json!({"sub": "alice", "token_type": "access", "exp": 1_795_305_660.25, "iat": 1_795_305_599.75,
            "nbf": 1_795_305_599.75, "nonce": "bm9uY2U"})
        }
        "rag-modulo" => json!({"sub": "alice@example.com", "uuid": "alice", "role": "user"}),
        other => panic!("{other}"),
    };
    merged(&common, &own)
}

fn header(profile: &str) -> &'static str {
    if profile == "at+jwt" { r#"{"alg":"HS256","typ":"at+jwt"}"# } else { r#"{"alg":"HS256","typ":"JWT"}"# }
}

fn merged(claims: &Value, more: &Value) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

fn reason_of(gate: &Gate, header: &str, payload: &str) -> &'static str {
    match gate.verify(&raw_token(header, payload, SECRET), UnixTime::from_secs(NOW)) {
        Ok(_) => "-",
        Err(error) => error.reason().code(),
    }
}

/// Reason for a token of this kind with more claims.
fn reason(profile: &str, more: &Value) -> &'static str {
    let claims = merged(&claims(profile), more);
    reason_of(&gate(profile, json!({})), header(profile), &claims.to_string())
}

#[test]
fn each_profile_accepts_its_own() {
    for profile in PROFILES {
        let token = raw_token(header(profile), &claims(profile).to_string(), SECRET);
        let principal = gate(profile, json!({})).verify(&token, UnixTime::from_secs(NOW)).unwrap();
        assert_eq!(principal.subject(), "alice", "{profile}");
        assert_eq!(principal.valid_until(), Some(UnixTime::from_secs(NOW + 60)), "{profile}");
    }
}

#[test]
fn the_type_in_the_header() {
    let types = [
        (r#"{"alg":"HS256"}"#, ["-", "token_type_mismatch", "-", "-", "-"]),
        (r#"{"alg":"HS256","typ":"JWT"}"#, ["-", "token_type_mismatch", "-", "-", "-"]),
        (r#"{"alg":"HS256","typ":"jwt"}"#, ["-", "token_type_mismatch", "-", "-", "-"]),
        (r#"{"alg":"HS256","typ":"application/jwt"}"#, ["-", "token_type_mismatch", "-", "-", "-"]),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, ["-", "-", "-", "token_type_mismatch", "token_type_mismatch"]),
        (
            r#"{"alg":"HS256","typ":"application/at+jwt"}"#,
            ["-", "-", "-", "token_type_mismatch", "token_type_mismatch"],
        ),
        (r#"{"alg":"HS256","typ":"AT+JWT"}"#, ["-", "-", "-", "token_type_mismatch", "token_type_mismatch"]),
        (r#"{"alg":"HS256","typ":"logout+jwt"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"secevent+jwt"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"dpop+jwt"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"oauth-authz-req+jwt"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"token-introspection+jwt"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"entity-statement+jwt"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"vc+sd-jwt"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"JOSE"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"application/application/at+jwt"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"at+jwt "}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":"application/"}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":""}"#, ["token_type_mismatch"; 5]),
        (r#"{"alg":"HS256","typ":null}"#, ["token_malformed"; 5]),
    ];
    for (header, expected) in types {
        for (profile, expected) in PROFILES.iter().zip(expected) {
            let gate = gate(profile, json!({}));
            assert_eq!(
                reason_of(&gate, header, &claims(profile).to_string()),
                expected,
                "{profile} {header}"
            );
        }
    }
    // A deployment may name its own.
    let gate = gate("jwt", json!({"token_types": ["custom+jwt"]}));
    let claims = claims("jwt").to_string();
    assert_eq!(reason_of(&gate, r#"{"alg":"HS256","typ":"application/Custom+JWT"}"#, &claims), "-");
    assert_eq!(reason_of(&gate, r#"{"alg":"HS256","typ":"JWT"}"#, &claims), "token_type_mismatch");
}

#[test]
fn id_tokens() {
    for profile in PROFILES {
        for name in ["nonce", "at_hash", "c_hash", "s_hash"] {
            for value in [json!("MTIzNDU2Nzg5MDEyMzQ1Ng"), json!(""), Value::Null, json!(7)] {
                let accepted = profile == "r2r" && name == "nonce";
                let expected = match accepted {
                    false => "token_type_mismatch",
                    true if value.is_number() => "claim_invalid",
                    true => "-",
                };
                assert_eq!(reason(profile, &json!({ name: value })), expected, "{profile} {name} {value}");
            }
        }
        // Whatever is said of nonces, the hashes of codes and tokens remain.
        let gate = gate(profile, json!({"accept_nonce": true}));
        let with = |more| merged(&claims(profile), &more).to_string();
        assert_eq!(reason_of(&gate, header(profile), &with(json!({"nonce": "n"}))), "-", "{profile}");
        for more in [json!({"nonce": "n", "at_hash": "h"}), json!({"c_hash": "h"}), json!({"events": {}})] {
            assert_eq!(reason_of(&gate, header(profile), &with(more)), "token_type_mismatch", "{profile}");
        }
    }
    let strict = gate("jwt", json!({"accept_nonce": false}));
    let claims = merged(&claims("jwt"), &json!({"nonce": "n"})).to_string();
    assert_eq!(reason_of(&strict, header("jwt"), &claims), "token_type_mismatch");
}

#[test]
fn logout_tokens_and_other_events() {
    for profile in PROFILES {
        for events in
            [json!({"http://schemas.openid.net/event/backchannel-logout": {}}), json!({}), Value::Null]
        {
            let more = json!({"events": events, "sid": "1"});
            assert_eq!(reason(profile, &more), "token_type_mismatch", "{profile}");
        }
    }
}

/// What Keycloak (`typ`), R2R and SimpleJWT (`token_type`), and Cognito (`token_use`) say a token is.
#[test]
fn refresh_tokens_and_what_else_names_itself() {
    for profile in PROFILES {
        for name in ["typ", "token_type", "token_use"] {
            for (kind, expected) in [
                (json!("refresh"), "token_type_mismatch"),
                (json!("Refresh"), "token_type_mismatch"),
                (json!("refresh_token"), "token_type_mismatch"),
                (json!("Offline"), "token_type_mismatch"),
                (json!("id"), "token_type_mismatch"),
                (json!("ID"), "token_type_mismatch"),
                (json!("Logout"), "token_type_mismatch"),
                (json!("logout+jwt"), "token_type_mismatch"),
                (json!("reset_password"), "token_type_mismatch"),
                (json!("access "), "token_type_mismatch"),
                (json!(""), "token_type_mismatch"),
                (json!(7), "claim_invalid"),
                (json!(["access"]), "claim_invalid"),
                (Value::Null, "claim_invalid"),
                (json!("access"), "-"),
                (json!("ACCESS"), "-"),
                (json!("access_token"), "-"),
                (json!("Bearer"), "-"),
                (json!("at+jwt"), "-"),
                (json!("JWT"), "-"),
            ] {
                assert_eq!(reason(profile, &json!({ name: kind })), expected, "{profile} {name} {kind}");
            }
        }
    }
}

/// RFC 9068 section 2.2, and RFC 9068 section 4 for what the deployment has to know.
#[test]
fn what_an_access_token_of_rfc_9068_must_have() {
    let gate = gate("at+jwt", json!({}));
    for (name, null) in [
        ("iss", "claim_invalid"),
        ("exp", "claim_invalid"),
        ("aud", "claim_invalid"),
        ("sub", "claim_missing"),
        ("client_id", "claim_missing"),
        ("iat", "claim_invalid"),
        ("jti", "claim_missing"),
    ] {
        let mut claims = claims("at+jwt");
        claims.as_object_mut().unwrap().remove(name).unwrap();
        assert_eq!(reason_of(&gate, header("at+jwt"), &claims.to_string()), "claim_missing", "{name}");
        let more = json!({ name: Value::Null });
        assert_eq!(reason("at+jwt", &more), null, "{name} is null");
    }
    assert_eq!(reason("at+jwt", &json!({"iss": "https://other.example"})), "issuer_untrusted");
    assert_eq!(reason("at+jwt", &json!({"aud": ["other"]})), "audience_mismatch");
    for (issuer, audience) in [(None, Some("api")), (Some("https://issuer.example"), None), (None, None)] {
        let mut members = json!({"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}],
            "token_profile": "at+jwt"});
        for (name, value) in [("issuer", issuer), ("audience", audience)] {
            if let Some(value) = value {
                members[name] = json!(value);
            }
        }
        let document = json!({"profile": "generic", "issuers": [members]}).to_string();
        let errors = try_load(document.as_bytes(), &Env::standard()).unwrap_err().to_string();
        assert!(errors.starts_with("/issuers/0/token_profile: "), "{errors}");
    }
}

#[test]
fn what_an_access_token_of_r2r_must_have() {
    let gate = gate("r2r", json!({}));
    let mut claims = claims("r2r");
    claims.as_object_mut().unwrap().remove("token_type").unwrap();
    assert_eq!(reason_of(&gate, header("r2r"), &claims.to_string()), "claim_missing");
    // Its times are floating-point numbers; a fraction of a second is cut off.
    for (name, value, expected) in [
        ("exp", "1795305600.999", "token_expired"),
        ("exp", "1795305601.0", "-"),
        ("exp", "1.795305601e9", "-"),
        ("nbf", "1795305600.999", "-"),
        ("nbf", "1795305601.0", "token_not_yet_valid"),
        ("iat", "1795305600.5", "-"),
        ("iat", "1795305601.25", "token_issued_in_future"),
    ] {
        let text = with_number("r2r", name, value);
        assert_eq!(reason_of(&gate, header("r2r"), &text), expected, "{name} {value}");
    }
}

/// The claims with one of them written as `text`, to the letter.
fn with_number(profile: &str, name: &str, text: &str) -> String {
    let marker = "written below";
    let claims = merged(&claims(profile), &json!({ name: marker })).to_string();
    assert!(claims.contains(marker));
    claims.replace(&format!("\"{marker}\""), text)
}

/// The same at every kind of token.
#[test]
fn the_end_of_a_token() {
    for profile in PROFILES {
        let gate = gate(profile, json!({}));
        for (exp, expected) in [
            ("0", "token_expired"),
            ("-0", "token_expired"),
            ("0.0", "token_expired"),
            ("0.999", "token_expired"),
            ("1e-400", "token_expired"),
            ("-1", "claim_invalid"),
            ("-0.5", "claim_invalid"),
            ("-1e400", "token_malformed"),
            ("-9223372036854775809", "claim_invalid"),
            ("1795305599", "token_expired"),
            ("1795305600", "token_expired"),
            ("1795305600.9999", "token_expired"),
            ("1795305601", "-"),
            ("1795305601.0000001", "-"),
            ("17953056.01e2", "-"),
            // 2^31 - 1 and 2^32: dates like any other.
            ("2147483647", "-"),
            ("4294967296", "-"),
            // 9999-12-31T23:59:59Z, and beyond.
            ("253402300799", "-"),
            ("253402300799.0", "-"),
            ("253402300799.5", "claim_invalid"),
            ("253402300800", "claim_invalid"),
            ("9007199254740991", "claim_invalid"),
            ("9007199254740992", "claim_invalid"),
            ("9007199254740993", "claim_invalid"),
            ("18446744073709551615", "claim_invalid"),
            ("18446744073709551616", "claim_invalid"),
            ("18446744075504857217", "claim_invalid"),
            ("1e300", "claim_invalid"),
            ("1e400", "token_malformed"),
            ("NaN", "token_malformed"),
            ("Infinity", "token_malformed"),
            ("01795305601", "token_malformed"),
            ("0x6b023f81", "token_malformed"),
            ("+1795305601", "token_malformed"),
            ("1795305601.", "token_malformed"),
            ("\"1795305601\"", "claim_invalid"),
            ("\"\"", "claim_invalid"),
            ("true", "claim_invalid"),
            ("null", "claim_invalid"),
            ("[1795305601]", "claim_invalid"),
            ("{}", "claim_invalid"),
        ] {
            let text = with_number(profile, "exp", exp);
            assert_eq!(reason_of(&gate, header(profile), &text), expected, "{profile} exp {exp}");
        }
        let claims = claims(profile);
        let mut claims = claims.as_object().unwrap().clone();
        claims.remove("exp").unwrap();
        let text = Value::Object(claims).to_string();
        assert_eq!(reason_of(&gate, header(profile), &text), "claim_missing", "{profile} without exp");
    }
}

#[test]
fn a_profile_that_is_none() {
    let document = json!({"profile": "generic", "issuers": [{"token_profile": "id_token",
        "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}]});
    let errors = try_load(document.to_string().as_bytes(), &Env::standard()).unwrap_err().to_string();
    assert!(errors.starts_with("/issuers/0/token_profile: "), "{errors}");
}
