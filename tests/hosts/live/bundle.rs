//! The signed bundle: keys, revocations and records that change while the host runs.

use std::time::Duration;

use anyhow::Result;
use portcullis::api_key::plain_hash;
use portcullis_test_support::client::Request;
use portcullis_test_support::identity_provider::{BUNDLE, IdentityProvider, Signing};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::scene::{PATH, Scene, expect, expect_unavailable};
use portcullis_host_tests::hosts::Kind;

/// For how long the bundle is fresh, and a little more.
const REFRESH: Duration = Duration::from_secs(31);
/// When a source that has failed is certainly tried again: for the first time, and for the second.
const RETRIED: [Duration; 2] = [Duration::from_secs(6), Duration::from_secs(11)];

const KEY: &str = "key-of-another-system-0123456789abcdef";

/// The key that signs bundles; the other one signs tokens.
const SIGNER: &str = "ES256-1";
const ISSUER: &str = "ES256-2";

pub(crate) fn bundle(kind: Kind, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256, Signing::Es256])?;
    let issuer = json!({"issuer": provider.issuer(), "jwks": {"bundle": true}});
    let pinned = json!({"url": provider.url(BUNDLE), "keys": [{"jwk": provider.public_jwk(SIGNER)?}]});
    let members =
        json!({"issuers": [issuer], "bundle": pinned, "api_keys": {}, "upstream": {"credential": "strip"}});
    let scene = Scene::start(kind, "bundle", provider, members)?;
    let provider = &scene.provider;
    let token = |jti: &str| {
        let claims = json!({"iss": provider.issuer(), "sub": "alice", "user_id": "alice", "role": "user", "jti": jti,
            "exp": now_secs().saturating_add(600)});
        provider.mint(ISSUER, claims)
    };
    let (stolen, other) = (token("stolen")?, token("other")?);
    let keys = json!({provider.issuer(): {"keys": [provider.public_jwk(ISSUER)?]}});
    let record = json!({"id": "other1", "hash": plain_hash(KEY), "roles": ["user"]});
    let taken_back =
        json!({"tokens": [{"issuer": provider.issuer(), "jti": "stolen"}], "api_keys": ["other1"]});
    let bundle = |signer: &str, version: u64, revoked: &Value| {
        let members = json!({"version": version, "records": [record], "jwks": keys, "revoked": revoked});
        provider.bundle(signer, &members)
    };
    let with_key = || scene.send(&Request::new("GET", PATH).header("X-API-Key", KEY));

    expect_unavailable(summary, "before there is one", &scene.ask(&stolen)?);
    provider.publish_bundle(&bundle(SIGNER, 2, &json!({}))?);
    let recovered = scene.ask_until(&stolen, 200, RETRIED[0] + RETRIED[1])?;
    expect(summary, "a token under a key in it", recovered, 200);
    expect(summary, "a key with a record in it", with_key()?.status, 200);
    expect(
        summary,
        "the key that signs bundles signs no token",
        scene.ask(&provider.token(SIGNER, "alice", "user")?)?.status,
        401,
    );

    // An older one, though it would take the token back; and a newer one of somebody else.
    provider.publish_bundle(&bundle(SIGNER, 1, &taken_back)?);
    std::thread::sleep(REFRESH);
    let fetched = provider.requests(BUNDLE);
    expect(summary, "after an older one", scene.ask(&stolen)?.status, 200);
    // What the first request after that has begun is over.
    std::thread::sleep(Duration::from_secs(1));
    expect(summary, "fetches of it", provider.requests(BUNDLE).saturating_sub(fetched).min(1), 1);
    provider.publish_bundle(&bundle(ISSUER, 3, &taken_back)?);
    std::thread::sleep(RETRIED[0]);
    expect(summary, "after a forged one", scene.ask(&stolen)?.status, 200);
    std::thread::sleep(Duration::from_secs(1));

    provider.publish_bundle(&bundle(SIGNER, 3, &taken_back)?);
    let refused = scene.ask_until(&stolen, 401, RETRIED[1] + RETRIED[1])?;
    expect(summary, "a token that the next one takes back", refused, 401);
    expect(summary, "a token that it does not", scene.ask(&other)?.status, 200);
    expect(summary, "a key that it takes back", with_key()?.status, 401);
    let log = scene.host.log();
    // The first one is told of what was there before any bundle.
    for told in ["no bundle that a key of the configuration has signed", "its version is not higher"] {
        expect(summary, told, log.contains(told), true);
    }
    Ok(())
}
