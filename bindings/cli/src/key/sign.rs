//! Signing: by jwt-simple, but for the two algorithms it does not know.

use std::collections::BTreeMap;

use jwt_simple::algorithms::{
    ECDSAP256KeyPairLike as _, ECDSAP384KeyPairLike as _, ES256KeyPair, ES384KeyPair, Ed25519KeyPair,
    EdDSAKeyPairLike as _, HS256Key, HS384Key, HS512Key, MACLike as _, PS256KeyPair, PS384KeyPair,
    PS512KeyPair, RS256KeyPair, RS384KeyPair, RS512KeyPair, RSAKeyPairLike as _,
};
use jwt_simple::claims::JWTClaims;
use jwt_simple::common::HeaderOptions;
use p521::ecdsa::signature::Signer as _;
use portcullis::base64url;
use portcullis::jose::Algorithm;
use serde_json::json;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::jwk::Key;
use super::material::Material;
use crate::output::Failure;

/// The members of a payload, in the order of their names, each in the very JSON it is to be written in.
pub(crate) type Members = BTreeMap<String, Box<RawValue>>;

/// The JWS with these claims, signed with `key` under `algorithm`.
pub(crate) fn sign(
    key: &Key,
    algorithm: Algorithm,
    kid: Option<&str>,
    typ: &str,
    claims: &Members,
) -> Result<String, Failure> {
    // Every claim is among the custom ones, and so keeps its spelling.
    let issued = JWTClaims::<Members> {
        issued_at: None,
        expires_at: None,
        invalid_before: None,
        issuer: None,
        subject: None,
        audiences: None,
        jwt_id: None,
        nonce: None,
        custom: claims.clone(),
    };
    let options = HeaderOptions { content_type: None, signature_type: Some(typ.to_owned()) };

    macro_rules! with_secret {
        ($kind:ty, $secret:expr) => {{
            let key = <$kind>::from_bytes($secret);
            let key = match kid {
                Some(kid) => key.with_key_id(kid),
                None => key,
            };
            key.authenticate_with_options(issued, &options)
        }};
    }
    macro_rules! with_pair {
        ($kind:ty) => {
            <$kind>::from_jwk(&jwk(key, kid)?).and_then(|pair| pair.sign_with_options(issued, &options))
        };
    }
    let token = match (algorithm, &key.material) {
        (Algorithm::HS256, Material::Oct(secret)) => with_secret!(HS256Key, secret),
        (Algorithm::HS384, Material::Oct(secret)) => with_secret!(HS384Key, secret),
        (Algorithm::HS512, Material::Oct(secret)) => with_secret!(HS512Key, secret),
        (Algorithm::RS256, _) => with_pair!(RS256KeyPair),
        (Algorithm::RS384, _) => with_pair!(RS384KeyPair),
        (Algorithm::RS512, _) => with_pair!(RS512KeyPair),
        (Algorithm::PS256, _) => with_pair!(PS256KeyPair),
        (Algorithm::PS384, _) => with_pair!(PS384KeyPair),
        (Algorithm::PS512, _) => with_pair!(PS512KeyPair),
        (Algorithm::ES256, _) => with_pair!(ES256KeyPair),
        (Algorithm::ES384, _) => with_pair!(ES384KeyPair),
        (Algorithm::EdDSA, _) => with_pair!(Ed25519KeyPair),
        (Algorithm::ES512, Material::Ec { private: Some(scalar), .. }) => {
            let key = p521::ecdsa::SigningKey::from_slice(scalar).map_err(|_| NO_KEY)?;
            return compact(algorithm, kid, typ, claims, |input| {
                let signature: p521::ecdsa::Signature = key.sign(input);
                signature.to_bytes().to_vec()
            });
        }
        (Algorithm::Ed25519, Material::Ed25519 { private: Some(key), .. }) => {
            return compact(algorithm, kid, typ, claims, |input| key.sign(input).to_bytes().to_vec());
        }
        _ => return Err(NO_KEY.to_owned()),
    };
    token.map_err(|error| {
        let hint = match &key.material {
            Material::Rsa { .. } => {
                "; tokens are issued with RSA keys of 2048 to 4096 bits and the exponent 65537"
            }
            _ => "",
        };
        format!("the token could not be signed: {error}{hint}")
    })
}

const NO_KEY: &str = "the key is of another type than its algorithm";

/// The private JWK for jwt-simple, which takes the `kid` from it.
fn jwk(key: &Key, kid: Option<&str>) -> Result<Zeroizing<String>, Failure> {
    let mut members = key.private_jwk();
    match kid {
        Some(kid) => members.insert("kid".to_owned(), json!(kid)),
        None => members.remove("kid"),
    };
    serde_json::to_string(&members).map(Zeroizing::new).map_err(|error| error.to_string())
}

/// A compact JWS (RFC 7515 section 7.1) under an algorithm that jwt-simple lacks: ES512, and Ed25519 by that name.
fn compact(
    algorithm: Algorithm,
    kid: Option<&str>,
    typ: &str,
    claims: &Members,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<String, Failure> {
    let mut header = json!({"alg": algorithm, "typ": typ});
    if let (Some(kid), Some(members)) = (kid, header.as_object_mut()) {
        members.insert("kid".to_owned(), json!(kid));
    }
    let claims = serde_json::to_vec(claims).map_err(|error| error.to_string())?;
    let input =
        format!("{}.{}", base64url::encode(header.to_string().as_bytes()), base64url::encode(&claims));
    let signature = base64url::encode(&sign(input.as_bytes()));
    Ok(format!("{input}.{signature}"))
}
