//! Bindings of routes: `where`.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use portcullis::json::{Pointer, pointer_to};
use portcullis::parts::{
    AUTHORIZATION, Binding, CredentialLocations, Parameter, Policy, RouteTemplate, Routes, Upstream, Values,
    WEBSOCKET_PROTOCOL, fold, owned_by,
};

use crate::diagnostics::Diagnostics;
use crate::document::{Document, RouteDocument};
use crate::header_name::of_transport;

/// One member of `where`: `path.collection` to `/collections`.
///
/// # Errors
///
/// What is wrong and how to fix it.
pub(crate) fn parse(parameter: &str, values: &str, template: &RouteTemplate) -> Result<Binding, String> {
    let parameter = match parameter.split_once('.') {
        Some(("path", name)) => {
            let segment = template.parameter(name).ok_or_else(|| {
                format!("the route has no parameter {{{name}}} of one segment; name one that it has")
            })?;
            Parameter::Path { name: name.to_owned(), segment }
        }
        Some(("query", name)) if !name.is_empty() => Parameter::Query(name.to_owned()),
        Some(("header", name)) if is_header(name) => Parameter::Header(name.to_ascii_lowercase()),
        Some(("body", _)) if template.is_websocket() => {
            return Err("an upgrade has no body; compare a parameter of the path or the query".to_owned());
        }
        Some(("body", pointer)) if pointer.starts_with('/') => {
            Parameter::Body(Pointer::parse(pointer).ok_or_else(unknown_parameter)?)
        }
        _ => return Err(unknown_parameter()),
    };
    let values = match values {
        "subject" => Values::Subject,
        "tenant" => Values::Tenant,
        pointer if pointer.starts_with('/') && Pointer::parse(pointer).is_some() => {
            Values::Claim(pointer.to_owned())
        }
        _ => {
            return Err(
                "write \"subject\", \"tenant\", or a JSON pointer into the claims, like \"/collections\""
                    .to_owned(),
            );
        }
    };
    Ok(Binding { parameter, values })
}

fn unknown_parameter() -> String {
    "write a parameter as \"path.name\", \"query.name\", \"header.name\" or, with a JSON pointer, \"body./name\"".to_owned()
}

/// The places in the claims that the bindings of `routes` compare with.
pub(crate) fn places(routes: &Routes) -> Vec<Pointer> {
    let pointers: BTreeSet<&str> = routes
        .bindings()
        .filter_map(|binding| match &binding.values {
            Values::Claim(pointer) => Some(pointer.as_str()),
            Values::Subject | Values::Tenant => None,
        })
        .collect();
    pointers.into_iter().filter_map(Pointer::parse).collect()
}

/// Whether `name` is a header name without underscores, of which servers disagree.
fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether what the bindings of all routes compare reaches the origin.
///
/// SECURITY: a value that is compared and then taken away protects nothing: the origin falls back to its default, the same
/// for every caller.
pub(crate) fn check_sent(
    document: &Document,
    policy: &Policy,
    upstream: &Upstream,
    locations: &CredentialLocations,
    diagnostics: &mut Diagnostics,
) {
    let unsent = |parameter: &Parameter| match parameter {
        Parameter::Header(name) => why_header_is_not_sent(name, upstream, locations),
        Parameter::Query(name) if locations.query_parameter.as_ref() == Some(name) => {
            Some("it may carry a credential there and is taken out of the query".to_owned())
        }
        Parameter::Path { .. } | Parameter::Query(_) | Parameter::Body(_) => None,
    };
    for route in policy.routes.iter() {
        for binding in &route.bindings {
            let Some(why) = unsent(&binding.parameter) else { continue };
            let written = binding.to_string();
            let parameter = written.split(" = ").next().unwrap_or_default();
            let message = format!(
                "{parameter} never reaches the origin: {why}; compare a parameter of the path, the query or the body that the origin goes by"
            );
            match document.policy.routes.get(&route.text) {
                Some(written) => {
                    let member = member_of(written, &binding.parameter);
                    diagnostics
                        .error(pointer_to(&["policy", "routes", &route.text, "where", member]), message);
                }
                None => diagnostics.error("/profile", format!("\"{}\": {message}", route.text)),
            }
        }
    }
}

/// The member of `where` that names `parameter`.
fn member_of<'r>(route: &'r RouteDocument, parameter: &Parameter) -> &'r str {
    let is_it = |name: &&String| match (name.split_once('.'), parameter) {
        (Some(("header", own)), Parameter::Header(name)) => own.eq_ignore_ascii_case(name),
        (Some(("query", own)), Parameter::Query(name)) => own == name,
        _ => false,
    };
    route.bindings.keys().find(is_it).map(String::as_str).unwrap_or_default()
}

fn why_header_is_not_sent(
    name: &str,
    upstream: &Upstream,
    locations: &CredentialLocations,
) -> Option<String> {
    let is_key = locations.api_key_header.as_deref().is_some_and(|header| fold(header) == name);
    let why = match name {
        _ if upstream.remove_headers.iter().any(|removed| removed == name) => {
            "it is among the headers that are removed, so that no caller can set it"
        }
        _ if name == AUTHORIZATION || name == WEBSOCKET_PROTOCOL || is_key => {
            "it is a place of credentials, which the gate verifies, replaces or removes"
        }
        _ if owned_by(name).is_some() && !upstream.keep_headers.iter().any(|kept| kept == name) => {
            "it passes on an identity, which the gate alone may do"
        }
        _ => of_transport(name)?,
    };
    Some(why.to_owned())
}
