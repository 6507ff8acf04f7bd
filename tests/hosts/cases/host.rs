//! What every host of the cases has in common.

use anyhow::Result;
use portcullis_test_support::cases::case::{Case, Concrete};
use portcullis_test_support::cases::expect::{Received, Seen};
use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::origin::builtin::SHARED;

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
    response: ResponseChanges,
) -> Seen {
    let replaced = |name: &String| set.iter().any(|(set, _)| set == name);
    let kept = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| !removed.contains(name) && !replaced(name));
    let headers = kept.chain(set.iter().cloned()).collect();
    Seen::Allowed(Received {
        target: target.to_owned(),
        headers,
        body: None,
        response: response.made(request),
    })
}

/// What a verdict makes of the headers of the origin's response.
#[derive(Debug, Default)]
pub(crate) struct ResponseChanges {
    pub(crate) remove: Vec<String>,
    pub(crate) set: Vec<(String, String)>,
    pub(crate) append: Vec<(String, String)>,
}

impl ResponseChanges {
    /// The headers of the response that the built-in origin would give.
    pub(crate) fn made(self, request: &Concrete) -> Vec<(String, String)> {
        let from_script = request.method != "OPTIONS"
            && request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("origin"));
        let own = SHARED.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut headers: Vec<_> = own.into_iter().filter(|_| from_script).collect();
        let is_set = |name: &String| self.set.iter().any(|(set, _)| set == name);
        headers.retain(|(name, _)| !self.remove.contains(name) && !is_set(name));
        headers.extend(self.set.into_iter().chain(self.append));
        headers
    }
}
