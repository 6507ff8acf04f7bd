//! One exchange with the origin: the request as the verdict says, both bodies at once.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::Forward;
use portcullis_component_http::bindings::wasi::http::outgoing_handler;
use portcullis_component_http::bindings::wasi::http::types::{
    Fields, FutureIncomingResponse, HeaderError, IncomingRequest, IncomingResponse, OutgoingRequest,
    ResponseOutparam,
};
use portcullis_component_http::bindings::wasi::io::poll::{Pollable, poll};
use portcullis_component_http::{Origin, Request, complain, start};

use crate::pump::{Pump, State};
use crate::upload::{BrokenOff, Upload};

/// The host cannot express the request that the verdict asks for.
#[derive(Debug)]
pub(crate) struct Inexpressible;

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The caller's own body broke off.
    Caller,
    /// The origin cannot be reached or does not speak HTTP; for the log.
    Origin(String),
}

/// A response whose head has come, while the request's body may still be on its way.
#[derive(Debug)]
pub(crate) struct Answered {
    response: IncomingResponse,
    upload: Option<Pump>,
}

/// The request for the origin.
///
/// # Errors
///
/// If the host refuses any part that the verdict asks for.
pub(crate) fn outgoing(
    incoming: &IncomingRequest,
    request: &Request,
    forward: &Forward,
    origin: &Origin,
) -> Result<OutgoingRequest, Inexpressible> {
    let fields = Fields::new();
    // `Host` is the origin's now; the others are the verdict's. A set: there may be as many as there are headers.
    let replaced = forward.set_headers.iter().map(|(name, _)| name);
    let dropped = forward.remove_headers.iter().chain(replaced).map(String::as_str).chain(["host"]);
    let dropped: BTreeSet<&str> = dropped.collect();
    for (name, value) in &request.head.headers {
        if dropped.contains(name.to_ascii_lowercase().as_str()) {
            continue;
        }
        match fields.append(name, value) {
            // Headers of the connection are the host's own business.
            Ok(()) | Err(HeaderError::Forbidden) => {}
            Err(_) => return Err(Inexpressible),
        }
    }
    for (name, value) in &forward.set_headers {
        // SECURITY: an identity that cannot be told must not become one that is missing.
        fields.append(name, value.as_bytes()).map_err(|_| Inexpressible)?;
    }
    let outgoing = OutgoingRequest::new(fields);
    outgoing.set_method(&incoming.method()).map_err(|()| Inexpressible)?;
    outgoing.set_scheme(Some(&origin.scheme)).map_err(|()| Inexpressible)?;
    outgoing.set_authority(Some(&origin.authority)).map_err(|()| Inexpressible)?;
    outgoing.set_path_with_query(Some(&forward.target)).map_err(|()| Inexpressible)?;
    // SECURITY: the host must ask for the very path that was decided on.
    if outgoing.path_with_query().as_deref() == Some(&forward.target) {
        Ok(outgoing)
    } else {
        Err(Inexpressible)
    }
}

/// Sends the request and waits for the head of the response.
///
/// # Errors
///
/// If there is none.
pub(crate) fn run(upload: Upload, request: &Request, outgoing: OutgoingRequest) -> Result<Answered, Failed> {
    let mut upload = body(upload, request, &outgoing)?;
    let future =
        outgoing_handler::handle(outgoing, None).map_err(|code| Failed::Origin(format!("{code:?}")))?;
    loop {
        if let Some(response) = head(&future)? {
            return Ok(Answered { response, upload });
        }
        match advance(&mut upload)? {
            Some(None) => {}
            Some(Some(ready)) => drop(poll(&[&ready, &future.subscribe()])),
            None => future.subscribe().block(),
        }
    }
}

/// The request's body on its way, or none if it has none: a body of no bytes is not the same as no body.
fn body(mut upload: Upload, request: &Request, outgoing: &OutgoingRequest) -> Result<Option<Pump>, Failed> {
    // Where no length is announced, what comes tells.
    if !request.head.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        && upload.is_empty()?
    {
        return Ok(None);
    }
    let sink = outgoing.body().map_err(|()| Failed::Caller)?;
    upload.into_pump(sink).map(Some).ok_or(Failed::Caller)
}

fn head(future: &FutureIncomingResponse) -> Result<Option<IncomingResponse>, Failed> {
    match future.get() {
        None => Ok(None),
        Some(Ok(Ok(response))) => Ok(Some(response)),
        Some(Ok(Err(code))) => Err(Failed::Origin(format!("{code:?}"))),
        Some(Err(())) => Err(Failed::Origin(String::from("the host gave the response away"))),
    }
}

/// Moves some of the request's body. None when there is nothing left to move; otherwise what to wait for, if anything.
///
/// # Errors
///
/// If the body broke off. It is dropped without completing it: the origin must not take a part for the whole.
fn advance(upload: &mut Option<Pump>) -> Result<Option<Option<Pollable>>, BrokenOff> {
    match upload.as_mut().map(Pump::advance) {
        None => {}
        Some(State::Moving) => return Ok(Some(None)),
        Some(State::Waiting(ready)) => return Ok(Some(Some(ready))),
        // One that came in chunks beside a length is as long as its chunks are: what its head says is the caller's fault.
        Some(State::Complete) => upload.take().map_or(Ok(()), Pump::finish).map_err(|_| BrokenOff)?,
        // The origin may have answered without it.
        Some(State::Refused) => drop(upload.take()),
        Some(State::BrokenOff) => {
            drop(upload.take());
            return Err(BrokenOff);
        }
    }
    Ok(None)
}

impl From<BrokenOff> for Failed {
    fn from(BrokenOff: BrokenOff) -> Self {
        Self::Caller
    }
}

impl Answered {
    /// Hands the response on, with its headers changed as `forward` says, and the rest of the request's body to the origin
    /// as long as it answers.
    pub(crate) fn stream(self, out: ResponseOutparam, forward: Forward) {
        let Self { response, mut upload } = self;
        let (Ok(source), mut headers) = (response.consume(), response.headers().entries()) else { return };
        let Ok(input) = source.stream() else { return };
        let Forward { remove_response_headers: removed, response_headers: set, .. } = forward;
        headers.retain(|(name, _)| {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            !removed.iter().any(|removed| is(removed)) && !set.iter().any(|(replaced, _)| is(replaced))
        });
        let added = set.into_iter().chain(forward.append_response_headers);
        headers.extend(added.map(|(name, value)| (name, value.into_bytes())));
        let Some(sink) = start(out, response.status(), &headers) else {
            drop(input);
            return complain("the host refuses the head of the origin's response");
        };
        let Some(mut download) = Pump::new(source, input, sink, Vec::new()) else { return };
        loop {
            let ready = match download.advance() {
                State::Moving => None,
                State::Waiting(ready) => Some(ready),
                State::Complete => return download.finish_with_trailers(),
                // SECURITY: not completed, so that the caller does not take a part for the whole.
                State::BrokenOff | State::Refused => return,
            };
            // The origin has answered: what becomes of the rest is between the two.
            let upload_ready = advance(&mut upload).unwrap_or_default();
            match (ready, upload_ready) {
                (Some(ready), Some(Some(upload_ready))) => drop(poll(&[&ready, &upload_ready])),
                (Some(ready), None) => ready.block(),
                _ => {}
            }
        }
    }
}
