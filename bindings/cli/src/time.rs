//! Times and durations as people write and read them.

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

/// A day, in seconds.
pub(crate) const DAY_SECS: u64 = 86_400;

/// A number of seconds in its largest unit, rounded down: `3 hours`.
pub(crate) fn in_words(secs: u64) -> String {
    const UNITS: [(u64, &str); 5] =
        [(365 * DAY_SECS, "year"), (DAY_SECS, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let unit = UNITS.into_iter().find_map(|(length, name)| {
        let count = secs.checked_div(length).filter(|count| *count > 0)?;
        Some(if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") })
    });
    unit.unwrap_or_else(|| "0 seconds".to_owned())
}

/// Where `time` lies, seen from `now`: `3 hours ago`, `in 5 minutes`.
pub(crate) fn relative(time: UnixTime, now: UnixTime) -> String {
    match (time.as_secs().checked_sub(now.as_secs()), now.as_secs().saturating_sub(time.as_secs())) {
        (Some(0), _) => "now".to_owned(),
        (Some(ahead), _) => format!("in {}", in_words(ahead)),
        (None, ago) => format!("{} ago", in_words(ago)),
    }
}

#[cfg(test)]
mod tests {
    use super::{in_words, relative};
    use portcullis::UnixTime;

    #[test]
    fn words() {
        for (secs, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (7_199, "1 hour"),
            (86_400, "1 day"),
            (31_536_000 * 2, "2 years"),
        ] {
            assert_eq!(in_words(secs), text);
        }
        let at = UnixTime::from_secs;
        assert_eq!(relative(at(100), at(100)), "now");
        assert_eq!(relative(at(400), at(100)), "in 5 minutes");
        assert_eq!(relative(at(0), at(10_800)), "3 hours ago");
    }
}
