//! What a gate remembers between requests: tokens that were verified, answers about callers, and who failed how often.
//!
//! Nothing in it lets anybody in that would not be let in without it: it holds what was decided, under the SHA-256 of the
//! whole credential, and everything that time or a change of keys can undo is looked at again.

mod cache;
mod window;

use alloc::boxed::Box;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::principal::Principal;
use crate::rate_limit::RateLimit;
use crate::request::Client;
use crate::time::UnixTime;
use cache::Cache;
use window::Window;

/// The SHA-256 of a credential, and of what it was used for.
pub(crate) type CredentialDigest = [u8; 32];

/// The digest of `credential`, which was used for `purpose`.
pub(crate) fn digest(purpose: u8, credential: &str) -> CredentialDigest {
    Sha256::new_with_prefix([purpose]).chain_update(credential.as_bytes()).finalize().into()
}

/// The digest of `text`, which was asked about for the credential with the digest `credential`.
pub(crate) fn digest_of(credential: &CredentialDigest, text: &str) -> CredentialDigest {
    Sha256::new_with_prefix(credential).chain_update(text.as_bytes()).finalize().into()
}

/// How large a memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemorySize {
    /// How many verified tokens and, apart from them, how many answers it holds; 0 switches both off.
    pub entries: usize,
    /// How many clients it counts the failures of.
    pub clients: usize,
}

/// What a gate remembers.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    tokens: Cache<CredentialDigest, Verified>,
    answers: Cache<CredentialDigest, Remembered>,
    asking: Cache<CredentialDigest, UnixTime>,
    failures: Cache<(usize, Client), Window>,
    counters: MemoryCounters,
}

/// A token that was verified, and under which keys.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) principal: Principal,
    /// The source of its issuer's keys and the generation of them, if they are fetched.
    pub(crate) keys: Option<(usize, u64)>,
}

/// What somebody said about a credential.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// Yes: this is who it is.
    Caller(Box<Principal>),
    /// Yes: the object is there for the caller.
    Yes,
    /// No.
    No,
}

#[derive(Debug, Clone)]
struct Remembered {
    said: Said,
    since: UnixTime,
    until: UnixTime,
}

/// How often a memory was of use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MemoryCounters {
    /// Verified tokens and answers that were there.
    pub hits: u64,
    /// Those that were not.
    pub misses: u64,
    /// Those that went to make room.
    pub evictions: u64,
    /// Those that are there.
    pub entries: usize,
}

impl Memory {
    pub(crate) fn new(size: MemorySize) -> Self {
        Self {
            tokens: Cache::new(size.entries),
            answers: Cache::new(size.entries),
            asking: Cache::new(size.entries),
            failures: Cache::new(size.clients),
            counters: MemoryCounters::default(),
        }
    }

    /// Remembers nothing.
    pub(crate) fn none() -> Self {
        Self::new(MemorySize { entries: 0, clients: 0 })
    }

    /// The token under `digest`, if it was verified; `is_current` tells whether under keys that still count.
    pub(crate) fn token(
        &mut self,
        digest: &CredentialDigest,
        is_current: impl FnOnce(usize, u64) -> bool,
    ) -> Option<Principal> {
        let verified = self.tokens.get(digest);
        let found = match verified {
            Some(verified)
                if verified.keys.is_none_or(|(source, generation)| is_current(source, generation)) =>
            {
                Some(verified.principal.clone())
            }
            _ => None,
        };
        self.count(found.is_some());
        found
    }

    pub(crate) fn keep_token(&mut self, digest: CredentialDigest, verified: Verified) {
        self.tokens.insert(digest, verified);
    }

    pub(crate) fn forget_token(&mut self, digest: &CredentialDigest) {
        self.tokens.remove(digest);
    }

    /// What was said under `digest`, if that still counts at `now`.
    pub(crate) fn answer(&mut self, digest: &CredentialDigest, now: UnixTime) -> Option<Said> {
        let remembered = self.answers.get(digest);
        // SECURITY: before it was said is as good as after its end: the clock was set back, and nobody knows its age.
        let counts = |remembered: &&mut Remembered| now >= remembered.since && now < remembered.until;
        let found = remembered.filter(counts).map(|remembered| remembered.said.clone());
        self.count(found.is_some());
        found
    }

    pub(crate) fn keep_answer(&mut self, digest: CredentialDigest, said: Said, now: UnixTime, secs: u64) {
        self.asking.remove(&digest);
        self.answers.insert(digest, Remembered { said, since: now, until: now.plus(secs) });
    }

    /// Whether somebody is asking; if not, whoever calls this does, and nobody else for `secs`.
    pub(crate) fn is_asking(&mut self, digest: CredentialDigest, now: UnixTime, secs: u64) -> bool {
        let until = now.plus(secs);
        // A time further ahead was written before the clock was set back.
        if self.asking.get(&digest).is_some_and(|end| now < *end && *end <= until) {
            return true;
        }
        self.asking.insert(digest, until);
        false
    }

    pub(crate) fn asked(&mut self, digest: &CredentialDigest) {
        self.asking.remove(digest);
    }

    /// In how many seconds `client` may do again what `limit` limits, if it may not now.
    pub(crate) fn exceeded(
        &mut self,
        what: usize,
        limit: RateLimit,
        client: Client,
        now: UnixTime,
    ) -> Option<u64> {
        let window = self.failures.get(&(what, client))?;
        *window = window.at(limit, now);
        window.exceeded(limit, now)
    }

    /// Notes that `client` has done what `limit` limits.
    pub(crate) fn note(&mut self, what: usize, limit: RateLimit, client: Client, now: UnixTime) {
        let known = self.failures.get(&(what, client)).copied().unwrap_or(Window::new(now));
        self.failures.insert((what, client), known.at(limit, now).plus_one());
    }

    /// Notes that `client` has done it as often as `limit` allows.
    pub(crate) fn fill(&mut self, what: usize, limit: RateLimit, client: Client, now: UnixTime) {
        self.failures.insert((what, client), Window::full(limit, now));
    }

    fn count(&mut self, hit: bool) {
        let counter = if hit { &mut self.counters.hits } else { &mut self.counters.misses };
        *counter = counter.saturating_add(1);
    }

    pub(crate) fn counters(&self) -> MemoryCounters {
        MemoryCounters {
            evictions: self.tokens.evictions().saturating_add(self.answers.evictions()),
            entries: self.tokens.len().saturating_add(self.answers.len()),
            ..self.counters
        }
    }
}
