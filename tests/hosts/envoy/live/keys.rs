//! Keys that are fetched: by URL and by discovery, in order and out of it.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use std::io::Write as _;

use anyhow::Result;
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::identity_provider::{Fault, IdentityProvider, KEYS, METADATA, Signing};
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use super::bundle::{self, Next};
use super::stage::{REFETCH, Stage, by_url, document, forged};
use crate::setup::PATH;

/// One fetch by the worker, and one by Envoy's main thread, which has a VM of its own.
const FETCHERS: usize = 2;

/// The ways to fail after a good start.
const LATER: [Fault; 7] = [
    Fault::Down,
    Fault::Error,
    Fault::Html,
    Fault::TooLong,
    Fault::Redirect,
    Fault::BadJson,
    Fault::EmptySet,
];

/// The listeners besides those of [`LATER`], which come after them.
const URL: usize = 0;
const DISCOVERED: usize = 1;
const WRONG_ISSUER: usize = 2;
const ONE_BAD_KEY: usize = 3;
const DOWN: usize = 4;
const HANGING: usize = 5;
const STALLING: usize = 6;
const NO_CLUSTER: usize = 7;
const EMPTY_CLUSTER: usize = 8;
const LEFT: usize = 9;
/// One for each of [`bundle::ALL`].
const FIRST_BUNDLE: usize = 10;
const FIRST_LATER: usize = FIRST_BUNDLE + bundle::ALL.len();

/// All of it on one Envoy, so that there is one time to wait.
pub(crate) fn fetched(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let providers =
        (0..FIRST_LATER + LATER.len()).map(|_| IdentityProvider::start()).collect::<Result<Vec<_>>>()?;
    providers[WRONG_ISSUER].fail(Fault::WrongIssuer);
    providers[ONE_BAD_KEY].fail(Fault::OneBadKey);
    providers[DOWN].fail(Fault::Down);
    providers[HANGING].fail(Fault::Hanging);
    providers[STALLING].fail(Fault::Stalling);
    let documents: Vec<_> = providers
        .iter()
        .enumerate()
        .map(|(index, provider)| match index {
            DISCOVERED | WRONG_ISSUER => Ok(document(provider, &json!({"discover": true}))),
            FIRST_BUNDLE..FIRST_LATER => bundle::begin(provider),
            _ => Ok(by_url(provider)),
        })
        .collect::<Result<_>>()?;
    let name = |index: usize| providers[index].address().to_string();
    let (absent, empty) = (name(NO_CLUSTER), name(EMPTY_CLUSTER));
    let edit = |config: &mut Value| {
        let Some(clusters) = config["static_resources"]["clusters"].as_array_mut() else { return };
        clusters.retain(|cluster| cluster["name"] != absent.as_str());
        let emptied = clusters.iter_mut().find(|cluster| cluster["name"] == empty.as_str());
        emptied.into_iter().for_each(|cluster| cluster["load_assignment"]["endpoints"] = json!([]));
    };
    let stage = Stage::start(artefact, "check-keys", 1, &documents, edit)?;
    let scene = Scene { stage, providers };
    scene.at_the_start(summary)?;
    scene.without_an_answer(summary)?;
    scene.later(summary)?;
    scene.counted(summary)?;
    scene.stage.expect_no_trap(summary);
    Ok(())
}

struct Scene {
    stage: Stage,
    providers: Vec<IdentityProvider>,
}

impl Scene {
    fn good(&self, listener: usize) -> Result<String> {
        self.providers[listener].token("ES256-1", "alice", "user")
    }

    fn at_the_start(&self, summary: &mut Summary) -> Result<()> {
        let Self { stage, providers } = self;
        for listener in [URL, DISCOVERED, ONE_BAD_KEY, LEFT].into_iter().chain(self.all_later()) {
            let good = self.good(listener)?;
            stage.expect(&format!("a good token at {listener}"), listener, &good, 200, summary)?;
        }
        for (listener, _) in self.bundles() {
            bundle::at_the_start(stage, listener, &providers[listener], summary)?;
        }
        for listener in [URL, DISCOVERED] {
            let provider = &providers[listener];
            let rsa = provider.token("RS256-1", "alice", "user")?;
            stage.expect("another good token", listener, &rsa, 200, summary)?;
            // A key of that name, but of somebody else.
            let claims =
                json!({"iss": provider.issuer(), "sub": "alice", "role": "admin", "exp": 9_999_999_999_u64});
            let stranger = providers[LEFT].mint("ES256-1", claims)?;
            stage.expect("a stranger's token", listener, &stranger, 401, summary)?;
            stage.expect("an unknown kid", listener, &forged(provider, "other"), 401, summary)?;
            let many = provider.requests(KEYS) > FETCHERS || provider.requests(METADATA) > FETCHERS;
            summary.count(many.then(|| format!("more than {FETCHERS} fetches at {listener}")));
        }
        Ok(())
    }

