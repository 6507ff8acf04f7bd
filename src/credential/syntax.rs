//! How credentials are written: in a header, and in a query.

use crate::error::CredentialError;

/// Names and values of a query string, still encoded.
pub(super) fn parameters(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    query
        .unwrap_or_default()
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// What follows the scheme in `Bearer <token>`:
/// [RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1). The scheme is case-insensitive
/// ([RFC 9110 section 11.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.1)); spaces may separate, tabs may not.
///
/// Which characters may follow is for the caller to say, who knows what is meant to stand there.
pub(super) fn bearer(value: &[u8]) -> Result<&[u8], CredentialError> {
    const SCHEME: &[u8] = b"bearer";
    let (scheme, rest) = value.split_at_checked(SCHEME.len()).unwrap_or((value, b""));
    match rest.split_first() {
        Some((b' ', token)) if scheme.eq_ignore_ascii_case(SCHEME) => {
            let spaces = token.iter().take_while(|byte| **byte == b' ').count();
            Ok(token.get(spaces..).unwrap_or_default())
        }
        None if scheme.eq_ignore_ascii_case(SCHEME) => Ok(b""),
        _ if value.is_empty() || !value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') => {
            Err(CredentialError::Malformed)
        }
        _ => Err(CredentialError::Unsupported),
    }
}

/// `b64token` of RFC 6750 section 2.1.
pub(super) fn b64token(value: &[u8]) -> Result<&str, CredentialError> {
    let padding = value.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = value.len().checked_sub(padding).and_then(|length| value.get(..length)).unwrap_or_default();
    // No branch for each byte: a token has some hundred of them.
    let is_legal = |part: &[u8]| part.iter().fold(true, |legal, byte| legal & may_stand_in_b64token(*byte));
    if body.is_empty() || !body.chunks(STRETCH).all(is_legal) {
        return Err(CredentialError::Malformed);
    }
    core::str::from_utf8(value).map_err(|_| CredentialError::Malformed)
}

/// How many bytes of a token are looked at before it is asked whether one was wrong.
const STRETCH: usize = 32;

/// A look into a table.
fn may_stand_in_b64token(byte: u8) -> bool {
    B64TOKEN.get(usize::from(byte)).copied().unwrap_or_default()
}

#[allow(clippy::as_conversions, clippy::indexing_slicing, reason = "the compiler works it out, or stops")]
static B64TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    while let Some((byte, others)) = rest.split_first() {
        table[*byte as usize] = true;
        rest = others;
    }
    table
};

pub(super) fn visible_ascii(value: &[u8]) -> Result<&str, CredentialError> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_graphic) {
        return Err(CredentialError::Malformed);
    }
    core::str::from_utf8(value).map_err(|_| CredentialError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::{b64token, bearer};
    use crate::error::CredentialError;

    #[test]
    fn only_bearer_is_the_scheme() {
        for text in [&b"Bearer"[..], b"bEARER", b"Bearer ", b"Bearer   "] {
            assert_eq!(bearer(text), Ok(&b""[..]), "{text:?}");
        }
        assert_eq!(bearer(b"Bearer  a b"), Ok(&b"a b"[..]));
        for text in [&b"Basic"[..], b"Digest", b"Digest a", b"Bearers", b"Bearer.a"] {
            assert_eq!(bearer(text), Err(CredentialError::Unsupported), "{text:?}");
        }
        for text in [&b""[..], b"Bearer\ta", b"Digest\t", b"\xff"] {
            assert_eq!(bearer(text), Err(CredentialError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn a_b64token_has_letters_digits_and_six_signs() {
        for byte in u8::MIN..=u8::MAX {
            let is_legal = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            for text in [&[byte][..], &[b'a', byte, b'z'], &[byte, b'=', b'=']] {
                assert_eq!(b64token(text).is_ok(), is_legal, "{byte:#x} in {text:?}");
            }
        }
    }

    #[test]
    fn padding_stands_at_the_end_and_never_alone() {
        assert_eq!(b64token(b"ab=="), Ok("ab=="));
        for text in [&b""[..], b"=", b"==", b"=a", b"a=b", b"a= "] {
            assert_eq!(b64token(text), Err(CredentialError::Malformed), "{text:?}");
        }
    }
}
