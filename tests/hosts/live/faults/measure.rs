//! Measuring.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use portcullis_test_support::identity_provider::{
    Fault, IdentityProvider, KEYS, ME, METADATA, Person, Signing,
};
use portcullis_test_support::origin::tokens;
use serde_json::{Value, json};

use super::crowd::{BAD, Extent, FAULTS, NONE, PATIENCE, allowed, calm, flood, until_allowed};
use super::row::Row;
use super::{bundles, clocks};
use crate::scene::{Scene, issuer_by_url};
use portcullis_host_tests::hosts::Kind;

/// From when on a key that is not known is looked for again.
const REFETCH: Duration = Duration::from_secs(31);
const ROTATED: &str = "rotated";
/// The ways in which only an issuer does.
const OF_ISSUERS: [(&str, Fault); 3] =
    [("wrong issuer", Fault::WrongIssuer), ("empty set", Fault::EmptySet), ("one bad key", Fault::OneBadKey)];

/// Those of a source: with none, and with a key that has taken the place of another.
fn of_sources() -> impl Iterator<Item = (&'static str, Option<Fault>)> {
    let faults = FAULTS.into_iter().chain(OF_ISSUERS).map(|(name, fault)| (name, Some(fault)));
    [(NONE, None)].into_iter().chain(faults).chain([(ROTATED, None)])
}

/// Those of a server. None comes last: workerd tries each connection that it has kept open before it believes that a server is
/// down, and keeps as many as there were requests at once.
fn of_servers() -> impl Iterator<Item = (&'static str, Option<Fault>)> {
    FAULTS.map(|(name, fault)| (name, Some(fault))).into_iter().chain([(NONE, None)])
}

/// All rows of a host.
pub(super) fn measure(kind: Kind, extent: Extent) -> Result<Vec<Row>> {
    let mut rows = sources(kind, extent)?;
    rows.extend(bundles::measure(kind, extent)?);
    rows.extend(asks(kind, extent)?);
    rows.extend(clocks::measure(kind, extent)?);
    if kind == Kind::Worker {
        rows.extend(stores(extent)?);
    }
    Ok(rows)
}

/// An issuer, and how it will fail.
struct Source {
    fault: &'static str,
    fails: Option<Fault>,
    provider: IdentityProvider,
}

/// A gate with an issuer for each fault.
fn with_issuers(kind: Kind, name: &str) -> Result<(Scene, Vec<Source>)> {
    let mut sources = Vec::new();
    for (fault, fails) in of_sources() {
        let provider = IdentityProvider::start_with(&[Signing::Es256])?;
        sources.push(Source { fault, fails, provider });
    }
    let issuers: Vec<Value> = sources.iter().map(issuer).collect();
    let name = format!("{}-faults-{name}", kind.name());
    let scene = Scene::start(kind, &name, IdentityProvider::start_with(&[])?, json!({"issuers": issuers}))?;
    Ok((scene, sources))
}

fn issuer(source: &Source) -> Value {
    match source.fault {
        "wrong issuer" => json!({"issuer": source.provider.issuer(), "discover": true}),
        _ => issuer_by_url(&source.provider),
    }
}

impl Source {
    fn token(&self, kid: &str) -> Result<String> {
        self.provider.token(kid, "alice", "user")
    }

    fn forged(&self, count: usize) -> Result<Vec<String>> {
        (0..count)
            .map(|number| self.provider.forge(&format!("unknown-{number}"), "mallory", "admin"))
            .collect()
    }

    fn fail(&self) {
        if let Some(fault) = self.fails {
            self.provider.fail(fault);
        }
    }

    /// How often it was asked for keys, or for where they are.
    fn calls(&self) -> usize {
        self.provider.requests(METADATA) + self.provider.requests(KEYS)
    }
}

fn sources(kind: Kind, extent: Extent) -> Result<Vec<Row>> {
    let (scene, sources) = with_issuers(kind, "first")?;
    // Before any request: each brings about fetches from all of them.
    sources.iter().for_each(Source::fail);
    let begun = Instant::now();
    let first = |source: &Source| -> Result<Row> {
        let good = source.token("ES256-1")?;
        let bad = source.forged(extent.crowd() / BAD)?;
        let started = Instant::now();
        let (good_in, of, mut bad_let_in) = flood(&scene, extent.crowd(), &good, &bad);
        let (calls, took) = (source.calls(), started.elapsed());
        let status = calm(&scene, &good).to_string();
        bad_let_in += allowed(&scene.flood(&source.forged(1)?));
        Ok(Row {
            host: kind,
            kind: "source",
            fault: source.fault,
            status,
            known: None,
            good: (good_in, of),
            bad_let_in,
            calls,
            took,
            asked: begun.elapsed(),
            unknown: None,
            recovered: None,
        })
    };
    let mut rows = sources.iter().map(first).collect::<Result<Vec<_>>>()?;
    drop(scene);
    if extent == Extent::Full {
        later(kind, extent, &mut rows)?;
    }
    Ok(rows)
}

