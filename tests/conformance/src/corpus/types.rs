//! Other kinds of token than access tokens.

use crate::row::{Group, Row, Verdict};

pub(crate) fn group() -> Group {
    const SOURCE: &str = "RFC 8725 sections 3.11 and 3.12";
    Group {
        title: "Other kinds of token",
        about: "The same issuer signs other tokens with the same key, and the caller may hold one of them. `typ` says what \
                a token is; where it does not, claims give it away. Libraries with an option for one expected `typ` are \
                run without it, since it would refuse one of the good tokens above, which are `JWT` and `at+jwt`; hono \
                takes a list and has it.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new(
                "typ-logout",
                "a logout token: `typ` is `logout+jwt`",
                "OpenID Connect Back-Channel Logout 1.0 section 2.4",
                |d| {
                    d.header("typ", r#""logout+jwt""#)
                        .claim("events", r#"{"http://schemas.openid.net/event/backchannel-logout":{}}"#)
                },
            ),
            Row::new(
                "typ-logout-full",
                "the same with the whole media type",
                "RFC 7515 section 4.1.9",
                |d| d.header("typ", r#""application/logout+jwt""#),
            ),
            Row::new(
                "typ-secevent",
                "a security event: `typ` is `secevent+jwt`",
                "RFC 8417 section 2.3",
                |d| d.header("typ", r#""secevent+jwt""#),
            ),
            Row::new("typ-refresh", "a refresh token: `typ` is `rt+jwt`", SOURCE, |d| {
                d.header("typ", r#""rt+jwt""#)
            }),
            Row::new("typ-dpop", "a proof of possession: `typ` is `dpop+jwt`", "RFC 9449 section 4.2", |d| {
                d.header("typ", r#""dpop+jwt""#)
            }),
            Row::new(
                "typ-introspection",
                "an introspection response: `typ` is `token-introspection+jwt`",
                "RFC 9701 section 5",
                |d| d.header("typ", r#""token-introspection+jwt""#),
            ),
            Row::new(
                "typ-id-token",
                "an id token: `aud` is the client",
                "OpenID Connect Core 1.0 section 2",
                |d| {
                    d.claim("aud", r#""client-1""#).claim("nonce", r#""n-0S6""#).claim("azp", r#""client-1""#)
                },
            ),
            Row::new(
                "typ-id-token-shared",
                "an id token where client and API share `aud`: it has `nonce` and `at_hash`",
                "RFC 8725 section 3.12; OpenID Connect Core 1.0 section 2",
                |d| d.claim("nonce", r#""n-0S6_WzA2Mj""#).claim("at_hash", r#""77QmUPtjPfzWtF2AnpK9RQ""#),
            ),
            Row::new(
                "typ-logout-claims",
                "a logout token under `typ` `JWT`: it has `events`",
                "RFC 8725 section 3.12; RFC 8417 section 2.2",
                |d| d.claim("events", r#"{"http://schemas.openid.net/event/backchannel-logout":{}}"#),
            ),
            Row::new(
                "typ-refresh-claim",
                "a refresh token under `typ` `JWT`: the claim `token_type` is `refresh`",
                "RFC 8725 section 3.12",
                |d| d.claim("token_type", r#""refresh""#),
            ),
            Row::new("typ-empty", "`typ` is empty", "RFC 7515 section 4.1.9", |d| d.header("typ", r#""""#)),
            Row::new("typ-number", "`typ` is a number", "RFC 7515 section 4.1.9", |d| d.header("typ", "1")),
            Row::new("typ-array", "`typ` is an array of a good one", "RFC 7515 section 4.1.9", |d| {
                d.header("typ", r#"["JWT"]"#)
            }),
        ],
    }
}
