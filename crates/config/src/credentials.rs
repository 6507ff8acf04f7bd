//! Where credentials may stand.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::CredentialHandling;
use portcullis::parts::{CredentialLocations, fold, owned_by};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::header_name::{header_name, why_reserved};

pub(crate) fn compile(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<CredentialLocations> {
    let Context { document, system, .. } = context;
    let (own, known) = (&document.credentials, &system.credentials);
    let api_key_header = match own.api_key_header.as_deref() {
        Some("") => None,
        Some(name) => {
            let name = header_name(name, "/credentials/api_key_header", diagnostics)?;
            check_key_header(&name, context, diagnostics);
            check_meaning(&name, context, diagnostics);
            Some(name)
        }
        None => known.api_key_header.clone(),
    };
    let sentinels = own.websocket_protocols.as_ref().or(known.websocket_protocols.as_ref());
    let parameter = own.websocket_query.as_ref().or(known.websocket_query.as_ref());
    check_forwarded(context, diagnostics);
    let asks = context.asks_origin();
    // Beside cookies of the document's own, none of the origin's is looked at.
    let (session_cookies, origin_cookies) = known
        .origin_cookies
        .iter()
        .cloned()
        .partition(|name| asks && own.cookies.is_empty() && system.session_cookies.contains(name));
    Some(CredentialLocations {
        authorization: own.authorization,
        api_key_header,
        api_key_prefixes: system.api_key_prefixes.clone(),
        bare_authorization: system.bare_authorization,
        bare_sessions: asks && system.bare_sessions,
        share_token_chars: system.share_tokens.as_ref().map(|tokens| tokens.chars),
        websocket_protocols: sentinels.cloned().unwrap_or_default(),
        query_parameter: parameter.filter(|name| !name.is_empty()).cloned(),
        origin_query_parameter: known.websocket_query.clone(),
        session_cookies,
        cookies: cookies("cookies", &own.cookies, &known.origin_cookies, diagnostics),
        origin_cookies: {
            let taken: Vec<String> = own.cookies.iter().chain(&known.origin_cookies).cloned().collect();
            let more = cookies("origin_cookies", &own.origin_cookies, &taken, diagnostics);
            Vec::into_iter(origin_cookies).chain(more).collect()
        },
    })
}

/// SECURITY: an origin that looks for its credentials elsewhere finds none, and serves the request as somebody else.
fn check_forwarded(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let has_none = context.document.credentials.cookies.is_empty();
    if let (false, true, Some(why)) =
        (has_none, context.uses(CredentialHandling::Forward), &context.system.strip_refused)
    {
        diagnostics.error(
            "/credentials/cookies",
            format!("a cookie that is forwarded is no credential to the origin, and {why}; use \"swap\""),
        );
    }
}

/// Names of cookies, none of which is among `taken`.
fn cookies(member: &str, written: &[String], taken: &[String], diagnostics: &mut Diagnostics) -> Vec<String> {
    let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&'*-.^_`|~".contains(&byte);
    for (index, name) in written.iter().enumerate() {
        let place = format!("/credentials/{member}/{index}");
        let mut earlier = written.iter().take(index).chain(taken);
        if name.is_empty() || !name.bytes().all(is_in_name) {
            diagnostics.error(place, "not the name of a cookie; write one like \"session\"");
        } else if earlier.any(|other| is_same_cookie(other, name)) {
            diagnostics.error(
                place,
                "servers may take this cookie for another that is named, or that the origin keeps its own sessions in; leave it out",
            );
        }
    }
    written.to_vec()
}

/// Whether some server takes one name for the other.
fn is_same_cookie(one: &str, other: &str) -> bool {
    one.replace('.', "_").eq_ignore_ascii_case(&other.replace('.', "_"))
}

/// A header that is something else already carries no key.
fn check_meaning(name: &str, context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let folded = fold(name);
    let mut removed = context.system.upstream.remove_headers.iter();
    let why = if removed.any(|removed| *removed == *folded) {
        "callers may not set it: the origin decides by it"
    } else if owned_by(name).is_some() {
        "it passes on an identity, and is removed wherever it comes from"
    } else if let Some(why) = why_reserved(name) {
        why
    } else {
        return;
    };
    diagnostics.error(
        "/credentials/api_key_header",
        format!("cannot carry API keys: {why}; name another, like \"X-API-Key\""),
    );
}

/// An origin that does harm without a credential must find the one that is handed on to it.
fn check_key_header(name: &str, context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let system = context.system;
    let known = system.credentials.api_key_header.as_deref();
    if context.uses(CredentialHandling::Forward) && system.strip_refused.is_some() && known != Some(name) {
        let known = known.unwrap_or("authorization");
        diagnostics.error(
            "/credentials/api_key_header",
            format!(
                "{} finds a key that is handed on in \"{known}\" alone; leave this out, or set upstream.credential to \"swap\"",
                system.name
            ),
        );
    }
}
