//! Formats that are not a signed JWT in compact serialisation.

use crate::row::{Group, Row, Verdict};

pub(crate) fn group() -> Group {
    Group {
        title: "Other formats",
        about: "Encrypted, nested, compressed and JSON-serialised tokens, and headers that belong to them. `enc`, \
                `zip` and `b64` mean nothing in a signed JWT, and RFC 7515 has a verifier ignore what it does not \
                understand; but a token that has them was written for a reader that takes its bytes for something else. \
                Signed by the right key where there is a signature.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new(
                "json-flattened",
                "a JWS in flattened JSON serialisation",
                "RFC 7515 section 7.2.2; RFC 7519 section 3",
                |draft| {
                    draft.assembled(|header, payload, signature| {
                        Some(format!(
                            r#"{{"payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#
                        ))
                    })
                },
            ),
            Row::new(
                "json-general",
                "a JWS in general JSON serialisation",
                "RFC 7515 section 7.2.1; RFC 7519 section 3",
                |draft| {
                    draft.assembled(|header, payload, signature| {
                    Some(format!(
                        r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
                    ))
                })
                },
            ),
            Row::new(
                "jwe",
                "an encrypted token in five parts, PBES2 with ten million iterations",
                "CVE-2022-36083, CVE-2024-28176",
                |draft| {
                    draft
                        .header_text(
                            r#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAA","p2c":10000000}"#,
                        )
                        .assembled(|header, payload, signature| {
                            Some(format!(
                                "{header}.{signature}.AAAAAAAAAAAAAAAA.{payload}.AAAAAAAAAAAAAAAAAAAAAA"
                            ))
                        })
                },
            ),
            Row::new("jwe-header", "a signed token whose header has `enc`", "RFC 7516 section 9", |draft| {
                draft.header("enc", r#""A128GCM""#)
            }),
            Row::new(
                "nested",
                "`cty` is `JWT`, and the payload is a whole token",
                "RFC 7519 section 5.2",
                |draft| draft.header("cty", r#""JWT""#).claims_text("eyJhbGciOiJub25lIn0.e30."),
            ),
            Row::new(
                "nested-header",
                "`cty` is `JWT`, and the payload is claims",
                "RFC 7519 section 5.2",
                |draft| draft.header("cty", r#""JWT""#),
            ),
            Row::new(
                "zip",
                "`zip` says that the payload is compressed, and it is not",
                "RFC 7516 section 4.1.3",
                |draft| draft.header("zip", r#""DEF""#),
            ),
            Row::new(
                "b64-false",
                "`b64` is false, and `crit` does not say so",
                "RFC 7797 section 6",
                |draft| draft.header("b64", "false"),
            ),
            Row::new("header-array", "the header is an array", "RFC 7515 section 4", |draft| {
                draft.header_text(r#"["{alg}"]"#)
            }),
            Row::new("header-text", "the header is not JSON", "RFC 7515 section 4", |draft| {
                draft.header_text("alg={alg}")
            }),
            Row::new("header-bom", "a byte order mark before the header", "RFC 8259 section 8.1", |draft| {
                draft.header_text("\u{feff}{\"alg\":\"{alg}\",\"typ\":\"JWT\",\"kid\":\"{kid}\"}")
            }),
            Row::new("header-rest", "something after the header's JSON", "RFC 8259 section 2", |draft| {
                draft.header_text(r#"{"alg":"{alg}","typ":"JWT","kid":"{kid}"}{}"#)
            }),
        ],
    }
}
