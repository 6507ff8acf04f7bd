//! The signature algorithms, one table row each; nothing below this module switches on their names.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A JWS algorithm that a key can be fixed to ([RFC 7518 section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1),
/// [RFC 8037 section 3.1](https://www.rfc-editor.org/rfc/rfc8037#section-3.1),
/// [RFC 9864 section 2.2](https://www.rfc-editor.org/rfc/rfc9864#section-2.2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    PS256,
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.
    PS384,
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 bytes.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
    /// Ed25519 under the name of RFC 8037.
    EdDSA,
    /// Ed25519 under the fully specified name of RFC 9864.
    Ed25519,
}

/// Algorithms that share an implementation, and a feature of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Feature `hmac`.
    Hmac,
    /// RSASSA-PKCS1-v1_5; feature `rsa`.
    RsaPkcs1,
    /// RSASSA-PSS; feature `rsa`.
    RsaPss,
    /// Feature `ecdsa`.
    Ecdsa,
    /// Feature `eddsa`.
    EdDsa,
}

impl Family {
    const fn is_built_in(self) -> bool {
        match self {
            Self::Hmac => cfg!(feature = "hmac"),
            Self::RsaPkcs1 | Self::RsaPss => cfg!(feature = "rsa"),
            Self::Ecdsa => cfg!(feature = "ecdsa"),
            Self::EdDsa => cfg!(feature = "eddsa"),
        }
    }
}

/// A JWK key type ([RFC 7518 section 6.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyType {
    Oct,
    Rsa,
    Ec,
    Okp,
}

impl KeyType {
    /// The `kty` value.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Oct => "oct",
            Self::Rsa => "RSA",
            Self::Ec => "EC",
            Self::Okp => "OKP",
        }
    }
}

/// A JWK curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
    Ed25519,
}

impl Curve {
    const ALL: [Self; 4] = [Self::P256, Self::P384, Self::P521, Self::Ed25519];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// The `crv` value.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// Length of a coordinate, in bytes; a shorter or longer one is not looked at (RFC 7518 section 6.2.1.2).
    pub(crate) const fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 | Self::Ed25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// The hash of an algorithm; of EdDSA the one inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// How long a signature is; no other length is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureLength {
    /// This many bytes.
    Bytes(usize),
    /// As long as the modulus of the key.
    Modulus,
}

/// What is fixed by the name of an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlgorithmRow {
    /// The `alg` value, compared case-sensitively.
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) key_type: KeyType,
    pub(crate) curve: Option<Curve>,
    pub(crate) hash: Hash,
    pub(crate) signature: SignatureLength,
    /// Size of the smallest acceptable key, in bits: for HMAC the output of the hash (RFC 7518 section 3.2), for RSA the
    /// modulus (section 3.3), for a curve the size of its field.
    pub(crate) min_key_bits: usize,
}

impl Algorithm {
    /// Every algorithm, built in or not.
    pub const ALL: &'static [Self] = &[
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::EdDSA,
        Self::Ed25519,
    ];

    /// The algorithm called `name`, if its family is built in. `none` is not one, in any spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::built_in().find(|algorithm| algorithm.name() == name)
    }

    /// The algorithms whose families are built in.
    pub fn built_in() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|algorithm| algorithm.is_built_in())
    }

    /// Whether the feature of its family is on.
    pub const fn is_built_in(self) -> bool {
        self.row().family.is_built_in()
    }

    pub(crate) const fn row(self) -> AlgorithmRow {
        use Curve::{Ed25519, P256, P384, P521};
        use Family::{Ecdsa, EdDsa, Hmac, RsaPkcs1, RsaPss};
        use Hash::{Sha256, Sha384, Sha512};
        use KeyType::{Ec, Oct, Okp, Rsa};
        use SignatureLength::{Bytes, Modulus};

        let (name, family, key_type, curve, hash, signature, min_key_bits) = match self {
            Self::HS256 => ("HS256", Hmac, Oct, None, Sha256, Bytes(32), 256),
            Self::HS384 => ("HS384", Hmac, Oct, None, Sha384, Bytes(48), 384),
            Self::HS512 => ("HS512", Hmac, Oct, None, Sha512, Bytes(64), 512),
            Self::RS256 => ("RS256", RsaPkcs1, Rsa, None, Sha256, Modulus, 2048),
            Self::RS384 => ("RS384", RsaPkcs1, Rsa, None, Sha384, Modulus, 2048),
            Self::RS512 => ("RS512", RsaPkcs1, Rsa, None, Sha512, Modulus, 2048),
            Self::PS256 => ("PS256", RsaPss, Rsa, None, Sha256, Modulus, 2048),
            Self::PS384 => ("PS384", RsaPss, Rsa, None, Sha384, Modulus, 2048),
            Self::PS512 => ("PS512", RsaPss, Rsa, None, Sha512, Modulus, 2048),
            Self::ES256 => ("ES256", Ecdsa, Ec, Some(P256), Sha256, Bytes(64), 256),
            Self::ES384 => ("ES384", Ecdsa, Ec, Some(P384), Sha384, Bytes(96), 384),
            Self::ES512 => ("ES512", Ecdsa, Ec, Some(P521), Sha512, Bytes(132), 521),
            Self::EdDSA => ("EdDSA", EdDsa, Okp, Some(Ed25519), Sha512, Bytes(64), 255),
            Self::Ed25519 => ("Ed25519", EdDsa, Okp, Some(Ed25519), Sha512, Bytes(64), 255),
        };
        AlgorithmRow { name, family, key_type, curve, hash, signature, min_key_bits }
    }

    /// The `alg` value.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether its keys are shared secrets, which sign as well as verify.
    pub const fn is_symmetric(self) -> bool {
        matches!(self.row().key_type, KeyType::Oct)
    }

    /// Length of the shortest acceptable secret, in bytes; of no meaning for a public key.
    pub const fn min_secret_bytes(self) -> usize {
        self.row().min_key_bits / 8
    }
}

/// The name of every algorithm.
const NAMES: &[&str] = &{
    let mut names = [""; Algorithm::ALL.len()];
    let mut rest = Algorithm::ALL;
    let mut slots: &mut [&str] = &mut names;
    while let (Some((algorithm, others)), Some((slot, unfilled))) =
        (rest.split_first(), slots.split_first_mut())
    {
        *slot = algorithm.name();
        rest = others;
        slots = unfilled;
    }
    names
};

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl de::Visitor<'_> for Name {
            type Value = Algorithm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a signature algorithm")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Algorithm, E> {
                if let Some(algorithm) = Algorithm::from_name(name) {
                    return Ok(algorithm);
                }
                if Algorithm::ALL.iter().any(|algorithm| algorithm.name() == name) {
                    return Err(E::custom(format_args!("{name} is not part of this build")));
                }
                Err(E::unknown_variant(name, NAMES))
            }
        }

        deserializer.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, SignatureLength};

    #[test]
    fn names_are_unique_and_case_sensitive() {
        for (index, algorithm) in Algorithm::ALL.iter().enumerate() {
            assert!(Algorithm::ALL.iter().skip(index + 1).all(|other| other.name() != algorithm.name()));
        }
        for name in ["none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "RS1", "ES256K", "Ed448", "ES521"]
        {
            assert_eq!(Algorithm::from_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_signature_on_a_curve_is_two_field_elements() {
        for algorithm in Algorithm::ALL {
            let row = algorithm.row();
            if let Some(curve) = row.curve {
                assert_eq!(
                    row.signature,
                    SignatureLength::Bytes(2 * curve.coordinate_bytes()),
                    "{algorithm}"
                );
            }
        }
    }
}
