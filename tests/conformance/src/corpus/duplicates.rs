//! Members that occur twice.

use crate::row::{Group, Row, Verdict};

pub(crate) fn group() -> Group {
    const JWS: &str = "RFC 7515 section 4";
    const JWT: &str = "RFC 7519 section 4";
    const ANY: &str = "RFC 8259 section 4; RFC 8725 section 2.6";
    Group {
        title: "Members that occur twice",
        about: "Which of two members counts depends on the parser, so that a gate and the service behind it can read \
                different tokens out of the same bytes. RFC 7515 and RFC 7519 leave a choice between refusing and taking \
                the last; only refusing is safe where two parsers read the token. Signed by the right key.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new("dup-alg", "`alg` is `none` first, then the right one", JWS, |draft| {
                draft.header_text(r#"{"alg":"none","alg":"{alg}","typ":"JWT","kid":"{kid}"}"#)
            }),
            Row::new("dup-alg-reverse", "`alg` is the right one first, then `none`", JWS, |draft| {
                draft.header_text(r#"{"alg":"{alg}","alg":"none","typ":"JWT","kid":"{kid}"}"#)
            }),
            Row::new("dup-header", "a header member nobody knows, twice", JWS, |draft| {
                draft.header_text(r#"{"alg":"{alg}","typ":"JWT","kid":"{kid}","x":1,"x":2}"#)
            }),
            Row::new("dup-header-nested", "a member twice inside a header member", JWS, |draft| {
                draft.header("x", r#"{"a":1,"a":2}"#)
            }),
            Row::new("dup-exp", "`exp` has passed first, then lies ahead", JWT, |draft| {
                draft.claim_before("exp", "{now-3600}")
            }),
            Row::new("dup-iss", "`iss` is another one first, then the right one", JWT, |draft| {
                draft.claim_before("iss", r#""https://attacker.example""#)
            }),
            Row::new("dup-aud", "`aud` is another one first, then the right one", JWT, |draft| {
                draft.claim_before("aud", r#""https://other.example""#)
            }),
            Row::new("dup-sub", "`sub` is `root` first, then `alice`", JWT, |draft| {
                draft.claim_before("sub", r#""root""#)
            }),
            Row::new(
                "dup-role",
                "`role`, a claim of the application's own, is `admin` first, then `user`",
                JWT,
                |draft| draft.claim_before("role", r#""admin""#),
            ),
            Row::new(
                "dup-escaped",
                "the same, and one of the names is written with an escape",
                ANY,
                |draft| draft.claim_before("r\\u006fle", r#""admin""#),
            ),
            Row::new("dup-unknown", "a claim nobody knows, twice", JWT, |draft| {
                draft.claim("x-group", "1").claim_before("x-group", "2")
            }),
            Row::new("dup-nested", "`roles` twice inside `realm_access`", ANY, |draft| {
                draft.claim("realm_access", r#"{"roles":["admin"],"roles":["user"]}"#)
            }),
            Row::new("dup-deep", "a member twice, inside an array inside an object", ANY, |draft| {
                draft.claim("x", r#"{"list":[{"a":1},{"a":1,"a":2}]}"#)
            }),
        ],
    }
}
