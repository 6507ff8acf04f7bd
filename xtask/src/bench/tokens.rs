//! What is sent: tokens of one algorithm, and what verifies them.

use std::collections::BTreeMap;

use anyhow::Result;
use portcullis_test_support::identity_provider::{IdentityProvider, Signing};
use portcullis_test_support::origin::tokens::{self, now_secs};
use serde_json::{Value, json};

/// Whom all tokens are for.
pub(super) const AUDIENCE: &str = "rag";

/// New tokens outnumber what is remembered of them by far.
pub(super) const NEW: usize = 2000;
pub(super) const REMEMBERED: usize = 64;
pub(super) const REPEATED: usize = 100;

/// Tokens of one algorithm, and what verifies them.
pub(super) struct Tokens {
    pub(super) issuer: String,
    /// An issuer in a document of ours.
    pub(super) ours: Value,
    /// A JWK Set.
    pub(super) peer: Value,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) tokens: Vec<String>,
}

impl Tokens {
    /// New keys, and [`NEW`] tokens; with HS256 if nothing else is said.
    ///
    /// # Errors
    ///
    /// If there is no port for an identity provider, or nothing random.
    pub(super) fn signed_by(signing: Option<Signing>) -> Result<Self> {
        let provider = IdentityProvider::start()?;
        let issuer = provider.issuer();
        let claims = |number: usize| {
            json!({
                "iss": issuer, "aud": AUDIENCE, "sub": "5c1e4d1e-user", "user_id": "5c1e4d1e-user", "role": "user",
                "scope": "openid profile", "jti": format!("token-{number:08}"), "iat": now_secs(),
                "exp": now_secs().saturating_add(7200),
            })
        };
        let rules = |keys: (&str, Value)| json!({"issuer": issuer, "audience": AUDIENCE, keys.0: keys.1});
        let Some(signing) = signing else {
            let secret = tokens::secret()?;
            let tokens =
                (0..NEW).map(|number| tokens::sign(claims(number), &secret)).collect::<Result<_>>()?;
            return Ok(Self {
                ours: rules(("keys", json!([{"alg": "HS256", "secret": {"env": "SECRET"}}]))),
                peer: json!({"keys": [tokens::secret_jwk(&secret)]}),
                secrets: [("SECRET".to_owned(), secret)].into(),
                issuer,
                tokens,
            });
        };
        let key = provider.add_key(signing)?;
        let set = json!({"keys": [provider.public_jwk(&key)?]});
        let tokens = (0..NEW).map(|number| provider.mint(&key, claims(number))).collect::<Result<_>>()?;
        Ok(Self { ours: rules(("jwks", set.clone())), peer: set, secrets: BTreeMap::new(), issuer, tokens })
    }
}
