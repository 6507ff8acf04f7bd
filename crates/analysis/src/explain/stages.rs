//! The steps of a decision, in words.

mod access;
mod claims;
mod origin;
mod path;
mod route;
mod token;

use portcullis::{CredentialHandling, Decision, Principal};

use super::asked::Asked;
use super::decided::Decided;
use super::presented::Presented;
use super::stage::Stage;
use crate::render::{list, list_or};

/// What happened, in order; the step that refused comes last.
pub(crate) fn stages(decided: &Decided<'_>) -> Vec<Stage> {
    let diagnostics = &decided.verdict.diagnostics;
    let mut stages = Vec::new();
    if let Some(path) = &diagnostics.path {
        stages.push(Stage::passed("path", path::render(decided.target, path)));
        stages.extend(route::stages(decided));
        stages.extend(origin::stage(decided));
    }
    if let Some(location) = diagnostics.location {
        let kind = match &decided.recording.credential {
            Some(Presented::Token(_)) => "a token".to_owned(),
            Some(Presented::ApiKey { id: Some(id) }) => format!("an API key with the identifier `{id}`"),
            Some(Presented::ApiKey { id: None }) | None => "an API key without an identifier".to_owned(),
        };
        stages.push(Stage::passed("credential", format!("{kind}, in {}", location.describe())));
    }
    stages.extend(token::stages(decided));
    stages.extend(decided.recording.asked.iter().map(asked));
    if decided.recording.leaves_revocations {
        let detail = "not looked up here; a host asks its store whether this credential was taken back";
        stages.push(Stage::passed("revoked", detail));
    }
    if let Some(principal) = &diagnostics.principal {
        stages.push(Stage::passed("principal", self::principal(decided, principal)));
        stages.extend(access::stages(decided, principal));
    }
    stages.extend(end(decided));
    stages
}

/// A call that was made, and what came of it.
fn asked(asked: &Asked) -> Stage {
    let Asked { method, target, status } = asked;
    match status {
        Some(status) => Stage::passed("asked", format!("{method} {target} answered {status}, just now")),
        None => Stage::failed("asked", format!("{method} {target} was not answered")),
    }
}

fn principal(decided: &Decided<'_>, principal: &Principal) -> String {
    let (known, unknown): (Vec<&str>, Vec<&str>) =
        principal.roles().iter().map(String::as_str).partition(|role| decided.knows_role(role));
    let mut text =
        format!("{} with {}", principal.subject(), list_or(known, "no role that the policy knows"));
    if !unknown.is_empty() {
        text.push_str(&format!("; the policy does not know {}", list(unknown)));
    }
    if let Some(tenant) = principal.tenant() {
        text.push_str(&format!("; of the tenant {tenant}"));
    }
    text
}

/// The last step: the request goes on, or what refused it; both where a refusal is only reported.
fn end(decided: &Decided<'_>) -> Vec<Stage> {
    let diagnostics = &decided.verdict.diagnostics;
    let refused = diagnostics.reason.map(|reason| match &diagnostics.error {
        Some(error) => Stage::failed("refused", format!("{reason}: {error}")),
        None => Stage::failed("refused", reason.code()),
    });
    let forwarded = match &decided.verdict.decision {
        Decision::Allow(_) if diagnostics.reported => Some(Stage::passed(
            "report",
            "the configuration only reports refusals: the request goes on as it came",
        )),
        Decision::Allow(forward) => {
            let key = &decided.recording.origin_key;
            let credential = match forward.credential {
                CredentialHandling::Forward if diagnostics.principal.is_none() => {
                    "with whatever credentials came, unverified".to_owned()
                }
                CredentialHandling::Forward => "with the caller's own credential".to_owned(),
                CredentialHandling::Replace => match key {
                    Some(name) => format!("with the origin's own key {name}"),
                    None => "with a token made for the origin".to_owned(),
                },
                CredentialHandling::Strip => "without a credential".to_owned(),
            };
            Some(Stage::passed("forward", format!("{} {credential}", forward.target)))
        }
        Decision::Answer(_) => {
            Some(Stage::passed("answer", "the gate answers the preflight itself; nothing goes on"))
        }
        Decision::Deny(_) => None,
    };
    refused.into_iter().chain(forwarded).collect()
}
