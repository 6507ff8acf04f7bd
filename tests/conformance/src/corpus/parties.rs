//! `iss` and `aud`.

use crate::row::{Group, Row, Verdict};

pub(crate) fn issuer() -> Group {
    const SOURCE: &str = "RFC 7519 section 4.1.1; RFC 8725 section 3.8";
    Group {
        title: "Issuer",
        about: "`iss` must be exactly the issuer the verifier is configured with, here `https://issuer.example`: a text, \
                compared character by character. Signed by the right key.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new("iss-missing", "there is no `iss`", SOURCE, |d| d.without_claim("iss")),
            Row::new("iss-other", "another issuer", SOURCE, |d| {
                d.claim("iss", r#""https://attacker.example""#)
            }),
            Row::new("iss-prefix", "the beginning of the issuer", "CVE-2024-53861", |d| {
                d.claim("iss", r#""https://issuer""#)
            }),
            Row::new("iss-longer", "the issuer and more", SOURCE, |d| {
                d.claim("iss", r#""{iss}.attacker.example""#)
            }),
            Row::new("iss-case", "the issuer in capitals", SOURCE, |d| {
                d.claim("iss", r#""HTTPS://ISSUER.EXAMPLE""#)
            }),
            Row::new("iss-slash", "the issuer and a slash", SOURCE, |d| d.claim("iss", r#""{iss}/""#)),
            Row::new("iss-space", "the issuer and a space", SOURCE, |d| d.claim("iss", r#""{iss} ""#)),
            Row::new("iss-empty", "the empty text", SOURCE, |d| d.claim("iss", r#""""#)),
            Row::new("iss-array", "an array of the issuer", "CVE-2025-30144", |d| {
                d.claim("iss", r#"["{iss}"]"#)
            }),
            Row::new("iss-array-two", "an array of the issuer and another", "CVE-2025-30144", |d| {
                d.claim("iss", r#"["https://attacker.example","{iss}"]"#)
            }),
            Row::new("iss-number", "a number", SOURCE, |d| d.claim("iss", "123")),
            Row::new("iss-object", "an object", SOURCE, |d| d.claim("iss", "{}")),
            Row::new("iss-null", "null", SOURCE, |d| d.claim("iss", "null")),
        ],
    }
}

pub(crate) fn audience() -> Group {
    const SOURCE: &str = "RFC 7519 section 4.1.3; RFC 8725 section 3.9";
    Group {
        title: "Audience",
        about: "`aud` must name the audience the verifier is configured with, here `https://api.example`: as a text or in \
                an array of texts. Signed by the right key.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new("aud-missing", "there is no `aud`", SOURCE, |d| d.without_claim("aud")),
            Row::new("aud-other", "another audience", SOURCE, |d| {
                d.claim("aud", r#""https://other.example""#)
            }),
            Row::new("aud-prefix", "the beginning of the audience", SOURCE, |d| {
                d.claim("aud", r#""https://api""#)
            }),
            Row::new("aud-longer", "the audience and more", SOURCE, |d| {
                d.claim("aud", r#""{aud}.attacker.example""#)
            }),
            Row::new("aud-case", "the audience in capitals", SOURCE, |d| {
                d.claim("aud", r#""HTTPS://API.EXAMPLE""#)
            }),
            Row::new("aud-slash", "the audience and a slash", SOURCE, |d| d.claim("aud", r#""{aud}/""#)),
            Row::new("aud-empty", "the empty text", SOURCE, |d| d.claim("aud", r#""""#)),
            Row::new("aud-none", "an empty array", SOURCE, |d| d.claim("aud", "[]")),
            Row::new("aud-array-other", "an array of another audience", SOURCE, |d| {
                d.claim("aud", r#"["https://other.example"]"#)
            }),
            Row::new("aud-array-nested", "the audience in an array in an array", SOURCE, |d| {
                d.claim("aud", r#"[["{aud}"]]"#)
            }),
            Row::new("aud-array-number", "an array of a number", SOURCE, |d| d.claim("aud", "[1]")),
            Row::new("aud-array-mixed", "an array of the audience and a number", SOURCE, |d| {
                d.claim("aud", r#"["{aud}",1]"#)
            }),
            Row::new("aud-number", "a number", SOURCE, |d| d.claim("aud", "123")),
            Row::new("aud-object", "an object with the audience as a name", SOURCE, |d| {
                d.claim("aud", r#"{"{aud}":true}"#)
            }),
            Row::new("aud-null", "null", SOURCE, |d| d.claim("aud", "null")),
        ],
    }
}
