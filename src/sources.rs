//! Documents that are fetched while the gate runs: a machine without I/O. It says what to fetch, and is told what came.
//!
//! Keys are used while they are fresh, refreshed ahead of their end, and used on while they cannot be fetched, for as long as
//! the configuration says. A document that is not whole and right in every part changes nothing.

mod bundled;
mod metadata;
mod rules;
mod schedule;
mod status;
mod url;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::bundle::Bundle;
use crate::call::{Call, Reply};
use crate::error::{AuthError, WaitError};
use crate::jwk::{JwkSet, Source};
use crate::key::KeySet;
use crate::limits::{FETCH_SECS, FRESH_SECS, FRESH_SECS_MAX, FRESH_SECS_MIN, REPLY_BYTES};
use crate::time::UnixTime;
use bundled::{BundleEntry, Wanted};
use schedule::{Schedule, Want};

pub(crate) use rules::Rules;
pub use rules::{KeySource, SourcePlace};
pub use status::{SourceFailure, SourceKind, SourceStatus};
pub use url::{UrlError, check_url};

/// What the media types of the fetched documents are.
const ACCEPT: &str = "application/json, application/jwk-set+json";

/// The keys of all sources and the bundle, as far as they are known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    entries: Vec<Entry>,
    /// Numbered after the others; `None` for a gate that learns nothing, or has no bundle.
    bundle: Option<BundleEntry>,
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

/// What a decision has to do before it can rest on the bundle.
#[derive(Debug)]
pub(crate) enum BundleWanted {
    /// Nothing: it is there, or there is none to be.
    Nothing,
    /// It waits for this call.
    Call(FetchId, Call),
    /// It waits for another's.
    UnderWay,
    /// It cannot be made.
    Missing,
}

impl Sources {
    pub(crate) fn new(rules: Rules<'_>, seed: u64) -> Self {
        let entries = rules.keys.iter().map(|_| Entry::default()).collect();
        Self { entries, bundle: rules.bundle.map(|_| BundleEntry::default()), seed }
    }

    /// The keys of a source at `now`; `None` if there are none that may be used.
    pub(crate) fn keys(&self, source: usize, now: UnixTime) -> Option<&KeySet> {
        let keys = self.entries.get(source)?.keys.as_ref()?;
        (now < keys.end).then_some(&*keys.set)
    }

    /// The bundle at `now`; `None` if there is none that may be used.
    pub(crate) fn bundle(&self, now: UnixTime) -> Option<&Bundle> {
        self.bundle.as_ref()?.usable(now)
    }

    /// Why nothing is decided without the bundle.
    pub(crate) fn no_bundle(&self, now: UnixTime) -> AuthError {
        WaitError::Bundle { retry_secs: self.retry_secs(self.bundle_source(), now) }.into()
    }

    /// The number of the bundle among the sources.
    pub(crate) fn bundle_source(&self) -> usize {
        self.entries.len()
    }

    fn as_bundle(&self, source: usize) -> Option<&BundleEntry> {
        self.bundle.as_ref().filter(|_| source == self.entries.len())
    }

    /// Counts the sets of a source: what was verified under another one is to be verified again.
    pub(crate) fn generation(&self, source: usize) -> u64 {
        let of_keys = self.entries.get(source).map(|entry| entry.generation);
        of_keys.or_else(|| Some(self.as_bundle(source)?.generation)).unwrap_or_default()
    }

    /// Whether what was verified under this generation of a source still counts.
    pub(crate) fn is_current(&self, source: usize, generation: u64, now: UnixTime) -> bool {
        let is_there = self.keys(source, now).is_some()
            || self.as_bundle(source).is_some_and(|entry| entry.usable(now).is_some());
        is_there && self.generation(source) == generation
    }

    fn schedule(&self, source: usize) -> Option<&Schedule> {
        let of_keys = self.entries.get(source).map(|entry| &entry.schedule);
        of_keys.or_else(|| self.as_bundle(source).map(|entry| &entry.schedule))
    }

    /// In how many seconds it is worth asking a source again.
    pub(crate) fn retry_secs(&self, source: usize, now: UnixTime) -> u64 {
        self.schedule(source).map_or(1, |schedule| schedule.retry_secs(now))
    }

    /// What a decision does that finds none of the keys it looks for.
    pub(crate) fn want(&mut self, rules: Rules<'_>, source: usize, now: UnixTime) -> KeysWanted {
        let (want, call) = match (self.entries.get_mut(source), rules.keys.get(source)) {
            (Some(entry), Some(rules)) => (entry.schedule.refetch(now), entry.call(rules)),
            _ => match (self.bundle.as_mut().filter(|_| source == self.entries.len()), rules.bundle) {
                (Some(entry), Some((rules, _))) => (entry.schedule.refetch(now), BundleEntry::call(rules)),
                _ => return KeysWanted::Settled,
            },
        };
        match want {
            Want::Go(ticket) => KeysWanted::Call(FetchId { source, ticket }, call),
            Want::UnderWay => KeysWanted::UnderWay,
            Want::Later(_) => KeysWanted::Settled,
        }
    }

