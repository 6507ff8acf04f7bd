//! Answers that isolates share in the cache of their colo: several workerds before one cache.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use portcullis::RevokedItem;
use portcullis::limits::ASK_SECS;
use portcullis_host_tests::hosts::Running;
use portcullis_host_tests::runtime;
use portcullis_test_support::cache::{CacheMode, SharedCache};
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::workerd::{Bound, WorkerSettings, Workerd};
use portcullis_test_support::identity_provider::{IdentityProvider, ME, OBJECTS, Person, Signing};
use portcullis_test_support::kv::{Namespace, Stored};
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::scene::{PATH, expect, issuer_by_url};

const HOUR: i64 = 3600;
const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const OTHER_SECRET: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
/// What callers call the gate, whichever isolate answers.
const HOST: &str = "gate.example";
/// Who was taken back by a revocation in the store.
const REVOKED: &str = "mallory";

/// An identity provider that is the origin as well, a cache, and a store of revocations.
struct Colo {
    provider: IdentityProvider,
    cache: SharedCache,
    store: Namespace,
    runtime: Runtime,
    /// Whether the machine was too slow for what is checked.
    was_late: Cell<bool>,
}

impl Colo {
    fn new() -> Result<Self> {
        let runtime = runtime()?;
        let before = json!({"before": "2099-01-01T00:00:00Z"}).to_string();
        let revoked = [(RevokedItem::Subject(REVOKED).store_key(), Stored::Text(before))];
        Ok(Self {
            provider: IdentityProvider::start_with(&[Signing::Es256])?,
            cache: runtime.block_on(SharedCache::serve())?,
            store: runtime.block_on(Namespace::serve(BTreeMap::from(revoked)))?,
            runtime,
            was_late: Cell::new(false),
        })
    }

    /// A document whose callers are asked about, with `memory`.
    fn document(&self, memory: &Value) -> Value {
        let object = format!("GET {OBJECTS}{{id}}/documents");
        let asks = json!({"path.id": {"ask": format!("{OBJECTS}{{}}")}});
        json!({
            "profile": "agentflow",
            "issuers": [issuer_by_url(&self.provider)],
            "identity": {
                "ask": ME,
                "about": ["opaque", "tokens"],
                "active": {"/results/is_active": true},
                "subject": "/results/id",
                "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["user"]}}],
            },
            "policy": {"routes": {object: {"access": "checkpointer:read", "where": asks}}},
            "revoked": {"lookup": true},
            "memory": memory,
        })
    }

    /// An isolate with this document and secret.
    fn isolate(&self, name: &str, document: &Value, secret: &str) -> Result<Isolate<'_>> {
        let settings = WorkerSettings {
            config: document.to_string(),
            secrets: BTreeMap::from([("CACHE_SECRET".to_owned(), secret.to_owned())]),
            origin: self.provider.issuer(),
            kv: Some(self.store.address()),
        };
        let bound = Bound::default().with_clock().with_cache(self.cache.address());
        let name = format!("live-shared-{name}");
        let worker = Workerd::start_bound(&settings, &bound, Running::worker()?, &name)?;
        Ok(Isolate { worker, colo: self })
    }

    /// What was put into the cache under the one name that `before` does not have.
    fn new_entry(&self, before: &BTreeMap<String, String>) -> Result<(String, String)> {
        self.cache.new_entry(before).context("nothing was put into the cache")
    }

    fn admit(&self, credential: &str, subject: &str) {
        self.provider.admit(credential, Person::new(subject, "user"));
    }

    fn asked(&self) -> usize {
        self.provider.requests(ME)
    }
}

struct Isolate<'c> {
    worker: Workerd,
    colo: &'c Colo,
}

impl Isolate<'_> {
    /// The status of a GET of `target` when it is `shift` seconds later.
    fn get(&self, target: &str, shift: i64, credential: &str) -> Result<u16> {
        let request = Request::new("GET", target).bearer(credential).header("Host", HOST);
        let request = request.header("X-Test-Clock", shift.to_string());
        Ok(self.colo.runtime.block_on(client::send(self.worker.address(), &request))?.status)
    }

    fn ask(&self, shift: i64, credential: &str) -> Result<u16> {
        self.get(PATH, shift, credential)
    }
}

impl Drop for Isolate<'_> {
    fn drop(&mut self) {
        if self.worker.wait_for_log(&[LATE], Duration::from_millis(500)).contains(LATE) {
            self.colo.was_late.set(true);
        }
    }
}

fn shared() -> Value {
    json!({"shared": {"secret": {"env": "CACHE_SECRET"}}})
}

/// What is said of a look that took too long, or that failed.
const LATE: &str = "portcullis: nothing from the shared cache";
/// How often a scene is played that a busy machine was too slow for.
const TRIES: usize = 4;

