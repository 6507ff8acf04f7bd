//! What a gate remembers between requests: tokens that were verified, answers about callers, what a store said a moment ago,
//! questions that failed then, and which clients failed how often.
//!
//! Nothing in it lets anybody in that would not be let in without it: it holds what was decided, under the BLAKE2b of the
//! whole credential, and everything that time or a change of keys can undo is looked at again.

mod cache;
mod window;

use alloc::sync::Arc;

use blake2::{Blake2b256, Digest};
use serde::Serialize;

use crate::api_key::RecordLookup;
use crate::error::AuthError;
use crate::limits::{CLOCK_STEP_SECS, FAILED_SECS, RECORD_SECS};
use crate::principal::Principal;
use crate::rate_limit::RateLimit;
use crate::request::Client;
use crate::time::UnixTime;
use cache::Cache;
use window::Window;

/// The BLAKE2b ([RFC 7693](https://www.rfc-editor.org/rfc/rfc7693)) of a credential, and of what it was used for: no other
/// can be found that has it, as with SHA-256, and it takes a fraction of the time, in WebAssembly too, which has its 64-bit words.
pub(crate) type CredentialDigest = [u8; 32];

/// The digest of `credential`, which was used for `purpose`.
pub(crate) fn digest(purpose: u8, credential: &str) -> CredentialDigest {
    Blake2b256::new_with_prefix([purpose]).chain_update(credential.as_bytes()).finalize().into()
}

/// The digest of `text`, which was asked about for the credential with the digest `credential`.
pub(crate) fn digest_of(credential: &CredentialDigest, text: &str) -> CredentialDigest {
    Blake2b256::new_with_prefix(credential).chain_update(text.as_bytes()).finalize().into()
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
    flights: Cache<CredentialDigest, Flight>,
    records: Cache<CredentialDigest, (RecordLookup, UnixTime)>,
    /// The latest time at which either was looked at.
    latest: UnixTime,
    /// The latest time that the clock showed before it was set back.
    set_back: Option<UnixTime>,
    failures: Cache<(usize, Client), Window>,
    counters: MemoryCounters,
}

/// A token that was verified, and under which keys.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) principal: Arc<Principal>,
    /// The source of its issuer's keys and the generation of them, if they are fetched.
    pub(crate) keys: Option<(usize, u64)>,
}

/// What somebody said about a credential.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// Yes: this is who it is.
    Caller(Arc<Principal>),
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

/// A question that has no answer.
#[derive(Debug, Clone)]
enum Flight {
    /// Somebody asks it; until when that counts.
    UnderWay(UnixTime),
    /// It failed, for this reason.
    Failed(AuthError, UnixTime),
}

