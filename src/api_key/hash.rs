//! How keys are hashed, and by what a record knows its key.

use alloc::string::{String, ToString as _};
use core::fmt;

use sha2::{Digest, Sha256};

use crate::alg::Algorithm;
use crate::crypto::HmacKey;
use crate::limits::PEPPER_BYTES;

/// A SHA-256 output.
pub(crate) type Digest256 = [u8; 32];

/// The secret under which keys are hashed: at least 32 bytes, known to the host only.
#[derive(Debug, Clone)]
pub struct Pepper(HmacKey);

impl Pepper {
    /// A pepper, or `None` if `secret` is shorter than [`PEPPER_BYTES`].
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() < PEPPER_BYTES {
            return None;
        }
        HmacKey::new(Algorithm::HS256, secret).map(Self)
    }

    /// The digest of `key` in the form records carry it: `hmac-sha256:` and 64 hexadecimal digits.
    pub fn hash(&self, key: &str) -> String {
        KeyHash::Peppered(self.digest(key)).to_string()
    }

    pub(super) fn digest(&self, key: &str) -> Digest256 {
        let mut digest = Digest256::default();
        for (to, from) in digest.iter_mut().zip(self.0.sign(key.as_bytes())) {
            *to = from;
        }
        digest
    }
}

const HMAC_LABEL: &str = "hmac-sha256:";
const PLAIN_LABEL: &str = "sha256:";

/// The digest of a key of another system in the form records carry it: `sha256:` and 64 hexadecimal digits.
pub fn plain_hash(key: &str) -> String {
    KeyHash::Plain(Sha256::digest(key.as_bytes()).into()).to_string()
}

/// How a record knows its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyHash {
    /// HMAC-SHA-256 under the pepper.
    Peppered(Digest256),
    /// Plain SHA-256, for keys of other systems.
    Plain(Digest256),
}

impl KeyHash {
    /// Parses `hmac-sha256:<64 hex digits>` or `sha256:<64 hex digits>`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix(HMAC_LABEL) {
            return from_hex(hex).map(Self::Peppered);
        }
        text.strip_prefix(PLAIN_LABEL).and_then(from_hex).map(Self::Plain)
    }
}

impl fmt::Display for KeyHash {
    /// The form that [`KeyHash::parse`] reads, in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (label, digest) = match self {
            Self::Peppered(digest) => (HMAC_LABEL, digest),
            Self::Plain(digest) => (PLAIN_LABEL, digest),
        };
        f.write_str(label)?;
        f.write_str(&base16ct::lower::encode_string(digest))
    }
}

fn from_hex(hex: &str) -> Option<Digest256> {
    let mut digest = Digest256::default();
    let decoded = base16ct::mixed::decode(hex, &mut digest).ok()?.len();
    (decoded == digest.len()).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::plain_hash;

    #[test]
    fn known_answers() {
        assert_eq!(
            plain_hash("abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