    /// What a decision does before anything that the bundle says counts.
    pub(crate) fn want_bundle(&mut self, rules: Rules<'_>, now: UnixTime) -> BundleWanted {
        let Some((rules, _)) = rules.bundle else { return BundleWanted::Nothing };
        let source = self.entries.len();
        // SECURITY: a gate that learns nothing has no bundle, and without it nobody gets in.
        let Some(entry) = &mut self.bundle else { return BundleWanted::Missing };
        match entry.wanted(now) {
            Wanted::Ready => BundleWanted::Nothing,
            Wanted::Go(ticket) => BundleWanted::Call(FetchId { source, ticket }, BundleEntry::call(rules)),
            Wanted::UnderWay => BundleWanted::UnderWay,
            Wanted::Missing => BundleWanted::Missing,
        }
    }

    /// The next fetch that is due, if one is.
    pub(crate) fn due(&mut self, rules: Rules<'_>, now: UnixTime) -> Option<(FetchId, Call)> {
        let mut numbered = self.entries.iter_mut().zip(rules.keys).enumerate();
        let of_keys = numbered.find_map(|(source, (entry, rules))| match entry.schedule.refresh(now) {
            Want::Go(ticket) => Some((FetchId { source, ticket }, entry.call(rules))),
            Want::UnderWay | Want::Later(_) => None,
        });
        if of_keys.is_some() {
            return of_keys;
        }
        let (entry, (rules, _)) = (self.bundle.as_mut()?, rules.bundle?);
        match entry.schedule.refresh(now) {
            Want::Go(ticket) => {
                let id = FetchId { source: self.entries.len(), ticket };
                Some((id, BundleEntry::call(rules)))
            }
            Want::UnderWay | Want::Later(_) => None,
        }
    }

    /// Whether the last fetch of a source brought what it should: the keys that are there are all there are.
    pub(crate) fn is_sound(&self, source: usize) -> bool {
        match self.entries.get(source) {
            Some(entry) => entry.failure.is_none(),
            None => self.as_bundle(source).is_some_and(|entry| entry.failure.is_none()),
        }
    }

    /// Takes what a fetch has brought. Where that says where to look next, there is a further call.
    pub(crate) fn arrived(
        &mut self,
        rules: Rules<'_>,
        id: FetchId,
        reply: Option<&Reply<'_>>,
        now: UnixTime,
    ) -> Option<Call> {
        // A late answer is nobody's.
        if !self.schedule(id.source)?.is_current(id.ticket) {
            return None;
        }
        let jitter = jitter(self.seed, id.ticket);
        let (Some(entry), Some(rules)) = (self.entries.get_mut(id.source), rules.keys.get(id.source)) else {
            let (entry, (rules, terms)) = (self.bundle.as_mut()?, rules.bundle?);
            if let Err(failure) = entry.take(rules, terms, reply, now) {
                entry.failure = Some(failure);
                entry.schedule.failed(now, jitter);
            }
            return None;
        };
        match entry.take(rules, reply, now) {
            Ok(next) => next,
            Err(failure) => {
                entry.failure = Some(failure);
                // What the metadata said may be out of date.
                entry.keys_url = None;
                entry.location = 0;
                entry.schedule.failed(now, jitter);
                None
            }
        }
    }

    /// How the sources are, the bundle after the others.
    pub(crate) fn status(&self, rules: Rules<'_>, now: UnixTime) -> Vec<SourceStatus> {
        let status = |(entry, rules): (&Entry, &KeySource)| SourceStatus {
            kind: SourceKind::Keys,
            url: rules.place.url().to_owned(),
            keys: entry.keys.as_ref().map_or(0, |keys| keys.set.keys().len()),
            age_secs: entry.keys.as_ref().map(|keys| now.as_secs().saturating_sub(keys.fetched_at.as_secs())),
            version: None,
            failure: entry.failure,
        };
        let bundle = self.bundle.as_ref().zip(rules.bundle);
        let bundle = bundle.map(|(entry, (rules, _))| entry.status(rules, now));
        self.entries.iter().zip(rules.keys).map(status).chain(bundle).collect()
    }
}

/// What spreads the tries of many gates.
fn jitter(seed: u64, ticket: u64) -> u64 {
    let digest = Sha256::digest([seed.to_le_bytes(), ticket.to_le_bytes()].concat());
    digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
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
        let set = Arc::new(set.usable(&rules.algorithms).map_err(|_| SourceFailure::KeySet)?);
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

#[cfg(test)]
mod tests {
    use super::jitter;

    #[test]
    fn tries_are_spread_over_gates_and_over_time() {
        assert_eq!(jitter(7, 1), jitter(7, 1));
        assert_ne!(jitter(7, 1), jitter(7, 2));
        assert_ne!(jitter(7, 1), jitter(8, 1));
    }
}
