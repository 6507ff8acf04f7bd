//! Calls of the gate's own.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::limits::REPLY_BYTES;
use portcullis::{Call, CallTarget};
use portcullis_component_common::{Address, Answer};

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions,
    Scheme,
};
use crate::bindings::wasi::io::poll::{Pollable, poll};
use crate::bindings::wasi::io::streams::StreamError;
use crate::origin::{Origin, origin};

const SECOND_NANOS: u64 = 1_000_000_000;

/// When a call is given up, whatever it has come to.
struct Deadline(Pollable);

/// Sends `call`; none if there is no whole answer in time.
pub(crate) fn send(call: &Call) -> Option<Answer> {
    let nanos = call.timeout_secs().saturating_mul(SECOND_NANOS);
    let deadline = Deadline(monotonic_clock::subscribe_duration(nanos));
    let outgoing = outgoing(call)?;
    let body = (!call.body().is_empty()).then(|| outgoing.body());
    let future = outgoing_handler::handle(outgoing, options(nanos)).ok()?;
    if let Some(body) = body {
        // A server takes no more of it than it needs to answer, and the answer is what counts.
        let _ = write(body.ok()?, call.body().as_bytes(), &deadline);
    }
    let response = head(&future, &deadline)?;
    let (status, headers) = (response.status(), response.headers().entries());
    Some(Answer { status, headers, body: read(&response, &deadline)? })
}

/// The request, without its body.
fn outgoing(call: &Call) -> Option<OutgoingRequest> {
    let fields = Fields::new();
    for (name, value) in call.headers() {
        fields.append(name, value.as_bytes()).ok()?;
    }
    if !call.body().is_empty() {
        // Not every server takes a body in chunks.
        fields.append("content-length", format!("{}", call.body().len()).as_bytes()).ok()?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let (Origin { scheme, authority }, target) = address(call.target())?;
    outgoing.set_method(&method(call.method())).ok()?;
    outgoing.set_scheme(Some(&scheme)).ok()?;
    outgoing.set_authority(Some(&authority)).ok()?;
    outgoing.set_path_with_query(Some(&target)).ok()?;
    // SECURITY: the host must ask about the very object that is decided on.
    (outgoing.path_with_query().as_deref() == Some(&*target)).then_some(outgoing)
}

fn address(target: &CallTarget) -> Option<(Origin, String)> {
    match target {
        CallTarget::Origin(target) => Some((origin()?.clone(), target.clone())),
        CallTarget::Url(url) => {
            let Address { is_https, authority, target } = Address::of(url)?;
            let scheme = if is_https { Scheme::Https } else { Scheme::Http };
            Some((Origin { scheme, authority }, target))
        }
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "POST" => Method::Post,
        other => Method::Other(String::from(other)),
    }
}

/// The host may know earlier than the deadline that nothing will come; one without such time-outs has the deadline alone.
fn options(nanos: u64) -> Option<RequestOptions> {
    let options = RequestOptions::new();
    let set = options.set_connect_timeout(Some(nanos)).is_ok()
        && options.set_first_byte_timeout(Some(nanos)).is_ok()
        && options.set_between_bytes_timeout(Some(nanos)).is_ok();
    set.then_some(options)
}

impl Deadline {
    /// Waits until `ready`; none if that is too late.
    fn wait(&self, ready: &Pollable) -> Option<()> {
        // The first is what is waited for.
        poll(&[ready, &self.0]).contains(&0).then_some(())
    }
}

/// Writes the whole body; none if it could not be written, or is no longer wanted.
fn write(sink: OutgoingBody, mut rest: &[u8], deadline: &Deadline) -> Option<()> {
    let output = sink.write().ok()?;
    while !rest.is_empty() {
        let room = usize::try_from(output.check_write().ok()?).unwrap_or(usize::MAX);
        let (part, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
        if part.is_empty() {
            deadline.wait(&output.subscribe())?;
            continue;
        }
        output.write(part).ok()?;
        rest = later;
    }
    output.flush().ok()?;
    deadline.wait(&output.subscribe())?;
    drop(output);
    OutgoingBody::finish(sink, None).ok()
}

/// Waits for the head of the response.
fn head(future: &FutureIncomingResponse, deadline: &Deadline) -> Option<IncomingResponse> {
    deadline.wait(&future.subscribe())?;
    future.get()?.ok()?.ok()
}

/// Reads the body, and at most a byte more than is of use.
fn read(response: &IncomingResponse, deadline: &Deadline) -> Option<Vec<u8>> {
    let source = response.consume().ok()?;
    let input = source.stream().ok()?;
    let most = REPLY_BYTES.saturating_add(1);
    let mut body = Vec::new();
    while body.len() < most {
        deadline.wait(&input.subscribe())?;
        match input.read(u64::try_from(most.saturating_sub(body.len())).unwrap_or(u64::MAX)) {
            Ok(part) => body.extend(part),
            Err(StreamError::Closed) => break,
            // What has come is not to be taken for the whole.
            Err(StreamError::LastOperationFailed(_)) => return None,
        }
    }
    Some(body)
}
