//! What is bounded is taken up to its bound, and not one more.

use portcullis::jose::UnverifiedToken;
use portcullis::jwk::{Jwk, JwkError};
use portcullis::limits::{self, HEADER_PAIRS, JOSE_HEADER_CHARS, JWK_SET_BYTES, KEY_ID_BYTES};
use portcullis::{TokenError, base64url};
use portcullis_tests::*;

#[test]
fn header_lines() {
    let gate = agentflow();
    let credential = format!("Bearer {}", token("admin"));
    for (lines, expected) in [
        (HEADER_PAIRS, (200, "-")),
        (HEADER_PAIRS + 1, (400, "header_invalid")),
        (HEADER_PAIRS + 2, (400, "header_invalid")),
    ] {
        let mut headers = vec![("x-harmless", "1"); lines - 1];
        headers.push(("authorization", &credential));
        assert_eq!(outcome(&decide(&gate, "GET", "/v1/threads", &headers)), expected, "{lines}");
    }
}

#[test]
fn keys() {
    let x = base64url::encode(&[0x66; 32]);
    let key = |id: usize, spaces: usize| {
        let id = "k".repeat(id);
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{id}"}}{}"#, " ".repeat(spaces))
    };
    let parse = |text: &str| Jwk::parse(text.as_bytes()).map(|key| key.id().map(str::len));
    assert_eq!(parse(&key(KEY_ID_BYTES, 0)), Ok(Some(KEY_ID_BYTES)));
    assert_eq!(parse(&key(KEY_ID_BYTES + 1, 0)), Err(JwkError::Member("kid")));
    let spaces = JWK_SET_BYTES - key(1, 0).len();
    assert_eq!(parse(&key(1, spaces)), Ok(Some(1)));
    assert_eq!(parse(&key(1, spaces + 1)), Err(JwkError::TooLarge));
}

#[test]
fn tokens() {
    let parse = |header: &str, max_bytes: usize| {
        let token = [&base64url::encode(header.as_bytes()), "e30", "AAAA"].join(".");
        UnverifiedToken::parse(&token, max_bytes.min(token.len())).map(drop)
    };
    let small = r#"{"alg":"HS256"}"#;
    let bytes = [&base64url::encode(small.as_bytes()), "e30", "AAAA"].join(".").len();
    assert_eq!(parse(small, bytes), Ok(()));
    assert_eq!(parse(small, bytes - 1), Err(TokenError::TooLarge));

    let named = |length: usize| format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(length));
    assert_eq!(parse(&named(KEY_ID_BYTES), usize::MAX), Ok(()));
    assert_eq!(parse(&named(KEY_ID_BYTES + 1), usize::MAX), Err(TokenError::HeaderMember));

    // Six bits a character.
    let filled = |length: usize| format!(r#"{{"alg":"HS256","typ":"{}"}}"#, "t".repeat(length - 24));
    let longest = JOSE_HEADER_CHARS / 4 * 3;
    assert_eq!(parse(&filled(longest), usize::MAX), Ok(()));
    assert_eq!(parse(&filled(longest + 1), usize::MAX), Err(TokenError::TooLarge));
}

/// What operators and clients were told of: none of them changes by the way.
#[test]
fn values() {
    for (limit, value) in [
        (limits::TOKEN_BYTES, 16_384),
        (limits::TOKEN_BYTES_MAX, 65_536),
        (limits::JOSE_HEADER_CHARS, 8_192),
        (limits::CONFIG_BYTES, 4_194_304),
        (limits::ROUTE_BYTES, 4_096),
        (limits::PERMISSION_BYTES, 4_096),
        (limits::TARGET_BYTES, 16_384),
        (limits::BODY_BYTES, 65_536),
        (limits::BODY_BYTES_MAX, 33_554_432),
        (limits::BODY_NODES, 32_768),
        (limits::CARRIED_BYTES, 2_048),
        (limits::JWK_SET_BYTES, 65_536),
        (limits::REPLY_BYTES, 65_536),
    ] {
        assert_eq!(limit, value);
    }
    assert_eq!(limits::RSA_EXPONENT_MAX, 8_589_934_591);
    assert_eq!(limits::STALE_SECS_MAX, 604_800);
    assert_eq!(limits::ASK_TURN_SECS, 3);
    assert_eq!(limits::SESSION_AGE_SECS_MAX, 31_536_000);
}

#[test]
fn clients_are_counted_where_the_document_says_so() {
    let counts = |members: serde_json::Value| {
        let mut document = serde_json::json!({
            "profile": "agentflow",
            "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        });
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        load(&document.to_string()).counts_clients()
    };
    let window = serde_json::json!({"count": 5, "window_secs": 60});
    let route = serde_json::json!({"access": "public", "limit": window});
    assert!(!counts(serde_json::json!({})));
    assert!(counts(serde_json::json!({"limits": {"failures": window}})));
    assert!(counts(serde_json::json!({"policy": {"routes": {"POST /login": route}}})));
}
