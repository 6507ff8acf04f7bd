//! JWK thumbprints: [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638).

use alloc::format;
use alloc::string::String;

use sha2::{Digest as _, Sha256};

use super::key::{Jwk, Material};
use crate::alg::KeyType;
use crate::base64url;
use crate::key::public::KeyComponents;

impl Jwk {
    /// The SHA-256 thumbprint in base64url, 43 characters: the same for every spelling of the same key. Of a shared
    /// secret it is a hash of the secret (section 7): do not publish it.
    pub fn thumbprint(&self) -> String {
        base64url::encode(&Sha256::digest(self.required_members()))
    }

    /// The required members in lexicographic order, without white space (section 3.2).
    fn required_members(&self) -> String {
        let encode = |bytes: &[u8]| base64url::encode(bytes);
        match &self.material {
            Material::Secret(secret) => {
                let kty = KeyType::Oct.name();
                format!("{{\"k\":\"{}\",\"kty\":\"{kty}\"}}", encode(secret.expose()))
            }
            Material::Public(key) => match &key.components {
                KeyComponents::Rsa { modulus, exponent } => {
                    let (kty, e, n) = (KeyType::Rsa.name(), encode(exponent), encode(modulus));
                    format!("{{\"e\":\"{e}\",\"kty\":\"{kty}\",\"n\":\"{n}\"}}")
                }
                KeyComponents::Ec { curve, x, y } => {
                    let (crv, kty, x, y) = (curve.name(), KeyType::Ec.name(), encode(x), encode(y));
                    format!("{{\"crv\":\"{crv}\",\"kty\":\"{kty}\",\"x\":\"{x}\",\"y\":\"{y}\"}}")
                }
                KeyComponents::Okp { curve, x } => {
                    let (crv, kty, x) = (curve.name(), KeyType::Okp.name(), encode(x));
                    format!("{{\"crv\":\"{crv}\",\"kty\":\"{kty}\",\"x\":\"{x}\"}}")
                }
            },
        }
    }
}
