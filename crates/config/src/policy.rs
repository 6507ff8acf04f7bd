//! Roles and routes together.

use alloc::format;

use portcullis::limits::{CLAIM_BYTES, POLICY_ROLES, POLICY_ROUTES, POLICY_SEGMENTS, ROUTE_BYTES};
use portcullis::parts::Policy;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{Document, PolicyDocument};
use crate::{bindings, roles, routes};

/// Bounds what everything else multiplies: how many routes and roles there are, and how long the names are that pointers
/// repeat. After an error here nothing is said about what is under them.
pub(crate) fn check_sizes(document: &Document, diagnostics: &mut Diagnostics) {
    let PolicyDocument { routes, .. } = &document.policy;
    let member = document.policy.written_roles().next().map_or("roles", |(member, _, _)| member);
    if document.policy.written_roles().count() > POLICY_ROLES {
        diagnostics.error(
            format!("/policy/{member}"),
            format!(
                "more than {POLICY_ROLES} roles; tell callers apart by claims, with \"where\" at a route"
            ),
        );
    }
    if document.policy.written_roles().any(|(_, name, _)| name.len() > CLAIM_BYTES) {
        diagnostics.error(
            format!("/policy/{member}"),
            format!(
                "the name of a role is longer than {CLAIM_BYTES} bytes, the most a token may carry; shorten it"
            ),
        );
    }
    if routes.len() > POLICY_ROUTES {
        diagnostics.error(
            "/policy/routes",
            format!("more than {POLICY_ROUTES} routes; let parameters stand for what routes differ in"),
        );
    }
    if routes.keys().any(|route| route.len() > ROUTE_BYTES) {
        diagnostics
            .error("/policy/routes", format!("a route is longer than {ROUTE_BYTES} bytes; shorten it"));
    }
    let segments = routes.keys().map(|route| route.bytes().filter(|byte| *byte == b'/').count());
    if segments.fold(0, usize::saturating_add) > POLICY_SEGMENTS {
        diagnostics.error(
            "/policy/routes",
            format!(
                "the routes have more than {POLICY_SEGMENTS} path segments in all; end some in \"{{name:path}}\""
            ),
        );
    }
}

pub(crate) fn compile(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<Policy> {
    let routes = routes::compile(context, diagnostics)?;
    let roles = roles::compile(context, &routes, diagnostics)?;
    Some(Policy {
        attributes: bindings::places(&routes),
        routes,
        roles,
        scopes_narrow: context.document.policy.scopes_narrow.unwrap_or(true),
    })
}
