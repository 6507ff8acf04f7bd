//! How often something may happen.

use alloc::format;

use portcullis::parts::RateLimit;

use crate::diagnostics::Diagnostics;
use crate::document::RateDocument;
use crate::secrets::Secrets;

/// Longest window, in seconds: nothing remembers what a client did for longer.
const WINDOW_SECS_MAX: u64 = 86_400;

/// A limit that stands at `place`.
pub(crate) fn rate(
    written: &RateDocument,
    place: &str,
    secrets: &dyn Secrets,
    diagnostics: &mut Diagnostics,
) -> RateLimit {
    if !secrets.knows_clients() {
        diagnostics.error(
            place,
            "this host does not know the addresses of clients, and could not tell one from another; leave this out, and limit them in front of it",
        );
    }
    let RateDocument { count, window_secs } = *written;
    if count == 0 {
        diagnostics.error(
            format!("{place}/count"),
            "at least 1, or nobody could do it once; leave the limit out to have none",
        );
    }
    if !(1..=WINDOW_SECS_MAX).contains(&window_secs) {
        diagnostics.error(format!("{place}/window_secs"), format!("from 1 to {WINDOW_SECS_MAX} seconds"));
    }
    RateLimit { count, window_secs }
}
