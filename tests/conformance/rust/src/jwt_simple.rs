//! The crate `jwt-simple`; also an issuer of tokens.

use anyhow::{Result, bail};
use jwt_simple::prelude::*;
use serde_json::Value;

use super::{Application, Library, Verifier};

pub(crate) const LIBRARY: Library = Library {
    verify,
    algorithms: &["HS256", "RS256", "ES256", "EdDSA"],
    configuration: "key.verify_token::<Claims>(token, Some(options)) with allowed_issuers and allowed_audiences; feature `pure-rust`",
};

fn verify(token: &str, verifier: &Verifier<'_>) -> Result<()> {
    let key = verifier.key;
    let options = Some(VerificationOptions {
        allowed_issuers: Some([verifier.issuer.to_string()].into()),
        allowed_audiences: Some([verifier.audience.to_string()].into()),
        ..VerificationOptions::default()
    });
    match verifier.algorithm {
        "HS256" => HS256Key::from_bytes(key.secret()?).verify_token::<Application>(token, options)?,
        "RS256" => RS256PublicKey::from_pem(key.pem()?)?.verify_token::<Application>(token, options)?,
        "ES256" => ES256PublicKey::from_pem(key.pem()?)?.verify_token::<Application>(token, options)?,
        "EdDSA" => Ed25519PublicKey::from_pem(key.pem()?)?.verify_token::<Application>(token, options)?,
        other => bail!("{other} is not driven"),
    };
    Ok(())
}

/// A token with exactly these claims. `private` is a PEM, or the secret of an HMAC algorithm.
pub(crate) fn issue(algorithm: &str, private: &str, claims: &Value) -> Result<String> {
    let mut claims = Claims::with_custom_claims(claims.clone(), Duration::from_hours(1));
    // The library would add its own times; ours are among the claims.
    claims.issued_at = None;
    claims.expires_at = None;
    claims.invalid_before = None;
    let secret = private.as_bytes();
    Ok(match algorithm {
        "HS256" => HS256Key::from_bytes(secret).authenticate(claims)?,
        "HS384" => HS384Key::from_bytes(secret).authenticate(claims)?,
        "HS512" => HS512Key::from_bytes(secret).authenticate(claims)?,
        "RS256" => RS256KeyPair::from_pem(private)?.sign(claims)?,
        "RS384" => RS384KeyPair::from_pem(private)?.sign(claims)?,
        "RS512" => RS512KeyPair::from_pem(private)?.sign(claims)?,
        "PS256" => PS256KeyPair::from_pem(private)?.sign(claims)?,
        "PS384" => PS384KeyPair::from_pem(private)?.sign(claims)?,
        "PS512" => PS512KeyPair::from_pem(private)?.sign(claims)?,
        "ES256" => ES256KeyPair::from_pem(private)?.sign(claims)?,
        "ES384" => ES384KeyPair::from_pem(private)?.sign(claims)?,
        "EdDSA" => Ed25519KeyPair::from_pem(private)?.sign(claims)?,
        other => bail!("jwt-simple does not issue {other}"),
    })
}