/// Plays `scene`, again if one of its isolates has not waited for the cache: then it asks, as it must, and the checks are about
/// nothing.
fn unless_late(summary: &mut Summary, scene: fn(&Colo, &mut Summary) -> Result<()>) -> Result<()> {
    for attempt in 1..=TRIES {
        let (colo, mut played) = (Colo::new()?, Summary::default());
        let end = scene(&colo, &mut played);
        let is_well = end.is_ok() && played.failed.is_empty();
        if attempt == TRIES || is_well || !colo.was_late.get() {
            summary.add(played);
            return end;
        }
    }
    Ok(())
}

/// A second isolate does not ask what a first one was told, for as long as that counts, and from when it was told.
pub(crate) fn answers(summary: &mut Summary) -> Result<()> {
    unless_late(summary, answers_once)
}

fn answers_once(colo: &Colo, summary: &mut Summary) -> Result<()> {
    let document = colo.document(&shared());
    let (first, second) =
        (colo.isolate("first", &document, SECRET)?, colo.isolate("second", &document, SECRET)?);
    let started = Instant::now();

    let alice = "opaque-of-alice-0123456789";
    colo.admit(alice, "alice");
    expect(summary, "a yes", first.ask(0, alice)?, 200);
    expect(summary, "entries", colo.cache.entries_after(1).len(), 1);
    // Not any more.
    colo.provider.dismiss(alice);
    expect(summary, "a yes of the other isolate's", second.ask(20, alice)?, 200);
    expect(summary, "the same, remembered", second.ask(21, alice)?, 200);
    expect(summary, "questions", colo.asked(), 1);
    expect(summary, "after the time of a yes", second.ask(31, alice)?, 401);
    expect(summary, "questions", colo.asked(), 2);

    let nobody = "opaque-of-nobody-0123456789";
    expect(summary, "a no", first.ask(40, nobody)?, 401);
    expect(summary, "entries", colo.cache.entries_after(3).len(), 2);
    colo.admit(nobody, "bob");
    expect(summary, "a no of the other isolate's", second.ask(40, nobody)?, 401);
    expect(summary, "questions", colo.asked(), 3);
    expect(summary, "after the time of a no", second.ask(46, nobody)?, 200);
    expect(summary, "questions", colo.asked(), 4);
    colo.cache.entries_after(4);

    // An object: the caller is known by now.
    let (documents, object) = (format!("{OBJECTS}one/documents"), format!("{OBJECTS}one"));
    colo.provider.give("one", nobody);
    expect(summary, "an object", first.get(&documents, 50, nobody)?, 200);
    colo.cache.entries_after(5);
    expect(summary, "the same, at the other isolate", second.get(&documents, 51, nobody)?, 200);
    expect(summary, "questions about the object", colo.provider.requests(&object), 1);

    // Revocations come last.
    let taken_back = "opaque-of-mallory-0123456789";
    colo.admit(taken_back, REVOKED);
    let entries = colo.cache.entries();
    expect(summary, "a revocation", first.ask(60, taken_back)?, 401);
    let (name, sealed) = colo.new_entry(&entries)?;
    expect(summary, "the same, despite a yes", second.ask(61, taken_back)?, 401);
    expect(summary, "questions", colo.asked(), 5);

    // What needs nobody comes first.
    let looks = colo.cache.looks().len();
    let token = colo.provider.token("ES256-1", "alice", "user")?;
    colo.admit(&token, "alice");
    expect(summary, "a token", first.ask(62, &token)?, 200);
    colo.cache.entries_after(7);
    expect(summary, "the same, at the other isolate", second.ask(63, &token)?, 200);
    expect(summary, "questions", colo.asked(), 6);
    expect(summary, "after its end", second.ask(HOUR, &token)?, 401);
    expect(summary, "looks", colo.cache.looks().len() - looks, 2);
    // No isolate has waited longer than a no counts.
    if started.elapsed() > Duration::from_secs(4) {
        colo.was_late.set(true);
    }

    // A clock that shows a time again does not tell the age of what is from then.
    let carol = "opaque-of-carol-0123456789";
    colo.admit(carol, "carol");
    expect(summary, "a yes", first.ask(70, carol)?, 200);
    colo.cache.entries_after(8);
    let dave = "opaque-of-dave-0123456789";
    colo.admit(dave, "dave");
    expect(summary, "an hour later", second.ask(HOUR, dave)?, 200);
    expect(summary, "the same, by a clock that was set back", second.ask(71, carol)?, 200);
    expect(summary, "questions", colo.asked(), 9);

    // Neither a name nor an entry says anything.
    let digest = RevokedItem::Subject(taken_back).store_key().replace("subject:", "");
    for text in [&name, &sealed] {
        for part in [taken_back, REVOKED, &digest] {
            expect(summary, &format!("{part} in the cache"), text.contains(part), false);
        }
    }
    expect(summary, "the name of an entry", name.starts_with("gate.example/.portcullis/shared/"), true);
    Ok(())
}

/// What becomes of an entry, and by what.
type Change<'c> = (&'static str, &'c dyn Fn(&str) -> String);

/// Nothing that others write, move or keep lets anybody in, and whatever it is, the origin is asked.
pub(crate) fn what_others_write(summary: &mut Summary) -> Result<()> {
    unless_late(summary, what_others_write_once)
}

