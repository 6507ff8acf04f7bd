//! Bindings of routes: `where`.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use portcullis::json::{Pointer, pointer_to};
use portcullis::parts::{
    AUTHORIZATION, Binding, CredentialLocations, ObjectTemplate, ObjectTemplateError, Parameter, Policy,
    REQUEST_ID, RouteTemplate, Routes, Upstream, Values, WEBSOCKET_PROTOCOL, fold, owned_by,
};

use crate::diagnostics::Diagnostics;
use crate::document::{BindingDocument, Document, RouteDocument};
use crate::header_name::of_transport;

/// Why a member of `where` is none: the place within it, and what to do.
#[derive(Debug)]
pub(crate) struct BindingError {
    /// The member of the member; empty for the whole of it.
    pub(crate) inside: &'static str,
    pub(crate) message: String,
}

/// One member of `where`: `path.collection` to `/collections`.
///
/// # Errors
///
/// What is wrong and how to fix it.
pub(crate) fn parse(
    parameter: &str,
    written: &BindingDocument,
    template: &RouteTemplate,
) -> Result<Binding, BindingError> {
    let parameter =
        self::parameter(parameter, template).map_err(|message| BindingError { inside: "", message })?;
    let optional = written.optional.unwrap_or(false);
    if optional && matches!(parameter, Parameter::Path { .. }) {
        let message = "a parameter of the path is always there; remove \"optional\"".to_owned();
        return Err(BindingError { inside: "optional", message });
    }
    let nullable = written.nullable.unwrap_or(false);
    if nullable && !(optional && matches!(parameter, Parameter::Body(_) | Parameter::FormJson(_))) {
        let message = "only JSON has a null, and where a parameter may be null it may be missing: write \"optional\": true, of a \"body.\" or a \"form_json.\" parameter; else remove \"nullable\"";
        return Err(BindingError { inside: "nullable", message: message.to_owned() });
    }
    let values = match (&written.equals, &written.ask) {
        (Some(equals), None) => values(equals).ok_or_else(|| {
            let message =
                "write \"subject\", \"tenant\", or a JSON pointer into the claims, like \"/collections\"";
            // The short form has no member of its own for it.
            let inside = if written.optional.is_some() { "equals" } else { "" };
            BindingError { inside, message: message.to_owned() }
        })?,
        (None, Some(ask)) => {
            let template = ObjectTemplate::parse(ask);
            let error =
                |error: ObjectTemplateError| BindingError { inside: "ask", message: error.to_string() };
            Values::Object(template.map_err(error)?)
        }
        (Some(_), Some(_)) | (None, None) => {
            let message = "write one of \"equals\" and \"ask\"".to_owned();
            return Err(BindingError { inside: "", message });
        }
    };
    if let (Values::Object(_), Parameter::Header(_) | Parameter::Cookie(_)) = (&values, &parameter) {
        let message = "the origin is asked about parameters of the path, the query and the body; compare this one with \"equals\"";
        return Err(BindingError { inside: "ask", message: message.to_owned() });
    }
    Ok(Binding { parameter, values, optional, nullable })
}

fn parameter(text: &str, template: &RouteTemplate) -> Result<Parameter, String> {
    Ok(match text.split_once('.') {
        Some(("path", name)) => {
            let segment = template.parameter(name).ok_or_else(|| {
                format!("the route has no parameter {{{name}}} of one segment; name one that it has")
            })?;
            Parameter::Path { name: name.to_owned(), segment }
        }
        Some(("query", name)) if !name.is_empty() => Parameter::Query(name.to_owned()),
        Some(("header", name)) if name.eq_ignore_ascii_case("cookie") => {
            return Err("the header has all cookies in it; compare one, as \"cookie.name\"".to_owned());
        }
        Some(("header", name)) if is_header(name) => Parameter::Header(name.to_ascii_lowercase()),
        Some(("cookie", name)) if is_cookie(name) => Parameter::Cookie(name.to_owned()),
        Some(("body" | "form" | "form_json", _)) if template.is_websocket() => {
            return Err("an upgrade has no body; compare a parameter of the path or the query".to_owned());
        }
        Some(("body", pointer)) if pointer.starts_with('/') => {
            Parameter::Body(Pointer::parse(pointer).ok_or_else(unknown_parameter)?)
        }
        Some(("form", name)) if !name.is_empty() => Parameter::Form(name.to_owned()),
        Some(("form_json", name)) if !name.is_empty() => Parameter::FormJson(name.to_owned()),
        _ => return Err(unknown_parameter()),
    })
}

