//! By which configuration a decision was made.

use core::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// How much of the digest is kept, in bytes: enough to tell the configurations of one deployment apart.
const BYTES: usize = 6;

/// A name for a configuration that follows from its text: the beginning of its SHA-256, as twelve hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyVersion([u8; BYTES]);

impl PolicyVersion {
    /// That of the configuration with this text.
    pub fn of(text: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let mut kept = [0; BYTES];
        kept.iter_mut().zip(digest).for_each(|(kept, byte)| *kept = byte);
        Self(kept)
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for PolicyVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
