//! Keys that are fetched.

use std::time::Duration;

use anyhow::Result;
use portcullis_test_support::client::Request;
use portcullis_test_support::identity_provider::{Fault, IdentityProvider, KEYS, METADATA, Signing};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::scene::{PATH, Scene, expect, expect_unavailable, issuer_by_url};
use portcullis_host_tests::hosts::Kind;

/// From when on a key that is not known is looked for again.
const REFETCH: Duration = Duration::from_secs(31);
/// When a source that failed once has certainly been tried again.
const RECOVERED: Duration = Duration::from_secs(12);
/// The same of one that has failed up to three times, while others were asked.
const RECOVERED_LATE: Duration = Duration::from_secs(25);

pub(crate) fn by_url(kind: Kind, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start()?;
    provider.fail_at(KEYS, Fault::OneBadKey);
    let issuer = issuer_by_url(&provider);
    let scene = Scene::start(kind, "by-url", provider, json!({"issuers": [issuer]}))?;
    let token = scene.provider.token("ES256-1", "alice", "user")?;
    // Nobody has asked before: all of them need the keys.
    let statuses = scene.ask_at_once(&vec![token; 20])?;
    expect(summary, "20 at once, when no keys are known", statuses, vec![200; 20]);
    good_and_bad(&scene, summary)?;
    expect(summary, "fetches", scene.provider.requests(KEYS), 1);
    Ok(())
}

pub(crate) fn by_discovery(kind: Kind, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start()?;
    let issuers = json!([{"issuer": provider.issuer(), "discover": true}]);
    let scene = Scene::start(kind, "by-discovery", provider, json!({"issuers": issuers}))?;
    good_and_bad(&scene, summary)?;
    expect(summary, "fetches of metadata", scene.provider.requests(METADATA), 1);
    expect(summary, "fetches of keys", scene.provider.requests(KEYS), 1);
    Ok(())
}

/// Tokens of the provider get in, and nothing else does.
fn good_and_bad(scene: &Scene, summary: &mut Summary) -> Result<()> {
    let provider = &scene.provider;
    let other = IdentityProvider::start_with(&[Signing::Es256])?;
    let claims =
        |issuer: String, exp: u64| json!({"iss": issuer, "user_id": "alice", "role": "user", "exp": exp});
    let later = now_secs().saturating_add(600);
    let arrived = provider.requests(PATH);
    for (what, token, status) in [
        ("ES256", provider.token("ES256-1", "alice", "user")?, 200),
        ("RS256", provider.token("RS256-1", "bob", "user")?, 200),
        ("the same name, another key", other.mint("ES256-1", claims(provider.issuer(), later))?, 401),
        ("another issuer", other.token("ES256-1", "alice", "user")?, 401),
        ("one that has expired", provider.mint("ES256-1", claims(provider.issuer(), now_secs() - 1))?, 401),
        ("no token", "x.y.z".to_string(), 401),
    ] {
        expect(summary, what, scene.ask(&token)?.status, status);
    }
    expect(summary, "nothing", scene.send(&Request::new("GET", PATH))?.status, 401);
    expect(summary, "requests at the origin", provider.requests(PATH) - arrived, 2);
    Ok(())
}

/// One gate with an issuer for each fault.
fn with_faults(kind: Kind, name: &str, faults: &[Fault]) -> Result<(Scene, Vec<(Fault, IdentityProvider)>)> {
    let origin = IdentityProvider::start_with(&[])?;
    let mut providers = Vec::new();
    let mut issuers: Vec<Value> = Vec::new();
    for fault in faults {
        let provider = IdentityProvider::start_with(&[Signing::Es256])?;
        issuers.push(if *fault == Fault::WrongIssuer {
            json!({"issuer": provider.issuer(), "discover": true})
        } else {
            issuer_by_url(&provider)
        });
        providers.push((*fault, provider));
    }
    Ok((Scene::start(kind, name, origin, json!({"issuers": issuers}))?, providers))
}

const FAULTS: &[Fault] = &[
    Fault::Down,
    Fault::Error,
    Fault::Stalling,
    Fault::Html,
    Fault::TooLong,
    Fault::Redirect,
    Fault::BadJson,
    Fault::EmptySet,
    Fault::WrongIssuer,
];

