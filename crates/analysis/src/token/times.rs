//! The instants that claims name.

use portcullis::UnixTime;
use portcullis::limits::NUMERIC_DATE_MAX;
use serde::Serialize;

use super::content::Content;
use crate::duration;

/// A claim that names an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Instant {
    /// The name of the claim.
    pub claim: &'static str,
    /// The instant, as RFC 3339.
    pub at: String,
    /// The same, seen from now: `expired 3 hours ago`.
    pub words: String,
}

/// The instants that `claims` name, seen from `now`.
pub(crate) fn instants(claims: &Content, now: UnixTime) -> Vec<Instant> {
    [("iat", "issued"), ("nbf", "begins"), ("exp", "expires"), ("auth_time", "signed in")]
        .into_iter()
        .filter_map(|(claim, verb)| {
            let at = instant(claims, claim)?;
            let verb = match claim {
                "exp" if at <= now => "expired",
                "nbf" if at <= now => "began",
                _ => verb,
            };
            let words = format!("{verb} {}", duration::relative(at, now));
            Some(Instant { claim, at: at.to_rfc3339(), words })
        })
        .collect()
}

/// The instant that a claim names, if it is a number that does.
pub(crate) fn instant(claims: &Content, claim: &str) -> Option<UnixTime> {
    let value = claims.member(claim)?;
    let secs = value.as_u64().or_else(|| value.as_f64().and_then(whole_seconds))?;
    (secs <= NUMERIC_DATE_MAX).then(|| UnixTime::from_secs(secs))
}

#[allow(
    clippy::as_conversions,
    reason = "there is no checked conversion from f64; the range is checked, and a double holds its ends exactly"
)]
fn whole_seconds(secs: f64) -> Option<u64> {
    (0.0..=NUMERIC_DATE_MAX as f64).contains(&secs).then_some(secs as u64)
}
