//! PEM documents ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)) with keys: PKCS#8, PKCS#1, SEC 1 and
//! SubjectPublicKeyInfo.

use ed25519_dalek::{SigningKey, VerifyingKey};
use rsa::pkcs1::{DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _};
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, RsaPrivateKey, RsaPublicKey};

use super::material::{Curve, Material, on_curve};

const UNSUPPORTED: &str =
    "damaged, or a key for none of the algorithms here: RSA, P-256, P-384, P-521 and Ed25519 are";

/// Reads a document with one key, private or public.
pub(super) fn read(text: &str) -> Result<Material, String> {
    // OpenSSL writes the parameters of a curve in front of the key, which names the curve again.
    let text = match text.split_once("-----END EC PARAMETERS-----") {
        Some((_, key)) => key.trim_start(),
        None => text,
    };
    if text.contains("ENCRYPTED") {
        return Err(
            "an encrypted private key; decrypt it into a file of its own: `openssl pkey -in FILE -out PLAIN`"
                .to_owned(),
        );
    }
    let label =
        text.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----")).map(|(label, _)| label);
    let found = match label {
        Some("PRIVATE KEY") => pkcs8(text),
        Some("RSA PRIVATE KEY") => RsaPrivateKey::from_pkcs1_pem(text).ok().map(Material::rsa),
        Some("EC PRIVATE KEY") => sec1(text),
        Some("PUBLIC KEY") => spki(text),
        Some("RSA PUBLIC KEY") => RsaPublicKey::from_pkcs1_pem(text).ok().map(|key| rsa_public(&key)),
        Some("CERTIFICATE") => {
            return Err(
                "a certificate; take the key out of it: `openssl x509 -in FILE -noout -pubkey`".to_owned()
            );
        }
        _ => return Err("a PEM document without a private or public key".to_owned()),
    };
    found.ok_or_else(|| UNSUPPORTED.to_owned())
}

fn pkcs8(text: &str) -> Option<Material> {
    if let Ok(key) = RsaPrivateKey::from_pkcs8_pem(text) {
        return Some(Material::rsa(key));
    }
    if let Ok(key) = SigningKey::from_pkcs8_pem(text) {
        return Some(Material::ed25519(key));
    }
    Curve::ALL.into_iter().find_map(|curve| {
        on_curve!(curve, ec => {
            let key = ec::SecretKey::from_pkcs8_pem(text).ok()?;
            Material::ec(curve, &key.to_bytes()).ok()
        })
    })
}

fn sec1(text: &str) -> Option<Material> {
    Curve::ALL.into_iter().find_map(|curve| {
        on_curve!(curve, ec => {
            let key = ec::SecretKey::from_sec1_pem(text).ok()?;
            Material::ec(curve, &key.to_bytes()).ok()
        })
    })
}

fn spki(text: &str) -> Option<Material> {
    if let Ok(key) = RsaPublicKey::from_public_key_pem(text) {
        return Some(rsa_public(&key));
    }
    if let Ok(key) = VerifyingKey::from_public_key_pem(text) {
        return Some(Material::Ed25519 { x: key.to_bytes().to_vec(), private: None });
    }
    Curve::ALL.into_iter().find_map(|curve| {
        on_curve!(curve, ec => {
            use ec::elliptic_curve::sec1::ToSec1Point as _;
            let key = ec::PublicKey::from_public_key_pem(text).ok()?;
            Material::ec_public(curve, key.to_sec1_point(false).as_bytes(), None).ok()
        })
    })
}

fn rsa_public(key: &RsaPublicKey) -> Material {
    Material::Rsa { modulus: key.n_bytes().into_vec(), exponent: key.e_bytes().into_vec(), private: None }
}

impl Material {
    /// The public half as SubjectPublicKeyInfo.
    ///
    /// # Errors
    ///
    /// A sentence, if it has none or it cannot be written.
    pub(super) fn public_pem(&self) -> Result<String, String> {
        let text = match self {
            Self::Oct(_) => None,
            Self::Rsa { modulus, exponent, .. } => {
                let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
                RsaPublicKey::new(number(modulus), number(exponent))
                    .ok()
                    .and_then(|key| key.to_public_key_pem(LineEnding::LF).ok())
            }
            Self::Ec { curve, x, y, .. } => on_curve!(*curve, ec => {
                let point = [&[4][..], x, y].concat();
                ec::PublicKey::from_sec1_bytes(&point).ok().and_then(|key| key.to_public_key_pem(LineEnding::LF).ok())
            }),
            Self::Ed25519 { x, .. } => VerifyingKey::try_from(x.as_slice())
                .ok()
                .and_then(|key| key.to_public_key_pem(LineEnding::LF).ok()),
        };
        text.ok_or_else(|| "the key cannot be written as a PEM document; leave out --pem".to_owned())
    }
}
