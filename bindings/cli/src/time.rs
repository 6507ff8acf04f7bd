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