    /// Sources that bring nothing from the beginning: nobody is told that the token is bad.
    fn without_an_answer(&self, summary: &mut Summary) -> Result<()> {
        let Self { stage, providers } = self;
        for listener in [WRONG_ISSUER, DOWN, HANGING, STALLING, NO_CLUSTER, EMPTY_CLUSTER] {
            let what = format!("without keys at {listener}");
            let started = Instant::now();
            let good = self.good(listener)?;
            stage.expect_later(&what, (listener, &good), (503, "keys_unavailable"), summary)?;
            let took = started.elapsed();
            // The time-out of a call, and what a busy machine adds.
            let late = took > Duration::from_secs(8);
            summary.count(late.then(|| format!("{what}: answered after {took:?}")));
        }
        for sign in [
            format!("no cluster \"{}\"", providers[NO_CLUSTER].address()),
            format!("no cluster \"{}\"", providers[EMPTY_CLUSTER].address()),
            format!("the keys of {} cannot be fetched: there is no answer", providers[DOWN].url(KEYS)),
            format!("the keys of {} cannot be fetched: the metadata", providers[WRONG_ISSUER].issuer()),
        ] {
            let told = stage.envoy.wait_for_sign(&[&sign], PATIENCE);
            summary.count((!told).then(|| format!("the log does not say {sign:?}")));
        }
        for listener in [WRONG_ISSUER, DOWN, HANGING] {
            providers[listener].recover();
        }
        Ok(())
    }

    fn later(&self, summary: &mut Summary) -> Result<()> {
        let Self { stage, providers } = self;
        for (listener, fault) in self.all_later().zip(LATER) {
            providers[listener].rotate(Signing::Es256)?;
            providers[listener].fail_at(KEYS, fault);
        }
        for listener in [URL, LEFT] {
            providers[listener].rotate(Signing::Es256)?;
        }
        for (listener, next) in self.bundles() {
            bundle::publish(next, &providers[listener], &providers[URL])?;
        }
        providers[LEFT].fail_at(KEYS, Fault::Slow(Duration::from_secs(1)));
        stage.wait_until(REFETCH + Duration::from_secs(8));

        // Whoever asks for the keys and leaves does not take the answer along.
        let fetched = providers[LEFT].requests(KEYS);
        let new = providers[LEFT].token("ES256-2", "alice", "user")?;
        let mut leaves = TcpStream::connect(stage.envoy.address(LEFT))?;
        write!(leaves, "GET {PATH} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {new}\r\n\r\n")?;
        std::thread::sleep(Duration::from_millis(400));
        drop(leaves);
        std::thread::sleep(Duration::from_millis(1500));
        let started = Instant::now();
        stage.expect("after somebody who left", LEFT, &new, 200, summary)?;
        let waited = started.elapsed() > Duration::from_millis(900);
        summary.count(waited.then(|| "the answer to a call of somebody who left was lost".to_owned()));
        let fetches = providers[LEFT].requests(KEYS) - fetched;
        summary.count((fetches != 1).then(|| format!("{fetches} fetches instead of 1 for one who left")));

        // The new key is taken after one fetch, and the old one is gone.
        let (old, fetched) = (self.good(URL)?, providers[URL].requests(KEYS));
        stage.expect("a token under the old key", URL, &old, 200, summary)?;
        let new = providers[URL].token("ES256-2", "alice", "user")?;
        stage.expect("a token under a new key", URL, &new, 200, summary)?;
        stage.expect("a token under a retired key", URL, &old, 401, summary)?;
        let fetches = providers[URL].requests(KEYS) - fetched;
        summary.count((fetches != 1).then(|| format!("{fetches} fetches instead of 1 for a new key")));

        for (listener, next) in self.bundles() {
            bundle::later(next, stage, (listener, &providers[listener]), summary)?;
        }

        // Sources that have recovered.
        for listener in [WRONG_ISSUER, DOWN, HANGING] {
            let good = self.good(listener)?;
            stage.expect(&format!("recovered at {listener}"), listener, &good, 200, summary)?;
        }
        let sign = format!("the keys of {} have been fetched again", providers[DOWN].url(KEYS));
        let told = stage.envoy.wait_for_sign(&[&sign], PATIENCE);
        summary.count((!told).then(|| format!("the log does not say {sign:?}")));

        // Sources that fail by now: what is known is used on, and the unknown is not called bad.
        for (listener, fault) in self.all_later().zip(LATER) {
            let new = providers[listener].token("ES256-2", "alice", "user")?;
            let what = format!("a new key, {fault:?}");
            stage.expect_later(&what, (listener, &new), (503, "keys_unavailable"), summary)?;
            stage.expect(&format!("an old key, {fault:?}"), listener, &self.good(listener)?, 200, summary)?;
        }
        Ok(())
    }

    /// What the statistics say.
    fn counted(&self, summary: &mut Summary) -> Result<()> {
        // The gauges are written once a second.
        std::thread::sleep(Duration::from_secs(2));
        let stats = self.stage.envoy.stats()?;
        let value = |name: &str| stats.get(&format!("wasmcustom.portcullis.{name}")).copied();
        for name in ["calls", "calls_unanswered", "memory.hits", "memory.misses"] {
            let none = value(name).unwrap_or_default() == 0;
            summary.count(none.then(|| format!("counter {name} is {:?}", value(name))));
        }
        for name in ["memory.evictions", "source.0.age_secs", "source.0.keys", "source.0.failing"] {
            summary.count(value(name).is_none().then(|| format!("there is no {name}")));
        }
        Ok(())
    }

    fn bundles(&self) -> impl Iterator<Item = (usize, Next)> {
        (FIRST_BUNDLE..).zip(bundle::ALL)
    }

    fn all_later(&self) -> std::ops::Range<usize> {
        FIRST_LATER..self.providers.len()
    }
}
