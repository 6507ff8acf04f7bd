//! Bundles. A document has one, so each fault has a gate of its own.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use portcullis_host_tests::hosts::Kind;
use portcullis_test_support::identity_provider::{BUNDLE, Fault, IdentityProvider, Signing};
use portcullis_test_support::origin::tokens::now_secs;
use serde_json::json;

use super::crowd::{BAD, Extent, FAULTS, NONE, PATIENCE, allowed, calm, flood};
use super::row::Row;
use crate::scene::Scene;

/// From when on a bundle is fetched again: it says that it is fresh for 30 seconds.
const STALE: Duration = Duration::from_secs(31);

/// The key that signs bundles; the keys that sign tokens, the second of which comes with a later bundle.
const SIGNER: &str = "ES256-1";
const ISSUER: [&str; 2] = ["ES256-2", "ES256-3"];

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    /// The server.
    Server(Fault),
    /// What it serves: a bundle that has ended.
    Expired,
    /// One of a version before.
    Older,
    /// One that another key has signed.
    Forged,
}

const OF_BUNDLES: [(&str, Wrong); 4] =
    [(NONE, Wrong::Nothing), ("expired", Wrong::Expired), ("older", Wrong::Older), ("forged", Wrong::Forged)];

fn all(extent: Extent) -> Vec<(&'static str, Wrong)> {
    let mut all = OF_BUNDLES.to_vec();
    if extent == Extent::Full {
        all.extend(FAULTS.map(|(name, fault)| (name, Wrong::Server(fault))));
    }
    all
}

/// All rows of a host.
pub(super) fn measure(kind: Kind, extent: Extent) -> Result<Vec<Row>> {
    let mut rows =
        all(extent).into_iter().map(|fault| first(kind, fault, extent)).collect::<Result<Vec<_>>>()?;
    if extent == Extent::Full {
        later(kind, extent, &mut rows)?;
    }
    Ok(rows)
}

/// A server, to which `wrong` happens before or after a gate has begun to use it.
struct Publisher {
    wrong: Wrong,
    scene: Scene,
}

impl Publisher {
    /// A gate before which `before` happens to the server.
    fn start(
        kind: Kind,
        (fault, wrong): (&str, Wrong),
        name: &str,
        before: impl FnOnce(&IdentityProvider) -> Result<()>,
    ) -> Result<Self> {
        let provider = IdentityProvider::start_with(&[Signing::Es256; 3])?;
        before(&provider)?;
        let issuer = json!({"issuer": provider.issuer(), "jwks": {"bundle": true}});
        let pinned = json!({"url": provider.url(BUNDLE), "keys": [{"jwk": provider.public_jwk(SIGNER)?}]});
        let members = json!({"issuers": [issuer], "bundle": pinned});
        let name = format!("{}-faults-bundle-{name}-{}", kind.name(), fault.replace(' ', "-"));
        Ok(Self { wrong, scene: Scene::start(kind, &name, provider, members)? })
    }

    fn forged(&self, count: usize) -> Result<Vec<String>> {
        let forge = |number| self.scene.provider.forge(&format!("unknown-{number}"), "mallory", "admin");
        (0..count).map(forge).collect()
    }

    fn calls(&self) -> usize {
        self.scene.provider.requests(BUNDLE)
    }
}

/// Publishes a bundle with these keys for tokens, and lets it, or the server, be wrong.
fn publish(provider: &IdentityProvider, version: u64, keys: &[&str], wrong: Wrong) -> Result<()> {
    let keys = keys.iter().map(|kid| provider.public_jwk(kid)).collect::<Result<Vec<_>>>()?;
    let mut members = json!({"version": version, "jwks": {provider.issuer(): {"keys": keys}}});
    let mut signer = SIGNER;
    match wrong {
        Wrong::Nothing => {}
        Wrong::Server(fault) => provider.fail_at(BUNDLE, fault),
        Wrong::Expired => {
            members["iat"] = now_secs().saturating_sub(7200).into();
            members["exp"] = now_secs().saturating_sub(3600).into();
        }
        Wrong::Older => members["version"] = 1.into(),
        Wrong::Forged => signer = ISSUER[0],
    }
    provider.publish_bundle(&provider.bundle(signer, &members)?);
    Ok(())
}

