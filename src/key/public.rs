//! Public keys as they are written: the components of a JWK, or a PEM document. What they are worth is checked when they
//! are fixed to an algorithm.

use alloc::vec::Vec;

use spki::ObjectIdentifier;
use spki::der::asn1::{AnyRef, BitStringRef, UintRef};
use spki::der::{Decode as _, Encode as _, pem};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use thiserror::Error;

use crate::alg::{Algorithm, Curve, KeyType};

/// The components of a public key, which fit some algorithms and are fixed to none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) components: KeyComponents,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyComponents {
    /// Big-endian, without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// Affine coordinates.
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8> },
    /// The encoding of RFC 8032 section 5.1.2.
    Okp { curve: Curve, x: Vec<u8> },
}

/// Why a PEM document is not a usable public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PemError {
    /// Not one document of RFC 7468.
    #[error("not a PEM document; it begins with `-----BEGIN PUBLIC KEY-----` and has lines of 64 characters")]
    NotPem,
    /// A private key, which has no business here.
    #[error("a private key; verifying takes the public one: `openssl pkey -in FILE -pubout`")]
    Private,
    /// A document of another kind, such as a certificate.
    #[error(
        "a PEM document, but no public key; of a certificate take the key: `openssl x509 -in FILE -noout -pubkey`"
    )]
    Label,
    /// What is inside is not the DER encoding its label announces.
    #[error("the PEM document is damaged: what is inside is not the key its label announces")]
    NotDer,
    /// A key for something else than the algorithms here, or a compressed point.
    #[error(
        "a key for none of the algorithms here: RSA, P-256, P-384, P-521 (uncompressed points) and Ed25519 are"
    )]
    Unsupported,
}

const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The first byte of an uncompressed point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----` (SubjectPublicKeyInfo, [RFC 7468 section 13](https://www.rfc-editor.org/rfc/rfc7468#section-13))
    /// or `-----BEGIN RSA PUBLIC KEY-----` (PKCS#1, [RFC 8017 appendix A.1.1](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1)).
    ///
    /// # Errors
    ///
    /// [`PemError`] says what the document is instead.
    pub fn from_pem(text: &str) -> Result<Self, PemError> {
        let (label, der) = pem::decode_vec(text.trim_ascii().as_bytes()).map_err(|_| PemError::NotPem)?;
        let components = match label {
            "PUBLIC KEY" => from_spki(&der)?,
            "RSA PUBLIC KEY" => from_pkcs1(&der)?,
            label if label.ends_with("PRIVATE KEY") => return Err(PemError::Private),
            _ => return Err(PemError::Label),
        };
        Ok(Self { components })
    }

    /// The one algorithm this key can be for, or `None` for an RSA key, which fits six.
    pub fn only_algorithm(&self) -> Option<Algorithm> {
        match &self.components {
            KeyComponents::Rsa { .. } => None,
            KeyComponents::Ec { curve, .. } => {
                Algorithm::ALL.iter().copied().find(|algorithm| algorithm.row().curve == Some(*curve))
            }
            KeyComponents::Okp { .. } => Some(Algorithm::EdDSA),
        }
    }

    /// The DER encoding of a `SubjectPublicKeyInfo`, as [`PublicKey::from_pem`] reads it; `None` only of a key that fits no
    /// algorithm.
    pub(crate) fn to_spki(&self) -> Option<Vec<u8>> {
        let (oid, parameters, bytes) = match &self.components {
            KeyComponents::Rsa { modulus, exponent } => {
                let key = pkcs1::RsaPublicKeyRef {
                    modulus: UintRef::new(modulus).ok()?,
                    public_exponent: UintRef::new(exponent).ok()?,
                };
                (pkcs1::ALGORITHM_OID, Some(AnyRef::NULL), key.to_der().ok()?)
            }
            KeyComponents::Ec { curve, x, y } => {
                let curve = match curve {
                    Curve::P256 => &SECP256R1,
                    Curve::P384 => &SECP384R1,
                    Curve::P521 => &SECP521R1,
                    Curve::Ed25519 => return None,
                };
                (ID_EC_PUBLIC_KEY, Some(curve.into()), [&[UNCOMPRESSED], x.as_slice(), y].concat())
            }
            KeyComponents::Okp { x, .. } => (ID_ED25519, None, x.clone()),
        };
        let algorithm = AlgorithmIdentifierRef { oid, parameters };
        let subject_public_key = BitStringRef::from_bytes(&bytes).ok()?;
        SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()
    }

    /// Whether the type and the curve of this key are those of `algorithm`.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        let row = algorithm.row();
        match &self.components {
            KeyComponents::Rsa { .. } => row.key_type == KeyType::Rsa,
            KeyComponents::Ec { curve, .. } | KeyComponents::Okp { curve, .. } => row.curve == Some(*curve),
        }
    }
}

fn from_spki(der: &[u8]) -> Result<KeyComponents, PemError> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| PemError::NotDer)?;
    let bytes = info.subject_public_key.as_bytes().ok_or(PemError::NotDer)?;
    let parameters = info.algorithm.parameters;
    if info.algorithm.oid == pkcs1::ALGORITHM_OID {
        // RFC 3279 section 2.3.1: always NULL.
        return if parameters == Some(AnyRef::NULL) { from_pkcs1(bytes) } else { Err(PemError::NotDer) };
    }
    if info.algorithm.oid == ID_ED25519 {
        // RFC 8410 section 3: always absent.
        let components = KeyComponents::Okp { curve: Curve::Ed25519, x: bytes.to_vec() };
        return if parameters.is_none() { Ok(components) } else { Err(PemError::NotDer) };
    }
    if info.algorithm.oid != ID_EC_PUBLIC_KEY {
        return Err(PemError::Unsupported);
    }
    let curve = match info.algorithm.parameters_oid().map_err(|_| PemError::NotDer)? {
        SECP256R1 => Curve::P256,
        SECP384R1 => Curve::P384,
        SECP521R1 => Curve::P521,
        _ => return Err(PemError::Unsupported),
    };
    match bytes.split_first() {
        Some((&UNCOMPRESSED, coordinates)) => {
            let (x, y) = coordinates.split_at_checked(curve.coordinate_bytes()).ok_or(PemError::NotDer)?;
            Ok(KeyComponents::Ec { curve, x: x.to_vec(), y: y.to_vec() })
        }
        _ => Err(PemError::Unsupported),
    }
}

fn from_pkcs1(der: &[u8]) -> Result<KeyComponents, PemError> {
    let key = pkcs1::RsaPublicKeyRef::from_der(der).map_err(|_| PemError::NotDer)?;
    Ok(KeyComponents::Rsa {
        modulus: key.modulus.as_bytes().to_vec(),
        exponent: key.public_exponent.as_bytes().to_vec(),
    })
}
