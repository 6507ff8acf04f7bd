//! The steps of a decision, in words.

mod access;
mod path;
mod token;

pub(super) use token::{name as key_name, shown};

use portcullis::{
    AuthError, CredentialFate, Decision, PolicyError, Principal, RouteAccess, SurveyedCredential,
};
use serde::Serialize;

use super::Decided;
use super::words::{list, list_or};

/// One step of the decision.
#[derive(Serialize)]
pub(super) struct Stage {
    pub(super) step: &'static str,
    pub(super) passed: bool,
    pub(super) detail: String,
}

impl Stage {
    fn passed(step: &'static str, detail: impl Into<String>) -> Self {
        Self { step, passed: true, detail: detail.into() }
    }

    fn failed(step: &'static str, detail: impl Into<String>) -> Self {
        Self { step, passed: false, detail: detail.into() }
    }
}

/// What happened, in order; the step that refused comes last.
pub(super) fn stages(decided: &Decided<'_>) -> Vec<Stage> {
    let record = &decided.verdict.record;
    let mut stages = Vec::new();
    if let Some(path) = &record.path {
        stages.push(Stage::passed("path", path::words(decided.request.target, path)));
        stages.extend(route(decided));
    }
    if let Some(place) = record.place {
        let kind = match &decided.credential {
            Some(SurveyedCredential::Token(_)) => "a token".to_owned(),
            Some(SurveyedCredential::ApiKey { id: Some(id) }) => {
                format!("an API key with the identifier `{id}`")
            }
            Some(SurveyedCredential::ApiKey { id: None }) => "an API key without an identifier".to_owned(),
            None => "one".to_owned(),
        };
        stages.push(Stage::passed("credential", format!("{kind}, in {}", place.describe())));
    }
    if let Some(SurveyedCredential::Token(token)) = &decided.credential {
        stages.extend(token::stages(token, record.principal.as_ref(), decided.now));
    }
    if let Some(principal) = &record.principal {
        stages.push(Stage::passed("principal", self::principal(decided, principal)));
        stages.extend(access::stages(decided, principal));
    }
    stages.extend(end(decided));
    stages
}

fn route(decided: &Decided<'_>) -> Vec<Stage> {
    let record = &decided.verdict.record;
    let mut stages = Vec::new();
    if let Some(method) = &decided.reading.preflight {
        stages.push(Stage::passed(
            "preflight",
            format!("a browser asks whether it may {method}; no credential is looked at"),
        ));
    } else if decided.reading.websocket {
        stages.push(Stage::passed("upgrade", "to a WebSocket, which counts as the method WEBSOCKET"));
    }
    let Some(route) = &decided.route else {
        if !matches!(record.error, Some(AuthError::Path(_) | AuthError::Header(_))) {
            stages.push(Stage::failed("route", "none has this method and path"));
        }
        return stages;
    };
    let path = record.path.as_deref().unwrap_or_default();
    let wider: Vec<&str> = decided
        .gate
        .routes()
        .filter(|other| {
            other.method() == route.method() && other.text() != route.text() && other.matches(path)
        })
        .map(|other| other.text())
        .collect();
    let beaten = if wider.is_empty() { String::new() } else { format!(", before {}", list(wider)) };
    stages.push(Stage::passed("route", format!("{}{beaten}", route.text())));
    match route.access() {
        RouteAccess::Public => {
            stages.push(Stage::passed("access", "public: no credential is looked at, and none is handed on"));
        }
        RouteAccess::Refused => stages.push(Stage::failed("access", "refused to everybody")),
        RouteAccess::Permission(permission) => {
            stages.push(Stage::passed("access", format!("asks for {}", permission.as_str())));
        }
    }
    stages
}

fn principal(decided: &Decided<'_>, principal: &Principal) -> String {
    let (known, unknown): (Vec<&str>, Vec<&str>) = principal
        .roles
        .iter()
        .map(String::as_str)
        .partition(|role| decided.gate.roles().any(|known| known == *role));
    let mut text = format!("{} with {}", principal.subject, list_or(known, "no role that the policy knows"));
    if !unknown.is_empty() {
        text.push_str(&format!("; the policy does not know {}", list(unknown)));
    }
    if let Some(tenant) = &principal.tenant {
        text.push_str(&format!("; of the tenant {tenant}"));
    }
    text
}

/// The last step: the request goes on, or what refused it; both where a refusal is only reported.
fn end(decided: &Decided<'_>) -> Vec<Stage> {
    let record = &decided.verdict.record;
    let refused = record.reason.map(|reason| match &record.error {
        Some(error) => Stage::failed("refused", format!("{reason}: {error}")),
        None => Stage::failed("refused", reason.code()),
    });
    let forwarded = match &decided.verdict.decision {
        Decision::Allow(_) if record.reported => Some(Stage::passed(
            "report",
            "the configuration only reports refusals: the request goes on as it came",
        )),
        Decision::Allow(forward) => {
            let credential = match forward.credential {
                CredentialFate::Forward => "with the caller's own credential",
                CredentialFate::Swap => "with a token made for the origin",
                CredentialFate::Strip => "without a credential",
            };
            Some(Stage::passed("forward", format!("{} {credential}", forward.target)))
        }
        Decision::Deny(_) => None,
    };
    refused.into_iter().chain(forwarded).collect()
}

/// Whether the policy got as far as comparing scopes and bindings.
fn has_permission(error: Option<&AuthError>) -> bool {
    !matches!(
        error,
        Some(AuthError::Policy(
            PolicyError::RouteUnknown | PolicyError::PermissionMissing | PolicyError::PermissionDenied
        ))
    )
}