/// Whoever cannot be verified yet is told to come back, and gets in when the keys are there.
pub(crate) fn faults_from_the_start(kind: Kind, summary: &mut Summary) -> Result<()> {
    let (scene, providers) = with_faults(kind, "from-the-start", FAULTS)?;
    for (fault, provider) in &providers {
        provider.fail(*fault);
    }
    for (fault, provider) in &providers {
        let token = provider.token("ES256-1", "alice", "user")?;
        expect_unavailable(summary, &format!("{fault:?} from the start"), &scene.ask(&token)?);
    }
    expect(summary, "requests at the origin", scene.provider.requests(PATH), 0);
    for (fault, provider) in &providers {
        expect(summary, &format!("notices of {fault:?}"), scene.notices(provider, 1), 1);
    }
    // All at once: a source that fails while others are waited for is tried ever more seldom.
    for (_, provider) in &providers {
        provider.recover();
    }
    for (fault, provider) in &providers {
        let token = provider.token("ES256-1", "alice", "user")?;
        let got = scene.ask_until(&token, 200, RECOVERED_LATE)?;
        expect(summary, &format!("{fault:?} is over"), got, 200);
    }
    for (fault, provider) in &providers {
        expect(summary, &format!("notices of {fault:?} and its end"), scene.notices(provider, 2), 2);
    }
    Ok(())
}

/// Known keys are used on while nothing better can be fetched; then new ones count, and retired ones no longer.
pub(crate) fn faults_and_rotation_later(kind: Kind, summary: &mut Summary) -> Result<()> {
    let faults = FAULTS.iter().copied().filter(|fault| *fault != Fault::WrongIssuer);
    let faults: Vec<Fault> = faults.collect();
    let (scene, providers) = with_faults(kind, "later", &faults)?;
    for (fault, provider) in &providers {
        let old = provider.token("ES256-1", "alice", "user")?;
        expect(summary, &format!("before {fault:?}"), scene.ask(&old)?.status, 200);
    }
    std::thread::sleep(REFETCH);
    for (fault, provider) in &providers {
        let what = format!("{fault:?} later");
        provider.fail(*fault);
        let old = provider.token("ES256-1", "alice", "user")?;
        let new = provider.token(&provider.rotate(Signing::Es256)?, "alice", "user")?;
        expect_unavailable(summary, &format!("{what}, the new key"), &scene.ask(&new)?);
        expect(summary, &format!("{what}, the known key"), scene.ask(&old)?.status, 200);
        expect(summary, &format!("{what}, fetches"), provider.requests(KEYS), 2);
        provider.recover();
    }
    for (fault, provider) in &providers {
        let old = provider.token("ES256-1", "alice", "user")?;
        let new = provider.token("ES256-2", "alice", "user")?;
        expect(
            summary,
            &format!("{fault:?} is over, the new key"),
            scene.ask_until(&new, 200, RECOVERED)?,
            200,
        );
        expect(summary, &format!("{fault:?} is over, the retired key"), scene.ask(&old)?.status, 401);
    }
    Ok(())
}

/// However many ask for keys that there are not, there is one fetch; new keys count after it, and retired ones no longer.
pub(crate) fn rotation(kind: Kind, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let issuer = issuer_by_url(&provider);
    let scene = Scene::start(kind, "rotation", provider, json!({"issuers": [issuer]}))?;
    let provider = &scene.provider;
    let old = provider.token("ES256-1", "alice", "user")?;
    expect(summary, "the first key", scene.ask(&old)?.status, 200);
    let new = provider.token(&provider.rotate(Signing::Es256)?, "alice", "user")?;
    std::thread::sleep(REFETCH);
    let forged = (0..100).map(|number| provider.forge(&format!("unknown-{number}"), "alice", "user"));
    let mut tokens = forged.collect::<Result<Vec<_>>>()?;
    tokens.push(new.clone());
    let statuses = scene.ask_at_once(&tokens)?;
    let (last, others) = statuses.split_last().unwrap_or((&0, &[]));
    expect(summary, "the new key", *last, 200);
    expect(summary, "100 keys that there are not", others.to_vec(), vec![401; 100]);
    expect(summary, "fetches", provider.requests(KEYS), 2);
    expect(summary, "the retired key", scene.ask(&old)?.status, 401);
    expect(summary, "the new key again", scene.ask(&new)?.status, 200);
    Ok(())
}
