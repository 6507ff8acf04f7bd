//! The bundle, as it is fetched.

use super::schedule::{Schedule, Want};
use super::status::{SourceFailure, SourceKind, SourceStatus};
use crate::bundle::{Bundle, BundleError, BundleSource, Terms};
use crate::call::{Call, Reply};
use crate::limits::{
    BUNDLE_BYTES, BUNDLE_FRESH_SECS, BUNDLE_FRESH_SECS_MAX, BUNDLE_FRESH_SECS_MIN, CLOCK_STEP_SECS,
    FETCH_SECS,
};
use crate::time::UnixTime;

/// What a JWS is announced as, by those who know; the signature tells what it is.
const ACCEPT: &str = "application/jose, */*;q=0.1";

/// The bundle, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct BundleEntry {
    /// INVARIANT: its version only ever rises.
    bundle: Option<Bundle>,
    fetched_at: Option<UnixTime>,
    fresh_secs: u64,
    /// Counts the bundles that differ from the one before.
    pub(super) generation: u64,
    pub(super) schedule: Schedule,
    pub(super) failure: Option<SourceFailure>,
}

/// What a decision does about the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It uses the one that is there.
    Ready,
    /// It fetches one, with this ticket.
    Go(u64),
    /// It waits for somebody who fetches one; if that takes too long, it uses the one that is there, if there is one.
    UnderWay,
    /// There is none.
    Missing,
}

impl BundleEntry {
    /// The bundle, if it may be used at `now`.
    pub(super) fn usable(&self, now: UnixTime) -> Option<&Bundle> {
        self.bundle.as_ref().filter(|bundle| bundle.is_usable(now))
    }

    pub(super) fn call(rules: &BundleSource) -> Call {
        Call::get(&rules.url, ACCEPT, FETCH_SECS)
    }

    /// What a decision does at `now`.
    ///
    /// An instance that was idle has nobody to fetch in the background: the first decision after that fetches, so that what was
    /// taken back meanwhile counts. Where the last try has failed, the bundle is used as long as it may be, and nobody waits but
    /// whoever tries again.
    pub(super) fn wanted(&mut self, now: UnixTime) -> Wanted {
        let is_usable = self.usable(now).is_some();
        if is_usable && self.is_fresh(now) {
            return Wanted::Ready;
        }
        let want = if is_usable { self.schedule.refresh(now) } else { self.schedule.refetch(now) };
        match want {
            Want::Go(ticket) => Wanted::Go(ticket),
            Want::UnderWay if is_usable && self.failure.is_some() => Wanted::Ready,
            Want::UnderWay => Wanted::UnderWay,
            Want::Later(_) if is_usable => Wanted::Ready,
            Want::Later(_) => Wanted::Missing,
        }
    }

    /// Whether it was fetched so lately that nobody need ask. It was not if the clock was set back: nobody knows how old it is.
    fn is_fresh(&self, now: UnixTime) -> bool {
        self.fetched_at.is_some_and(|at| at <= now.plus(CLOCK_STEP_SECS) && now < at.plus(self.fresh_secs))
    }

    pub(super) fn take(
        &mut self,
        rules: &BundleSource,
        terms: Terms<'_>,
        reply: Option<&Reply<'_>>,
        now: UnixTime,
    ) -> Result<(), SourceFailure> {
        let reply = reply.ok_or(SourceFailure::NoAnswer)?;
        if reply.status != 200 {
            return Err(SourceFailure::Status);
        }
        if reply.body.len() > BUNDLE_BYTES {
            return Err(SourceFailure::TooLong);
        }
        let bundle = rules.install(reply.body, self.bundle.as_ref(), terms, now)?;
        if self.bundle.as_ref().is_none_or(|before| !before.is(&bundle)) {
            self.generation = self.generation.saturating_add(1);
        }
        self.bundle = Some(bundle);
        let fresh_secs = reply.max_age_secs().unwrap_or(BUNDLE_FRESH_SECS);
        self.fresh_secs = fresh_secs.clamp(BUNDLE_FRESH_SECS_MIN, BUNDLE_FRESH_SECS_MAX);
        self.fetched_at = Some(now);
        self.failure = None;
        self.schedule.succeeded(now, self.fresh_secs);
        Ok(())
    }

    pub(super) fn status(&self, rules: &BundleSource, now: UnixTime) -> SourceStatus {
        let usable = self.usable(now);
        let age = |at: UnixTime| now.as_secs().saturating_sub(at.as_secs());
        SourceStatus {
            kind: SourceKind::Bundle,
            url: rules.url.clone(),
            keys: usable.map_or(0, Bundle::size),
            age_secs: usable.and(self.fetched_at).map(age),
            version: usable.map(|bundle| bundle.version),
            failure: self.failure,
        }
    }
}

impl From<BundleError> for SourceFailure {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::TooLong => Self::TooLong,
            BundleError::NotSigned(_) | BundleError::Type => Self::Signature,
            BundleError::IssuedInFuture { .. } | BundleError::Expired { .. } => Self::Expired,
            BundleError::Older { .. } | BundleError::Changed(_) => Self::Older,
            BundleError::Contents(_)
            | BundleError::Records(_)
            | BundleError::NoApiKeys
            | BundleError::Role(_)
            | BundleError::NoKeys(_)
            | BundleError::Keys { .. } => Self::Contents,
        }
    }
}
