//! Documents that are fetched while the gate runs: a machine without I/O. It says what to fetch, and is told what came.
//!
//! Keys are used while they are fresh, refreshed ahead of their end, and used on while they cannot be fetched, for as long as
//! the configuration says. A document that is not whole and right in every part changes nothing.

mod metadata;
mod rules;
mod schedule;
mod url;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::alg::Algorithm;
use crate::call::{Call, Reply};
use crate::jwk::{JwkSet, Source};
use crate::key::KeySet;
use crate::limits::{FETCH_SECS, FRESH_SECS, FRESH_SECS_MAX, FRESH_SECS_MIN, REPLY_BYTES};
use crate::time::UnixTime;
use schedule::{Schedule, Want};

pub use rules::{KeySource, SourcePlace};
pub use url::{UrlError, check_url};

/// What the media types of the fetched documents are.
const ACCEPT: &str = "application/json, application/jwk-set+json";

/// The algorithm of a key that names none and whose type fits several: what OpenID Connect signs with by default.
const USUAL: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::Ed25519,
];

/// The keys of all sources, as far as they are known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    entries: Vec<Entry>,
    /// Spreads the tries of many gates.
    seed: u64,
}

/// One source.
#[derive(Debug, Clone, Default)]
struct Entry {
    keys: Option<FetchedKeys>,
    /// Where its metadata say its keys are.
    keys_url: Option<String>,
    /// Which of the places of its metadata is tried.
    location: usize,
    /// Counts the sets that differ from the one before.
    generation: u64,
    schedule: Schedule,
    failure: Option<SourceFailure>,
}

#[derive(Debug, Clone)]
struct FetchedKeys {
    set: Arc<KeySet>,
    digest: [u8; 32],
    fetched_at: UnixTime,
    /// From when on they are not used, if nothing newer comes.
    end: UnixTime,
}

/// Why the last fetch brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceFailure {
    /// No answer: refused, timed out, cut off, or the host cannot reach it.
    NoAnswer,
    /// Another status than 200; a redirect, too.
    Status,
    /// Longer than [`REPLY_BYTES`].
    TooLong,
    /// Not announced as JSON.
    NotJson,
    /// Metadata that are unreadable, name another issuer, or keys at a place that nothing is fetched from.
    Metadata,
    /// A set that is unreadable, or has nothing usable in it, or something that must not be public.
    KeySet,
}

/// How a source is, for metrics and tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    /// The URL in the configuration.
    pub url: String,
    /// How many keys are known.
    pub keys: usize,
    /// How old they are, in seconds; `None` if there are none.
    pub age_secs: Option<u64>,
    /// Why the last fetch brought nothing, if it did not.
    pub failure: Option<SourceFailure>,
}

/// A fetch: which source it is for, and the ticket of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FetchId {
    pub(crate) source: usize,
    ticket: u64,
}

/// What becomes of a decision that lacks a key.
#[derive(Debug)]
pub(crate) enum KeysWanted {
    /// It waits for this call.
    Call(FetchId, Call),
    /// It waits for another's.
    UnderWay,
    /// It is made with what is there.
    Settled,
}

impl Sources {
    pub(crate) fn new(count: usize, seed: u64) -> Self {
        Self { entries: (0..count).map(|_| Entry::default()).collect(), seed }
    }

    /// The keys of a source at `now`; `None` if there are none that may be used.
    pub(crate) fn keys(&self, source: usize, now: UnixTime) -> Option<&KeySet> {
        let keys = self.entries.get(source)?.keys.as_ref()?;
        (now < keys.end).then_some(&*keys.set)
    }

    /// Counts the sets of a source: what was verified under another one is to be verified again.
    pub(crate) fn generation(&self, source: usize) -> u64 {
        self.entries.get(source).map_or(0, |entry| entry.generation)
    }

    /// In how many seconds it is worth asking a source again.
    pub(crate) fn retry_secs(&self, source: usize, now: UnixTime) -> u64 {
        self.entries.get(source).map_or(1, |entry| entry.schedule.retry_secs(now))
    }

    /// What a decision does that finds none of the keys it looks for.
    pub(crate) fn want(&mut self, rules: &[KeySource], source: usize, now: UnixTime) -> KeysWanted {
        let (Some(entry), Some(rules)) = (self.entries.get_mut(source), rules.get(source)) else {
            return KeysWanted::Settled;
        };
        match entry.schedule.refetch(now) {
            Want::Go(ticket) => KeysWanted::Call(FetchId { source, ticket }, entry.call(rules)),
            Want::UnderWay => KeysWanted::UnderWay,
            Want::Later(_) => KeysWanted::Settled,
        }
    }

