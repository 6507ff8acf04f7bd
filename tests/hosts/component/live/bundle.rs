//! The signed bundle: keys, revocations and records that change while an instance lives.

use std::path::Path;

use anyhow::Result;
use portcullis::api_key::plain_hash;
use portcullis_test_support::client::Request;
use portcullis_test_support::identity_provider::{BUNDLE, IdentityProvider};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::stage::{PATH, Stage};

const KEY: &str = "key-of-another-system-0123456789abcdef";
/// The key that signs bundles; the other one signs tokens.
const SIGNER: &str = "ES256-1";
const ISSUER: &str = "RS256-1";

/// An instance that has a bundle.
pub(super) struct Bundled<'r> {
    stage: Stage<'r>,
    stolen: String,
    other: String,
}

/// Without a bundle nobody gets in; with one, whom it names does.
pub(super) fn start<'r>(
    component: &Path,
    runtime: &'r Runtime,
    summary: &mut Summary,
) -> Result<Bundled<'r>> {
    let none = Stage::start(component, runtime, "no-bundle", pinned)?;
    let token = token(&none.provider, "any")?;
    none.expect_later("before there is a bundle", &token, "bundle_unavailable", summary)?;
    none.expect_requests("before there is a bundle", (PATH, 0), 0, summary);

    let stage = Stage::start(component, runtime, "bundle", pinned)?;
    publish(&stage.provider, 2, &json!({}))?;
    let (stolen, other) = (self::token(&stage.provider, "stolen")?, self::token(&stage.provider, "other")?);
    let bundled = Bundled { stage, stolen, other };
    let Bundled { stage, stolen, .. } = &bundled;
    stage.expect("a token under a key in the bundle", stolen, (200, None), summary)?;
    bundled.expect_key("a record in the bundle", (200, None), summary)?;
    let of_signer = stage.good()?;
    let refused = (401, Some("algorithm_not_allowed"));
    stage.expect("the key that signs bundles signs no token", &of_signer, refused, summary)?;
    // For as long as it is fresh, the next one is not looked for.
    let taken_back = json!({
        "tokens": [{"issuer": stage.provider.issuer(), "jti": "stolen"}], "api_keys": ["other1"],
    });
    publish(&stage.provider, 3, &taken_back)?;
    stage.expect("while the bundle is fresh", stolen, (200, None), summary)?;
    stage.expect_requests("fetches of the bundle", (BUNDLE, 0), 1, summary);
    Ok(bundled)
}

impl Bundled<'_> {
    /// What the next bundle takes back is refused, when the first is no longer fresh.
    pub(super) fn later(&self, summary: &mut Summary) -> Result<()> {
        let Self { stage, stolen, other } = self;
        let revoked = (401, Some("token_revoked"));
        stage.expect("a token that the next bundle takes back", stolen, revoked, summary)?;
        stage.expect("a token that it does not", other, (200, None), summary)?;
        self.expect_key("a record that it takes back", (401, Some("api_key_disabled")), summary)?;
        stage.expect_requests("fetches of the next bundle", (BUNDLE, 0), 2, summary);
        Ok(())
    }

    fn expect_key(&self, what: &str, expected: (u16, Option<&str>), summary: &mut Summary) -> Result<()> {
        let request = Request::new("GET", PATH).header("X-API-Key", KEY);
        self.stage.served.expect(what, &request, expected.0, expected.1, summary)?;
        Ok(())
    }
}

pub(crate) fn pinned(provider: &IdentityProvider) -> Value {
    // A provider that was just started has the key.
    let jwk = provider.public_jwk(SIGNER).unwrap_or_default();
    json!({
        "profile": "agentflow",
        "issuers": [{"issuer": provider.issuer(), "jwks": {"bundle": true}, "claims": {"subject": "/sub"}}],
        "bundle": {"url": provider.url(BUNDLE), "keys": [{"jwk": jwk}]},
        "api_keys": {},
        "upstream": {"credential": "strip"},
    })
}

pub(crate) fn token(provider: &IdentityProvider, jti: &str) -> Result<String> {
    let claims = json!({
        "iss": provider.issuer(), "sub": "alice", "role": "user", "jti": jti, "exp": now_secs() + 600,
    });
    provider.mint(ISSUER, claims)
}

pub(crate) fn publish(provider: &IdentityProvider, version: u64, revoked: &Value) -> Result<()> {
    let members = json!({
        "version": version,
        "records": [{"id": "other1", "hash": plain_hash(KEY), "roles": ["user"]}],
        "jwks": {provider.issuer(): {"keys": [provider.public_jwk(ISSUER)?]}},
        "revoked": revoked,
    });
    provider.publish_bundle(&provider.bundle(SIGNER, &members)?);
    Ok(())
}
