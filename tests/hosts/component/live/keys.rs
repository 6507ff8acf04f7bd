//! Keys that are fetched: by URL and by discovery, in order and out of it.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use portcullis_host_tests::runtime;
use portcullis_test_support::client::Request;
use portcullis_test_support::identity_provider::{Fault, IdentityProvider, KEYS, METADATA, Signing};
use portcullis_test_support::summary::Summary;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::bundle;
use super::stage::{PATH, Stage, by_url, discovered, forged};

/// The least time between two fetches, and a little more.
const REFETCH: Duration = Duration::from_secs(32);
/// Requests that one instance serves.
const ROUNDS: usize = 20;
/// The ways to fail before anything was fetched.
const FIRST: [(&str, Fault, &str); 4] = [
    ("down", Fault::Down, "there is no answer"),
    ("hanging", Fault::Hanging, "there is no answer"),
    ("stalling", Fault::Stalling, "there is no answer"),
    ("wrong-issuer", Fault::WrongIssuer, "the metadata are not those of the issuer"),
];
/// The ways to fail after a good start.
const LATER: [(&str, Fault, &str); 6] = [
    ("later-down", Fault::Down, "there is no answer"),
    ("later-html", Fault::Html, "the answer is not announced as JSON"),
    ("later-long", Fault::TooLong, "the answer is too long"),
    ("later-redirect", Fault::Redirect, "the answer has another status than 200"),
    ("later-cut", Fault::BadJson, "the set cannot be used"),
    ("later-empty", Fault::EmptySet, "the set cannot be used"),
];

type Document = fn(&IdentityProvider) -> Value;

/// All of it side by side, so that there is one time to wait.
pub(crate) fn check(component: &Path, summary: &mut Summary) -> Result<()> {
    let runtime = &runtime()?;
    let start = |name: &str, document: Document| Stage::start(component, runtime, name, document);
    let sources = [("by URL", start("url", by_url)?), ("discovered", start("discovered", discovered)?)];
    for (what, stage) in &sources {
        at_the_start(what, stage, summary)?;
    }
    let later: Vec<_> = LATER.iter().map(|(name, ..)| start(name, by_url)).collect::<Result<_>>()?;
    for stage in &later {
        stage.expect("a good start", &stage.good()?, (200, None), summary)?;
    }
    let bundled = bundle::start(component, runtime, summary)?;
    let from = Instant::now();
    let first: Vec<_> = FIRST.iter().map(|(name, ..)| start(name, discovered)).collect::<Result<_>>()?;
    without_an_answer(&first, summary)?;
    one_bad_key(component, runtime, summary)?;
    unasked(&start("unasked", by_url)?, summary)?;
    left(&start("left", by_url)?, summary)?;

    for (_, stage) in &sources {
        stage.provider.rotate(Signing::Es256)?;
    }
    for (stage, (_, fault, _)) in later.iter().zip(LATER) {
        stage.provider.rotate(Signing::Es256)?;
        stage.provider.fail_at(KEYS, fault);
    }
    sleep(REFETCH.saturating_sub(from.elapsed()));
    bundled.later(summary)?;
    for (what, stage) in &sources {
        rotated(what, stage, summary)?;
    }
    for (stage, (name, _, why)) in later.iter().zip(LATER) {
        let new = stage.provider.token("ES256-2", "alice", "user")?;
        stage.expect_later(&format!("a new key, {name}"), &new, "keys_unavailable", summary)?;
        stage.expect(&format!("an old key, {name}"), &stage.good()?, (200, None), summary)?;
        let url = stage.provider.url(KEYS);
        let told = format!("the keys of {url} cannot be fetched: {why}; the keys from before are used");
        stage.served.expect_log(name, &told, summary);
    }
    for (stage, (name, ..)) in first.iter().zip(FIRST) {
        stage.expect(&format!("recovered, {name}"), &stage.good()?, (200, None), summary)?;
        let told = format!("the keys of {} have been fetched again", stage.provider.issuer());
        stage.served.expect_log(name, &told, summary);
    }
    Ok(())
}

/// Good tokens are let in, and nothing else; an instance remembers what it has fetched.
fn at_the_start(what: &str, stage: &Stage<'_>, summary: &mut Summary) -> Result<()> {
    let provider = &stage.provider;
    for round in 0..ROUNDS {
        let kid = if round % 2 == 0 { "ES256-1" } else { "RS256-1" };
        let token = provider.token(kid, &format!("user-{round}"), "user")?;
        stage.expect(&format!("{what}: round {round}"), &token, (200, None), summary)?;
        let unknown = forged(provider, &format!("unknown-{round}"));
        stage.expect(&format!("{what}: unknown kid"), &unknown, (401, Some("key_unknown")), summary)?;
    }
    let forged = forged(provider, "ES256-1");
    stage.expect(&format!("{what}: forged"), &forged, (401, Some("signature_invalid")), summary)?;
    stage.expect_requests(what, (KEYS, 0), 1, summary);
    stage.expect_requests(what, (METADATA, 0), usize::from(what == "discovered"), summary);
    stage.expect_requests(what, (PATH, 0), ROUNDS, summary);
    Ok(())
}

