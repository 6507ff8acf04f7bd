//! Keys as files: private and public JWKs, and PEM documents.

use std::path::Path;

use portcullis::base64url;
use portcullis::jose::{Algorithm, KeySet};
use portcullis::json::{self, Budget, Members};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::material::{Curve, Material, Secret};
use super::pem;
use crate::input;
use crate::output::Failure;

/// A key with what its JWK says about it.
pub(crate) struct Key {
    pub(crate) material: Material,
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Option<Algorithm>,
    /// Why it is for something else than signatures.
    unusable: Option<&'static str>,
}

impl Key {
    /// A key without an identifier.
    pub(crate) fn new(material: Material, algorithm: Option<Algorithm>) -> Self {
        Self { material, id: None, algorithm, unusable: None }
    }

    /// Reads the file `path`, or standard input, and says which it was.
    pub(super) fn read_or_stdin(path: Option<&Path>) -> Result<(Self, String), Failure> {
        let (bytes, place) = match path.filter(|path| *path != Path::new("-")) {
            Some(path) => (input::file("FILE", path)?, input::shown(path)),
            None => (input::stdin("key")?, "standard input".to_owned()),
        };
        let key = Self::parse(&bytes).map_err(|error| format!("{place}: {error}"))?;
        Ok((key, place))
    }

    /// Reads the private key in the file `path`, the value of `option`, and says which it was.
    pub(crate) fn read_private(option: &str, path: &Path) -> Result<(Self, String), Failure> {
        let bytes = Zeroizing::new(input::file(option, path)?);
        let place = format!("{option}: {}", input::shown(path));
        let key = Self::parse(&bytes).map_err(|error| format!("{place}: {error}"))?;
        if !key.material.is_private() {
            return Err(format!("{place}: a public key; signing takes the private one"));
        }
        Ok((key, place))
    }

    /// Reads a JWK or a PEM document.
    ///
    /// # Errors
    ///
    /// A sentence without any part of the key.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = core::str::from_utf8(bytes).map_err(|_| NEITHER)?.trim();
        if text.starts_with("-----BEGIN") {
            return Ok(Self::new(pem::read(text)?, None));
        }
        if !text.starts_with('{') {
            return Err(NEITHER.to_owned());
        }
        let document = json::parse(text.as_bytes(), Budget::REQUEST)
            .map_err(|error| format!("not usable JSON: {error}"))?;
        let members = document.as_object().ok_or(NEITHER)?;
        if members.contains_key("keys") {
            return Err("a JWK Set; take one key out of its `keys`".to_owned());
        }
        let name = text_member(members, "alg")?;
        let algorithm = name.and_then(Algorithm::from_name);
        let unusable = if algorithm.is_none() && name.is_some() {
            Some("its `alg` is no signature algorithm")
        } else if is_for_something_else(members)? {
            Some("`use` or `key_ops` reserve it for something else than signatures")
        } else {
            None
        };
        let id = text_member(members, "kid")?.map(str::to_owned);
        Ok(Self { material: material(members)?, id, algorithm, unusable })
    }

    /// The JWK with its private members.
    pub(crate) fn private_jwk(&self) -> Map<String, Value> {
        let mut jwk = self.public_jwk();
        jwk.append(&mut self.material.private_members());
        jwk
    }

    /// The JWK without private members; of a shared secret it has the secret.
    pub(crate) fn public_jwk(&self) -> Map<String, Value> {
        let mut jwk = self.material.required_members();
        jwk.insert("use".to_owned(), json!("sig"));
        if let Some(algorithm) = self.algorithm {
            jwk.insert("alg".to_owned(), json!(algorithm.name()));
        }
        if let Some(id) = &self.id {
            jwk.insert("kid".to_owned(), json!(id));
        }
        jwk
    }

    /// Whether the gate would verify with it.
    ///
    /// # Errors
    ///
    /// A sentence that says why it would not.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(reason) = self.unusable {
            return Err(reason.to_owned());
        }
        let jwk = self.core_jwk(&self.public_jwk())?;
        let algorithms: Vec<Algorithm> = match self.algorithm {
            Some(algorithm) => vec![algorithm],
            // Whichever is meant, the rules for the key are the same.
            None => Algorithm::built_in().collect(),
        };
        jwk.verification_keys(&algorithms).map(drop).map_err(|error| error.to_string())
    }

    /// The thumbprint of RFC 7638.
    pub(crate) fn thumbprint(&self) -> Result<String, String> {
        self.core_jwk(&self.material.required_members()).map(|jwk| jwk.thumbprint())
    }

    /// The keys that verify what it has signed, under one of `allowed`.
    ///
    /// # Errors
    ///
    /// A sentence that says why there are none.
    pub(crate) fn verifying(&self, allowed: &[Algorithm]) -> Result<KeySet, String> {
        let jwk = self.core_jwk(&self.public_jwk())?;
        let keys = jwk.verification_keys(allowed).map_err(|error| error.to_string())?;
        KeySet::new(keys).map_err(|error| error.to_string())
    }

    fn core_jwk(&self, members: &Map<String, Value>) -> Result<portcullis::jwk::Jwk, String> {
        let text = serde_json::to_vec(members).map(Zeroizing::new).map_err(|error| error.to_string())?;
        portcullis::jwk::Jwk::parse(&text).map_err(|error| error.to_string())
    }
}

