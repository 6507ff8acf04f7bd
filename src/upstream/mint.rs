//! Short-lived tokens for the origin: what the origin believes instead of the caller's own credential.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use super::Caller;
use crate::base64url;
use crate::crypto::HmacKey;
use crate::json::Value;
use crate::time::UnixTime;

/// Seconds the issue time lies back, so that an origin whose clock is a little behind, and which allows no leeway
/// (AgentFlow does not), does not see a token from the future.
const BACKDATED_SECS: u64 = 5;

/// Mints HS256 tokens signed for the origin.
#[derive(Debug, Clone)]
pub(crate) struct Mint {
    pub(crate) key: HmacKey,
    /// The claim the origin reads the subject from.
    pub(crate) subject_claim: String,
    pub(crate) ttl_secs: u64,
    /// Lifetime on WebSocket routes, where the origin checks the token again before every run.
    pub(crate) websocket_ttl_secs: u64,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
    /// Claims that do not depend on the caller.
    pub(crate) fixed: &'static [(&'static str, &'static str)],
}

impl Mint {
    /// A token for `caller` that never outlives the caller's own proof.
    pub(crate) fn token(&self, caller: &Caller<'_>, websocket: bool, now: UnixTime) -> String {
        let principal = caller.principal;
        let ttl_secs = if websocket { self.websocket_ttl_secs } else { self.ttl_secs };
        let expires_at = principal.valid_until.map_or(now.plus(ttl_secs), |end| end.min(now.plus(ttl_secs)));

        let list = |names: &mut dyn Iterator<Item = &str>| Value::Array(names.map(Value::from).collect());
        let mut claims = BTreeMap::from([
            ("sub".to_owned(), Value::from(principal.subject.as_str())),
            (self.subject_claim.clone(), Value::from(principal.subject.as_str())),
            ("roles".to_owned(), list(&mut caller.roles.iter().copied())),
            ("iat".to_owned(), Value::from(now.minus(BACKDATED_SECS).as_secs())),
            ("exp".to_owned(), Value::from(expires_at.as_secs())),
        ]);
        // Origins that know a single role get it when there is no choice to make.
        if let [role] = caller.roles.as_slice() {
            claims.insert("role".to_owned(), Value::from(*role));
        }
        // Absent scopes mean "not narrowed" to the origin, an empty list means "nothing": the difference is kept.
        if let Some(scopes) = &principal.scopes {
            claims.insert("scopes".to_owned(), list(&mut scopes.iter().map(String::as_str)));
        }
        let optional = [("iss", &self.issuer), ("aud", &self.audience), ("tenant", &principal.tenant)];
        for (name, value) in optional {
            if let Some(value) = value {
                claims.insert(name.to_owned(), Value::from(value.as_str()));
            }
        }

        for (name, value) in self.fixed {
            claims.insert((*name).to_owned(), Value::from(*value));
        }

        let header = base64url::encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let payload = serde_json::to_vec(&Value::Object(claims)).unwrap_or_default();
        let input = format!("{header}.{}", base64url::encode(&payload));
        let signature = base64url::encode(&self.key.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}
