//! Time as a value: whole seconds since the Unix epoch, always given by the host.

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::limits::{CLOCK_SECS_MIN, NUMERIC_DATE_MAX};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime};

/// Non-leap seconds since 1970-01-01T00:00:00Z.
///
/// The core never reads a clock: every entry point takes the current time as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The instant `secs` seconds after the epoch.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Whole seconds since the epoch.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Whether a clock can show this instant: from [`CLOCK_SECS_MIN`] to the year 9999.
    pub(crate) const fn is_plausible(self) -> bool {
        self.0 >= CLOCK_SECS_MIN && self.0 <= NUMERIC_DATE_MAX
    }

    /// This instant moved `secs` seconds into the future, saturating.
    #[must_use]
    pub const fn plus(self, secs: u64) -> Self {
        Self(self.0.saturating_add(secs))
    }

    /// This instant moved `secs` seconds into the past, saturating at the epoch.
    #[must_use]
    pub const fn minus(self, secs: u64) -> Self {
        Self(self.0.saturating_sub(secs))
    }

    /// Reads an RFC 3339 date-time in UTC with second precision, for example `2026-12-31T23:59:59Z`; no other form, and
    /// no instant before 1970.
    ///
    /// ```
    /// use portcullis::UnixTime;
    ///
    /// assert_eq!(UnixTime::from_rfc3339("1970-01-02T00:00:00Z"), Some(UnixTime::from_secs(86_400)));
    /// assert_eq!(UnixTime::from_rfc3339("1970-01-02"), None);
    /// ```
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let number = |range: core::ops::Range<usize>| -> Option<u16> {
            let digits = text.get(range)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let small = |start: usize| -> Option<u8> { number(start..start.checked_add(2)?)?.try_into().ok() };
        let month = Month::try_from(small(5)?).ok()?;
        let date = Date::from_calendar_date(number(0..4)?.into(), month, small(8)?).ok()?;
        let instant = date.with_hms(small(11)?, small(14)?, small(17)?).ok()?.assume_utc();
        let instant = Self(instant.unix_timestamp().try_into().ok()?);
        // Whatever is not the one spelling of an instant (a blank for `T`, a fraction, an offset) comes out differently.
        (instant.to_rfc3339() == text).then_some(instant)
    }

    /// The instant as an RFC 3339 date-time in UTC with second precision, for example `2026-11-22T01:02:03Z`. An instant
    /// after the year 9999, which that form cannot write, is the last one before its end.
    pub fn to_rfc3339(self) -> String {
        let last = PrimitiveDateTime::MAX.assume_utc();
        let secs = i64::try_from(self.0).unwrap_or(i64::MAX);
        let instant = OffsetDateTime::from_unix_timestamp(secs).unwrap_or(last);
        let ((year, month, day), (hour, minute, second)) = (instant.to_calendar_date(), instant.to_hms());
        format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::UnixTime;

    #[test]
    fn dates_around_leap_days_and_centuries() {
        // Seconds as printed by `date -u -d … +%s`.
        for (secs, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(UnixTime::from_secs(secs).to_rfc3339(), text);
            assert_eq!(UnixTime::from_rfc3339(text), Some(UnixTime::from_secs(secs)));
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for day in 0..146_097 {
            let time = UnixTime::from_secs(day * 86_400 + 86_399);
            assert_eq!(UnixTime::from_rfc3339(&time.to_rfc3339()), Some(time));
        }
    }

    #[test]
    fn other_spellings_are_no_times() {
        for text in [
            "",
            "2026",
            "2026-12-31",
            "2026-12-31T00:00:00",
            "2026-12-31 00:00:00Z",
            "2026-12-31T00:00:00z",
            "2026-12-31T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-12-31T00:00:60Z",
            "2026-12-31T00:00:00+00:00",
            "1969-12-31T23:59:59Z",
            "+026-12-31T00:00:00Z",
            "2026-12-31T00:00:00.5Z",
            "２026-12-31T00:00:00Z",
        ] {
            assert_eq!(UnixTime::from_rfc3339(text), None, "{text}");
        }
    }
}
