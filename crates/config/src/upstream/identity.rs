//! The headers in which the origin is told who the caller is.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::json::pointer_to;
use portcullis::limits::CARRIED_CLAIMS;
use portcullis::parts::{IdentityHeaders, fold};

use super::carried::check_place;
use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{IdentityHeadersDocument, IdentityNamesDocument};
use crate::header_name::{header_name, why_reserved};

const PLACE: &str = "/upstream/identity_headers";

/// Headers by which something behind the gate would take a request for another one; a hyphen at the end stands for all that
/// begin so.
const OF_THE_REQUEST: &[&str] = &[
    "x-envoy-original-path",
    "x-forwarded-method",
    "x-forwarded-path",
    "x-forwarded-prefix",
    "x-forwarded-uri",
    "x-http-method",
    "x-http-method-",
    "x-method-override",
    "x-original-",
    "x-rewrite-url",
];

pub(super) fn compile(context: &Context<'_>, diagnostics: &mut Diagnostics) -> IdentityHeaders {
    let names = match &context.document.upstream.identity_headers {
        None | Some(IdentityHeadersDocument::Standard(true)) => return IdentityHeaders::standard(),
        Some(IdentityHeadersDocument::Standard(false)) => return IdentityHeaders::default(),
        Some(IdentityHeadersDocument::Named(names)) => names,
    };
    let IdentityNamesDocument { subject, roles, scopes, tenant, claims } = names;
    let mut taken = Vec::new();
    let mut named = |member: &str, name: &Option<String>| {
        let name = name.as_ref()?;
        checked(name, format!("{PLACE}/{member}"), &mut taken, context, diagnostics)
    };
    let headers = IdentityHeaders {
        subject: named("subject", subject),
        roles: named("roles", roles),
        scopes: named("scopes", scopes),
        tenant: named("tenant", tenant),
        claims: Vec::new(),
    };
    let told = claims.iter().filter_map(|(name, from)| {
        let place = [PLACE, &pointer_to(&["claims", name])].concat();
        check_place(from, &place, diagnostics);
        checked(name, place, &mut taken, context, diagnostics).map(|name| (name, from.clone()))
    });
    let headers = IdentityHeaders { claims: told.collect(), ..headers };
    if headers.claims.len() > CARRIED_CLAIMS {
        diagnostics.error(
            format!("{PLACE}/claims"),
            format!("more than {CARRIED_CLAIMS} claims; name those that the origin reads"),
        );
    }
    let is_empty = [subject, roles, scopes, tenant].iter().all(|name| name.is_none()) && claims.is_empty();
    if is_empty {
        diagnostics.error(PLACE, "names no header; write false if the origin is to be told nothing");
    }
    headers
}

/// The name in lower case, if the gate alone can write such a header. `taken` are the names so far, folded.
fn checked(
    written: &str,
    place: String,
    taken: &mut Vec<String>,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let name = header_name(written, &place, diagnostics)?;
    let folded = fold(&name).into_owned();
    let is_it = |other: &String| fold(&other.to_ascii_lowercase()) == folded;
    let upstream = &context.document.upstream;
    let begins = |start: &&str| folded == **start || (start.ends_with('-') && folded.starts_with(*start));
    let earlier = taken.contains(&folded);
    taken.push(folded.clone());
    let wrong = if let Some(why) = why_reserved(&name) {
        format!("cannot tell who the caller is: {why}; name another, like \"X-User-Id\"")
    } else if OF_THE_REQUEST.iter().any(begins) {
        "cannot tell who the caller is: servers take the path or the method of the request from it; name another, like \"X-User-Id\"".to_owned()
    } else if context.api_key_header().is_some_and(|header| is_it(&header.to_owned())) {
        "is the header of API keys; name another, like \"X-User-Id\"".to_owned()
    } else if upstream.remove_headers.iter().any(is_it) {
        "is removed by \"remove_headers\"; leave it out there: what callers write into it never passes"
            .to_owned()
    } else if upstream.refuse_headers.iter().flatten().any(is_it) {
        "is refused by \"refuse_headers\"; leave it out there: what callers write into it never passes"
            .to_owned()
    } else if upstream.keep_headers.iter().any(is_it) {
        "is kept by \"keep_headers\" as it comes; leave it out in one of the two".to_owned()
    } else if earlier {
        "is named twice, in whatever case; name another".to_owned()
    } else if folded != name {
        "has a sign that servers take for a hyphen or for none; write it with letters, digits and hyphens"
            .to_owned()
    } else {
        return Some(name);
    };
    diagnostics.error(place, wrong);
    None
}
