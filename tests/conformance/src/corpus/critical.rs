//! The `crit` header.

use crate::row::{Group, Row, Verdict};

pub(crate) fn group() -> Group {
    const SOURCE: &str = "RFC 7515 section 4.1.11";
    Group {
        title: "Critical header members",
        about: "`crit` lists members that a verifier must understand or else refuse the token. No library here was told \
                to understand any. Signed by the right key.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new(
                "crit-unknown",
                "`crit` lists an extension nobody knows",
                "CVE-2025-59420, CVE-2026-32597, CVE-2026-35042",
                |draft| draft.header("crit", r#"["x-policy"]"#).header("x-policy", r#""deny""#),
            ),
            Row::new("crit-absent-member", "`crit` lists a member that is not there", SOURCE, |draft| {
                draft.header("crit", r#"["x-policy"]"#)
            }),
            Row::new("crit-empty", "`crit` is an empty array", SOURCE, |draft| draft.header("crit", "[]")),
            Row::new("crit-standard", "`crit` lists `alg`", SOURCE, |draft| {
                draft.header("crit", r#"["alg"]"#)
            }),
            Row::new("crit-claim", "`crit` lists `exp`, which is in the header as well", SOURCE, |draft| {
                draft.header("crit", r#"["exp"]"#).header("exp", "1")
            }),
            Row::new("crit-b64", "`crit` lists `b64`, and `b64` is false", "RFC 7797 section 7", |draft| {
                draft.header("crit", r#"["b64"]"#).header("b64", "false")
            }),
            Row::new("crit-text", "`crit` is a text", SOURCE, |draft| draft.header("crit", r#""x-policy""#)),
            Row::new("crit-null", "`crit` is null", SOURCE, |draft| draft.header("crit", "null")),
        ],
    }
}
