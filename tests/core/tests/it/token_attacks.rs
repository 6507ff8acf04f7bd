//! Hostile tokens through the whole gate: every one is refused, with the reason it is refused for.

use portcullis::UnixTime;
use portcullis::jose::{KeySet, UnverifiedToken};
use portcullis_tests::*;

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn claims() -> String {
    format!(r#"{{"user_id":"alice","role":"admin","exp":{}}}"#, NOW + 60)
}

/// Reason for a token on a route that `admin` may use.
fn reason(token: &str) -> &'static str {
    outcome(&decide_with_token(&agentflow(), "GET", "/v1/threads", token)).1
}

#[test]
fn the_token_all_others_are_made_from_is_valid() {
    assert_eq!(reason(&raw_token(HEADER, &claims(), SECRET)), "-");
    assert_eq!(reason(&token("admin")), "-");
}

#[test]
fn headers() {
    for (header, expected) in [
        (r#"{"alg":"none"}"#, "algorithm_not_allowed"),
        (r#"{"alg":"None"}"#, "algorithm_not_allowed"),
        (r#"{"alg":"nOnE"}"#, "algorithm_not_allowed"),
        (r#"{"alg":""}"#, "algorithm_not_allowed"),
        (r#"{"alg":"hs256"}"#, "algorithm_not_allowed"),
        (r#"{"alg":"HS256 "}"#, "algorithm_not_allowed"),
        (r#"{"alg":"HS384"}"#, "algorithm_not_allowed"),
        (r#"{"alg":"HS512"}"#, "algorithm_not_allowed"),
        (r#"{"alg":"RS256"}"#, "algorithm_not_allowed"),
        (r#"{"alg":"ES256"}"#, "algorithm_not_allowed"),
        (r#"{"typ":"JWT"}"#, "token_malformed"),
        (r#"{"alg":null}"#, "token_malformed"),
        (r#"{"alg":["HS256"]}"#, "token_malformed"),
        (r#"{"alg":256}"#, "token_malformed"),
        (r#"{"alg":"none","alg":"HS256"}"#, "token_malformed"),
        (r#"{"alg":"HS256","alg":"HS256"}"#, "token_malformed"),
        (r#"{"alg":"HS256","x":{"a":1,"a":2}}"#, "token_malformed"),
        (r#"{"alg":"HS256","crit":["exp"]}"#, "critical_header"),
        (r#"{"alg":"HS256","crit":[]}"#, "critical_header"),
        (r#"{"alg":"HS256","crit":null}"#, "critical_header"),
        (r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, "critical_header"),
        (r#"{"alg":"HS256","b64":true}"#, "token_malformed"),
        (r#"{"alg":"HS256","zip":"DEF"}"#, "token_malformed"),
        (r#"{"alg":"HS256","enc":"A256GCM"}"#, "token_malformed"),
        (r#"{"alg":"HS256","cty":"JWT"}"#, "token_malformed"),
        (r#"{"alg":"HS256","kid":7}"#, "token_malformed"),
        (r#"{"alg":"HS256","typ":["JWT"]}"#, "token_malformed"),
        (r#"{"alg":"HS256","typ":"logout+jwt"}"#, "token_type_mismatch"),
        (r#"{"alg":"HS256","typ":"secevent+jwt"}"#, "token_type_mismatch"),
        (r#"{"alg":"HS256","typ":"JWE"}"#, "token_type_mismatch"),
        (r#"{"alg":"HS256","typ":""}"#, "token_type_mismatch"),
        (r#"["HS256"]"#, "token_malformed"),
        (r#""HS256""#, "token_malformed"),
        ("{\"alg\":\"HS256\"}x", "token_malformed"),
        ("\u{feff}{\"alg\":\"HS256\"}", "token_malformed"),
        ("", "token_malformed"),
        // What a verifier must not act upon: the signature was made with a key the configuration knows.
        (
            r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"},"jku":"https://evil.example","x5u":"https://evil.example"}"#,
            "-",
        ),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, "-"),
        (r#"{"alg":"HS256","typ":"application/AT+JWT"}"#, "-"),
        (r#"{"alg":"HS256","typ":"jwt","kid":"../../dev/null"}"#, "-"),
        (r#"{"alg":"HS256"}"#, "-"),
    ] {
        assert_eq!(reason(&raw_token(header, &claims(), SECRET)), expected, "{header}");
    }
    let long_kid = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(257));
    assert_eq!(reason(&raw_token(&long_kid, &claims(), SECRET)), "token_malformed");
    let long_header = format!(r#"{{"alg":"HS256","x":"{}"}}"#, "k".repeat(8 * 1024));
    assert_eq!(reason(&raw_token(&long_header, &claims(), SECRET)), "token_too_large");
    let deep = format!(r#"{{"alg":"HS256","x":{}1{}}}"#, "[".repeat(2000), "]".repeat(2000));
    assert_eq!(reason(&raw_token(&deep, &claims(), SECRET)), "token_malformed");
}

#[test]
fn an_attackers_key_in_the_header_verifies_nothing() {
    let key = portcullis::base64url::encode(OTHER_SECRET.as_bytes());
    let header = format!(r#"{{"alg":"HS256","jwk":{{"kty":"oct","k":"{key}"}}}}"#);
    assert_eq!(reason(&raw_token(&header, &claims(), OTHER_SECRET)), "signature_invalid");
}

#[test]
fn payloads() {
    for payload in [
        "",
        "[]",
        "null",
        "\"alice\"",
        "{\"user_id\":\"alice\"",
        "{\"user_id\":\"alice\",\"exp\":99999999999}{}",
        "{\"user_id\":\"alice\",\"role\":\"guest\",\"role\":\"admin\",\"exp\":1795305700}",
        "{\"user_id\":\"alice\",\"exp\":1795305700,\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}",
        "{\"user_id\":\"alice\",\"exp\":1,\"exp\":1795305700}",
        "{\"user_id\":\"alice\",\"exp\":1e400}",
    ] {
        let expected =
            if payload.is_empty() { "token_malformed" } else { reason(&raw_token(HEADER, payload, SECRET)) };
        assert_eq!(expected, "token_malformed", "{payload}");
        // Unsigned, the same text does not get as far as being read.
        if !payload.is_empty() {
            assert_eq!(reason(&raw_token(HEADER, payload, OTHER_SECRET)), "signature_invalid", "{payload}");
        }
    }
}

#[test]
fn shapes() {
    let good = raw_token(HEADER, &claims(), SECRET);
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    for bad in [
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{good}.{signature}.{signature}"),
        format!("{good}="),
        format!("{good}=="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}A"),
        format!("{header}.{payload}.{}", signature.trim_end_matches(|_: char| true)),
        format!("{header}.{header}.{payload}.{signature}"),
        ".".repeat(16_000),
        "a.".repeat(8_000),
    ] {
        let reason = reason(&bad);
        assert!(
            ["token_malformed", "credential_malformed", "signature_invalid"].contains(&reason),
            "{bad}: {reason}"
        );
        assert_ne!(reason, "-");
    }
    // The classic: no signature at all, and an `alg` that says so.
    let unsigned = raw_token(r#"{"alg":"none"}"#, &claims(), SECRET);
    let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
    assert_eq!(reason(&format!("{unsigned}.")), "algorithm_not_allowed");
    assert_eq!(reason("eyJhbGciOiJub25lIn0.."), "algorithm_not_allowed");
    assert_eq!(reason(&"a".repeat(16 * 1024 + 1)), "token_too_large");
    assert_eq!(reason(&".".repeat(1_000_000)), "token_too_large");
    // The URL-unsafe alphabet is another spelling of the same bytes: not accepted.
    let other_alphabet = good.replace('-', "+").replace('_', "/");
    if other_alphabet != good {
        assert_eq!(reason(&other_alphabet), "token_malformed");
    }
}

#[test]
fn no_character_of_a_token_can_change() {
    let good = raw_token(HEADER, &claims(), SECRET);
    for index in 0..good.len() {
        for bit in 0..7 {
            let mut bytes = good.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            let Ok(altered) = String::from_utf8(bytes) else { continue };
            if altered.contains(|c: char| c.is_control() || c == ',' || c == ' ') {
                continue; // Another credential altogether; the credential tests have those.
            }
            assert_ne!(reason(&altered), "-", "bit {bit} of character {index}");
        }
    }
}

#[test]
fn a_key_under_another_name_does_not_answer() {
    let gate = load(
        r#"{"profile":"agentflow","issuers":[{"keys":[
            {"kid":"old","alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}},
            {"kid":"new","alg":"HS512","secret":{"env":"OTHER"}}]}]}"#,
    );
    let reason = |header: &str, secret: &str| {
        let token = raw_token(header, &claims(), secret);
        outcome(&decide_with_token(&gate, "GET", "/v1/threads", &token)).1
    };
    assert_eq!(reason(r#"{"alg":"HS256","kid":"old"}"#, SECRET), "-");
    assert_eq!(reason(r#"{"alg":"HS256"}"#, SECRET), "-");
    assert_eq!(reason(r#"{"alg":"HS256","kid":"gone"}"#, SECRET), "key_unknown");
    assert_eq!(reason(r#"{"alg":"HS256","kid":""}"#, SECRET), "key_unknown");
    // The named key is not of this algorithm; the other one is, and is not tried.
    assert_eq!(reason(r#"{"alg":"HS256","kid":"new"}"#, SECRET), "algorithm_not_allowed");
    assert_eq!(reason(r#"{"alg":"HS512","kid":"old"}"#, SECRET), "algorithm_not_allowed");
    assert_eq!(reason(r#"{"alg":"HS384"}"#, SECRET), "algorithm_not_allowed");
}

#[test]
fn each_issuer_answers_for_its_own_tokens_only() {
    let gate = load(
        r#"{"profile":"agentflow","issuers":[
            {"issuer":"https://a.example","keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]},
            {"issuer":"https://b.example","keys":[{"alg":"HS256","secret":{"env":"OTHER"}}]}]}"#,
    );
    let reason = |issuer: &str, secret: &str| {
        let payload = format!(r#"{{"iss":{issuer},"user_id":"alice","role":"admin","exp":{}}}"#, NOW + 60);
        outcome(&decide_with_token(&gate, "GET", "/v1/threads", &raw_token(HEADER, &payload, secret))).1
    };
    assert_eq!(reason(r#""https://a.example""#, SECRET), "-");
    assert_eq!(reason(r#""https://b.example""#, OTHER_SECRET), "-");
    assert_eq!(reason(r#""https://a.example""#, OTHER_SECRET), "signature_invalid");
    assert_eq!(reason(r#""https://b.example""#, SECRET), "signature_invalid");
    for stranger in [
        r#""https://c.example""#,
        r#""https://a.example/""#,
        r#""HTTPS://a.example""#,
        "null",
        "7",
        "{}",
        r#"["https://a.example"]"#,
    ] {
        assert_eq!(reason(stranger, SECRET), "issuer_untrusted", "{stranger}");
    }
}

#[test]
fn the_limit_on_length_can_be_set() {
    let gate = load(
        r#"{"profile":"agentflow","limits":{"token_bytes":300},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let long =
        sign(serde_json::json!({"user_id": "alice", "exp": NOW + 60, "padding": "x".repeat(300)}), SECRET);
    assert_eq!(outcome(&decide_with_token(&gate, "POST", "/v1/graph/invoke", &long)).1, "token_too_large");
    assert_eq!(outcome(&decide_with_token(&gate, "POST", "/v1/graph/invoke", &token("user"))).1, "-");
}

#[test]
fn a_set_without_keys_verifies_nothing() {
    let token = raw_token(HEADER, &claims(), SECRET);
    let parsed = UnverifiedToken::parse(&token, 16 * 1024).unwrap();
    assert!(parsed.verify(&KeySet::new(Vec::new()).unwrap(), UnixTime::from_secs(0)).is_err());
}
