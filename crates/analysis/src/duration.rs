//! Durations as people write and read them.

use portcullis::UnixTime;

/// A day, in seconds.
pub const DAY_SECS: u64 = 86_400;

/// A number of seconds in its largest unit, rounded down: `3 hours`.
pub fn render(secs: u64) -> String {
    const UNITS: [(u64, &str); 5] =
        [(365 * DAY_SECS, "year"), (DAY_SECS, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let unit = UNITS.into_iter().find_map(|(length, name)| {
        let count = secs.checked_div(length).filter(|count| *count > 0)?;
        Some(if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") })
    });
    unit.unwrap_or_else(|| "0 seconds".to_owned())
}

/// Where `time` lies, seen from `now`: `3 hours ago`, `in 5 minutes`.
pub fn relative(time: UnixTime, now: UnixTime) -> String {
    match (time.as_secs().checked_sub(now.as_secs()), now.as_secs().saturating_sub(time.as_secs())) {
        (Some(0), _) => "now".to_owned(),
        (Some(ahead), _) => format!("in {}", render(ahead)),
        (None, ago) => format!("{} ago", render(ago)),
    }
}

#[cfg(test)]
mod tests {
    use super::{relative, render};
    use portcullis::UnixTime;

    #[test]
    fn units() {
        for (secs, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (7_199, "1 hour"),
            (86_400, "1 day"),
            (31_536_000 * 2, "2 years"),
        ] {
            assert_eq!(render(secs), text);
        }
        let at = UnixTime::from_secs;
        assert_eq!(relative(at(100), at(100)), "now");
        assert_eq!(relative(at(400), at(100)), "in 5 minutes");
        assert_eq!(relative(at(0), at(10_800)), "3 hours ago");
    }
}
