//! What the isolates of a Worker have in common: a limiter, and Analytics Engine.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use portcullis_host_tests::runtime;
use portcullis_test_support::client::{self, Request, Response};
use portcullis_test_support::host::workerd::{Bound, CF_HEADER, WorkerSettings, Workerd};
use portcullis_test_support::identity_provider::{IdentityProvider, Signing};
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::summary::Summary;
use serde_json::json;

use crate::scene::{PATH, expect, issuer_by_url};
use portcullis_host_tests::hosts::Running;

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
    Workerd::start_bound(&settings, bound, Running::worker()?, name)
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
    let reasons: Vec<_> = host.wait_for_decisions(12, PATIENCE);
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
    expect(summary, told, host.wait_for_log(&[told], PATIENCE).contains(told), true);
    Ok(())
}

/// Each decision is a data point of texts that name nobody.
pub(crate) fn decisions(summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let bound = Bound::default().with_analytics("PORTCULLIS_DECISIONS");
    let host = start(&provider, &bound, "live-analytics")?;
    let good = provider.token("ES256-1", "a-subject-of-its-own", "user")?;
    expect(summary, "a good token", ask(&host, "192.0.2.1", &good)?.status, 200);
    expect(summary, "garbage", ask(&host, "192.0.2.1", "garbage-of-its-own.y.z")?.status, 401);
    let unknown = Request::new("GET", "/a-path-of-its-own").bearer(&good);
    expect(
        summary,
        "an unknown route",
        runtime()?.block_on(client::send(host.address(), &unknown))?.status,
        403,
    );

    let lines = host.wait_for_decisions(3, PATIENCE);
    let policy = lines.first().and_then(|line| line["policy"].as_str()).unwrap_or_default().to_owned();
    let (route, issuer) = (format!("GET {PATH}"), provider.issuer());
    let malformed = "token_malformed";
    let expected = [
        ["allow", "allow", "", &route, &issuer, &policy],
        [malformed, "deny", malformed, &route, "", &policy],
        ["route_unknown", "deny", "route_unknown", "", &issuer, &policy],
    ];
    let points = || -> Vec<Vec<String>> {
        let log = host.log();
        let texts = log.lines().filter_map(|line| line.split_once("point "));
        texts.filter_map(|(_, json)| serde_json::from_str(json).ok()).collect()
    };
    let started = Instant::now();
    while points().len() < expected.len() && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(20));
    }
    let points = points();
    expect(summary, "data points", points.len(), expected.len());
    for expected in expected {
        let found = points.iter().any(|point| *point == expected);
        summary.count((!found).then(|| format!("no data point {expected:?} in {points:?}")));
    }
    let written = points.concat().concat();
    let secrets =
        [good.as_str(), "a-subject-of-its-own", "garbage-of-its-own", "a-path-of-its-own", "192.0.2"];
    for part in secrets {
        expect(summary, &format!("{part} in a data point"), written.contains(part), false);
    }
    Ok(())
}
