//! The keys of the identity provider.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow};
use jwt_simple::common::HeaderOptions;
use jwt_simple::prelude::{
    Claims, Duration, ECDSAP256KeyPairLike as _, ES256KeyPair, Ed25519KeyPair, EdDSAKeyPairLike as _,
    RS256KeyPair, RSAKeyPairLike as _,
};
use serde_json::{Value, json};

/// Smallest that the gate takes (RFC 7518 section 3.3), so that one is made quickly.
const RSA_BITS: usize = 2048;

/// The `typ` of a token.
const TOKEN: &str = "JWT";

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signing {
    /// ECDSA on P-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// Ed25519.
    EdDsa,
}

impl Signing {
    fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

#[derive(Debug)]
enum Pair {
    Es256(Box<ES256KeyPair>),
    Rs256(Box<RS256KeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
}

impl Pair {
    fn sign(&self, typ: &str, claims: Value) -> Result<String> {
        let options = HeaderOptions { content_type: None, signature_type: Some(typ.to_owned()) };
        let mut set = Claims::with_custom_claims(claims, Duration::from_secs(60));
        // The library would add its own times; ours are among the claims.
        set.issued_at = None;
        set.expires_at = None;
        set.invalid_before = None;
        let token = match self {
            Self::Es256(pair) => pair.sign_with_options(set, &options),
            Self::Rs256(pair) => pair.sign_with_options(set, &options),
            Self::EdDsa(pair) => pair.sign_with_options(set, &options),
        };
        token.map_err(|error| anyhow!("the token could not be signed: {error}"))
    }
}

/// A token with exactly these claims under a new key that nobody publishes, which it calls `kid`.
pub(super) fn sign_with_unpublished(kid: &str, claims: Value) -> Result<String> {
    Pair::Es256(Box::new(ES256KeyPair::generate().with_key_id(kid))).sign(TOKEN, claims)
}

#[derive(Debug)]
struct Key {
    pair: Pair,
    signing: Signing,
    is_published: bool,
}

impl Key {
    fn jwk(&self) -> Value {
        let text = match &self.pair {
            Pair::Es256(pair) => pair.public_key().to_jwk(),
            Pair::Rs256(pair) => pair.public_key().to_jwk(),
            Pair::EdDsa(pair) => pair.public_key().to_jwk(),
        };
        let mut jwk: Value = serde_json::from_str(&text).unwrap_or_default();
        jwk["use"] = "sig".into();
        jwk["alg"] = self.signing.name().into();
        jwk
    }
}

/// All keys there ever were, by `kid`.
#[derive(Debug, Default)]
pub(super) struct Keys {
    keys: BTreeMap<String, Key>,
    made: BTreeMap<Signing, usize>,
}

impl Keys {
    /// Publishes a new key; its `kid`: `ES256-1`, `ES256-2` and so on.
    pub(super) fn add(&mut self, signing: Signing) -> Result<String> {
        let number = self.made.entry(signing).or_default();
        *number += 1;
        let kid = format!("{}-{number}", signing.name());
        let pair = match signing {
            Signing::Es256 => Pair::Es256(Box::new(ES256KeyPair::generate().with_key_id(&kid))),
            Signing::Rs256 => {
                let pair =
                    RS256KeyPair::generate(RSA_BITS).map_err(|error| anyhow!("no RSA key: {error}"))?;
                Pair::Rs256(Box::new(pair.with_key_id(&kid)))
            }
            Signing::EdDsa => Pair::EdDsa(Box::new(Ed25519KeyPair::generate().with_key_id(&kid))),
        };
        self.keys.insert(kid.clone(), Key { pair, signing, is_published: true });
        Ok(kid)
    }

    /// Publishes no key of this kind any more.
    pub(super) fn retire(&mut self, signing: Signing) {
        for key in self.keys.values_mut().filter(|key| key.signing == signing) {
            key.is_published = false;
        }
    }

    /// The token with exactly these claims.
    pub(super) fn sign(&self, kid: &str, claims: Value) -> Result<String> {
        self.sign_as(TOKEN, kid, claims)
    }

    /// The same with another `typ`.
    pub(super) fn sign_as(&self, typ: &str, kid: &str, claims: Value) -> Result<String> {
        self.find(kid)?.pair.sign(typ, claims)
    }

    /// The public half of a key.
    pub(super) fn public(&self, kid: &str) -> Result<Value> {
        self.find(kid).map(Key::jwk)
    }

    fn find(&self, kid: &str) -> Result<&Key> {
        self.keys.get(kid).with_context(|| format!("there is no key {kid:?}"))
    }

    /// The published keys as a JWK Set.
    pub(super) fn set(&self) -> Value {
        let published = self.keys.values().filter(|key| key.is_published);
        let keys = published.map(Key::jwk);
        json!({"keys": keys.collect::<Vec<_>>()})
    }
}
