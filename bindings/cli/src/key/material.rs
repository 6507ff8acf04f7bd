//! The components of a key, with or without the private ones.

use ed25519_dalek::SigningKey;
use p256::elliptic_curve::Generate as _;
use portcullis::base64url;
use portcullis::jose::Algorithm;
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{BoxedUint, RsaPrivateKey};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// Bytes that are wiped when dropped.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// A key. Private components have been checked against the public ones.
pub(crate) enum Material {
    /// A shared secret.
    Oct(Secret),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
        private: Option<Box<RsaPrivateKey>>,
    },
    /// Coordinates and the private scalar, each as long as the field.
    Ec {
        curve: Curve,
        x: Vec<u8>,
        y: Vec<u8>,
        private: Option<Secret>,
    },
    Ed25519 {
        x: Vec<u8>,
        private: Option<Box<SigningKey>>,
    },
}

/// A curve of ECDSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// Evaluates `$body` with `$ec` standing for the crate of the curve.
macro_rules! on_curve {
    ($curve:expr, $ec:ident => $body:expr) => {
        match $curve {
            $crate::key::material::Curve::P256 => {
                use p256 as $ec;
                $body
            }
            $crate::key::material::Curve::P384 => {
                use p384 as $ec;
                $body
            }
            $crate::key::material::Curve::P521 => {
                use p521 as $ec;
                $body
            }
        }
    };
}
pub(super) use on_curve;

impl Curve {
    pub(crate) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The `crv` value.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }
}

const NO_RANDOM: &str = "the system gave no random components";

impl Material {
    /// A new shared secret.
    pub(super) fn generate_secret(bytes: usize) -> Result<Self, String> {
        let mut secret = Zeroizing::new(vec![0; bytes]);
        getrandom::fill(&mut secret).map_err(|_| NO_RANDOM)?;
        Ok(Self::Oct(secret))
    }

    /// A new RSA key with the exponent 65537.
    pub(super) fn generate_rsa(bits: usize) -> Result<Self, String> {
        let mut random = rsa::rand_core::UnwrapErr(getrandom::SysRng);
        let key = RsaPrivateKey::new(&mut random, bits).map_err(|error| format!("no RSA key: {error}"))?;
        Ok(Self::rsa(key))
    }

    /// A new key on a curve of ECDSA.
    pub(super) fn generate_ec(curve: Curve) -> Result<Self, String> {
        on_curve!(curve, ec => {
            let key = ec::SecretKey::try_generate().map_err(|_| NO_RANDOM)?;
            Self::ec(curve, &key.to_bytes())
        })
    }

    /// A new Ed25519 key.
    pub(super) fn generate_ed25519() -> Result<Self, String> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| NO_RANDOM)?;
        Ok(Self::ed25519(SigningKey::from_bytes(&seed)))
    }

    pub(super) fn rsa(key: RsaPrivateKey) -> Self {
        Self::Rsa {
            modulus: key.n_bytes().into_vec(),
            exponent: key.e_bytes().into_vec(),
            private: Some(Box::new(key)),
        }
    }

    /// The RSA key with these components; `primes` may be empty.
    pub(super) fn rsa_from(n: &[u8], e: &[u8], d: &[u8], primes: &[Secret]) -> Result<Self, String> {
        let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
        let primes = primes.iter().map(|prime| number(prime)).collect();
        RsaPrivateKey::from_components(number(n), number(e), number(d), primes)
            .map(Self::rsa)
            .map_err(|_| "the private components do not belong to the public ones".to_owned())
    }

    /// The key with this private scalar.
    pub(super) fn ec(curve: Curve, scalar: &[u8]) -> Result<Self, String> {
        on_curve!(curve, ec => {
            use ec::elliptic_curve::sec1::ToSec1Point as _;
            let key = ec::SecretKey::from_slice(scalar)
                .map_err(|_| format!("`d` is no private key on {}", curve.name()))?;
            let point = key.public_key().to_sec1_point(false);
            Self::ec_public(curve, point.as_bytes(), Some(Zeroizing::new(key.to_bytes().to_vec())))
        })
    }

    /// The key with this point (SEC 1 section 2.3.3, uncompressed).
    pub(super) fn ec_public(curve: Curve, point: &[u8], private: Option<Secret>) -> Result<Self, String> {
        let coordinates = point.split_first().map(|(_, rest)| rest).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        if on_curve!(curve, ec => ec::PublicKey::from_sec1_bytes(point).is_err()) {
            return Err(format!("`x` and `y` are no point on {}", curve.name()));
        }
        Ok(Self::Ec { curve, x: x.to_vec(), y: y.to_vec(), private })
    }

    pub(super) fn ed25519(key: SigningKey) -> Self {
        Self::Ed25519 { x: key.verifying_key().to_bytes().to_vec(), private: Some(Box::new(key)) }
    }

    /// Whether it is a shared secret.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self, Self::Oct(_))
    }

    /// Whether it can sign.
    pub(crate) fn is_private(&self) -> bool {
        match self {
            Self::Oct(_) => true,
            Self::Rsa { private, .. } => private.is_some(),
            Self::Ec { private, .. } => private.is_some(),
            Self::Ed25519 { private, .. } => private.is_some(),
        }
    }

    /// The one algorithm it can be for, if its type and curve leave no choice.
    pub(crate) fn only_algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Oct(_) | Self::Rsa { .. } => None,
            Self::Ec { curve: Curve::P256, .. } => Some(Algorithm::ES256),
            Self::Ec { curve: Curve::P384, .. } => Some(Algorithm::ES384),
            Self::Ec { curve: Curve::P521, .. } => Some(Algorithm::ES512),
            Self::Ed25519 { .. } => Some(Algorithm::EdDSA),
        }
    }

    /// The members of a JWK that RFC 7638 hashes; of a shared secret that is the secret.
    pub(super) fn required_members(&self) -> Map<String, Value> {
        let encode = |bytes: &[u8]| json!(base64url::encode(bytes));
        let members = match self {
            Self::Oct(secret) => vec![("kty", json!("oct")), ("k", encode(secret))],
            Self::Rsa { modulus, exponent, .. } => {
                vec![("kty", json!("RSA")), ("n", encode(modulus)), ("e", encode(exponent))]
            }
            Self::Ec { curve, x, y, .. } => {
                vec![("kty", json!("EC")), ("crv", json!(curve.name())), ("x", encode(x)), ("y", encode(y))]
            }
            Self::Ed25519 { x, .. } => {
                vec![("kty", json!("OKP")), ("crv", json!("Ed25519")), ("x", encode(x))]
            }
        };
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The members that only a private JWK has (RFC 7518 section 6, RFC 8037 section 2); none of a shared secret.
    pub(super) fn private_members(&self) -> Map<String, Value> {
        let encode = |bytes: &[u8]| Some(json!(base64url::encode(bytes)));
        let number = |number: &BoxedUint| encode(&Zeroizing::new(number.to_be_bytes_trimmed_vartime()));
        let members = match self {
            Self::Rsa { private: Some(key), .. } => vec![
                ("d", number(key.d())),
                ("p", key.primes().first().and_then(|prime| number(prime))),
                ("q", key.primes().get(1).and_then(|prime| number(prime))),
                ("dp", key.dp().and_then(number)),
                ("dq", key.dq().and_then(number)),
                ("qi", key.crt_coefficient().as_ref().and_then(number)),
            ],
            Self::Ec { private: Some(scalar), .. } => vec![("d", encode(scalar))],
            Self::Ed25519 { private: Some(key), .. } => vec![("d", encode(key.as_bytes()))],
            _ => Vec::new(),
        };
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}
