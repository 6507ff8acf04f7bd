//! Responses to the caller.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::Response;

use crate::bindings::wasi::http::types::{
    Fields, HeaderError, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

/// The most that one blocking write takes, in bytes (`wasi:io/streams`, `blocking-write-and-flush`).
const WRITE_BYTES: usize = 4096;

/// Answers with `response`. If the host refuses any of it, the caller gets the host's own error response.
pub(crate) fn respond(out: ResponseOutparam, response: &Response) {
    let length = (String::from("content-length"), format!("{}", response.body.len()));
    let headers: Vec<_> = response
        .headers
        .iter()
        .chain([&length])
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .collect();
    let Some(body) = start(out, response.status, &headers) else { return };
    let written = body.write().is_ok_and(|stream| {
        response.body.as_bytes().chunks(WRITE_BYTES).all(|part| stream.blocking_write_and_flush(part).is_ok())
    });
    if written {
        // The caller is gone if this fails.
        let _ = OutgoingBody::finish(body, None);
    }
}

/// Sends the head of a response; its body is still to be written. None if the host refuses: it then answers by itself.
pub fn start(out: ResponseOutparam, status: u16, headers: &[(String, Vec<u8>)]) -> Option<OutgoingBody> {
    let fields = Fields::new();
    for (name, value) in headers {
        match fields.append(name, value) {
            // Headers of the connection are the host's own business.
            Ok(()) | Err(HeaderError::Forbidden) => {}
            Err(_) => return None,
        }
    }
    let response = OutgoingResponse::new(fields);
    response.set_status_code(status).ok()?;
    let body = response.body().ok()?;
    ResponseOutparam::set(out, Ok(response));
    Some(body)
}