/// The same faults after a good start: what is known is used on.
fn later(kind: Kind, extent: Extent, rows: &mut [Row]) -> Result<()> {
    let (scene, sources) = with_issuers(kind, "later")?;
    for source in &sources {
        scene.flood(&[source.token("ES256-1")?]);
    }
    thread::sleep(REFETCH);
    let mut pending = Vec::new();
    for (row, source) in rows.iter_mut().zip(&sources) {
        let old = source.token("ES256-1")?;
        if source.fault != NONE {
            source.provider.rotate(Signing::Es256)?;
        }
        source.fail();
        let new = source.token(if source.fault == NONE { "ES256-1" } else { "ES256-2" })?;
        let before = source.calls();
        // The unknown first: what they bring about is what counts for the known.
        row.bad_let_in += allowed(&scene.flood(&source.forged(extent.crowd())?));
        row.unknown = Some(source.calls() - before);
        let answered = calm(&scene, &new);
        row.known = Some(calm(&scene, &old).to_string());
        if answered != 200 {
            pending.push((row, source, new));
        }
    }
    let over = Instant::now();
    pending.iter().for_each(|(_, source, _)| source.provider.recover());
    while !pending.is_empty() && over.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(100));
        pending.retain_mut(|(row, _, new)| {
            let is_over = scene.flood(std::slice::from_ref(new))[0] == 200;
            row.recovered = is_over.then(|| over.elapsed());
            !is_over
        });
    }
    Ok(())
}

fn asks(kind: Kind, extent: Extent) -> Result<Vec<Row>> {
    let identity = json!({
        "ask": ME,
        "subject": "/results/id",
        "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["user"]}}],
    });
    let name = format!("{}-faults-asks", kind.name());
    let scene = Scene::start(kind, &name, IdentityProvider::start_with(&[])?, json!({"identity": identity}))?;
    let provider = &scene.provider;
    let mut rows = Vec::new();
    for (number, (fault, fails)) in of_servers().enumerate() {
        let credential = |what: &str| format!("opaque-{what}-{number}-0123456789");
        for what in ["known", "crowd", "unknown"] {
            provider.admit(&credential(what), Person::new("alice", "user"));
        }
        calm(&scene, &credential("known"));
        if let Some(fault) = fails {
            provider.fail_at(ME, fault);
        }
        let known = calm(&scene, &credential("known")).to_string();
        let before = provider.requests(ME);
        let crowd = vec![credential("crowd"); extent.crowd()];
        let started = Instant::now();
        let good = allowed(&scene.flood(&crowd));
        let (calls, took) = (provider.requests(ME) - before, started.elapsed());
        let unknown = calm(&scene, &credential("unknown"));
        let bad_let_in = allowed(&scene.flood(&[credential("nobody")]));
        provider.recover();
        let recovered = (unknown != 200).then(|| until_allowed(&scene, &credential("unknown"))).flatten();
        rows.push(Row {
            host: kind,
            kind: "ask",
            fault,
            status: unknown.to_string(),
            // Of the component, another instance may be the one that knows.
            known: (kind != Kind::Component).then_some(known),
            good: (good, crowd.len()),
            bad_let_in,
            calls,
            took,
            asked: took,
            unknown: None,
            recovered,
        });
    }
    Ok(rows)
}

/// Workers KV. What it says is remembered for a second.
fn stores(extent: Extent) -> Result<Vec<Row>> {
    let provider = IdentityProvider::start_with(&[])?;
    let pepper = tokens::secret()?;
    let mut keys = Vec::new();
    for (number, (fault, fails)) in of_servers().enumerate() {
        let (id, stranger) = (format!("key{number}"), format!("none{number}"));
        let key = tokens::api_key(&id)?;
        let hash = tokens::key_hash(&pepper, &key)?;
        provider.store(&format!("/{id}"), json!({"id": id, "hash": hash, "roles": ["user"]}));
        keys.push((fault, fails, format!("/{id}"), key, tokens::api_key(&id)?, tokens::api_key(&stranger)?));
    }
    let members = json!({
        "api_keys": {"lookup": true, "pepper": {"env": "PEPPER"}},
        "upstream": {"credential": "strip"},
    });
    let scene = Scene::start_with_kv("worker-faults-kv", provider, members, &pepper)?;
    let mut rows = Vec::new();
    for (fault, fails, path, key, foreign, stranger) in keys {
        if let Some(fails) = fails {
            scene.provider.fail(fails);
        }
        // What a gigabyte of answers would measure is this machine.
        let crowd = if fails == Some(Fault::TooLong) { 10 } else { extent.crowd() };
        let bad: Vec<_> = [foreign, stranger].into_iter().cycle().take(crowd / BAD).collect();
        let started = Instant::now();
        let (good, of, bad_let_in) = flood(&scene, crowd, &key, &bad);
        let (calls, took) = (scene.provider.requests(&path), started.elapsed());
        let status = calm(&scene, &key);
        scene.provider.recover();
        let recovered = (status != 200).then(|| until_allowed(&scene, &key)).flatten();
        rows.push(Row {
            host: Kind::Worker,
            kind: "store",
            fault,
            status: status.to_string(),
            known: None,
            good: (good, of),
            bad_let_in,
            calls,
            took,
            asked: took,
            unknown: None,
            recovered,
        });
    }
    Ok(rows)
}
