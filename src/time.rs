//! Time as a value: whole seconds since the Unix epoch, always given by the host.

use alloc::format;
use alloc::string::String;

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
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let number = |range: core::ops::Range<usize>| -> Option<u64> {
            let digits = text.get(range)?;
            digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let days = days_from_civil(year, month, day);
        let time = hour.checked_mul(3_600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
        let instant = Self(days.checked_mul(86_400)?.checked_add(time)?);
        // Whatever is not the one spelling of an instant (31 February, 24:00, a missing `T`) comes out differently.
        (instant.to_rfc3339() == text).then_some(instant)
    }

    /// The instant as an RFC 3339 date-time in UTC with second precision, for example `2026-11-22T01:02:03Z`.
    pub fn to_rfc3339(self) -> String {
        let days = self.0 / 86_400;
        let second_of_day = self.0 % 86_400;
        let (year, month, day) = civil_from_days(days);
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second_of_day / 3_600,
            second_of_day / 60 % 60,
            second_of_day % 60
        )
    }
}

/// Year, month and day of the proleptic Gregorian calendar for a day count since 1970-01-01.
///
/// Counts in 400-year eras that begin on 1 March, so that the leap day is the last of its year.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let leap_days =
        (day_of_era / 1_460).saturating_add(day_of_era / 146_096).saturating_sub(day_of_era / 36_524);
    let year_of_era = day_of_era.saturating_sub(leap_days) / 365;
    let days_before_year =
        year_of_era.saturating_mul(365).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = day_of_era.saturating_sub(days_before_year);
    let month_from_march = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    let days_before_month = month_from_march.saturating_mul(153).saturating_add(2) / 5;
    let day = day_of_year.saturating_sub(days_before_month).saturating_add(1);
    let (month, carry) = if month_from_march < 10 {
        (month_from_march.saturating_add(3), 0)
    } else {
        (month_from_march.saturating_sub(9), 1)
    };
    (era.saturating_mul(400).saturating_add(year_of_era).saturating_add(carry), month, day)
}

/// The day count since 1970-01-01 of a date from 1970 on; the inverse of [`civil_from_days`].
fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let (month_from_march, year) = if month > 2 {
        (month.saturating_sub(3), year)
    } else {
        (month.saturating_add(9), year.saturating_sub(1))
    };
    let year_of_era = year % 400;
    let days_before_month = month_from_march.saturating_mul(153).saturating_add(2) / 5;
    let day_of_era = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era / 4)
        .saturating_sub(year_of_era / 100)
        .saturating_add(days_before_month)
        .saturating_add(day)
        .saturating_sub(1);
    (year / 400).saturating_mul(146_097).saturating_add(day_of_era).saturating_sub(719_468)
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
