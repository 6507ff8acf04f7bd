//! Responses to the caller.

use alloc::format;
use alloc::string::String;

use portcullis::Forward;
use wit_bindgen::spawn_local;

use crate::bindings::wasi::http::types::{ErrorCode, Fields, HeaderError, Response};
use crate::bindings::{wit_future, wit_stream};
use crate::fields::{Inexpressible, change};
use crate::upload::ready;

/// The gate's own response.
///
/// # Errors
///
/// If the host refuses any of it: the caller then gets the host's own error response.
pub(crate) fn respond(response: portcullis::Response) -> Result<Response, ErrorCode> {
    let refused = || ErrorCode::InternalError(None);
    let portcullis::Response { status, headers, body } = response;
    let fields = Fields::new();
    let length = (String::from("content-length"), format!("{}", body.len()));
    for (name, value) in headers.iter().chain([&length]) {
        match fields.append(name, value.as_bytes()) {
            // Headers of the connection are the host's own business.
            Ok(()) | Err(HeaderError::Forbidden) => {}
            Err(_) => return Err(refused()),
        }
    }
    let (mut output, contents) = wit_stream::new();
    let (response, transmitted) = Response::new(fields, Some(contents), ready(None));
    response.set_status_code(status).map_err(|()| refused())?;
    // The response is under way only when this function has returned it.
    spawn_local(async move {
        // The caller is gone if this fails.
        output.write_all(body.into_bytes()).await;
        drop(output);
        let _ = transmitted.await;
    });
    Ok(response)
}

/// The service's response, changed as the verdict says. Its body and its trailers go on inside the host.
///
/// # Errors
///
/// If the host refuses any part that the verdict asks for.
pub(crate) fn changed(response: Response, forward: &Forward) -> Result<Response, Inexpressible> {
    let fields = response.get_headers().clone();
    let Forward { remove_response_headers, response_headers, append_response_headers, .. } = forward;
    let removed = remove_response_headers.iter().copied();
    change(&fields, removed, response_headers, append_response_headers)?;
    let status = response.get_status_code();
    let (outcome, told) = wit_future::new(|| Ok(()));
    let (contents, trailers) = Response::consume_body(response, told);
    let (changed, transmitted) = Response::new(fields, Some(contents), trailers);
    changed.set_status_code(status).map_err(|()| Inexpressible)?;
    // The service is told what became of its response. A transmission whose outcome nobody waits for may be cut short.
    spawn_local(async move { outcome.write(transmitted.await).await.is_ok() });
    Ok(changed)
}