/// Sources that bring nothing from the beginning: nobody is told that the token is bad.
fn without_an_answer(stages: &[Stage<'_>], summary: &mut Summary) -> Result<()> {
    for (stage, (name, fault, why)) in stages.iter().zip(FIRST) {
        stage.provider.fail(fault);
        let started = Instant::now();
        stage.expect_later(name, &stage.good()?, "keys_unavailable", summary)?;
        // The time-out of a call, and what a busy machine adds.
        let late = started.elapsed() > Duration::from_secs(9);
        summary.count(late.then(|| format!("{name}: answered after {:?}", started.elapsed())));
        let before = stage.provider.requests(METADATA);
        stage.expect_later(&format!("{name} again"), &stage.good()?, "keys_unavailable", summary)?;
        // Four seconds after a failure it is tried again, which a busy machine may come to here.
        let tried = stage.provider.requests(METADATA).saturating_sub(before);
        let allowed = started.elapsed().as_secs() / 4;
        let many = u64::try_from(tried).is_ok_and(|tried| tried > allowed);
        summary.count(many.then(|| format!("{name} again: {tried} requests, not {allowed}")));
        stage.expect_requests(name, (PATH, 0), 0, summary);
        let issuer = stage.provider.issuer();
        stage.served.expect_log(name, &format!("the keys of {issuer} cannot be fetched: {why}"), summary);
        stage.provider.recover();
    }
    Ok(())
}

/// What can be used of a set is.
fn one_bad_key(component: &Path, runtime: &Runtime, summary: &mut Summary) -> Result<()> {
    let stage = Stage::start(component, runtime, "bad-key", by_url)?;
    stage.provider.fail(Fault::OneBadKey);
    stage.expect("a set with a bad key", &stage.good()?, (200, None), summary)?;
    Ok(())
}

/// The new key is taken after one fetch, and the old one is gone.
fn rotated(what: &str, stage: &Stage<'_>, summary: &mut Summary) -> Result<()> {
    let (old, before) = (stage.good()?, stage.provider.requests(KEYS));
    stage.expect(&format!("{what}: the old key"), &old, (200, None), summary)?;
    let new = stage.provider.token("ES256-2", "alice", "user")?;
    stage.expect(&format!("{what}: a new key"), &new, (200, None), summary)?;
    stage.expect(&format!("{what}: a retired key"), &old, (401, Some("key_unknown")), summary)?;
    stage.expect_requests(&format!("{what}: rotation"), (KEYS, before), 1, summary);
    Ok(())
}

/// Keys that nobody has needed yet are fetched when the response is out, and not by an instance that may have one request.
fn unasked(stage: &Stage<'_>, summary: &mut Summary) -> Result<()> {
    let delay = Duration::from_secs(2);
    stage.provider.fail_at(KEYS, Fault::Slow(delay));
    let public = Request::new("GET", "/ping");
    stage.served.expect("the first request", &public, 200, None, summary)?;
    sleep(Duration::from_millis(500));
    stage.expect_requests("the first request", (KEYS, 0), 0, summary);
    let started = Instant::now();
    stage.served.expect("the second request", &public, 200, None, summary)?;
    let waited = started.elapsed() >= delay;
    summary.count(waited.then(|| "a response has waited for keys that nobody needs".to_owned()));
    sleep(delay + Duration::from_secs(1));
    stage.expect("after it", &stage.good()?, (200, None), summary)?;
    stage.expect_requests("in all", (KEYS, 0), 1, summary);
    Ok(())
}

/// Whoever asks for keys and leaves does not take the answer along.
fn left(stage: &Stage<'_>, summary: &mut Summary) -> Result<()> {
    stage.provider.fail_at(KEYS, Fault::Slow(Duration::from_secs(1)));
    let good = stage.good()?;
    let mut leaves = TcpStream::connect(stage.served.serve.address())?;
    write!(leaves, "GET {PATH} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {good}\r\n\r\n")?;
    sleep(Duration::from_millis(400));
    drop(leaves);
    sleep(Duration::from_secs(2));
    stage.expect("after somebody who left", &good, (200, None), summary)?;
    stage.expect_requests("somebody who left", (KEYS, 0), 1, summary);
    Ok(())
}
