//! The clock of the host, which is set forth or back.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use portcullis_host_tests::hosts::Kind;
use portcullis_test_support::identity_provider::{IdentityProvider, KEYS, Signing};
use portcullis_test_support::origin::tokens::now_secs;
use serde_json::json;

use super::crowd::{BAD, Extent, PATIENCE, allowed, calm, flood, until_allowed};
use super::row::Row;
use crate::scene::{Scene, issuer_by_url};

const HOUR: i64 = 3600;
const KEY: &str = "ES256-1";
/// Longer than Envoy's main thread takes to see what time it is.
const QUIET: Duration = Duration::from_millis(1500);

/// All rows of a host.
pub(super) fn measure(kind: Kind, extent: Extent) -> Result<Vec<Row>> {
    let now = i64::try_from(now_secs())?;
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let members = json!({"issuers": [issuer_by_url(&provider)]});
    let scene = Scene::start_with_clock(kind, "faults-clock", provider, members)?;
    let provider = &scene.provider;
    // One that says when it was issued, and ends in ten minutes; and one that outlives an hour.
    let known = provider.token(KEY, "alice", "user")?;
    let claims = json!({"iss": provider.issuer(), "user_id": "alice", "role": "user", "exp": now + 2 * HOUR});
    let good = provider.mint(KEY, claims)?;
    let bad: Vec<String> = (0..extent.crowd() / BAD)
        .map(|number| provider.forge(&format!("unknown-{number}"), "mallory", "admin"))
        .collect::<Result<_>>()?;
    calm(&scene, &known);
    let (mut rows, mut counted) = (Vec::new(), 0);
    for (fault, shift_secs) in [("an hour forth", HOUR), ("an hour back", -HOUR), ("in 1970", -now)] {
        // Of the component, each instance fetches when it learns what time it is.
        if kind != Kind::Component && !rows.is_empty() {
            ensure!(
                settled(provider, counted),
                "before {fault}: no keys were fetched when the clock was right again"
            );
        }
        let before = provider.requests(KEYS);
        scene.set_clock(shift_secs)?;
        let started = Instant::now();
        let (good_in, of, mut bad_let_in) = flood(&scene, extent.crowd(), &good, &bad);
        let (calls, took) = (provider.requests(KEYS) - before, started.elapsed());
        let (status, known_status) = (calm(&scene, &good).to_string(), calm(&scene, &known).to_string());
        bad_let_in += allowed(&scene.flood(&bad[..1]));
        scene.set_clock(0)?;
        rows.push(Row {
            host: kind,
            kind: "clock",
            fault,
            status,
            known: Some(known_status),
            good: (good_in, of),
            bad_let_in,
            calls,
            took,
            asked: took,
            unknown: None,
            recovered: until_allowed(&scene, &known),
        });
        counted = before + calls;
    }
    Ok(rows)
}

/// Waits until keys were fetched more often than so, and then no more: nobody waits for the fetch that a clock brings about
/// which is right again, and one that comes late would be counted for the next fault. Whether they were.
fn settled(provider: &IdentityProvider, fetched: usize) -> bool {
    let started = Instant::now();
    let (mut last, mut since) = (fetched, Instant::now());
    while last == fetched || since.elapsed() < QUIET {
        if started.elapsed() > PATIENCE {
            return false;
        }
        thread::sleep(Duration::from_millis(50));
        let now = provider.requests(KEYS);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    true
}