const NEITHER: &str =
    "neither a JWK, which begins with `{`, nor a PEM document, which begins with `-----BEGIN`";

fn material(members: &Members) -> Result<Material, String> {
    match text_member(members, "kty")? {
        Some("oct") => Ok(Material::Oct(required(members, "k")?)),
        Some("RSA") => rsa(members),
        Some("EC") => ec(members),
        Some("OKP") => okp(members),
        Some(_) => Err("`kty` is none of oct, RSA, EC and OKP".to_owned()),
        None => Err("member `kty` is missing".to_owned()),
    }
}

fn rsa(members: &Members) -> Result<Material, String> {
    let (modulus, exponent) = (required(members, "n")?, required(members, "e")?);
    if members.contains_key("oth") {
        return Err("an RSA key of more than two primes (`oth`); make one of two".to_owned());
    }
    let Some(private) = optional(members, "d")? else {
        return Ok(Material::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec(), private: None });
    };
    let primes = match (optional(members, "p")?, optional(members, "q")?) {
        (Some(p), Some(q)) => vec![p, q],
        (None, None) => Vec::new(),
        _ => return Err("`p` and `q` come together or not at all".to_owned()),
    };
    Material::rsa_from(&modulus, &exponent, &private, &primes)
}

fn ec(members: &Members) -> Result<Material, String> {
    let name = text_member(members, "crv")?.ok_or("member `crv` is missing")?;
    let curve = Curve::ALL
        .into_iter()
        .find(|curve| curve.name() == name)
        .ok_or("`crv` is none of P-256, P-384 and P-521")?;
    let (x, y) = (required(members, "x")?, required(members, "y")?);
    let point = [&[4][..], &x, &y].concat();
    if x.len() != y.len() {
        return Err("`x` and `y` are not of one length".to_owned());
    }
    let public = Material::ec_public(curve, &point, None)?;
    match optional(members, "d")? {
        None => Ok(public),
        Some(scalar) => belonging(public, Material::ec(curve, &scalar)?),
    }
}

fn okp(members: &Members) -> Result<Material, String> {
    if text_member(members, "crv")? != Some("Ed25519") {
        return Err("`crv` of an OKP key that signs is `Ed25519`".to_owned());
    }
    let x = required(members, "x")?.to_vec();
    let public = Material::Ed25519 { x, private: None };
    match optional(members, "d")? {
        None => Ok(public),
        Some(seed) => {
            let key =
                ed25519_dalek::SigningKey::try_from(seed.as_slice()).map_err(|_| "`d` is not 32 bytes")?;
            belonging(public, Material::ed25519(key))
        }
    }
}

/// `private`, if its public half is `public`.
fn belonging(public: Material, private: Material) -> Result<Material, String> {
    if public.required_members() == private.required_members() {
        Ok(private)
    } else {
        Err("the private number `d` does not belong to the public ones".to_owned())
    }
}

/// RFC 7517 sections 4.2 and 4.3.
fn is_for_something_else(members: &Members) -> Result<bool, String> {
    if text_member(members, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Ok(true);
    }
    let Some(operations) = members.get("key_ops") else { return Ok(false) };
    let operations = operations.as_array().ok_or("member `key_ops` is not a list")?;
    Ok(!operations.iter().any(|operation| matches!(operation.as_str(), Some("sign" | "verify"))))
}

fn text_member<'m>(members: &'m Members, name: &str) -> Result<Option<&'m str>, String> {
    match members.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| format!("member `{name}` is not a string")),
    }
}

fn optional(members: &Members, name: &str) -> Result<Option<Secret>, String> {
    let Some(text) = text_member(members, name)? else { return Ok(None) };
    match base64url::decode(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(Some(Zeroizing::new(bytes))),
        _ => Err(format!("member `{name}` is empty or not canonical base64url")),
    }
}

fn required(members: &Members, name: &str) -> Result<Secret, String> {
    optional(members, name)?.ok_or_else(|| format!("member `{name}` is missing"))
}