/// A fault from the start.
fn first(kind: Kind, (fault, wrong): (&'static str, Wrong), extent: Extent) -> Result<Row> {
    let begin = |provider: &IdentityProvider| publish(provider, 2, &ISSUER[..1], wrong);
    let publisher = Publisher::start(kind, (fault, wrong), "first", begin)?;
    let scene = &publisher.scene;
    let good = scene.provider.token(ISSUER[0], "alice", "user")?;
    let bad = publisher.forged(extent.crowd() / BAD)?;
    let started = Instant::now();
    let (good_in, of, mut bad_let_in) = flood(scene, extent.crowd(), &good, &bad);
    let (calls, took) = (publisher.calls(), started.elapsed());
    let status = calm(scene, &good).to_string();
    bad_let_in += allowed(&scene.flood(&publisher.forged(1)?));
    Ok(Row {
        host: kind,
        kind: "bundle",
        fault,
        status,
        known: None,
        good: (good_in, of),
        bad_let_in,
        calls,
        took,
        asked: took,
        unknown: None,
        recovered: None,
    })
}

/// The same fault after a good start: what is known is used on, and whatever else is in the bundle does not count.
fn later(kind: Kind, extent: Extent, rows: &mut [Row]) -> Result<()> {
    let good = |provider: &IdentityProvider| publish(provider, 2, &ISSUER[..1], Wrong::Nothing);
    let start = |fault| Publisher::start(kind, fault, "later", good);
    let publishers = all(extent).into_iter().map(start).collect::<Result<Vec<_>>>()?;
    let mut fetched = Vec::new();
    for publisher in &publishers {
        let Publisher { wrong, scene } = publisher;
        scene.flood(&[scene.provider.token(ISSUER[0], "alice", "user")?]);
        fetched.push(publisher.calls());
        publish(&scene.provider, 3, &ISSUER, *wrong)?;
    }
    thread::sleep(STALE);
    let mut pending = Vec::new();
    for ((row, publisher), fetched) in rows.iter_mut().zip(&publishers).zip(fetched) {
        let Publisher { wrong, scene } = publisher;
        let token = |kid| scene.provider.token(kid, "alice", "user");
        let (old, new) = (token(ISSUER[0])?, token(ISSUER[1])?);
        row.known = Some(calm(scene, &old).to_string());
        ensure!(publisher.calls() > fetched, "{}: the bundle was not fetched again", row.name());
        let before = publisher.calls();
        row.bad_let_in += allowed(&scene.flood(&publisher.forged(extent.crowd())?));
        row.unknown = Some(publisher.calls() - before);
        let is_let_in = calm(scene, &new) == 200;
        // A bundle that does not count vouches for no key.
        let counts = match wrong {
            Wrong::Nothing | Wrong::Server(_) => true,
            // For an instance that has just begun, which knows of no other.
            Wrong::Older => kind == Kind::Component,
            Wrong::Expired | Wrong::Forged => false,
        };
        row.bad_let_in += usize::from(is_let_in && !counts);
        if !is_let_in {
            pending.push((row, publisher, new));
        }
    }
    let over = Instant::now();
    for (_, Publisher { scene, .. }, _) in &pending {
        scene.provider.recover();
        publish(&scene.provider, 4, &ISSUER, Wrong::Nothing)?;
    }
    while !pending.is_empty() && over.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(100));
        pending.retain_mut(|(row, Publisher { scene, .. }, new)| {
            let is_over = scene.flood(std::slice::from_ref(new))[0] == 200;
            row.recovered = is_over.then(|| over.elapsed());
            !is_over
        });
    }
    Ok(())
}
