//! Every call to the host, except for the environment.
//!
//! The SDK turns an answer that the ABI does not allow into a panic, and so into a trap. What a host may answer is
//! handled here.

use core::time::Duration;
use std::time::UNIX_EPOCH;

use portcullis::limits::REPLY_BYTES;
use portcullis::{Call, HeaderPair, Response};
use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, Bytes, LogLevel, MapType, MetricType, Status};

use crate::clusters::Address;
use crate::imports;

/// A metric by the number the host gave it.
#[derive(Debug)]
pub(crate) struct Metric(u32);

/// The plugin's configuration; empty if there is none.
pub(crate) fn plugin_configuration(bytes: usize) -> Result<Bytes, Status> {
    Ok(hostcalls::get_buffer(BufferType::PluginConfiguration, 0, bytes)?.unwrap_or_default())
}

/// Time since the Unix epoch.
pub(crate) fn now() -> Result<Duration, Status> {
    // Never set before 1970, and if it were, every token would be from the future.
    Ok(hostcalls::get_current_time()?.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// All header pairs of the request, pseudo-headers among them, in one call; [`pairs::read`](crate::pairs::read) reads them.
pub(crate) fn request_headers() -> Result<Bytes, Status> {
    imports::request_headers()
}

/// Removes all lines of a request header.
pub(crate) fn remove_header(name: &str) -> Result<(), Status> {
    hostcalls::remove_map_value(MapType::HttpRequestHeaders, name)
}

/// Puts one line in the place of all lines of a request header, or of none.
pub(crate) fn set_header(name: &str, value: &str) -> Result<(), Status> {
    hostcalls::set_map_value(MapType::HttpRequestHeaders, name, Some(value))
}

/// The first `bytes` of the request's body, of which the host has said that it holds at least as many.
pub(crate) fn request_body(bytes: usize) -> Result<Bytes, Status> {
    let body = hostcalls::get_buffer(BufferType::HttpRequestBody, 0, bytes)?.unwrap_or_default();
    // SECURITY: what is decided on must be what goes on.
    if body.len() == bytes { Ok(body) } else { Err(Status::InternalFailure) }
}

/// Puts one line in the place of all lines of a response header, or of none.
pub(crate) fn set_response_header(name: &str, value: &str) -> Result<(), Status> {
    hostcalls::set_map_value(MapType::HttpResponseHeaders, name, Some(value))
}

/// Removes all lines of a response header.
pub(crate) fn remove_response_header(name: &str) -> Result<(), Status> {
    hostcalls::remove_map_value(MapType::HttpResponseHeaders, name)
}

/// Adds a line of a response header to those that are there.
pub(crate) fn add_response_header(name: &str, value: &str) -> Result<(), Status> {
    hostcalls::add_map_value(MapType::HttpResponseHeaders, name, value)
}

/// Answers the request here.
pub(crate) fn respond(response: &Response) -> Result<(), Status> {
    let headers = response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    hostcalls::send_http_response(response.status.into(), headers, Some(response.body.as_bytes()))
}

/// Lets go of the request, which was held back until now.
pub(crate) fn resume() -> Result<(), Status> {
    hostcalls::resume_http_request()
}

/// Makes the context `id` the one that further calls to the host are about.
///
/// # Errors
///
/// If it is gone.
pub(crate) fn act_for(id: u32) -> Result<(), Status> {
    hostcalls::set_effective_context(id)
}

/// Asks for a tick every `period`; for none if that is zero.
pub(crate) fn set_tick(period: Duration) -> Result<(), Status> {
    hostcalls::set_tick_period(period)
}

/// The address and port of the client, as Envoy has found it out by its own configuration; empty if there is none.
pub(crate) fn client() -> String {
    let told = hostcalls::get_property(vec!["source", "address"]).ok().flatten();
    told.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Sends `call` to `address`; the number under which the answer comes.
///
/// # Errors
///
/// If there is no such cluster, or nobody in it.
pub(crate) fn send(call: &Call, address: &Address<'_>) -> Result<u32, Status> {
    let mut headers = vec![
        (":method", call.method()),
        (":scheme", address.scheme),
        (":authority", address.authority.as_str()),
        (":path", address.path),
    ];
    headers.extend(call.headers().iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let body = Some(call.body().as_bytes()).filter(|body| !body.is_empty());
    let timeout = Duration::from_secs(call.timeout_secs());
    hostcalls::dispatch_http_call(&address.cluster, headers, body, Vec::new(), timeout)
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Bytes)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Its header lines, without the status.
    pub(crate) fn headers(&self) -> impl Iterator<Item = HeaderPair<'_>> {
        let lines = self.headers.iter().filter(|(name, _)| !name.starts_with(':'));
        lines.map(|(name, value)| HeaderPair::new(name, value))
    }
}

/// The answer to a call, of which the host has said how much there is; `None` if it is none.
pub(crate) fn answer(headers: usize, body: usize) -> Option<Answer> {
    // Of an answer that was cut off, or never came, there are no headers to ask for.
    if headers == 0 {
        return None;
    }
    let headers = hostcalls::get_map_bytes(MapType::HttpCallResponseHeaders).ok()?;
    let (_, status) = headers.iter().find(|(name, _)| name == ":status")?;
    let status = core::str::from_utf8(status).ok()?.parse().ok()?;
    // SECURITY: these are also Envoy's own, with a text of its own, where nobody has answered.
    if matches!(status, 503 | 504) {
        return None;
    }
    let wanted = body.min(REPLY_BYTES.saturating_add(1));
    let body = match wanted {
        0 => Bytes::new(),
        _ => hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, wanted).ok()??,
    };
    (body.len() == wanted).then_some(Answer { status, headers, body })
}

/// Calls a function of the host's own by its name; `None` if it has no such function, or none that takes these arguments.
pub(crate) fn call(function: &str, arguments: &[u8]) -> Option<Bytes> {
    hostcalls::call_foreign_function(function, Some(arguments)).ok()?
}

/// Keeps a value for the access log, as `%FILTER_STATE(wasm.<key>:PLAIN)%`.
pub(crate) fn set_filter_state(key: &str, value: &str) -> Result<(), Status> {
    // One part, not one for each dot: Envoy would keep the NUL between parts in the name.
    hostcalls::set_property(vec![key], Some(value.as_bytes()))
}

/// Whether anybody reads lines of this level.
pub(crate) fn logs(level: LogLevel) -> bool {
    imports::logs(level)
}

/// Writes a line to the host's log.
pub(crate) fn log(level: LogLevel, line: &str) {
    // A line that cannot be written cannot be reported either.
    let _ = hostcalls::log(level, line);
}

impl Metric {
    /// Defines a counter.
    pub(crate) fn counter(name: &str) -> Result<Self, Status> {
        hostcalls::define_metric(MetricType::Counter, name).map(Self)
    }

    /// Defines a histogram.
    pub(crate) fn histogram(name: &str) -> Result<Self, Status> {
        hostcalls::define_metric(MetricType::Histogram, name).map(Self)
    }

    /// Defines a gauge.
    pub(crate) fn gauge(name: &str) -> Result<Self, Status> {
        hostcalls::define_metric(MetricType::Gauge, name).map(Self)
    }

    /// Adds one to a counter.
    pub(crate) fn increment(&self) {
        self.add(1);
    }

    /// Adds to a counter.
    pub(crate) fn add(&self, count: u64) {
        // A metric that is lost must not change a decision.
        let _ = hostcalls::increment_metric(self.0, i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Adds a value to a histogram, or sets a gauge.
    pub(crate) fn record(&self, value: u64) {
        // As above.
        let _ = hostcalls::record_metric(self.0, value);
    }
}
