//! Tokens that were taken back, and clients that guess.

use anyhow::Result;
use portcullis_test_support::client::Request;
use portcullis_test_support::host::workerd::CF_HEADER;
use portcullis_test_support::identity_provider::{IdentityProvider, Signing};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::summary::Summary;
use serde_json::json;

use crate::scene::{PATH, Scene, expect, issuer_by_url};
use portcullis_host_tests::hosts::Kind;

pub(crate) fn revoked_tokens(kind: Kind, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let (issuer, name) = (issuer_by_url(&provider), provider.issuer());
    let revoked = json!({"tokens": [{"issuer": name, "jti": "leaked"}]});
    let scene = Scene::start(kind, "revoked", provider, json!({"issuers": [issuer], "revoked": revoked}))?;
    let token = |jti: &str| {
        let exp = now_secs().saturating_add(600);
        let claims = json!({"iss": name, "user_id": "alice", "role": "user", "jti": jti, "exp": exp});
        scene.provider.mint("ES256-1", claims)
    };
    let (good, leaked) = (token("good")?, token("leaked")?);
    for time in ["the first time", "the second time"] {
        expect(summary, &format!("a token, {time}"), scene.ask(&good)?.status, 200);
        let refused = scene.ask(&leaked)?;
        expect(summary, &format!("one that was taken back, {time}"), refused.status, 401);
    }
    expect(summary, "requests at the origin", scene.provider.requests(PATH), 2);
    Ok(())
}

/// A request from `client`, as each host learns of it.
fn from(kind: Kind, client: &str, token: &str) -> Request {
    let request = Request::new("GET", PATH).bearer(token);
    match kind {
        Kind::Worker => request.header(CF_HEADER, "{}").header("CF-Connecting-IP", client),
        Kind::Node => request.header("X-Test-Client", client),
        // Nothing that a client says of itself.
        Kind::Envoy | Kind::Component => request,
    }
}

pub(crate) fn failed_credentials(kind: Kind, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let issuer = issuer_by_url(&provider);
    let limits = json!({"failures": {"count": 3, "window_secs": 60}});
    let scene = Scene::start(kind, "failures", provider, json!({"issuers": [issuer], "limits": limits}))?;
    let token = scene.provider.token("ES256-1", "alice", "user")?;
    let (guesser, other) = ("192.0.2.1", "192.0.2.2");
    expect(summary, "a good token", scene.send(&from(kind, guesser, &token))?.status, 200);
    for guess in 0..3 {
        let got = scene.send(&from(kind, guesser, "x.y.z"))?.status;
        expect(summary, &format!("guess {guess}"), got, 401);
    }
    for credential in ["x.y.z", &token] {
        let response = scene.send(&from(kind, guesser, credential))?;
        let retry = response.header("retry-after").and_then(|secs| secs.parse::<u64>().ok());
        expect(summary, "a guess too many", response.status, 429);
        expect(summary, "Retry-After", retry.is_some_and(|secs| (1..=60).contains(&secs)), true);
    }
    expect(summary, "another client", scene.send(&from(kind, other, &token))?.status, 200);
    Ok(())
}
