//! Permission, scopes and bindings.

use portcullis::{AuthError, ComparedBinding, PolicyError, Principal, RouteAccess, SurveyedRoute};

use super::{Stage, has_permission};
use crate::explain::Decided;
use crate::explain::words::{list, list_or};

/// What the policy made of an authenticated caller.
pub(super) fn stages(decided: &Decided<'_>, principal: &Principal) -> Vec<Stage> {
    let error = decided.verdict.record.error.as_ref();
    let Some(route) = &decided.route else { return Vec::new() };
    let RouteAccess::Permission(permission) = route.access() else { return Vec::new() };
    let mut stages = vec![self::permission(route, permission.as_str(), principal, error)];
    if !has_permission(error) {
        return stages;
    }
    stages.push(scopes(decided, permission.as_str(), principal));
    if matches!(error, Some(AuthError::Policy(PolicyError::ScopeMissing))) {
        return stages;
    }
    let body = decided.request.body();
    for binding in decided.gate.compare_bindings(route, decided.head, body, principal) {
        // Nothing was compared with a body that could not be read.
        if binding.on_body && matches!(error, Some(AuthError::Body(_))) {
            break;
        }
        let stage = if binding.holds { Stage::passed } else { Stage::failed };
        stages.push(stage("binding", compared(&binding)));
        if !binding.holds {
            break;
        }
    }
    stages
}

fn permission(
    route: &SurveyedRoute<'_>,
    permission: &str,
    principal: &Principal,
    error: Option<&AuthError>,
) -> Stage {
    let among = |meant: fn(&portcullis::RoleStance) -> bool| -> Vec<&str> {
        let roles = principal.roles.iter().map(String::as_str);
        roles.filter(|role| route.stance(role).is_some_and(|stance| meant(&stance))).collect()
    };
    let granting = list_or(among(|stance| stance.grants), "no role of the caller");
    let denying = among(|stance| stance.denies);
    match error {
        Some(AuthError::Policy(PolicyError::PermissionDenied)) => {
            Stage::failed("permission", format!("{permission} is denied by {}", list(denying)))
        }
        Some(AuthError::Policy(PolicyError::PermissionMissing)) => {
            Stage::failed("permission", format!("{permission} is given by no role of the caller"))
        }
        _ => Stage::passed("permission", format!("{permission} is given by {granting}")),
    }
}

fn scopes(decided: &Decided<'_>, permission: &str, principal: &Principal) -> Stage {
    let Some(scopes) = &principal.scopes else {
        return Stage::passed("scopes", "none are declared, which narrows nothing");
    };
    let declared = list_or(scopes, "none at all");
    if !decided.gate.scopes_narrow() {
        return Stage::passed("scopes", format!("{declared}; the configuration lets them narrow nothing"));
    }
    match decided.verdict.record.error {
        Some(AuthError::Policy(PolicyError::ScopeMissing)) => {
            Stage::failed("scopes", format!("{permission} is not among {declared}"))
        }
        _ => Stage::passed("scopes", format!("{permission} is among {declared}")),
    }
}

/// A binding and both its sides.
fn compared(binding: &ComparedBinding) -> String {
    let ComparedBinding { text, found, allowed, holds, on_body: _ } = binding;
    let found = match found.as_slice() {
        [] => "the request has none".to_owned(),
        [only] => format!("the request has `{only}`"),
        several => format!("the request has it {} times", several.len()),
    };
    let allowed = list_or(allowed.iter().map(|value| format!("`{value}`")), "nothing");
    let ending = if *holds { "holds" } else { "does not hold" };
    format!("{text} {ending}: {found}, the caller {allowed}")
}
