//! Short-lived tokens for the origin: what the origin believes instead of the caller's own credential.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::caller::Caller;
use super::token_id::TokenSeed;
use crate::alg::Algorithm;
use crate::base64url;
use crate::crypto::HmacKey;
use crate::json::{Pointer, Value};
use crate::time::UnixTime;

/// Seconds the issue time lies back, so that an origin whose clock is a little behind, and which allows no leeway
/// (AgentFlow does not), does not see a token from the future.
const BACKDATED_SECS: u64 = 5;

/// The secret that tokens for the origin are signed with.
#[derive(Debug, Clone)]
pub struct MintKey(HmacKey);

impl MintKey {
    /// A key, or `None` if `secret` is shorter than 32 bytes
    /// ([RFC 7518 section 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
    pub fn new(secret: &[u8]) -> Option<Self> {
        HmacKey::new(Algorithm::HS256, secret).map(Self)
    }
}

/// Mints HS256 tokens signed for the origin.
#[derive(Debug, Clone)]
pub struct Mint {
    /// The secret it signs with.
    pub key: MintKey,
    /// The claim the origin reads the subject from.
    pub subject_claim: String,
    /// Lifetime, in seconds.
    pub ttl_secs: u64,
    /// Lifetime on WebSocket routes, where the origin checks the token again before every run.
    pub websocket_ttl_secs: u64,
    /// The `iss` claim.
    pub issuer: Option<String>,
    /// The `aud` claim.
    pub audience: Option<String>,
    /// Claims of the caller that it repeats: the name of each, and the place where it stands with the caller.
    pub carried: Vec<(String, Pointer)>,
    /// Claims that do not depend on the caller.
    pub fixed: Vec<(String, String)>,
}

impl Mint {
    /// A token for `caller` that never outlives the caller's own proof, and that is no other request's.
    pub(super) fn token<'c>(
        &'c self,
        caller: &'c Caller,
        seed: &TokenSeed,
        websocket: bool,
        now: UnixTime,
    ) -> String {
        let principal = &caller.principal;
        let ttl_secs = if websocket { self.websocket_ttl_secs } else { self.ttl_secs };
        let expires_at =
            principal.valid_until().map_or(now.plus(ttl_secs), |end| end.min(now.plus(ttl_secs)));

        let list = |names: &mut dyn Iterator<Item = &'c str>| Value::Array(names.map(Value::from).collect());
        let repeated = self.carried.iter().filter_map(|(name, place)| {
            principal.carried().get(&place.to_string()).map(|value| (name.clone(), value.clone()))
        });
        let mut claims: BTreeMap<String, Value> = BTreeMap::new();
        claims.extend(repeated);
        // SECURITY: what the gate says itself comes later, and so takes the place of what the caller's credential says.
        claims.extend([
            ("sub".to_owned(), Value::from(principal.subject())),
            (self.subject_claim.clone(), Value::from(principal.subject())),
            ("roles".to_owned(), list(&mut caller.roles.iter().map(String::as_str))),
            ("iat".to_owned(), Value::from(now.minus(BACKDATED_SECS).as_secs())),
            ("exp".to_owned(), Value::from(expires_at.as_secs())),
            // An origin may remember tokens that were logged out: it must not forget those of other requests with one.
            ("jti".to_owned(), Value::String(seed.identifier(&self.key.0, now).into())),
        ]);
        // Origins that know a single role get it when there is no choice to make.
        if let [role] = caller.roles.as_slice() {
            claims.insert("role".to_owned(), Value::from(role.as_str()));
        }
        // Absent scopes mean "not narrowed" to the origin, an empty list means "nothing": the difference is kept.
        if let Some(scopes) = principal.scopes() {
            claims.insert("scopes".to_owned(), list(&mut scopes.iter().map(String::as_str)));
        }
        let (issuer, audience) = (self.issuer.as_deref(), self.audience.as_deref());
        for (name, value) in [("iss", issuer), ("aud", audience), ("tenant", principal.tenant())] {
            if let Some(value) = value {
                claims.insert(name.to_owned(), Value::from(value));
            }
        }

        for (name, value) in &self.fixed {
            claims.insert(name.clone(), Value::from(value.as_str()));
        }

        let header = base64url::encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let payload = serde_json::to_vec(&Value::Object(claims.into())).unwrap_or_default();
        let input = format!("{header}.{}", base64url::encode(&payload));
        let signature = base64url::encode(&self.key.0.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}
