//! When a document is fetched: ahead of its end, once at a time, and seldom where that fails.

use crate::limits::{BACKOFF_SECS_MAX, CLOCK_STEP_SECS, FLIGHT_SECS, REFETCH_SECS};
use crate::time::UnixTime;

/// When one document was fetched, and when it will be again.
#[derive(Debug, Clone, Default)]
pub(super) struct Schedule {
    /// The fetch under way.
    flight: Option<Flight>,
    /// Counts fetches, so that a late answer is known for one.
    tickets: u64,
    /// When it is due; at once if nobody has tried yet.
    due: Option<UnixTime>,
    last_try: Option<UnixTime>,
    /// Failures since the last success.
    failures: u32,
    /// The latest time seen.
    seen: Option<UnixTime>,
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    ticket: u64,
    /// From when on nobody reckons with an answer any longer.
    until: UnixTime,
}

/// Whether somebody fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Whoever asks, with this ticket.
    Go(u64),
    /// Somebody does.
    UnderWay,
    /// Nobody, for this many seconds.
    Later(u64),
}

impl Schedule {
    /// A fetch ahead of time.
    pub(super) fn refresh(&mut self, now: UnixTime) -> Want {
        self.want(now, self.due)
    }

    /// A fetch for a decision that the document as it is leaves open: `REFETCH_SECS` after the last try, and where nothing
    /// could be fetched yet, when that is tried again.
    pub(super) fn refetch(&mut self, now: UnixTime) -> Want {
        let again = match self.failures {
            0 => self.last_try.map(|last| last.plus(REFETCH_SECS)),
            _ => self.due,
        };
        self.want(now, again)
    }

    fn want(&mut self, now: UnixTime, not_before: Option<UnixTime>) -> Want {
        let not_before = if self.stepped_back(now) { None } else { not_before };
        if self.flight.is_some_and(|flight| now < flight.until) {
            return Want::UnderWay;
        }
        // Whoever fetched has not come back: it is time to try again.
        let not_before = if self.flight.take().is_some() { None } else { not_before };
        if let Some(at) = not_before.filter(|at| now < *at) {
            return Want::Later(at.as_secs().saturating_sub(now.as_secs()));
        }
        self.tickets = self.tickets.saturating_add(1);
        self.flight = Some(Flight { ticket: self.tickets, until: now.plus(FLIGHT_SECS) });
        self.last_try = Some(now);
        Want::Go(self.tickets)
    }

    /// Whether the clock was set back. Whatever was to happen at a time does so at once then: nobody knows how long ago
    /// anything was.
    fn stepped_back(&mut self, now: UnixTime) -> bool {
        let back = self.seen.is_some_and(|seen| now.plus(CLOCK_STEP_SECS) < seen);
        if back {
            self.flight = None;
        }
        if back || self.seen.is_none_or(|seen| seen < now) {
            self.seen = Some(now);
        }
        back
    }

    /// Whether `ticket` is the one of the fetch under way, however long it took.
    pub(super) fn is_current(&self, ticket: u64) -> bool {
        self.flight.is_some_and(|flight| flight.ticket == ticket)
    }

    /// The fetch has brought a document that is fresh for `fresh_secs`.
    pub(super) fn succeeded(&mut self, now: UnixTime, fresh_secs: u64) {
        self.flight = None;
        self.failures = 0;
        // A tenth ahead of its end.
        self.due = Some(now.plus(fresh_secs.saturating_sub(fresh_secs / 10)));
    }

    /// The fetch has brought nothing that is of use. `jitter` is any number: it spreads the next tries of many gates.
    pub(super) fn failed(&mut self, now: UnixTime, jitter: u64) {
        self.flight = None;
        let delay = 5_u64.saturating_mul(1 << self.failures.min(6)).min(BACKOFF_SECS_MAX);
        let spread = jitter.checked_rem((delay / 4).max(1)).unwrap_or_default();
        self.failures = self.failures.saturating_add(1);
        self.due = Some(now.plus(delay.saturating_sub(spread)));
    }

