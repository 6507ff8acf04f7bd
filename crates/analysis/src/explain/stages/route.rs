//! The route, and what it asks for.

use portcullis::AuthError;
use portcullis::parts::{CompiledAccess, Route, RouteCredential, Upgrade};

use crate::explain::decided::Decided;
use crate::explain::stage::Stage;
use crate::render::list;
use crate::route;

pub(crate) fn stages(decided: &Decided<'_>) -> Vec<Stage> {
    let recording = &decided.recording;
    let mut stages = Vec::new();
    if let Some(head) = &recording.head {
        stages.extend(match head.upgrade {
            _ if head.is_preflight => Some(Stage::passed(
                "preflight",
                format!("a browser asks whether it may {}; no credential is looked at", head.method),
            )),
            Upgrade::WebSocket => {
                Some(Stage::passed("upgrade", "to a WebSocket, which counts as the method WEBSOCKET"))
            }
            Upgrade::Other => {
                Some(Stage::passed("upgrade", "not to a WebSocket alone, so nothing is upgraded"))
            }
            Upgrade::No => None,
        });
    }
    let Some(route) = recording.route() else {
        if !matches!(decided.error(), Some(AuthError::Path(_) | AuthError::Header(_))) {
            stages.push(Stage::failed("route", "none has this method and path"));
        }
        return stages;
    };
    let path = decided.verdict.diagnostics.path.as_deref().unwrap_or_default();
    let wider = route::matching(decided.gate, path);
    let wider = wider.iter().filter(|other| other.method == route.method && other.text != route.text);
    let wider = list(wider.map(|other| &other.text));
    let before = if wider.is_empty() { String::new() } else { format!(", before {wider}") };
    stages.push(Stage::passed("route", format!("{}{before}", route.text)));
    stages.push(access(decided, route));
    if let Some(beneath) = recording.beneath() {
        stages.push(Stage::passed("route", format!("{} beneath, which has to allow it too", beneath.text)));
        stages.push(access(decided, beneath));
    }
    stages
}

fn access(decided: &Decided<'_>, route: &Route) -> Stage {
    match route.access {
        CompiledAccess::Public if route.credential == RouteCredential::OfOrigin => {
            Stage::passed("access", "public: no credential is looked at, and the origin gets what came")
        }
        CompiledAccess::Public => {
            Stage::passed("access", "public: no credential is looked at, and none is handed on")
        }
        CompiledAccess::Refused => Stage::failed("access", "refused to everybody"),
        CompiledAccess::Permission(_) => {
            let permission = route::permission(decided.gate, route).unwrap_or_default();
            Stage::passed("access", format!("asks for {permission}"))
        }
    }
}
