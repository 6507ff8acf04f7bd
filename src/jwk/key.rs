//! One key of a set, or alone.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use thiserror::Error;

use crate::alg::{Algorithm, Curve, KeyType};
use crate::base64url;
use crate::crypto::KeyError;
use crate::json::{self, Budget, JsonError, Members, Value};
use crate::key::public::KeyComponents;
use crate::key::{PublicKey, VerificationKey};
use crate::limits::{JWK_SET_BYTES, KEY_ID_BYTES};
use crate::secret::SecretBytes;

/// One key that can verify signatures.
#[derive(Debug, Clone)]
pub struct Jwk {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    pub(super) material: Material,
}

#[derive(Debug, Clone)]
pub(super) enum Material {
    Secret(SecretBytes),
    Public(PublicKey),
}

/// Why a JWK cannot verify anything here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JwkError {
    /// Longer than [`JWK_SET_BYTES`].
    #[error("longer than {JWK_SET_BYTES} bytes")]
    TooLarge,
    /// Not JSON with unique members.
    #[error("not usable JSON: {0}")]
    NotJson(JsonError),
    /// Not an object.
    #[error("a JWK is a JSON object")]
    NotAnObject,
    /// The member is absent.
    #[error("member `{0}` is missing")]
    Missing(&'static str),
    /// The member has the wrong type, is not canonical base64url, or has the wrong length.
    #[error("member `{0}` has the wrong type or length, or is not canonical base64url")]
    Member(&'static str),
    /// A type or a curve that no algorithm here uses.
    #[error("a key type or curve that no algorithm here uses")]
    UnknownType,
    /// An `alg` that is not a signature algorithm of this build.
    #[error("its `alg` is no signature algorithm of this build")]
    UnknownAlgorithm,
    /// `use` or `key_ops` reserve it for something else than verifying signatures.
    #[error("`use` or `key_ops` reserve it for something else than verifying signatures")]
    OtherUse,
    /// A member of a private key; carries its name.
    #[error(
        "it has the private member `{0}`; publish the public half only, and replace the key if it was published"
    )]
    Private(&'static str),
    /// An RSA key or a secret that names no `alg` and was given none: six, or three, would fit.
    #[error("several algorithms fit it and nothing says which is meant; add `alg` to the key")]
    AlgorithmNeeded,
    /// It fits none of the algorithms that were allowed.
    #[error("it fits none of the allowed algorithms")]
    AlgorithmNotAllowed,
    /// The components are not acceptable.
    #[error(transparent)]
    Key(KeyError),
}

impl JwkError {
    /// Whether the key can be passed over in a set: it is for somebody else, malformed or weak, and the others are none the
    /// worse for it (RFC 7517 section 5). Not so one that must not be public, and one that lacks a word of the operator's.
    pub fn is_ignorable(&self) -> bool {
        match self {
            Self::NotAnObject
            | Self::Missing(_)
            | Self::Member(_)
            | Self::UnknownType
            | Self::UnknownAlgorithm
            | Self::OtherUse
            | Self::AlgorithmNotAllowed
            | Self::Key(_) => true,
            Self::TooLarge | Self::NotJson(_) | Self::Private(_) | Self::AlgorithmNeeded => false,
        }
    }
}

/// The members of RFC 7518 section 6 and RFC 8037 section 2 that only a private key has.
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