    /// In how many seconds it is worth asking again, at least 1.
    pub(super) fn retry_secs(&self, now: UnixTime) -> u64 {
        let due = self.due.map_or(0, |due| due.as_secs().saturating_sub(now.as_secs()));
        due.clamp(1, BACKOFF_SECS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{Schedule, Want};
    use crate::limits::CLOCK_STEP_SECS;
    use crate::time::UnixTime;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    #[test]
    fn one_flight_at_a_time_and_a_lost_one_is_given_up() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.refresh(NOW), Want::Go(1));
        assert_eq!(schedule.refetch(NOW.plus(1)), Want::UnderWay);
        assert_eq!(schedule.refresh(NOW.plus(11)), Want::UnderWay);
        assert_eq!(schedule.refresh(NOW.plus(12)), Want::Go(2));
        assert!(!schedule.is_current(1));
        assert!(schedule.is_current(2));
    }

    #[test]
    fn refreshed_ahead_of_the_end_and_refetched_every_thirty_seconds() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.refresh(NOW), Want::Go(1));
        schedule.succeeded(NOW, 600);
        assert_eq!(schedule.refetch(NOW.plus(29)), Want::Later(1));
        assert_eq!(schedule.refetch(NOW.plus(30)), Want::Go(2));
        schedule.succeeded(NOW.plus(30), 600);
        assert_eq!(schedule.refetch(NOW.plus(31)), Want::Later(29));
        assert_eq!(schedule.refresh(NOW.plus(569)), Want::Later(1));
        assert_eq!(schedule.refresh(NOW.plus(570)), Want::Go(3));
    }

    #[test]
    fn failures_back_off_to_five_minutes() {
        let mut schedule = Schedule::default();
        let mut now = NOW;
        let mut delays = alloc::vec::Vec::new();
        for _ in 0..9 {
            assert!(matches!(schedule.refresh(now), Want::Go(_)));
            schedule.failed(now, 0);
            let Want::Later(secs) = schedule.refetch(now) else { panic!("not put off") };
            delays.push(secs);
            now = now.plus(secs);
        }
        assert_eq!(delays, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        schedule.failed(now, u64::MAX);
        assert!((226..=300).contains(&schedule.retry_secs(now)));
    }

    #[test]
    fn tries_after_a_failure_are_spread_over_a_quarter_of_the_delay() {
        for (jitter, delays) in [(4, [5, 10, 16, 36, 76]), (u64::MAX, [5, 9, 20, 35, 65])] {
            let mut schedule = Schedule::default();
            let found = delays.map(|_| {
                schedule.failed(NOW, jitter);
                schedule.retry_secs(NOW)
            });
            assert_eq!(found, delays, "{jitter}");
        }
    }

    #[test]
    fn a_clock_set_back_makes_it_due_once() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.refresh(NOW), Want::Go(1));
        schedule.succeeded(NOW, 600);
        let past = NOW.minus(86_400);
        assert_eq!(schedule.refetch(past), Want::Go(2));
        schedule.succeeded(past, 600);
        assert_eq!(schedule.refetch(past), Want::Later(30));
        // Hosts whose threads differ by a second have not set it back.
        assert_eq!(schedule.refresh(past.minus(1)), Want::Later(541));
        // And forth again.
        assert_eq!(schedule.refresh(NOW.plus(5)), Want::Go(3));
    }

    #[test]
    fn a_clock_is_set_back_from_the_latest_time_seen() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.refresh(NOW), Want::Go(1));
        schedule.succeeded(NOW, 600);
        let latest = NOW.plus(100);
        for at in [latest, latest.minus(1), latest.minus(CLOCK_STEP_SECS)] {
            assert!(matches!(schedule.refresh(at), Want::Later(_)), "{at:?}");
        }
        assert_eq!(schedule.refresh(latest.minus(CLOCK_STEP_SECS + 1)), Want::Go(2));
    }
}
