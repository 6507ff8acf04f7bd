//! Requests that the policy refuses.

use portcullis::parts::{CompiledAccess, Route};
use portcullis::{PolicyError, Principal, Proof};

use crate::effect::role_effect;
use crate::explain::binding::{ComparedBinding, Found};
use crate::explain::decided::Decided;
use crate::nearest::nearest_routes;
use crate::render::{counted, list, list_or};
use crate::route;

pub(crate) fn remedy(decided: &Decided<'_>, error: PolicyError) -> Option<String> {
    match error {
        PolicyError::RouteUnknown => return no_route(decided),
        PolicyError::OriginNotAllowed => return origin(decided),
        _ => {}
    }
    let diagnostics = &decided.verdict.diagnostics;
    // Of the two routes of a WebSocket, the verdict names the one that refuses.
    let recording = &decided.recording;
    let mut routes = recording.route().into_iter().chain(recording.beneath());
    let route = routes.find(|route| diagnostics.route.as_ref() == Some(&route.text))?;
    if error == PolicyError::RouteRefused {
        return Some(refused(decided, route));
    }
    let principal = diagnostics.principal.as_ref()?;
    let permission = route::permission(decided.gate, route).unwrap_or_default();
    Some(match error {
        PolicyError::OriginNotAllowed | PolicyError::RouteUnknown | PolicyError::RouteRefused => return None,
        PolicyError::PermissionMissing => missing(decided, route, principal, permission),
        PolicyError::PermissionDenied => denied(decided, route, principal, permission),
        PolicyError::ScopeMissing => {
            let declared = list_or(principal.scopes().unwrap_or_default(), "none");
            format!("the {} scopes lack `{permission}`; they are: {declared}", whose(principal))
        }
        PolicyError::OriginKeyMissing => no_key(principal),
        PolicyError::BindingMismatch => {
            let broken = recording.bindings.iter().filter(|binding| !binding.holds);
            let broken: Vec<String> = broken.map(|binding| bound(binding, principal)).collect();
            broken.join("; ")
        }
    })
}

fn whose(principal: &Principal) -> &'static str {
    match principal.proof() {
        Proof::Token { .. } => "token's",
        Proof::ApiKey { .. } => "API key's",
        Proof::Asked { .. } => "answer's",
    }
}

fn no_route(decided: &Decided<'_>) -> Option<String> {
    let method = decided.recording.head.as_ref()?.method.as_str();
    let path = decided.verdict.diagnostics.path.as_deref()?;
    if let Some(route) =
        decided.gate.parts().policy.routes.find(method, path).filter(|route| !route.hosts.is_empty())
    {
        let hosts = list(&route.hosts);
        return Some(format!(
            "{} is served for the hosts {hosts} alone: send `Host` accordingly",
            route.text
        ));
    }
    let texts = |routes: &[&Route]| list(routes.iter().map(|route| &route.text));
    let others = route::matching(decided.gate, path);
    if !others.is_empty() {
        return Some(format!("no route for {method} here; this path has: {}", texts(&others)));
    }
    Some(match nearest_routes(decided.gate, method, path).as_slice() {
        [] => "no route, and none that comes close: add one under /policy/routes".to_owned(),
        near => format!("no route; the nearest are: {}", texts(near)),
    })
}

fn origin(decided: &Decided<'_>) -> Option<String> {
    let origin = decided.recording.head.as_ref()?.origin.as_deref()?;
    Some(match origin {
        "null" => "no list can allow `null`, the origin of every sandboxed frame and every file: serve the page from an \
                   origin of its own"
            .to_owned(),
        _ => format!("add {origin:?} to /cors/allowed_origins, if its scripts are to use the API"),
    })
}

fn refused(decided: &Decided<'_>, route: &Route) -> String {
    let is_preflight = decided.recording.head.as_ref().is_some_and(|head| head.is_preflight);
    if is_preflight && route.access != CompiledAccess::Refused {
        return "preflights are refused: set \"cors.preflight\" to \"answer\", or to \"forward\"".to_owned();
    }
    format!(
        "{} is refused to everybody: give it a permission under /policy/routes, or /policy/docs if it is the \
         documentation of the origin",
        route.text
    )
}