fn values(text: &str) -> Option<Values> {
    match text {
        "subject" => Some(Values::Subject),
        "tenant" => Some(Values::Tenant),
        pointer if pointer.starts_with('/') && Pointer::parse(pointer).is_some() => {
            Some(Values::Claim(pointer.to_owned()))
        }
        _ => None,
    }
}

fn unknown_parameter() -> String {
    "write a parameter as \"path.name\", \"query.name\", \"header.name\", \"cookie.name\", \"form.name\", \"form_json.name\" or, with a JSON pointer, \"body./name\"".to_owned()
}

/// What keeps `bindings` from all holding at once, whatever the request.
///
/// # Errors
///
/// What is wrong and how to fix it.
pub(crate) fn check_together(bindings: &[Binding]) -> Result<(), &'static str> {
    let required = |wanted: fn(&Parameter) -> bool| {
        bindings.iter().any(|binding| !binding.optional && wanted(&binding.parameter))
    };
    if required(|parameter| matches!(parameter, Parameter::Body(_)))
        && required(|parameter| matches!(parameter, Parameter::Form(_) | Parameter::FormJson(_)))
    {
        return Err("no body is JSON and a form at once; make the bindings on one of them optional");
    }
    Ok(())
}

/// The places in the claims that the bindings of `routes` compare with.
pub(crate) fn places(routes: &Routes) -> Vec<Pointer> {
    let pointers: BTreeSet<&str> = routes
        .bindings()
        .filter_map(|binding| match &binding.values {
            Values::Claim(pointer) => Some(pointer.as_str()),
            Values::Subject | Values::Tenant | Values::Object(_) => None,
        })
        .collect();
    pointers.into_iter().filter_map(Pointer::parse).collect()
}

/// Whether `name` is a header name without underscores, of which servers disagree.
fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether `name` is the name of a cookie ([RFC 6265 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)),
/// without a percent sign, which some servers decode.
fn is_cookie(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
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
        Parameter::Query(name) if locations.is_query_parameter(name) => {
            Some("it may carry a credential there and is taken out of the query".to_owned())
        }
        Parameter::Cookie(name) if locations.is_cookie(name) => {
            Some("it carries a credential, which the gate verifies, replaces or removes".to_owned())
        }
        Parameter::Cookie(_) => why_header_is_not_sent("cookie", upstream, locations),
        Parameter::Path { .. }
        | Parameter::Query(_)
        | Parameter::Body(_)
        | Parameter::Form(_)
        | Parameter::FormJson(_) => None,
    };
    for route in policy.routes.iter() {
        for binding in &route.bindings {
            let Some(why) = unsent(&binding.parameter) else { continue };
            let parameter = &binding.parameter;
            let message = format!(
                "{parameter} never reaches the origin: {why}; compare a parameter of the path, the query or the body that the origin goes by"
            );
            match document.policy.routes.get(&route.text) {
                Some(written) => {
                    let place = ["policy", "routes", &route.text];
                    let pointer = match member_of(written, parameter) {
                        Some(member) => pointer_to(&[&place[..], &["where", member]].concat()),
                        // Inherited from the profile's route.
                        None => pointer_to(&place),
                    };
                    diagnostics.error(pointer, message);
                }
                None => diagnostics.error("/profile", format!("\"{}\": {message}", route.text)),
            }
        }
    }
}

/// The member of `where` that names `parameter`.
fn member_of<'r>(route: &'r RouteDocument, parameter: &Parameter) -> Option<&'r str> {
    let text = parameter.to_string();
    let is_header = matches!(parameter, Parameter::Header(_));
    let is_it = |name: &&String| **name == text || (is_header && name.eq_ignore_ascii_case(&text));
    route.bindings.iter().flat_map(BTreeMap::keys).find(is_it).map(String::as_str)
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
        REQUEST_ID => "hosts write there by what they know the request",
        _ if owned_by(name).is_some() && !upstream.keep_headers.iter().any(|kept| kept == name) => {
            "it passes on an identity, which the gate alone may do"
        }
        _ if upstream.identity_headers.names().any(|own| own == name) => {
            "in it the gate tells the origin who the caller is, and nobody else does"
        }
        _ => of_transport(name)?,
    };
    Some(why.to_owned())
}
