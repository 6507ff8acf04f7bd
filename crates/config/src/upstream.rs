//! What the origin receives.

mod carried;
mod headers;
mod identity;
mod keys;

#[cfg(feature = "schema")]
pub(crate) use carried::{OF_THE_GATE, REGISTERED};

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;

use portcullis::CredentialHandling;
use portcullis::jose::Algorithm;
use portcullis::json::pointer_to;
use portcullis::limits::{MINTED_TTL_SECS, MINTED_WEBSOCKET_TTL_SECS};
use portcullis::parts::{Mint, MintKey, Policy, Replacement, Upstream};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{MintDocument, RouteCredentialDocument};
use crate::resolve::resolve;

pub(crate) fn compile(
    context: &Context<'_>,
    policy: Option<&Policy>,
    diagnostics: &mut Diagnostics,
) -> Option<Upstream> {
    let Context { document, system, .. } = context;
    let credential = context.credential();
    if let (CredentialHandling::Strip, Some(why)) = (credential, &system.strip_refused) {
        diagnostics.error("/upstream/credential", format!("{why}; use \"forward\" or \"swap\""));
    }
    if credential == CredentialHandling::Forward && !system.reads_tokens && !document.issuers.is_empty() {
        diagnostics.error(
            "/upstream/credential",
            format!(
                "{} cannot read the tokens of \"issuers\"; use \"swap\", with a key of its own: \"origin_key\": {{\"env\": \"NAME\"}}",
                system.name
            ),
        );
    }
    check_routes(context, diagnostics);
    let replacement = replacement(context, policy, diagnostics);
    let identity_headers = identity::compile(context, diagnostics);
    let mut remove_headers = headers::removed(context, diagnostics);
    let refuse_headers = headers::refused(context, &mut remove_headers, &identity_headers, diagnostics);
    let keep_headers = headers::kept(context, &remove_headers, diagnostics);
    Some(Upstream { credential, replacement, identity_headers, remove_headers, refuse_headers, keep_headers })
}

/// What single routes do with credentials, where the origin has a say in it.
fn check_routes(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let Context { document, system, .. } = context;
    for (route, written) in &document.policy.routes {
        let place = || pointer_to(&["policy", "routes", route, "credential"]);
        match (written.credential, &system.strip_refused) {
            (Some(RouteCredentialDocument::Strip), Some(why)) => {
                diagnostics.error(place(), format!("{why}; use \"forward\" or \"swap\""));
            }
            (Some(RouteCredentialDocument::Forward), _)
                if !system.reads_tokens && !document.issuers.is_empty() =>
            {
                diagnostics.error(
                    place(),
                    format!("{} cannot read the tokens of \"issuers\"; use \"swap\"", system.name),
                );
            }
            _ => {}
        }
    }
}

/// What takes the place of the caller's credential, if it is swapped.
fn replacement(
    context: &Context<'_>,
    policy: Option<&Policy>,
    diagnostics: &mut Diagnostics,
) -> Option<Replacement> {
    let (system, written) = (&context.system.name, &context.document.upstream);
    let (reads_tokens, accepts_api_keys) = (context.system.reads_tokens, context.system.accepts_api_keys);
    if !context.uses(CredentialHandling::Replace) {
        let places = [
            ("/upstream/token", written.token.is_some()),
            ("/upstream/origin_key", written.origin_key.is_some()),
        ];
        for (place, _) in places.iter().filter(|(_, written)| *written) {
            diagnostics.error(place, "is used only if \"credential\" is \"swap\"; set that, or remove this");
        }
        return None;
    }
    match (&written.token, &written.origin_key) {
        (Some(_), Some(_)) => {
            diagnostics.error("/upstream/origin_key", "takes the same place as \"token\"; keep one of them");
            None
        }
        (Some(_), None) if !reads_tokens => {
            diagnostics.error(
                "/upstream/token",
                format!(
                    "{system} reads no token that could be made for it; name a key of its own instead: \"origin_key\": {{\"env\": \"NAME\"}}"
                ),
            );
            None
        }
        (Some(token), None) => mint(token, context, diagnostics).map(Box::new).map(Replacement::Token),
        (None, Some(_)) if !accepts_api_keys => {
            diagnostics.error("/upstream/origin_key", format!("{system} accepts no API keys; use \"token\""));
            None
        }
        (None, Some(written)) => keys::compile(written, context, policy, diagnostics).map(Replacement::Key),
        (None, None) if !reads_tokens => {
            diagnostics.error(
                "/upstream/origin_key",
                format!("\"swap\" needs an API key that {system} issued: {{\"env\": \"NAME\"}}"),
            );
            None
        }
        (None, None) => {
            diagnostics.error(
                "/upstream/token",
                "\"swap\" needs the secret the origin verifies with: {\"secret\": {\"env\": \"NAME\"}}",
            );
            None
        }
    }
}

fn mint(token: &MintDocument, context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<Mint> {
    for (member, secs, max) in [
        ("ttl_secs", token.ttl_secs, MINTED_TTL_SECS),
        ("websocket_ttl_secs", token.websocket_ttl_secs, MINTED_WEBSOCKET_TTL_SECS),
    ] {
        if !(1..=max).contains(&secs) {
            diagnostics
                .error(format!("/upstream/token/{member}"), format!("must lie between 1 and {max} seconds"));
        }
    }
    let min_bytes = Algorithm::HS256.min_secret_bytes();
    let secret = resolve(&token.secret, min_bytes, "/upstream/token/secret", context, diagnostics)?;
    let subject = context.system.subject.as_ref().and_then(|subject| subject.tokens().next());
    Some(Mint {
        key: MintKey::new(secret.expose())?,
        subject_claim: subject.unwrap_or("sub").to_owned(),
        ttl_secs: token.ttl_secs,
        websocket_ttl_secs: token.websocket_ttl_secs,
        issuer: token.issuer.clone(),
        audience: token.audience.clone(),
        carried: carried::compile(token, context, diagnostics),
        fixed: context.system.minted_claims.clone().into_iter().collect(),
    })
}
