//! Bindings of routes: `where`.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::Pointer;
use crate::policy::{Binding, Parameter, RouteTemplate, Routes, Values};

/// One member of `where`: `path.collection` to `/collections`.
///
/// # Errors
///
/// What is wrong and how to mend it.
pub(super) fn parse(parameter: &str, values: &str, template: &RouteTemplate) -> Result<Binding, String> {
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
pub(super) fn places(routes: &Routes) -> Vec<Pointer> {
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
    !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}
