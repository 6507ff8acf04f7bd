//! Strict base64url: [RFC 7515 section 2](https://www.rfc-editor.org/rfc/rfc7515#section-2).
//!
//! No padding, no white space, no other alphabet, no stray trailing bits: each byte string has
//! exactly one accepted encoding, so a token cannot be altered without altering what it says.

use alloc::string::String;
use alloc::vec::Vec;

use data_encoding::BASE64URL_NOPAD;

/// The text is not the canonical base64url encoding of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotBase64Url;

/// The bytes that `text` encodes. The empty text encodes the empty string.
///
/// # Errors
///
/// [`NotBase64Url`] unless `text` is canonical.
pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| NotBase64Url)
}

/// The canonical encoding of `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::{NotBase64Url, decode, encode};
    use alloc::borrow::ToOwned;

    #[test]
    fn only_the_canonical_form_decodes() {
        assert_eq!(decode("").unwrap(), b"");
        assert_eq!(decode("AA").unwrap(), [0]);
        assert_eq!(decode("-_-_").unwrap(), [0xfb, 0xff, 0xbf]);
        for bad in ["A", "AB", "AAB", "AA==", "AA=", "+/+/", "A A", "AA\n", " AA", "AA\0", "é"] {
            assert_eq!(decode(bad), Err(NotBase64Url), "{bad:?}");
        }
    }

    #[test]
    fn no_second_spelling_of_any_two_bytes() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut accepted = 0;
        for &first in alphabet {
            for &second in alphabet {
                for &third in alphabet {
                    let text = core::str::from_utf8(&[first, second, third]).unwrap().to_owned();
                    if let Ok(bytes) = decode(&text) {
                        assert_eq!(encode(&bytes), text);
                        accepted += 1;
                    }
                }
            }
        }
        assert_eq!(accepted, 65_536);
    }
}