fn what_others_write_once(colo: &Colo, summary: &mut Summary) -> Result<()> {
    let document = colo.document(&shared());
    let (first, second) =
        (colo.isolate("writes-first", &document, SECRET)?, colo.isolate("writes-second", &document, SECRET)?);

    // An answer of the first isolate's about `credential`, whom the origin does not know any longer.
    let known_once = |credential: &str| -> Result<(String, String)> {
        let before = colo.cache.entries();
        colo.admit(credential, "alice");
        expect_ok(first.ask(0, credential)?)?;
        let entry = colo.new_entry(&before)?;
        colo.provider.dismiss(credential);
        Ok(entry)
    };
    let (_, others) = known_once("opaque-of-somebody-else")?;
    let credential = |number: usize| format!("opaque-of-number-{number}");
    let flipped = |text: &str, at: usize| -> String {
        let flip = |(index, char)| match (index == at, char) {
            (false, char) => char,
            (true, 'A') => 'B',
            (true, _) => 'A',
        };
        text.chars().enumerate().map(flip).collect()
    };
    let changes: [Change<'_>; 7] = [
        ("nothing at all", &|_| String::new()),
        ("JSON", &|_| json!({"results": {"id": "alice", "is_active": true}}).to_string()),
        ("another salt", &|text| flipped(text, 0)),
        ("another content", &|text| flipped(text, 60)),
        ("its beginning", &|text| text.chars().take(60).collect()),
        ("another credential's answer", &|_| others.clone()),
        ("a megabyte", &|text| text.repeat(1 + 1_000_000 / text.len())),
    ];
    for (number, (what, change)) in changes.iter().enumerate() {
        let credential = credential(number);
        let (name, sealed) = known_once(&credential)?;
        colo.cache.write(&name, change(&sealed));
        let asked = colo.asked();
        expect(summary, what, second.ask(0, &credential)?, 401);
        expect(summary, &format!("{what}, questions"), colo.asked() - asked, 1);
    }

    // An entry as it was made is of use, so that the refusals above are no accident; but not in an isolate whose clock is behind.
    let (_, sealed) = known_once("opaque-of-whom-to-believe")?;
    expect(summary, "an entry", second.ask(0, "opaque-of-whom-to-believe")?, 200);
    let elsewhere = [
        ("another secret", document.clone(), OTHER_SECRET, 0),
        ("another configuration", with(&document, "audit", json!({"reason_header": true})), SECRET, 0),
        ("the past", document.clone(), SECRET, -HOUR),
    ];
    for (what, document, secret, shift) in elsewhere {
        let isolate = colo.isolate("elsewhere", &document, secret)?;
        colo.cache.set_mode(CacheMode::Instead(sealed.clone()));
        let asked = colo.asked();
        expect(summary, what, isolate.ask(shift, "opaque-of-whom-to-believe")?, 401);
        expect(summary, &format!("{what}, questions"), colo.asked() - asked, 1);
        colo.cache.set_mode(CacheMode::Serve);
    }
    Ok(())
}

fn with(document: &Value, name: &str, value: Value) -> Value {
    let mut document = document.clone();
    document[name] = value;
    document
}

fn expect_ok(status: u16) -> Result<()> {
    anyhow::ensure!(status == 200, "the origin knows the credential, and the status is {status}");
    Ok(())
}

/// A cache that fails or hangs is as good as none, and without the member there is none.
pub(crate) fn a_cache_that_fails(summary: &mut Summary) -> Result<()> {
    let colo = Colo::new()?;
    let isolate = colo.isolate("fails", &colo.document(&shared()), SECRET)?;
    for (mode, credential) in [(CacheMode::Fail, "opaque-of-alice"), (CacheMode::Hang, "opaque-of-bob")] {
        colo.admit(credential, "alice");
        let what = format!("{mode:?}");
        colo.cache.set_mode(mode);
        let (asked, started) = (colo.asked(), Instant::now());
        expect(summary, &what, isolate.ask(0, credential)?, 200);
        expect(summary, &format!("{what}, questions"), colo.asked() - asked, 1);
        // Less than a question alone may take.
        let in_time = started.elapsed() < Duration::from_secs(ASK_SECS);
        expect(summary, &format!("{what}, in time"), in_time, true);
        expect(summary, &format!("{what}, a no"), isolate.ask(0, &format!("not-{credential}"))?, 401);
    }
    colo.cache.set_mode(CacheMode::Serve);

    let plain = colo.isolate("plain", &colo.document(&json!({})), SECRET)?;
    let (looks, puts) = (colo.cache.looks().len(), colo.cache.puts());
    expect(summary, "without the member", plain.ask(0, "opaque-of-alice")?, 200);
    expect(summary, "a no without the member", plain.ask(0, "opaque-of-nobody")?, 401);
    // By now a put would have come.
    expect(summary, "remembered", plain.ask(1, "opaque-of-alice")?, 200);
    expect(summary, "looks", colo.cache.looks().len() - looks, 0);
    expect(summary, "puts", colo.cache.puts() - puts, 0);
    Ok(())
}
