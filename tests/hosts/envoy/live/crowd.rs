//! Many requests at once.

use std::time::{Duration, Instant};

use anyhow::Result;
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::identity_provider::{Fault, IdentityProvider, KEYS};
use portcullis_test_support::summary::Summary;
use tokio::task::JoinSet;

use super::stage::{REFETCH, Stage, by_url, forged};
use crate::setup::PATH;

/// Requests with a `kid` of its own each.
const STRANGERS: usize = 1000;
/// Requests with a good token among them.
const FRIENDS: usize = 50;

pub(crate) fn one_worker(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    check(artefact, 1, summary)
}

pub(crate) fn two_workers(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    check(artefact, 2, summary)
}

/// A crowd while the first keys are on their way, one when keys may be fetched again, and one that nobody answers.
fn check(artefact: &ProxyWasmArtefact, workers: usize, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start()?;
    let hanging = IdentityProvider::start()?;
    provider.fail_at(KEYS, Fault::Slow(Duration::from_millis(700)));
    hanging.fail(Fault::Hanging);
    let documents = [by_url(&provider), by_url(&hanging)];
    let stage = Stage::start(artefact, &format!("check-crowd-{workers}"), workers, &documents, |_| {})?;

    let crowd = |listener: usize, provider: &IdentityProvider| -> Result<Vec<(bool, u16, Duration)>> {
        let good = provider.token("ES256-1", "alice", "user")?;
        let mut tokens: Vec<_> =
            (0..STRANGERS).map(|number| (false, forged(provider, &format!("unknown-{number}")))).collect();
        tokens.extend((0..FRIENDS).map(|_| (true, good.clone())));
        let address = stage.envoy.address(listener);
        stage.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for (is_good, token) in tokens {
                tasks.spawn(async move {
                    let started = Instant::now();
                    let response = client::send(address, &Request::new("GET", PATH).bearer(&token)).await;
                    anyhow::Ok((is_good, response?.status, started.elapsed()))
                });
            }
            let mut outcomes = Vec::new();
            while let Some(outcome) = tasks.join_next().await {
                outcomes.push(outcome??);
            }
            Ok(outcomes)
        })
    };
    // One of each worker, and one of the main thread.
    let most = workers + 1;
    for (what, at) in
        [("the first crowd", Duration::ZERO), ("a crowd later", REFETCH + Duration::from_secs(5))]
    {
        stage.wait_until(at);
        let before = provider.requests(KEYS);
        let outcomes = crowd(0, &provider)?;
        let bad = outcomes.iter().find(|(is_good, status, _)| match is_good {
            true => *status != 200,
            // Whoever waits for longer than two seconds, as on a busy machine, is told to come back.
            false => !matches!(status, 401 | 503),
        });
        summary.count(bad.map(|bad| format!("{what}: {bad:?}")));
        let fetches = provider.requests(KEYS) - before;
        let wrong = fetches == 0 || fetches > most;
        summary.count(wrong.then(|| format!("{what} of {workers}: {fetches} fetches, at most {most}")));
    }
    let outcomes = crowd(1, &hanging)?;
    let bad = outcomes.iter().find(|(_, status, took)| *status != 503 || *took > Duration::from_secs(12));
    summary.count(bad.map(|bad| format!("nobody answers: {bad:?}")));
    stage.expect("after the crowds", 0, &provider.token("ES256-1", "alice", "user")?, 200, summary)?;
    stage.expect_no_trap(summary);
    Ok(())
}
