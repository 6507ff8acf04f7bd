//! The headers of callers that reach the origin, and those that do not.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::parts::{AUTHORIZATION, COOKIE, IdentityHeaders, WEBSOCKET_PROTOCOL, fold, owned_by};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::header_name::{header_name, why_needed};

/// The headers that are removed besides those of the table, folded.
pub(super) fn removed(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut removed = context.system.upstream.remove_headers.clone();
    // SECURITY: the origin may find a key there all the same, which nobody has verified.
    removed.extend(context.unused_api_key_header().map(|name| fold(name).into_owned()));
    let own = &context.document.upstream.remove_headers;
    removed.extend(checked(own, "remove_headers", context, diagnostics));
    removed
}

/// The headers with which a request is refused, folded; `removed` are those that no caller's reach the origin in, and these are
/// added to them. One that the gate itself writes is taken from the caller in any case, and refuses nobody.
pub(super) fn refused(
    context: &Context<'_>,
    removed: &mut Vec<String>,
    identity: &IdentityHeaders,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let mut refused = match &context.document.upstream.refuse_headers {
        None => context.system.upstream.refuse_headers.clone().unwrap_or_default(),
        Some(written) => checked(written, "refuse_headers", context, diagnostics),
    };
    removed.extend(refused.iter().cloned());
    refused.retain(|name| !identity.names().any(|own| own == name));
    refused
}

/// Those of `written` that may be kept from the origin, folded.
fn checked(
    written: &[String],
    member: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let mut names = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let place = format!("/upstream/{member}/{index}");
        let Some(name) = header_name(written, &place, diagnostics) else { continue };
        match why_not_removed(&name, context) {
            None => names.push(fold(&name).into_owned()),
            Some(why) => diagnostics.error(place, why),
        }
    }
    names
}

/// SECURITY: what carries the credential to the origin is not to be lost on the way: an origin may serve a request without
/// one as somebody else.
fn why_not_removed(name: &str, context: &Context<'_>) -> Option<String> {
    let folded = fold(name);
    let is_cookie = *folded == *COOKIE && !context.document.credentials.cookies.is_empty();
    let is_key = context.api_key_header().is_some_and(|header| fold(&header.to_ascii_lowercase()) == folded);
    if *folded == *AUTHORIZATION || *folded == *WEBSOCKET_PROTOCOL || is_key || is_cookie {
        return Some(match &context.system.strip_refused {
            Some(why) => {
                format!("is where the credential stands, and {why}; leave it out: what was not verified never passes")
            }
            None => "is where the credential stands; leave it out, and set \"credential\" to \"strip\" if the origin is to get none".into(),
        });
    }
    let why = why_needed(name)?;
    Some(format!("cannot be removed: {why}; leave it out"))
}

/// The headers of the table that pass, in lower case.
pub(super) fn kept(context: &Context<'_>, removed: &[String], diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut kept = Vec::new();
    for (index, written) in context.document.upstream.keep_headers.iter().enumerate() {
        let place = format!("/upstream/keep_headers/{index}");
        let Some(name) = header_name(written, &place, diagnostics) else { continue };
        let folded = fold(&name);
        let wrong = if removed.iter().any(|removed| *removed == *folded) {
            "is removed all the same: the origin decides by it, or \"remove_headers\" or \"refuse_headers\" names it; leave it out"
        } else if ["x-auth-", "x-portcullis-"].iter().any(|own| folded.starts_with(own)) {
            "is the gate's own, which nothing else may set; leave it out"
        } else if owned_by(&folded).is_none() {
            "passes anyway; leave it out"
        } else if *folded != *name {
            "has a sign that servers take for a hyphen or for none; write it with letters, digits and hyphens"
        } else {
            kept.push(name);
            continue;
        };
        diagnostics.error(place, wrong);
    }
    kept
}
