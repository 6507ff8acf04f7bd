//! How often something has happened.

use crate::limits::CLOCK_STEP_SECS;
use crate::rate_limit::RateLimit;
use crate::time::UnixTime;

/// What happened in a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    since: UnixTime,
    count: u32,
}

impl Window {
    pub(super) fn new(now: UnixTime) -> Self {
        Self { since: now, count: 0 }
    }

    /// One that begins at `now`, in which it has happened as often as it may.
    pub(super) fn full(limit: RateLimit, now: UnixTime) -> Self {
        Self { since: now, count: limit.count }
    }

    /// The same, or a new one if it has ended. A clock that was set back ends it as well: nobody would know when.
    pub(super) fn at(self, limit: RateLimit, now: UnixTime) -> Self {
        let over = now >= self.since.plus(limit.window_secs) || now.plus(CLOCK_STEP_SECS) < self.since;
        if over { Self::new(now) } else { self }
    }

    pub(super) fn plus_one(self) -> Self {
        Self { count: self.count.saturating_add(1), ..self }
    }

    /// In how many seconds it may happen again, if it may not now.
    pub(super) fn exceeded(self, limit: RateLimit, now: UnixTime) -> Option<u64> {
        let end = self.since.plus(limit.window_secs).as_secs();
        (self.count >= limit.count).then(|| end.saturating_sub(now.as_secs()).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use crate::rate_limit::RateLimit;
    use crate::time::UnixTime;

    const LIMIT: RateLimit = RateLimit { count: 3, window_secs: 60 };
    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    #[test]
    fn a_window_ends_by_itself_and_when_the_clock_goes_back() {
        let full = Window::new(NOW).plus_one().plus_one().plus_one();
        assert_eq!(full.exceeded(LIMIT, NOW.plus(10)), Some(50));
        assert_eq!(full.at(LIMIT, NOW.plus(59)).exceeded(LIMIT, NOW.plus(59)), Some(1));
        assert_eq!(full.at(LIMIT, NOW.plus(60)).exceeded(LIMIT, NOW.plus(60)), None);
        assert_eq!(full.at(LIMIT, NOW.minus(1)).exceeded(LIMIT, NOW.minus(1)), Some(61));
        assert_eq!(full.at(LIMIT, NOW.minus(2)).exceeded(LIMIT, NOW.minus(2)), Some(62));
        assert_eq!(full.at(LIMIT, NOW.minus(3)).exceeded(LIMIT, NOW.minus(3)), None);
        assert_eq!(full.at(LIMIT, NOW.minus(3600)).exceeded(LIMIT, NOW.minus(3600)), None);
        assert_eq!(Window::new(NOW).plus_one().plus_one().exceeded(LIMIT, NOW), None);
    }
}
