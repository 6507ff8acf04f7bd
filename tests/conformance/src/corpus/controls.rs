//! Good tokens: a verifier that refuses everything would be right about all the others.

use crate::row::{ALL, Group, Row, Verdict};

pub(crate) fn group() -> Group {
    Group {
        title: "Good tokens",
        about: "Everything here must be **accepted**: a verifier that refuses everything would be right about all the \
                rest. A library that refuses the plain token with an algorithm it has ends the run, since nothing \
                could be concluded from its other refusals.",
        verdict: Verdict::Accept,
        rows: rows().map(|row| row.on(ALL)).into(),
    }
}

fn rows() -> [Row; 5] {
    [
        Row::new("plain", "nothing: `typ` is `JWT`, `exp` lies ahead", "RFC 7519 section 7.2", |draft| draft),
        Row::new(
            "typ-at-jwt",
            "nothing: `typ` is `at+jwt`, an OAuth 2.0 access token",
            "RFC 9068 section 2.1",
            |draft| draft.header("typ", r#""at+jwt""#),
        ),
        Row::new("aud-array", "nothing: `aud` is an array of two", "RFC 7519 section 4.1.3", |draft| {
            draft.claim("aud", r#"["https://other.example","{aud}"]"#)
        }),
        Row::new("exp-float", "nothing: `exp` is fractional", "RFC 7519 section 2", |draft| {
            draft.claim("exp", "{now+600}.5")
        }),
        Row::new(
            "unknown-members",
            "nothing: a header member and claims that nobody knows",
            "RFC 7515 section 4",
            |draft| draft.header("x-trace", r#""7f3a""#).claim("x-flags", r#"{"beta":[true,null,1.5]}"#),
        ),
    ]
}
