//! What every host of the cases has in common.

use anyhow::Result;
use portcullis_test_support::cases::case::{Case, Concrete};
use portcullis_test_support::cases::expect::{Received, Seen};
use portcullis_test_support::cases::suite::Suite;

/// Something that runs the gate.
pub(crate) trait Host: Send {
    /// Sends the request of `case` through the host's real interface.
    fn send(&mut self, suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen>;
}

/// What the origin would receive of `request`.
pub(crate) fn allowed(
    request: &Concrete,
    target: &str,
    removed: &[String],
    set: &[(String, String)],
    reported: Option<String>,
) -> Seen {
    let replaced = |name: &String| set.iter().any(|(set, _)| set == name);
    let kept = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| !removed.contains(name) && !replaced(name));
    let headers = kept.chain(set.iter().cloned()).collect();
    Seen::Allowed(Received { target: target.to_owned(), headers, body: None, reported })
}
