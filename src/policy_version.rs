//! By which configuration a decision was made.

use core::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// How much of the digest is kept, in hexadecimal digits: enough to tell the configurations of one deployment apart.
const DIGITS: usize = 12;

/// A name for a configuration that follows from its text: the beginning of its SHA-256, as twelve hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyVersion([u8; DIGITS]);

impl PolicyVersion {
    /// That of the configuration with this text.
    pub fn of(text: &[u8]) -> Self {
        let digest = base16ct::lower::encode_string(&Sha256::digest(text));
        let mut digits = [b'0'; DIGITS];
        digits.iter_mut().zip(digest.bytes()).for_each(|(digit, of_digest)| *digit = of_digest);
        Self(digits)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for PolicyVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::PolicyVersion;
    use alloc::string::ToString;

    #[test]
    fn the_beginning_of_the_digest() {
        assert_eq!(PolicyVersion::of(b"").to_string(), "e3b0c44298fc");
        assert_eq!(PolicyVersion::of(b"abc").to_string(), "ba7816bf8f01");
    }
}