/// The roles that by themselves give what the route asks for.
fn sufficient<'g>(decided: &Decided<'g>, route: &Route) -> Vec<&'g str> {
    let grants = |role: &&str| {
        role_effect(decided.gate, route, role).is_some_and(|effect| effect.grants && !effect.denies)
    };
    decided.roles().filter(grants).collect()
}

fn have_it(decided: &Decided<'_>, route: &Route) -> String {
    match sufficient(decided, route).as_slice() {
        [] => "no role has it: grant it to one under /policy/roles".to_owned(),
        roles => format!("roles that have it: {}", list(roles)),
    }
}

fn missing(decided: &Decided<'_>, route: &Route, principal: &Principal, permission: &str) -> String {
    let own: Vec<&str> = principal.roles().iter().map(String::as_str).collect();
    let lack = match own.as_slice() {
        [] => format!("the caller has no role, and so lacks `{permission}`"),
        [role] if !decided.knows_role(role) => {
            format!("the policy has no role `{role}`, and the caller lacks `{permission}`")
        }
        [role] => format!("role `{role}` lacks `{permission}`"),
        several => format!("{} lack `{permission}`", counted("role", "roles", several)),
    };
    format!("{lack}; {}", have_it(decided, route))
}

fn denied(decided: &Decided<'_>, route: &Route, principal: &Principal, permission: &str) -> String {
    let denies = |role: &&str| role_effect(decided.gate, route, role).is_some_and(|effect| effect.denies);
    let denying: Vec<&str> = principal.roles().iter().map(String::as_str).filter(denies).collect();
    let verb = if denying.len() == 1 { "denies" } else { "deny" };
    format!(
        "{} {verb} `{permission}`, whatever others give; {}",
        counted("role", "roles", &denying),
        have_it(decided, route)
    )
}

fn no_key(principal: &Principal) -> String {
    let tenant = match principal.tenant() {
        Some(tenant) => format!("of the tenant {tenant:?}"),
        None => "of no tenant".to_owned(),
    };
    format!(
        "no entry of /upstream/origin_key is for the subject {:?}, {tenant}, with the roles {}: add one, or a last one \
         without `subject`, `tenant` and `role` for everybody else",
        principal.subject(),
        list_or(principal.roles(), "none")
    )
}

/// How every server reads a parameter alike.
fn plain(parameter: &str) -> &'static str {
    match parameter.split_once('.') {
        Some(("cookie", _)) => {
            "send one cookie of exactly this name, its value without quotes, commas, spaces and escapes"
        }
        Some(("form", _)) => "send one field of exactly this name, a text and no file",
        Some(("body", _)) => "send a text, a whole number, or a list of these, under exactly this name",
        _ => "send it once under exactly this name, percent-encoded where it has to be",
    }
}

fn bound(binding: &ComparedBinding, principal: &Principal) -> String {
    let (parameter, source) = binding.text.split_once(" = ").unwrap_or((&binding.text, ""));
    let source = source.strip_suffix(" (optional)").unwrap_or(source);
    let state = match binding.found() {
        Found::Nothing => format!("{parameter} is missing"),
        Found::One(only) => format!("{parameter} is `{only}`"),
        Found::List(elements) => {
            format!("{parameter} is {}", list(elements.iter().map(|one| format!("`{one}`"))))
        }
        Found::Times(times) => format!("{parameter} is there {times} times, and must be once"),
        Found::Unclear => {
            format!("{parameter} is there in a form that servers read differently: {}", plain(parameter))
        }
    };
    match binding.allowed.as_slice() {
        [] => {
            let origin = match principal.proof() {
                Proof::Token { .. } => "token",
                Proof::ApiKey { .. } => "record of the API key",
                Proof::Asked { .. } => "answer",
            };
            format!("{state}; the caller is bound to nothing: its {origin} has no {source}")
        }
        allowed => format!("{state}; the caller is bound to: {}", list(allowed)),
    }
}
