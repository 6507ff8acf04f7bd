//! Tokens that cost more than any real one.

use crate::row::{Group, Row, Verdict};

pub(crate) fn group() -> Group {
    const SOURCE: &str = "CWE-770";
    Group {
        title: "Size and depth",
        about: "The cost of a token must be bounded before its signature is known to be good, since until then anybody can \
                make one. Accepting these is no forgery where they are signed by the right key; it shows that there is no \
                such bound.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new("dots", "a million dots", "CVE-2025-30204, CVE-2025-27144", |draft| {
                draft.assembled(|_, _, _| Some(".".repeat(1_000_000)))
            }),
            Row::new(
                "payload-1-mb",
                "a claim of a million characters, signed by the right key",
                SOURCE,
                |draft| draft.claim("x", &format!("\"{}\"", "x".repeat(1_000_000))),
            ),
            Row::new("kid-64-kb", "a `kid` of 64 KiB, signed by the right key", SOURCE, |draft| {
                draft.header("kid", &format!("\"{}\"", "k".repeat(64 * 1024)))
            }),
            Row::new(
                "deep-claims",
                "4,000 arrays inside each other, signed by the right key",
                "RUSTSEC-2024-0012",
                |draft| draft.claim("x", &nested(4_000)),
            ),
            Row::new(
                "deep-header",
                "2,000 arrays inside each other in the header, signed by the right key",
                "RUSTSEC-2024-0012",
                |draft| draft.header("x", &nested(2_000)),
            ),
            Row::new(
                "deep-unsigned",
                "100,000 arrays inside each other in the header, signed by nobody",
                "RUSTSEC-2024-0012",
                |draft| draft.header("x", &nested(100_000)).signature(|bytes, _| Some(vec![1; bytes.len()])),
            ),
        ],
    }
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}
