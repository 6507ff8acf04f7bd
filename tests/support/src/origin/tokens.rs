//! Tokens, keys and secrets for one run. Nothing of it outlives the run.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use jwt_simple::prelude::{Claims, Duration, HS256Key, MACLike as _};
use serde_json::{Value, json};
use sha2::Digest as _;

/// `count` random bytes.
fn random(count: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
    Ok(bytes)
}

/// A secret of 256 random bits, as text.
pub fn secret() -> anyhow::Result<String> {
    Ok(portcullis::base64url::encode(&random(32)?))
}

/// An API key with the identifier `id`, for the environment `test`.
pub fn api_key(id: &str) -> anyhow::Result<String> {
    portcullis::api_key::assemble("test", id, random(256)?).context("the API key could not be assembled")
}

/// The record hash of an API key.
pub fn key_hash(pepper: &str, key: &str) -> anyhow::Result<String> {
    let pepper = portcullis::api_key::Pepper::new(pepper.as_bytes()).context("the pepper is too short")?;
    Ok(pepper.hash(key))
}

/// The record hash of a key that another system issued.
pub fn foreign_key_hash(key: &str) -> String {
    let digest = sha2::Sha256::digest(key.as_bytes());
    digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Seconds since the epoch.
pub fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// An HS256 token with exactly these claims.
pub fn sign(claims: Value, secret: &str) -> anyhow::Result<String> {
    let mut set = Claims::with_custom_claims(claims, Duration::from_secs(60));
    // The library would add its own times; ours are among the claims.
    set.issued_at = None;
    set.expires_at = None;
    set.invalid_before = None;
    HS256Key::from_bytes(secret.as_bytes()).authenticate(set).context("the token could not be signed")
}

/// A token as AgentFlow wants it, valid for five minutes.
pub fn agentflow(user: &str, role: Option<&str>, secret: &str) -> anyhow::Result<String> {
    let mut claims = json!({"user_id": user, "exp": now_secs().saturating_add(300)});
    add_role(&mut claims, role);
    sign(claims, secret)
}

/// The secret of [`sign`] as a JWK, for others who verify.
pub fn secret_jwk(secret: &str) -> Value {
    json!({"kty": "oct", "alg": "HS256", "k": portcullis::base64url::encode(secret.as_bytes())})
}

/// The issuer of [`identity_provider`] tokens.
pub const ISSUER: &str = "https://login.example";

/// A token as an identity provider issues it: `iss` and `sub`, no `user_id`.
pub fn identity_provider(
    subject: &str,
    role: Option<&str>,
    secret: &str,
    lifetime_secs: u64,
) -> anyhow::Result<String> {
    let now = now_secs();
    let mut claims =
        json!({"iss": ISSUER, "sub": subject, "iat": now, "exp": now.saturating_add(lifetime_secs)});
    add_role(&mut claims, role);
    sign(claims, secret)
}

fn add_role(claims: &mut Value, role: Option<&str>) {
    if let (Some(claims), Some(role)) = (claims.as_object_mut(), role) {
        claims.insert("role".to_owned(), role.into());
    }
}

/// A token without a signature that asks to be believed nevertheless.
pub fn unsigned(claims: &Value) -> String {
    let part = |text: &str| portcullis::base64url::encode(text.as_bytes());
    format!("{}.{}.", part(r#"{"alg":"none","typ":"JWT"}"#), part(&claims.to_string()))
}
