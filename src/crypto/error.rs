//! Why a signature or a key is not accepted.

use thiserror::Error;

/// The signature does not match. Nothing more specific is safe or useful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature does not match")]
pub struct InvalidSignature;

/// Why a key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The secret is shorter than the output of the hash (RFC 7518 section 3.2).
    #[error("the secret is shorter than {min_bytes} bytes, the output of its hash")]
    SecretTooShort {
        /// The least acceptable length, in bytes.
        min_bytes: usize,
    },
    /// The RSA modulus is smaller than 2048 or larger than 8192 bits.
    #[error("the RSA modulus has {bits} bits; 2048 to 8192 are accepted")]
    ModulusSize {
        /// Its size, in bits.
        bits: usize,
    },
    /// The RSA modulus is even, or was made by the generator of CVE-2017-15361.
    #[error("the RSA modulus is even, or of the weak form of CVE-2017-15361 (ROCA); make a new key")]
    ModulusWeak,
    /// The RSA public exponent is even, less than 65537, or longer than 33 bits.
    #[error("the RSA public exponent must be odd and lie between 65537 and 2^33 - 1")]
    Exponent,
    /// The coordinates are no point of the curve, not as long as its field, or those of a point of small order, for
    /// which anybody can sign.
    #[error("the coordinates are not those of a usable point on the curve")]
    NotOnCurve,
    /// The key is of another type or curve than the algorithm.
    #[error("the key is of another type or curve than its algorithm asks for")]
    WrongType,
    /// The algorithm is left out of this build.
    #[error("the algorithm is not part of this build")]
    NotBuiltIn,
}