    /// The next fetch that is due, if one is.
    pub(crate) fn due(&mut self, rules: &[KeySource], now: UnixTime) -> Option<(FetchId, Call)> {
        let mut numbered = self.entries.iter_mut().zip(rules).enumerate();
        numbered.find_map(|(source, (entry, rules))| match entry.schedule.refresh(now) {
            Want::Go(ticket) => Some((FetchId { source, ticket }, entry.call(rules))),
            Want::UnderWay | Want::Later(_) => None,
        })
    }

    /// Whether the last fetch of a source brought what it should: the keys that are there are all there are.
    pub(crate) fn is_sound(&self, source: usize) -> bool {
        self.entries.get(source).is_some_and(|entry| entry.failure.is_none())
    }

    /// Takes what a fetch has brought. Where that says where to look next, there is a further call.
    pub(crate) fn arrived(
        &mut self,
        rules: &[KeySource],
        id: FetchId,
        reply: Option<&Reply<'_>>,
        now: UnixTime,
    ) -> Option<Call> {
        let (entry, rules) = (self.entries.get_mut(id.source)?, rules.get(id.source)?);
        // A late answer is nobody's.
        if !entry.schedule.is_current(id.ticket) {
            return None;
        }
        match entry.take(rules, reply, now) {
            Ok(next) => next,
            Err(failure) => {
                entry.failure = Some(failure);
                // What the metadata said may be out of date.
                entry.keys_url = None;
                entry.location = 0;
                let jitter = Sha256::digest([self.seed.to_le_bytes(), id.ticket.to_le_bytes()].concat());
                let jitter = jitter.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
                entry.schedule.failed(now, jitter);
                None
            }
        }
    }

    /// How the sources are.
    pub(crate) fn status(&self, rules: &[KeySource], now: UnixTime) -> Vec<SourceStatus> {
        let status = |(entry, rules): (&Entry, &KeySource)| SourceStatus {
            url: rules.place.url().to_owned(),
            keys: entry.keys.as_ref().map_or(0, |keys| keys.set.keys().len()),
            age_secs: entry.keys.as_ref().map(|keys| now.as_secs().saturating_sub(keys.fetched_at.as_secs())),
            failure: entry.failure,
        };
        self.entries.iter().zip(rules).map(status).collect()
    }
}

impl Entry {
    /// The call that a fetch begins, or goes on, with.
    fn call(&self, rules: &KeySource) -> Call {
        match (&rules.place, &self.keys_url) {
            (SourcePlace::Set(url), _) | (SourcePlace::Metadata(_), Some(url)) => {
                Call::get(url, ACCEPT, FETCH_SECS)
            }
            (SourcePlace::Metadata(issuer), None) => {
                let [first, second] = metadata::locations(issuer);
                let url = if self.location == 0 { first } else { second };
                Call::get(&url, ACCEPT, FETCH_SECS)
            }
        }
    }

    fn take(
        &mut self,
        rules: &KeySource,
        reply: Option<&Reply<'_>>,
        now: UnixTime,
    ) -> Result<Option<Call>, SourceFailure> {
        let reply = reply.ok_or(SourceFailure::NoAnswer)?;
        let awaited = match (&rules.place, &self.keys_url) {
            (SourcePlace::Metadata(issuer), None) => Some(issuer),
            _ => None,
        };
        if awaited.is_some() && reply.status == 404 && self.location == 0 {
            self.location = 1;
            return Ok(Some(self.call(rules)));
        }
        if reply.status != 200 {
            return Err(SourceFailure::Status);
        }
        if reply.body.len() > REPLY_BYTES {
            return Err(SourceFailure::TooLong);
        }
        if !reply.is_json() {
            return Err(SourceFailure::NotJson);
        }
        if let Some(issuer) = awaited {
            self.keys_url = Some(metadata::keys_url(reply.body, issuer).ok_or(SourceFailure::Metadata)?);
            return Ok(Some(self.call(rules)));
        }
        self.install(rules, reply, now)?;
        Ok(None)
    }

    fn install(&mut self, rules: &KeySource, reply: &Reply<'_>, now: UnixTime) -> Result<(), SourceFailure> {
        let set = JwkSet::parse(reply.body, Source::Public).map_err(|_| SourceFailure::KeySet)?;
        let set = match rules.algorithms.as_slice() {
            [] => set.key_set_or(USUAL),
            allowed => set.key_set(allowed),
        };
        let set = Arc::new(set.map_err(|_| SourceFailure::KeySet)?);
        let digest = Sha256::digest(reply.body).into();
        let fresh_secs = reply.max_age_secs().unwrap_or(FRESH_SECS).clamp(FRESH_SECS_MIN, FRESH_SECS_MAX);
        if self.keys.as_ref().is_none_or(|keys| keys.digest != digest) {
            self.generation = self.generation.saturating_add(1);
        }
        let end = now.plus(fresh_secs).plus(rules.stale_secs);
        self.keys = Some(FetchedKeys { set, digest, fetched_at: now, end });
        self.failure = None;
        self.schedule.succeeded(now, fresh_secs);
        Ok(())
    }
}
