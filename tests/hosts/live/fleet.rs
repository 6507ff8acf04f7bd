//! What the isolates of a Worker have in common: a limiter.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use portcullis_host_tests::runtime;
use portcullis_test_support::client::{self, Request, Response};
use portcullis_test_support::host::workerd::{Bound, CF_HEADER, WorkerSettings, Workerd, free_address};
use portcullis_test_support::identity_provider::{IdentityProvider, Signing};
use portcullis_test_support::summary::Summary;
use serde_json::json;

use crate::hosts::Running;
use crate::scene::{PATH, expect, issuer_by_url};

/// A Worker with what is bound, which lets 50 credentials of a client fail by itself.
fn start(provider: &IdentityProvider, bound: &Bound, name: &str) -> Result<Workerd> {
    let config = json!({
        "profile": "agentflow",
        "issuers": [issuer_by_url(provider)],
        "limits": {"failures": {"count": 50, "window_secs": 60}},
    });
    let settings = WorkerSettings {
        config: config.to_string(),
        secrets: BTreeMap::new(),
        origin: provider.issuer(),
        kv: None,
    };
    Workerd::start_bound(&settings, bound, Running::worker()?, name, free_address()?)
}

fn ask(host: &Workerd, client: &str, credential: &str) -> Result<Response> {
    let request = Request::new("GET", PATH).bearer(credential);
    let request = request.header(CF_HEADER, "{}").header("CF-Connecting-IP", client);
    runtime()?.block_on(client::send(host.address(), &request))
}

/// By what the limiter knows a client with an IPv4 address.
fn key(address: [u8; 4]) -> String {
    format!("{:016x}", u32::from_be_bytes(address))
}

pub(crate) fn limiter(summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let (failing, hanging) = (key([192, 0, 2, 8]), key([192, 0, 2, 9]));
    let bound = Bound::default().with_limiter("PORTCULLIS_FAILURES", 2, &failing, &hanging);
    let host = start(&provider, &bound, "live-limiter")?;
    let good = provider.token("ES256-1", "alice", "user")?;

    let guesser = "192.0.2.1";
    expect(summary, "a good token", ask(&host, guesser, &good)?.status, 200);
    for guess in 0..2 {
        expect(summary, &format!("guess {guess}"), ask(&host, guesser, "x.y.z")?.status, 401);
    }
    // The limiter says no, and from then on the isolate knows it by itself, for good credentials too.
    for credential in ["x.y.z", &good, "x.y.z"] {
        let response = ask(&host, guesser, credential)?;
        let retry = response.header("retry-after").and_then(|secs| secs.parse::<u64>().ok());
        expect(summary, "one too many", response.status, 429);
        expect(summary, "Retry-After", retry.is_some_and(|secs| (1..=60).contains(&secs)), true);
    }
    expect(summary, "another client", ask(&host, "192.0.2.2", &good)?.status, 200);
    // Good credentials are not counted.
    for _ in 0..5 {
        expect(summary, "a good token again", ask(&host, "192.0.2.2", &good)?.status, 200);
    }
    let reasons: Vec<_> = host.wait_for_decisions(12, Duration::from_secs(5));
    let limited = reasons.iter().filter(|line| line["reason"] == "rate_limited" && line["route"].is_string());
    expect(summary, "lines about it", limited.count(), 3);

    // A limiter that fails, or does not answer, changes nothing.
    for client in ["192.0.2.8", "192.0.2.9"] {
        for guess in 0..3 {
            let started = Instant::now();
            expect(summary, &format!("{client}, guess {guess}"), ask(&host, client, "x.y.z")?.status, 401);
            expect(summary, "it is not waited for long", started.elapsed() < Duration::from_secs(10), true);
        }
        expect(summary, &format!("{client}, a good token"), ask(&host, client, &good)?.status, 200);
    }
    let told = "portcullis: no count from the limiter PORTCULLIS_FAILURES";
    expect(summary, told, host.wait_for_log(&[told], Duration::from_secs(5)).contains(told), true);
    Ok(())
}
