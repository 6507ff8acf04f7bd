//! A request as the host gives it, without its body.

use alloc::string::{String, ToString};

use portcullis_component_common::Head;

use crate::bindings::wasi::http::types::{Fields, Method, Request, RequestOptions, Scheme};
use crate::bindings::wasi::random::random;

/// What of a request the verdict does not change, and its headers to be changed.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) method: Method,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) authority: Option<String>,
    pub(crate) options: Option<RequestOptions>,
    pub(crate) headers: Fields,
}

impl Template {
    /// That of `request`.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            method: request.get_method(),
            scheme: request.get_scheme(),
            authority: request.get_authority(),
            // Copies: what is the request's own can neither be changed nor outlive it.
            options: request.get_options().map(|options| options.clone()),
            headers: request.get_headers().clone(),
        }
    }
}

/// The head of `request`, to decide on.
pub(crate) fn head(request: &Request) -> Head {
    Head::new(
        name(request.get_method()),
        request.get_path_with_query(),
        request.get_headers().copy_all(),
        request.get_authority(),
        [random::get_random_u64(), random::get_random_u64()],
    )
}

fn name(method: Method) -> String {
    let known = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(other) => return other,
    };
    known.to_string()
}
