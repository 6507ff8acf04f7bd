//! The signature algorithms, one table row each; nothing below this module switches on their names.

use serde::{Deserialize, Serialize};

/// A JWS algorithm that a key can be fixed to ([RFC 7518 section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
}

/// What is fixed by the name of an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlgorithmRow {
    /// The `alg` value, compared case-sensitively.
    pub(crate) name: &'static str,
    /// Length of a signature, in bytes; no other length is looked at.
    pub(crate) signature_bytes: usize,
    /// Length of the shortest acceptable key, in bytes: for HMAC the output of the hash (RFC 7518 section 3.2).
    pub(crate) min_key_bytes: usize,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: &'static [Self] = &[Self::HS256, Self::HS384, Self::HS512];

    /// The algorithm called `name`. `none` is not one, in any spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    pub(crate) const fn row(self) -> AlgorithmRow {
        match self {
            Self::HS256 => AlgorithmRow { name: "HS256", signature_bytes: 32, min_key_bytes: 32 },
            Self::HS384 => AlgorithmRow { name: "HS384", signature_bytes: 48, min_key_bytes: 48 },
            Self::HS512 => AlgorithmRow { name: "HS512", signature_bytes: 64, min_key_bytes: 64 },
        }
    }

    /// The `alg` value.
    pub const fn name(self) -> &'static str {
        self.row().name
    }
}