/// What whoever has a question does about it.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Asks: nobody else does.
    Ask,
    /// Waits: somebody else is asking.
    Wait,
    /// Does without: it failed a moment ago, for this reason.
    Fail(AuthError),
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
            flights: Cache::new(size.entries),
            records: Cache::new(size.entries),
            latest: UnixTime::from_secs(0),
            set_back: None,
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
    ) -> Option<Arc<Principal>> {
        let verified = self.tokens.get(digest);
        let found = match verified {
            Some(verified)
                if verified.keys.is_none_or(|(source, generation)| is_current(source, generation)) =>
            {
                Some(Arc::clone(&verified.principal))
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
        self.see(now);
        let remembered = self.answers.get(digest);
        // SECURITY: before it was said is as good as after its end: the clock was set back, and nobody knows its age.
        let counts = |remembered: &&mut Remembered| now >= remembered.since && now < remembered.until;
        let found = remembered.filter(counts).map(|remembered| remembered.said.clone());
        self.count(found.is_some());
        found
    }

    /// Forgets all answers if the clock was set back.
    fn see(&mut self, now: UnixTime) {
        // SECURITY: nobody knows how old they are; by the clock, they would count for longer than they may.
        if now.plus(CLOCK_STEP_SECS) < self.latest {
            self.answers.clear();
            self.flights.clear();
            self.records.clear();
            self.set_back = self.set_back.max(Some(self.latest));
            self.latest = now;
        }
        self.latest = self.latest.max(now);
    }

    /// Keeps what was said at `now`, which counts for `secs`.
    pub(crate) fn keep_answer(&mut self, digest: CredentialDigest, said: Said, now: UnixTime, secs: u64) {
        self.keep_answer_of(now, digest, said, now, secs);
    }

    /// The same of what was said at `given`: it counts for `secs` from then on.
    pub(crate) fn keep_answer_of(
        &mut self,
        given: UnixTime,
        digest: CredentialDigest,
        said: Said,
        now: UnixTime,
        secs: u64,
    ) {
        self.see(now);
        self.flights.remove(&digest);
        self.answers.insert(digest, Remembered { said, since: given, until: given.plus(secs) });
    }

    /// Whether the age that something from the instant `given` has by the clock is its age: it is not from the future, and not
    /// from a time that the clock has shown twice.
    pub(crate) fn can_tell_age(&mut self, given: UnixTime, now: UnixTime) -> bool {
        self.see(now);
        given <= now && self.set_back.is_none_or(|set_back| given > set_back)
    }

    /// What to do about the question `digest`, which has no answer that counts; to ask it is nobody else's turn for `secs`.
    pub(crate) fn turn(&mut self, digest: CredentialDigest, now: UnixTime, secs: u64) -> Turn {
        if let Some(error) = self.failed(&digest, now) {
            return Turn::Fail(error);
        }
        let until = now.plus(secs);
        match self.flights.get(&digest) {
            // A time further ahead than threads of one host differ was written before the clock was set back.
            Some(Flight::UnderWay(end)) if now < *end && *end <= until.plus(CLOCK_STEP_SECS) => Turn::Wait,
            _ => {
                self.flights.insert(digest, Flight::UnderWay(until));
                Turn::Ask
            }
        }
    }

    /// Why the question `digest` failed, if that was a moment ago.
    pub(crate) fn failed(&mut self, digest: &CredentialDigest, now: UnixTime) -> Option<AuthError> {
        self.see(now);
        match self.flights.get(digest) {
            Some(Flight::Failed(error, since)) if now >= *since && now < since.plus(FAILED_SECS) => {
                Some(error.clone())
            }
            _ => None,
        }
    }

    /// Notes that nobody asks the question `digest` any longer, whatever came of it.
    pub(crate) fn land(&mut self, digest: &CredentialDigest) {
        self.flights.remove(digest);
    }

    /// What a store said of the API key with this `digest`, if that was a moment ago.
    pub(crate) fn record(&mut self, digest: &CredentialDigest, now: UnixTime) -> Option<RecordLookup> {
        self.see(now);
        let (found, since) = self.records.get(digest)?;
        (now >= *since && now < since.plus(RECORD_SECS)).then(|| found.clone())
    }

    pub(crate) fn keep_record(&mut self, digest: CredentialDigest, found: RecordLookup, now: UnixTime) {
        self.see(now);
        self.flights.remove(&digest);
        self.records.insert(digest, (found, now));
    }

    /// Notes that the question `digest` failed. An answer that counts goes on counting.
    pub(crate) fn keep_failure(&mut self, digest: CredentialDigest, error: AuthError, now: UnixTime) {
        self.see(now);
        self.flights.insert(digest, Flight::Failed(error, now));
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

#[cfg(test)]
mod tests {
    use super::{Memory, MemorySize};
    use crate::time::UnixTime;

    #[test]
    fn an_age_can_be_told_of_what_is_later_than_all_that_the_clock_showed_twice() {
        let mut memory = Memory::new(MemorySize { entries: 1, clients: 0 });
        let mut can_tell =
            |given, now| memory.can_tell_age(UnixTime::from_secs(given), UnixTime::from_secs(now));
        assert!(can_tell(100, 100) && can_tell(1, 100));
        assert!(!can_tell(101, 100), "from the future");
        // The clock is set back.
        assert!(!can_tell(50, 60) && !can_tell(60, 60));
        assert!(!can_tell(99, 200) && !can_tell(100, 200) && can_tell(101, 200));
    }
}
