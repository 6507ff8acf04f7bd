//! Times and durations as people write and read them.

use core::str::FromStr as _;

use jiff::Timestamp;
use portcullis::UnixTime;

use crate::output::Failure;

/// The time that `text`, the value of `option`, names; now if there is none.
pub(crate) fn instant(option: &str, text: Option<&str>) -> Result<UnixTime, Failure> {
    let time = text.map_or_else(|| Ok(Timestamp::now()), |text| parse(option, text))?;
    let secs = u64::try_from(time.as_second()).map_err(|_| format!("{option}: the time lies before 1970"))?;
    Ok(UnixTime::from_secs(secs))
}

fn parse(option: &str, text: &str) -> Result<Timestamp, Failure> {
    if let Ok(secs) = text.parse::<i64>()
        && let Ok(time) = Timestamp::from_second(secs)
    {
        return Ok(time);
    }
    text.parse().map_err(|_| {
        format!(
            "{option}: write a time like 2026-11-22T01:02:03Z, or seconds since the epoch like 1795309323"
        )
    })
}

/// When something ends that `text`, the value of `option`, says the end of: a date, an instant, or a duration from `now`.
pub(crate) fn end(option: &str, text: &str, now: UnixTime) -> Result<UnixTime, Failure> {
    let wrong = || {
        format!(
            "{option}: write a date like 2027-01-31, a time like 2027-01-31T00:00:00Z, or a duration like 90d or 12h"
        )
    };
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && !text.contains(['T', 't', ' '])
    {
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
        return instant(option, Some(&midnight.timestamp().to_string()));
    }
    if let Ok(end) = instant(option, Some(text)) {
        return Ok(end);
    }
    // Days of 24 hours: no calendar is at hand where a key is checked.
    let duration = jiff::Span::from_str(text)
        .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| wrong())?;
    let secs = u64::try_from(duration.as_secs()).map_err(|_| wrong())?;
    Ok(now.plus(secs))
}
