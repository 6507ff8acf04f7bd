//! The signed bundle: keys and revocations that change while Envoy runs.

use anyhow::Result;
use portcullis_test_support::identity_provider::{BUNDLE, IdentityProvider};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use super::stage::{Stage, document};

/// The key that signs bundles, and the one that signs tokens.
const SIGNER: &str = "ES256-1";
const ISSUER: &str = "RS256-1";

/// What is published after a good start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The next version.
    Newer,
    /// A version before.
    Older,
    /// The next version, signed by a stranger.
    Forged,
}

/// All of them; a listener each.
pub(super) const ALL: [Next; 3] = [Next::Newer, Next::Older, Next::Forged];

/// A document whose keys are in the bundle of `provider`, and the first such bundle.
pub(super) fn begin(provider: &IdentityProvider) -> Result<Value> {
    provider.publish_bundle(&bundle(provider, provider, 2, false)?);
    let mut config = document(provider, &json!({"jwks": {"bundle": true}}));
    config["bundle"] = json!({"url": provider.url(BUNDLE), "keys": [{"jwk": provider.public_jwk(SIGNER)?}]});
    Ok(config)
}

/// A bundle of `provider` that takes the token `stolen` back, or not; `signer` signs it under a key of the right name.
fn bundle(
    provider: &IdentityProvider,
    signer: &IdentityProvider,
    version: u64,
    revokes: bool,
) -> Result<String> {
    let jti = if revokes { "stolen" } else { "none" };
    let members = json!({
        "version": version,
        "jwks": {provider.issuer(): {"keys": [provider.public_jwk(ISSUER)?]}},
        "revoked": {"tokens": [{"issuer": provider.issuer(), "jti": jti}]},
    });
    signer.bundle(SIGNER, &members)
}

fn token(provider: &IdentityProvider, jti: &str) -> Result<String> {
    let end = now_secs().saturating_add(600);
    provider.mint(
        ISSUER,
        json!({"iss": provider.issuer(), "sub": "alice", "role": "user", "jti": jti, "exp": end}),
    )
}

/// A key in it lets in, and the key that signs it does not.
pub(super) fn at_the_start(
    stage: &Stage,
    listener: usize,
    provider: &IdentityProvider,
    summary: &mut Summary,
) -> Result<()> {
    for jti in ["stolen", "other"] {
        stage.expect("a token under a key in the bundle", listener, &token(provider, jti)?, 200, summary)?;
    }
    let misused = provider.token(SIGNER, "alice", "admin")?;
    stage.expect("a token under the key that signs bundles", listener, &misused, 401, summary)?;
    Ok(())
}

/// Publishes what comes next.
pub(super) fn publish(next: Next, provider: &IdentityProvider, stranger: &IdentityProvider) -> Result<()> {
    let (signer, version) = match next {
        Next::Newer => (provider, 3),
        Next::Older => (provider, 1),
        Next::Forged => (stranger, 3),
    };
    provider.publish_bundle(&bundle(provider, signer, version, true)?);
    Ok(())
}

/// The next version counts; one that is older or forged changes nothing, and the log says so.
pub(super) fn later(
    next: Next,
    stage: &Stage,
    (listener, provider): (usize, &IdentityProvider),
    summary: &mut Summary,
) -> Result<()> {
    let status = if next == Next::Newer { 401 } else { 200 };
    let what = format!("a token that the bundle takes back: {next:?}");
    stage.expect(&what, listener, &token(provider, "stolen")?, status, summary)?;
    stage.expect("another token", listener, &token(provider, "other")?, 200, summary)?;
    let why = match next {
        Next::Newer => return Ok(()),
        Next::Older => "its version is not higher than that of another bundle before",
        Next::Forged => "it is no bundle that a key of the configuration has signed",
    };
    let sign = format!("the bundle of {} cannot be fetched: {why}", provider.url(BUNDLE));
    let told = stage.envoy.wait_for_sign(&[&sign], PATIENCE);
    summary.count((!told).then(|| format!("the log does not say {sign:?}")));
    Ok(())
}
