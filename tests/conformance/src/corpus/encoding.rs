//! Other spellings of a good token.

use crate::row::{ALL, Group, PUBLIC, Row, Verdict};

pub(crate) fn group() -> Group {
    Group {
        title: "Other spellings of a good token",
        about: "Anybody who has a good token can write these, without any key. Whoever accepts them accepts a token under \
                a text that no list of revoked tokens and no cache has seen. RFC 7515 section 2 allows no padding, no line \
                break, no white space and no other character; RFC 4648 section 3.5 lets a decoder insist on zero bits at \
                the end.",
        verdict: Verdict::Reject,
        rows: signatures().map(|row| row.on(ALL)).into_iter().chain(elsewhere()).collect(),
    }
}

fn signatures() -> [Row; 3] {
    [
        Row::new(
            "b64-trailing-bits",
            "the bits left over at the end of the signature are not zero",
            "RFC 4648 section 3.5",
            |draft| {
                draft.assembled(|header, payload, signature| {
                    Some(format!("{header}.{payload}.{}", with_trailing_bits(signature)?))
                })
            },
        ),
        Row::new("b64-padding", "the signature is padded with `=`", "RFC 7515 section 2", |draft| {
            draft.assembled(|header, payload, signature| {
                let padding = "=".repeat(signature.len().next_multiple_of(4) - signature.len());
                (!padding.is_empty()).then(|| format!("{header}.{payload}.{signature}{padding}"))
            })
        }),
        Row::new(
            "b64-standard",
            "the signature is written with `+` and `/`",
            "RFC 7515 section 2",
            |draft| {
                draft.assembled(|header, payload, signature| {
                    let standard = signature.replace('-', "+").replace('_', "/");
                    (standard != signature).then(|| format!("{header}.{payload}.{standard}"))
                })
            },
        ),
    ]
}

fn elsewhere() -> [Row; 11] {
    const SOURCE: &str = "RFC 7515 section 2; draft-ietf-oauth-rfc8725bis";
    [
        Row::new(
            "b64-one-padding",
            "one `=` after the signature, where two would belong",
            "RFC 7515 section 2",
            |draft| {
                draft.assembled(|header, payload, signature| Some(format!("{header}.{payload}.{signature}=")))
            },
        )
        .on(PUBLIC),
        Row::new("b64-space-after", "a space after the token", SOURCE, |draft| {
            draft.assembled(|header, payload, signature| Some(format!("{header}.{payload}.{signature} ")))
        }),
        Row::new("b64-space-before", "a space before the token", SOURCE, |draft| {
            draft.assembled(|header, payload, signature| Some(format!(" {header}.{payload}.{signature}")))
        }),
        Row::new("b64-newline-after", "a line break after the token", SOURCE, |draft| {
            draft.assembled(|header, payload, signature| Some(format!("{header}.{payload}.{signature}\n")))
        }),
        Row::new("b64-newline-inside", "a line break inside the signature", SOURCE, |draft| {
            draft.assembled(|header, payload, signature| {
                let (front, back) = signature.split_at_checked(20)?;
                Some(format!("{header}.{payload}.{front}\n{back}"))
            })
        }),
        Row::new("b64-space-inside", "a space inside the signature", SOURCE, |draft| {
            draft.assembled(|header, payload, signature| {
                let (front, back) = signature.split_at_checked(20)?;
                Some(format!("{header}.{payload}.{front} {back}"))
            })
        }),
        Row::new("b64-nul", "a NUL after the token", SOURCE, |draft| {
            draft.assembled(|header, payload, signature| Some(format!("{header}.{payload}.{signature}\0")))
        }),
        Row::new("b64-tilde", "a character of no alphabet inside the signature", SOURCE, |draft| {
            draft.assembled(|header, payload, signature| {
                let (front, back) = signature.split_at_checked(20)?;
                Some(format!("{header}.{payload}.{front}~{back}"))
            })
        }),
        Row::new("b64-non-ascii", "a character beyond ASCII after the token", SOURCE, |draft| {
            draft
                .assembled(|header, payload, signature| Some(format!("{header}.{payload}.{signature}\u{e9}")))
        }),
        Row::new(
            "b64-non-ascii-fold",
            "a letter beyond ASCII in place of the digit that its low byte is",
            SOURCE,
            |draft| {
                draft.assembled(|header, payload, signature| {
                    // U+0130, cut off to a byte, is 0x30: the digit.
                    let folded = signature.replacen('0', "\u{130}", 1);
                    (folded != signature).then(|| format!("{header}.{payload}.{folded}"))
                })
            },
        ),
        Row::new("b64-bearer", "the token with its scheme, `Bearer `", SOURCE, |draft| {
            draft.assembled(|header, payload, signature| {
                Some(format!("Bearer {header}.{payload}.{signature}"))
            })
        }),
    ]
}

/// The same bytes for a decoder that drops what is left over. `None` if nothing is.
fn with_trailing_bits(text: &str) -> Option<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if text.len().is_multiple_of(4) {
        return None;
    }
    let mut text = text.to_string();
    let last = text.pop()?;
    let value = ALPHABET.iter().position(|known| char::from(*known) == last)?;
    text.push(char::from(*ALPHABET.get(value | 1)?));
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::with_trailing_bits;

    #[test]
    fn trailing_bits_are_set_only_where_there_are_any() {
        assert_eq!(with_trailing_bits("Zg").as_deref(), Some("Zh"));
        assert_eq!(with_trailing_bits("Zm9v"), None);
        assert!(portcullis::base64url::decode("Zh").is_err());
    }
}
