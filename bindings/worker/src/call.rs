//! What the handler says about a request.

use portcullis::{HeaderPair, RequestHead, UnixTime};

use crate::target;

/// One call about a request, as the handler describes it.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) request_id: &'a str,
    /// The client's address; empty if nobody vouches for it.
    pub(crate) client: &'a str,
    pub(crate) now: UnixTime,
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: &'a str, request_id: &'a str, client: &'a str, now: f64) -> Self {
        Self { method, request_id, client, now: seconds(now) }
    }
}

/// What the core decides about. workerd shows the `Connection` header: that of a WebSocket handshake lists `Upgrade`.
pub(crate) fn head<'a>(call: Call<'a>, url: &'a str, pairs: &'a [HeaderPair<'a>]) -> RequestHead<'a> {
    let head = RequestHead::new(call.method, target::of(url), pairs).with_request_id(call.request_id);
    if call.client.is_empty() { head } else { head.with_client(call.client) }
}

/// Splits `name\0value\0…`. Neither part can hold a NUL: the host refuses such a header.
pub(crate) fn pairs(headers: &str) -> Vec<HeaderPair<'_>> {
    let mut parts = headers.split('\0');
    core::iter::from_fn(|| Some(HeaderPair::new(parts.next()?, parts.next()?))).collect()
}

/// Milliseconds since the epoch as whole seconds.
///
/// SECURITY: what is no time is the end of time, when every proof has ended: read as 1970, it would bring them all back.
#[allow(clippy::as_conversions, reason = "the only conversion there is; the range is checked before")]
pub(crate) fn seconds(now: f64) -> UnixTime {
    let is_time = now.is_finite() && now >= 0.0;
    UnixTime::from_secs(if is_time { (now / 1000.0) as u64 } else { u64::MAX })
}
