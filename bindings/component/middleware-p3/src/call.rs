//! Calls of the gate's own.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::pin::pin;

use futures_util::future::{Either, select};
use portcullis::limits::REPLY_BYTES;
use portcullis::{Call, CallTarget};
use portcullis_component_common::{Address, Answer};
use portcullis_config::Secrets as _;
use wit_bindgen::{StreamResult, spawn_local};

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types::{Fields, Method, Request, RequestOptions, Response, Scheme};
use crate::bindings::wasi::http::{client, handler as service};
use crate::bindings::{wit_future, wit_stream};
use crate::environment::variables;
use crate::upload::ready;

const SECOND_NANOS: u64 = 1_000_000_000;
/// The most that is read in one go, in bytes.
const PIECE_BYTES: usize = 16 * 1024;

/// The variable with the `Host` of calls to the service behind the gate, and what it is if nothing is said.
const ORIGIN_HOST: &str = "PORTCULLIS_ORIGIN_HOST";
const ORIGIN: &str = "origin";

/// Sends `call`; none if there is no whole answer in time.
pub(crate) async fn send(call: &Call) -> Option<Answer> {
    let nanos = call.timeout_secs().saturating_mul(SECOND_NANOS);
    let (answered, late) = (pin!(exchange(call, nanos)), pin!(monotonic_clock::wait_for(nanos)));
    match select(answered, late).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => None,
    }
}

/// Sends it, and reads the answer.
async fn exchange(call: &Call, nanos: u64) -> Option<Answer> {
    let outgoing = outgoing(call, nanos)?;
    // No redirect is followed: a host gives it as the answer.
    let response = match call.target() {
        CallTarget::Origin(_) => service::handle(outgoing).await,
        CallTarget::Url(_) => client::send(outgoing).await,
    };
    let response = response.ok()?;
    let (status, headers) = (response.get_status_code(), response.get_headers().copy_all());
    Some(Answer { status, headers, body: read(response).await? })
}

/// The request, whose body is on its way once it is sent.
fn outgoing(call: &Call, nanos: u64) -> Option<Request> {
    let fields = Fields::new();
    for (name, value) in call.headers() {
        fields.append(name, value.as_bytes()).ok()?;
    }
    let body = call.body();
    let contents = (!body.is_empty()).then(|| {
        let (mut output, contents) = wit_stream::new();
        let bytes = body.as_bytes().to_vec();
        spawn_local(async move {
            // A server takes no more of it than it needs to answer, and the answer is what counts.
            output.write_all(bytes).await;
        });
        contents
    });
    if contents.is_some() {
        // Not every server takes a body in chunks.
        fields.append("content-length", format!("{}", body.len()).as_bytes()).ok()?;
    }
    let (outgoing, transmitted) = Request::new(fields, contents, ready(None), options(nanos));
    let (scheme, authority, target) = address(call.target())?;
    outgoing.set_method(&method(call.method())).ok()?;
    outgoing.set_scheme(Some(&scheme)).ok()?;
    outgoing.set_authority(Some(&authority)).ok()?;
    outgoing.set_path_with_query(Some(&target)).ok()?;
    // SECURITY: the host must ask about the very object that is decided on.
    if outgoing.get_path_with_query().as_deref() != Some(&*target) {
        return None;
    }
    // A transmission whose outcome nobody waits for may be cut short.
    spawn_local(async move { drop(transmitted.await) });
    Some(outgoing)
}

fn address(target: &CallTarget) -> Option<(Scheme, String, String)> {
    match target {
        // SECURITY: never the `Host` of a request: whoever writes that would choose who is asked.
        CallTarget::Origin(target) => {
            let host = variables().get(ORIGIN_HOST).unwrap_or_else(|| String::from(ORIGIN));
            Some((Scheme::Http, host, target.clone()))
        }
        CallTarget::Url(url) => {
            let Address { is_https, authority, target } = Address::of(url)?;
            let scheme = if is_https { Scheme::Https } else { Scheme::Http };
            Some((scheme, authority, target))
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

/// The host may know earlier that nothing will come; one without such time-outs has the deadline alone.
fn options(nanos: u64) -> Option<RequestOptions> {
    let options = RequestOptions::new();
    let set = options.set_connect_timeout(Some(nanos)).is_ok()
        && options.set_first_byte_timeout(Some(nanos)).is_ok()
        && options.set_between_bytes_timeout(Some(nanos)).is_ok();
    set.then_some(options)
}

/// Reads the body, and at most a byte more than is of use.
async fn read(response: Response) -> Option<Vec<u8>> {
    // Held until the end: a host may take its loss for the end of interest.
    let (_outcome, told) = wit_future::new(|| Ok(()));
    let (mut input, ending) = Response::consume_body(response, told);
    let most = REPLY_BYTES.saturating_add(1);
    let mut body = Vec::new();
    while body.len() < most {
        let wanted = most.saturating_sub(body.len()).min(PIECE_BYTES);
        let (status, piece) = input.read(Vec::with_capacity(wanted)).await;
        body.extend(piece);
        if status == StreamResult::Dropped {
            // What has come is not to be taken for the whole if it broke off.
            return ending.await.is_ok().then_some(body);
        }
    }
    Some(body)
}
