//! The form of a key.

use alloc::format;
use alloc::string::String;

use crate::error::ApiKeyError;
use crate::limits::{API_KEY_BYTES, API_KEY_LABEL_CHARS};

/// What every key of this form begins with; bearer values with it are API keys, not tokens.
pub const PREFIX: &str = "pc_";

/// Length of the secret part, in base62 characters: 43 × log2(62) > 256 bits.
pub const SECRET_CHARS: usize = 43;

const CRC_CHARS: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key of the form `pc_<env>_<id>_<secret>_<crc>` with a matching checksum. Nothing else about it has been checked.
#[derive(Clone, Copy)]
pub(super) struct ParsedKey<'a> {
    pub(super) id: &'a str,
    pub(super) whole: &'a str,
}

impl<'a> ParsedKey<'a> {
    /// Parses `key`, which begins with [`PREFIX`].
    pub(super) fn parse(key: &'a str) -> Result<Self, ApiKeyError> {
        if key.len() > API_KEY_BYTES {
            return Err(ApiKeyError::Malformed);
        }
        let (body, crc) = key.rsplit_once('_').ok_or(ApiKeyError::Malformed)?;
        let mut parts = body.strip_prefix(PREFIX).ok_or(ApiKeyError::Malformed)?.splitn(4, '_');
        let (Some(env), Some(id), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ApiKeyError::Malformed);
        };
        let well_formed = is_label(env) && is_label(id) && secret.len() == SECRET_CHARS && is_base62(secret);
        if well_formed && crc == checksum(body) {
            Ok(Self { id, whole: key })
        } else {
            Err(ApiKeyError::Malformed)
        }
    }
}

fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether `text` can be the environment or the identifier of a key: 1 to 64 ASCII letters and digits.
pub fn is_label(text: &str) -> bool {
    (1..=API_KEY_LABEL_CHARS).contains(&text.len()) && is_base62(text)
}

/// Whether `text` is a key of this form, its checksum included. Nothing else about it is checked.
pub fn is_key(text: &str) -> bool {
    ParsedKey::parse(text).is_ok()
}

/// CRC-32 of `body` as six base62 digits, most significant first.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CRC_CHARS];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(rest % 62).unwrap_or_default();
        *digit = BASE62.get(index).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

/// Puts a key together from its parts. Randomness is the caller's: `random` must yield uniformly random bytes.
///
/// Returns `None` if `env` or `id` is not a label ([`is_label`]) or `random` ends too early.
///
/// ```
/// use portcullis::api_key::{assemble, is_key};
///
/// // A real caller draws these from the system.
/// let key = assemble("live", "ci", 0..=255).unwrap_or_default();
/// assert!(key.starts_with("pc_live_ci_") && is_key(&key));
/// ```
pub fn assemble(env: &str, id: &str, random: impl IntoIterator<Item = u8>) -> Option<String> {
    if !is_label(env) || !is_label(id) {
        return None;
    }
    // 248 = 4 × 62: larger bytes are dropped so that every character is equally likely.
    let secret: String = random
        .into_iter()
        .filter(|byte| *byte < 248)
        .filter_map(|byte| BASE62.get(usize::from(byte % 62)).copied().map(char::from))
        .take(SECRET_CHARS)
        .collect();
    if secret.len() != SECRET_CHARS {
        return None;
    }
    let body = format!("{PREFIX}{env}_{id}_{secret}");
    let crc = checksum(&body);
    Some(format!("{body}_{crc}"))
}

#[cfg(test)]
mod tests {
    use super::{ParsedKey, assemble, checksum};
    use crate::error::ApiKeyError;
    use alloc::format;

    #[test]
    fn an_assembled_key_parses_and_no_altered_one_does() {
        let key = assemble("live", "k1", (0..=255).cycle().take(200)).unwrap();
        assert_eq!(key.len(), "pc_live_k1_".len() + 43 + 1 + 6);
        assert_eq!(ParsedKey::parse(&key).unwrap().id, "k1");
        for index in 0..key.len() {
            let mut bytes = key.clone().into_bytes();
            bytes[index] = if bytes[index] == b'x' { b'y' } else { b'x' };
            let altered = alloc::string::String::from_utf8(bytes).unwrap();
            assert_eq!(ParsedKey::parse(&altered).map(|key| key.id), Err(ApiKeyError::Malformed), "{index}");
        }
        for bad in [
            "pc_",
            "pc____",
            "pc_live_k1_short_000000",
            &format!("{key}0"),
            key.strip_suffix(|_: char| true).unwrap(),
        ] {
            assert_eq!(ParsedKey::parse(bad).map(|key| key.id), Err(ApiKeyError::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_checksum_makes_no_key_of_anything_else() {
        let (secret, short) = ("s".repeat(43), "s".repeat(42));
        let parse = |env: &str, id: &str, secret: &str| {
            let body = format!("pc_{env}_{id}_{secret}");
            let key = format!("{body}_{}", checksum(&body));
            ParsedKey::parse(&key).map(|_| ())
        };
        assert_eq!(parse("live", "k1", &secret), Ok(()));
        assert_eq!(parse(&"e".repeat(64), &"i".repeat(64), &secret), Ok(()));
        for (env, id, secret) in [
            ("", "k1", secret.as_str()),
            ("l-e", "k1", &secret),
            (&"e".repeat(65), "k1", &secret),
            ("live", "", &secret),
            ("live", "k 1", &secret),
            ("live", &"i".repeat(65), &secret),
            ("live", "k1", &short),
            ("live", "k1", &format!("{secret}s")),
            ("live", "k1", &format!("-{short}")),
        ] {
            assert_eq!(parse(env, id, secret), Err(ApiKeyError::Malformed), "{env} {id} {secret}");
        }
    }

    #[test]
    fn a_byte_is_a_character_or_is_dropped() {
        let random = [0, 9, 10, 61, 62, 123, 247, 248, 255].into_iter().chain([35; 36]);
        let key = assemble("live", "k1", random).unwrap();
        assert_eq!(
            key.get("pc_live_k1_".len()..).unwrap().split_once('_').unwrap().0,
            ["09Az0zz", &"Z".repeat(36)].concat()
        );
    }

    #[test]
    fn known_answers() {
        // The check value of CRC-32/ISO-HDLC, 0xcbf43926, written in base 62.
        assert_eq!(checksum("123456789"), "3jZRME");
    }

    #[test]
    fn randomness_that_ends_early_makes_no_key() {
        assert_eq!(assemble("live", "k1", [1; 42]), None);
        assert_eq!(assemble("live", "k1", [255; 1000]), None);
        assert_eq!(assemble("li_ve", "k1", [1; 100]), None);
        assert_eq!(assemble("live", "", [1; 100]), None);
    }
}
