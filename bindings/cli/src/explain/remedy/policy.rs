//! Requests that the policy refuses.

use portcullis::{ComparedBinding, PolicyError, Principal, Proof, SurveyedRoute};

use crate::explain::words::{counted, list, list_or};
use crate::explain::{Decided, nearest};

pub(super) fn remedy(decided: &Decided<'_>, error: PolicyError) -> Option<String> {
    if error == PolicyError::RouteUnknown {
        return Some(no_route(decided));
    }
    let route = decided.route.as_ref()?;
    if error == PolicyError::RouteRefused {
        return Some(refused(decided, route));
    }
    let record = &decided.verdict.record;
    let (principal, permission) = (record.principal.as_ref()?, record.permission.as_deref()?);
    Some(match error {
        PolicyError::PermissionMissing => missing(decided, route, principal, permission),
        PolicyError::PermissionDenied => denied(decided, route, principal, permission),
        PolicyError::ScopeMissing => {
            let declared = list_or(principal.scopes.iter().flatten(), "none");
            format!("the {} scopes lack `{permission}`; they are: {declared}", whose(principal))
        }
        PolicyError::BindingMismatch => {
            let broken =
                decided.gate.compare_bindings(route, decided.head, decided.request.body(), principal);
            let broken =
                broken.iter().filter(|binding| !binding.holds).map(|binding| bound(binding, principal));
            broken.collect::<Vec<_>>().join("; ")
        }
        _ => return None,
    })
}

fn whose(principal: &Principal) -> &'static str {
    match principal.proof {
        Proof::Token { .. } => "token's",
        Proof::ApiKey { .. } => "API key's",
    }
}

fn no_route(decided: &Decided<'_>) -> String {
    let (method, target) = (decided.request.method, decided.request.target);
    let asked = match &decided.reading.preflight {
        Some(method) => method.as_str(),
        None if decided.reading.websocket => "WEBSOCKET",
        None => method,
    };
    if let Ok(Some(route)) = decided.gate.route_for(asked, target)
        && !route.hosts().is_empty()
    {
        return format!(
            "{} is served for the hosts {} alone: send `Host` accordingly",
            route.text(),
            list(route.hosts())
        );
    }
    let others = nearest::of_the_path(decided.gate, target);
    if !others.is_empty() {
        let methods = list(others.iter().map(|route| route.text()));
        return format!("no route for {asked} here; this path has: {methods}");
    }
    let near = nearest::by_likeness(decided.gate, asked, target);
    match near.as_slice() {
        [] => "no route, and none that comes close: add one under /policy/routes".to_owned(),
        near => format!("no route; the nearest are: {}", list(near.iter().map(|route| route.text()))),
    }
}

fn refused(decided: &Decided<'_>, route: &SurveyedRoute<'_>) -> String {
    if decided.reading.preflight.is_some() && !matches!(route.access(), portcullis::RouteAccess::Refused) {
        return "preflights are refused: set \"cors.preflight\" to \"forward\"".to_owned();
    }
    format!(
        "{} is refused to everybody: give it a permission under /policy/routes, or /policy/docs if it is the \
         documentation of the origin",
        route.text()
    )
}

/// The roles that would let a caller in by themselves.
fn sufficient<'g>(decided: &Decided<'g>, route: &SurveyedRoute<'_>) -> Vec<&'g str> {
    let grants = |role: &&str| route.stance(role).is_some_and(|stance| stance.grants && !stance.denies);
    decided.gate.roles().filter(grants).collect()
}

fn have_it(decided: &Decided<'_>, route: &SurveyedRoute<'_>) -> String {
    match sufficient(decided, route).as_slice() {
        [] => "no role has it: grant it to one under /policy/roles".to_owned(),
        roles => format!("roles that have it: {}", list(roles)),
    }
}

fn missing(
    decided: &Decided<'_>,
    route: &SurveyedRoute<'_>,
    principal: &Principal,
    permission: &str,
) -> String {
    let own: Vec<&str> = principal.roles.iter().map(String::as_str).collect();
    let lack = match own.as_slice() {
        [] => format!("the caller has no role, and so lacks `{permission}`"),
        [role] if decided.gate.roles().all(|known| known != *role) => {
            format!("the policy has no role `{role}`, and the caller lacks `{permission}`")
        }
        [role] => format!("role `{role}` lacks `{permission}`"),
        several => format!("{} lack `{permission}`", counted("role", "roles", several)),
    };
    format!("{lack}; {}", have_it(decided, route))
}

fn denied(
    decided: &Decided<'_>,
    route: &SurveyedRoute<'_>,
    principal: &Principal,
    permission: &str,
) -> String {
    let denies = |role: &&str| route.stance(role).is_some_and(|stance| stance.denies);
    let denying: Vec<&str> = principal.roles.iter().map(String::as_str).filter(denies).collect();
    let verb = if denying.len() == 1 { "denies" } else { "deny" };
    format!(
        "{} {verb} `{permission}`, whatever others give; {}",
        counted("role", "roles", &denying),
        have_it(decided, route)
    )
}

fn bound(binding: &ComparedBinding, principal: &Principal) -> String {
    let (parameter, source) = binding.text.split_once(" = ").unwrap_or((&binding.text, ""));
    let state = match binding.found.as_slice() {
        [] => format!("{parameter} is missing"),
        [found] => format!("{parameter} is `{found}`"),
        several => format!("{parameter} is there {} times, and must be once", several.len()),
    };
    match binding.allowed.as_slice() {
        [] => {
            let origin = match principal.proof {
                Proof::Token { .. } => "token",
                Proof::ApiKey { .. } => "record of the API key",
            };
            format!("{state}; the caller is bound to nothing: its {origin} has no {source}")
        }
        allowed => format!("{state}; the caller is bound to: {}", list(allowed)),
    }
}
