//! Payloads that are no claims.

use crate::row::{Group, Row, Verdict};

pub(crate) fn group() -> Group {
    const SOURCE: &str = "RFC 7519 section 7.2";
    Group {
        title: "Claims",
        about: "The payload must be one JSON object, and `sub` a text. Signed by the right key.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new("payload-array", "the payload is an array of the claims", SOURCE, |d| {
                d.claims_text(r#"[{"iss":"{iss}","aud":"{aud}","sub":"alice","exp":{now+600}}]"#)
            }),
            Row::new("payload-text", "the payload is a JSON text", SOURCE, |d| d.claims_text(r#""alice""#)),
            Row::new("payload-number", "the payload is a number", SOURCE, |d| d.claims_text("1")),
            Row::new("payload-null", "the payload is null", SOURCE, |d| d.claims_text("null")),
            Row::new("payload-words", "the payload is not JSON", SOURCE, |d| d.claims_text("sub=alice")),
            Row::new("payload-bom", "a byte order mark before the claims", "RFC 8259 section 8.1", |d| {
                d.claims_text(
                    "\u{feff}{\"iss\":\"{iss}\",\"aud\":\"{aud}\",\"sub\":\"alice\",\"exp\":{now+600}}",
                )
            }),
            Row::new("payload-rest", "something after the claims", "RFC 8259 section 2", |d| {
                d.claims_text(r#"{"iss":"{iss}","aud":"{aud}","sub":"alice","exp":{now+600}}{}"#)
            }),
            Row::new("payload-comma", "a comma after the last claim", "RFC 8259 section 4", |d| {
                d.claims_text(r#"{"iss":"{iss}","aud":"{aud}","sub":"alice","exp":{now+600},}"#)
            }),
            Row::new(
                "payload-surrogate",
                "half a surrogate pair in a claim's value",
                "RFC 8259 section 8.2",
                |d| d.claim("x", r#""\ud800""#),
            ),
            Row::new("sub-number", "`sub` is a number", "RFC 7519 section 4.1.2", |d| d.claim("sub", "1")),
            Row::new("sub-array", "`sub` is an array", "RFC 7519 section 4.1.2", |d| {
                d.claim("sub", r#"["alice"]"#)
            }),
            Row::new("sub-object", "`sub` is an object", "RFC 7519 section 4.1.2", |d| d.claim("sub", "{}")),
        ],
    }
}
