//! Other numbers of segments than three, and segments that are empty.

use crate::draft::Draft;
use crate::row::{Group, Row, Verdict};

pub(crate) fn group() -> Group {
    const SOURCE: &str = "RFC 7515 section 7.1";
    Group {
        title: "Segments",
        about: "A token is three segments with two dots between them, and none is empty. Everything here is made from the \
                parts of a good token.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new("seg-none", "the empty text", SOURCE, |draft| {
                draft.assembled(|_, _, _| Some(String::new()))
            }),
            Row::new("seg-one", "the header alone", SOURCE, |draft| {
                draft.assembled(|header, _, _| Some(header.to_string()))
            }),
            Row::new("seg-two", "no signature, and no dot before it", SOURCE, |draft| {
                draft.assembled(|header, payload, _| Some(format!("{header}.{payload}")))
            }),
            Row::new("seg-four", "a fourth segment", SOURCE, |draft| {
                draft.assembled(|header, payload, signature| {
                    Some(format!("{header}.{payload}.{signature}.{signature}"))
                })
            }),
            Row::new("seg-five", "five segments, as a JWE has", "RFC 7516 section 9", |draft| {
                draft.assembled(|header, payload, signature| {
                    Some(format!("{header}.{payload}.{signature}.{signature}.{signature}"))
                })
            }),
            Row::new("seg-dot-before", "a dot before the token", SOURCE, |draft| {
                draft.assembled(|header, payload, signature| Some(format!(".{header}.{payload}.{signature}")))
            }),
            Row::new("seg-dot-after", "a dot after the token", SOURCE, |draft| {
                draft.assembled(|header, payload, signature| Some(format!("{header}.{payload}.{signature}.")))
            }),
            Row::new("seg-two-dots", "two dots in place of the first one", SOURCE, |draft| {
                draft.assembled(|header, payload, signature| Some(format!("{header}..{payload}.{signature}")))
            }),
            Row::new("seg-no-header", "the header is empty", SOURCE, |draft| {
                draft.assembled(|_, payload, signature| Some(format!(".{payload}.{signature}")))
            }),
            Row::new(
                "seg-detached",
                "the payload is detached: empty, and the signature covers none",
                "RFC 7515 appendix F",
                |draft| draft.claims_text(""),
            ),
            Row::new("seg-payload-cut", "the payload is empty, the signature covers one", SOURCE, |draft| {
                draft.assembled(|header, _, signature| Some(format!("{header}..{signature}")))
            }),
            Row::new("seg-swapped", "header and payload in each other's place", SOURCE, swapped),
            Row::new("seg-dots-only", "nothing but two dots", SOURCE, |draft| {
                draft.assembled(|_, _, _| Some("..".to_string()))
            }),
        ],
    }
}

fn swapped(draft: Draft) -> Draft {
    draft.assembled(|header, payload, signature| Some(format!("{payload}.{header}.{signature}")))
}
