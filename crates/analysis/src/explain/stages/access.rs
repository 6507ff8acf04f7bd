//! Permission, scopes and bindings.

use portcullis::parts::Route;
use portcullis::{AuthError, PolicyError, Principal};

use crate::effect::{RoleEffect, role_effect};
use crate::explain::decided::Decided;
use crate::explain::stage::Stage;
use crate::render::{list, list_or};
use crate::route;

/// What the policy made of an authenticated caller.
pub(crate) fn stages(decided: &Decided<'_>, principal: &Principal) -> Vec<Stage> {
    let recording = &decided.recording;
    let mut stages = Vec::new();
    for route in recording.route().into_iter().chain(recording.beneath()) {
        let Some(permission) = route::permission(decided.gate, route) else { continue };
        // Which of two routes refuses is what the verdict names.
        let refuses = decided.verdict.diagnostics.route.as_ref() == Some(&route.text);
        let error = decided.error().filter(|_| refuses);
        stages.push(self::permission(decided, route, permission, principal, error));
        if matches!(
            error,
            Some(AuthError::Policy(PolicyError::PermissionMissing | PolicyError::PermissionDenied))
        ) {
            return stages;
        }
        stages.push(scopes(decided, permission, principal, error));
        if matches!(error, Some(AuthError::Policy(PolicyError::ScopeMissing))) {
            return stages;
        }
    }
    for binding in &recording.bindings {
        let stage = if binding.holds { Stage::passed } else { Stage::failed };
        stages.push(stage("binding", binding.render()));
        if !binding.holds {
            break;
        }
    }
    stages
}

fn permission(
    decided: &Decided<'_>,
    route: &Route,
    permission: &str,
    principal: &Principal,
    error: Option<&AuthError>,
) -> Stage {
    let among = |meant: fn(&RoleEffect) -> bool| -> Vec<&str> {
        let roles = principal.roles().iter().map(String::as_str);
        roles
            .filter(|role| role_effect(decided.gate, route, role).is_some_and(|effect| meant(&effect)))
            .collect()
    };
    match error {
        Some(AuthError::Policy(PolicyError::PermissionDenied)) => {
            let denying = list(among(|effect| effect.denies));
            Stage::failed("permission", format!("{permission} is denied by {denying}"))
        }
        Some(AuthError::Policy(PolicyError::PermissionMissing)) => {
            Stage::failed("permission", format!("{permission} is given by no role of the caller"))
        }
        _ => {
            let granting = list_or(among(|effect| effect.grants), "no role of the caller");
            Stage::passed("permission", format!("{permission} is given by {granting}"))
        }
    }
}

fn scopes(
    decided: &Decided<'_>,
    permission: &str,
    principal: &Principal,
    error: Option<&AuthError>,
) -> Stage {
    let Some(scopes) = principal.scopes() else {
        let said = if declares_scopes(decided) {
            "none of those declared means a permission of the policy, which narrows nothing"
        } else {
            "none are declared, which narrows nothing"
        };
        return Stage::passed("scopes", said);
    };
    let declared = list_or(scopes, "none at all");
    if !decided.gate.parts().policy.scopes_narrow {
        return Stage::passed("scopes", format!("{declared}; the configuration lets them narrow nothing"));
    }
    match error {
        Some(AuthError::Policy(PolicyError::ScopeMissing)) => {
            Stage::failed("scopes", format!("{permission} is not among {declared}"))
        }
        _ => Stage::passed("scopes", format!("{permission} is among {declared}")),
    }
}

/// Whether the token has scopes, whatever they mean.
fn declares_scopes(decided: &Decided<'_>) -> bool {
    let recording = &decided.recording;
    let Some((token, issuer)) = recording.token().zip(recording.issuer) else { return false };
    issuer.rules().names.scopes.iter().any(|place| token.claim_at(place).is_some())
}