impl Jwk {
    /// Reads one JWK of at most [`JWK_SET_BYTES`].
    ///
    /// # Errors
    ///
    /// [`JwkError`] says what is wrong, or whom it is for.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwkError> {
        if bytes.len() > JWK_SET_BYTES {
            return Err(JwkError::TooLarge);
        }
        Self::from_value(&json::parse(bytes, Budget::REQUEST).map_err(JwkError::NotJson)?)
    }

    /// Reads a JWK that has been parsed.
    ///
    /// # Errors
    ///
    /// [`JwkError`] says what is wrong with it.
    pub fn from_value(value: &Value) -> Result<Self, JwkError> {
        let members = value.as_object().ok_or(JwkError::NotAnObject)?;
        let is_secret = members.get("kty").and_then(Value::as_str) == Some(KeyType::Oct.name());
        // Private first: whoever published one must hear of it, whatever else is wrong with the key.
        if !is_secret && let Some(name) = PRIVATE_MEMBERS.into_iter().find(|name| members.contains_key(name))
        {
            return Err(JwkError::Private(name));
        }
        let key_type = text(members, "kty")?.ok_or(JwkError::Missing("kty"))?;
        let id = text(members, "kid")?.map(ToString::to_string);
        if id.as_ref().is_some_and(|id| id.is_empty() || id.len() > KEY_ID_BYTES) {
            return Err(JwkError::Member("kid"));
        }
        check_use(members)?;
        let algorithm = match text(members, "alg")? {
            None => None,
            Some(name) => Some(Algorithm::from_name(name).ok_or(JwkError::UnknownAlgorithm)?),
        };
        let material = match key_type {
            "oct" => Material::Secret(SecretBytes::new(bytes(members, "k")?)),
            "RSA" => Material::Public(rsa(members)?),
            "EC" | "OKP" => Material::Public(point(members, key_type)?),
            _ => return Err(JwkError::UnknownType),
        };
        let jwk = Self { id, algorithm, material };
        match algorithm {
            Some(algorithm) if !jwk.fits(algorithm) => Err(JwkError::Key(KeyError::WrongType)),
            _ => Ok(jwk),
        }
    }

    /// The `kid`.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// A public key that was not written as a JWK.
    pub fn from_public_key(key: PublicKey) -> Self {
        Self { id: None, algorithm: None, material: Material::Public(key) }
    }

    /// The same key under another `kid`.
    pub fn named(self, id: &str) -> Self {
        Self { id: Some(id.to_string()), ..self }
    }

    /// The `alg`.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Whether it is a shared secret (`kty` `oct`).
    pub fn is_secret(&self) -> bool {
        matches!(self.material, Material::Secret(_))
    }

    /// The key, fixed to its algorithm: its own `alg`, or the only one for its curve, or, if neither says, each one of
    /// `allowed` that fits. An empty `allowed` allows all.
    ///
    /// # Errors
    ///
    /// [`JwkError::AlgorithmNeeded`], [`JwkError::AlgorithmNotAllowed`] or [`JwkError::Key`].
    pub fn verification_keys(&self, allowed: &[Algorithm]) -> Result<Vec<VerificationKey>, JwkError> {
        let own = self.algorithm.or_else(|| match &self.material {
            // Whoever allows some decides; Ed25519, too, has two names.
            Material::Public(key) if allowed.is_empty() => key.only_algorithm(),
            Material::Public(_) | Material::Secret(_) => None,
        });
        let algorithms: Vec<Algorithm> = match own {
            Some(own) if allowed.is_empty() || allowed.contains(&own) => Vec::from([own]),
            Some(_) => return Err(JwkError::AlgorithmNotAllowed),
            None if allowed.is_empty() => return Err(JwkError::AlgorithmNeeded),
            None => allowed.iter().copied().filter(|algorithm| self.fits(*algorithm)).collect(),
        };
        if algorithms.is_empty() {
            return Err(JwkError::AlgorithmNotAllowed);
        }
        algorithms.into_iter().map(|algorithm| self.fixed_to(algorithm)).collect()
    }

    fn fixed_to(&self, algorithm: Algorithm) -> Result<VerificationKey, JwkError> {
        let id = self.id.clone();
        match &self.material {
            Material::Secret(secret) => VerificationKey::from_secret(id, algorithm, secret.expose()),
            Material::Public(key) => VerificationKey::from_public_key(id, algorithm, key),
        }
        .map_err(JwkError::Key)
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        match &self.material {
            Material::Secret(_) => algorithm.is_symmetric(),
            Material::Public(key) => key.fits(algorithm),
        }
    }
}

/// RFC 7517 sections 4.2 and 4.3: a key that says what it is for is used for nothing else.
fn check_use(members: &Members) -> Result<(), JwkError> {
    if text(members, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(JwkError::OtherUse);
    }
    let Some(operations) = members.get("key_ops") else { return Ok(()) };
    let operations = operations.as_array().ok_or(JwkError::Member("key_ops"))?;
    let mut seen: Vec<&str> = Vec::with_capacity(operations.len());
    for operation in operations {
        let operation = operation.as_str().ok_or(JwkError::Member("key_ops"))?;
        if seen.contains(&operation) {
            return Err(JwkError::Member("key_ops"));
        }
        seen.push(operation);
    }
    if seen.contains(&"verify") { Ok(()) } else { Err(JwkError::OtherUse) }
}

fn rsa(members: &Members) -> Result<PublicKey, JwkError> {
    let number = |name| {
        let bytes = bytes(members, name)?;
        // Base64urlUInt (RFC 7518 section 2): the fewest bytes, so that each number has one spelling.
        if bytes.first().is_none_or(|first| *first == 0) { Err(JwkError::Member(name)) } else { Ok(bytes) }
    };
    Ok(PublicKey { components: KeyComponents::Rsa { modulus: number("n")?, exponent: number("e")? } })
}

fn point(members: &Members, key_type: &str) -> Result<PublicKey, JwkError> {
    let name = text(members, "crv")?.ok_or(JwkError::Missing("crv"))?;
    let curve = Curve::from_name(name).ok_or(JwkError::UnknownType)?;
    let coordinate = |name| {
        let bytes = bytes(members, name)?;
        if bytes.len() == curve.coordinate_bytes() { Ok(bytes) } else { Err(JwkError::Member(name)) }
    };
    let components = match (key_type, curve) {
        ("OKP", Curve::Ed25519) => KeyComponents::Okp { curve, x: coordinate("x")? },
        ("EC", Curve::P256 | Curve::P384 | Curve::P521) => {
            KeyComponents::Ec { curve, x: coordinate("x")?, y: coordinate("y")? }
        }
        _ => return Err(JwkError::Member("crv")),
    };
    Ok(PublicKey { components })
}

fn text<'m>(members: &'m Members, name: &'static str) -> Result<Option<&'m str>, JwkError> {
    match members.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(JwkError::Member(name)),
    }
}

fn bytes(members: &Members, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let text = text(members, name)?.ok_or(JwkError::Missing(name))?;
    base64url::decode(text).map_err(|_| JwkError::Member(name))
}
