//! Headers that end at a hop, and others that a caller would like to end there.

use crate::source::Source;
use crate::systems::Route;
use crate::variant::Variant;

const NOMINATED: &[&str] = &[
    "X-Tenant",
    "x-tenant",
    "X_Tenant",
    "Authorization",
    "X-API-Key",
    "X-Auth-Subject",
    "X-Auth-Roles",
    "Cookie",
    "Host",
    "Content-Length",
    "Content-Type",
    "Transfer-Encoding",
    "Origin",
    "X-Project-Name",
    "Sec-WebSocket-Protocol",
    "Access-Control-Request-Method",
    "close",
    "keep-alive",
    "TE",
    "Upgrade",
    "HTTP2-Settings",
    "Trailer",
    "",
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    if source.chance(25) {
        return taken_away(source);
    }
    // Where a header is compared, taking it away is worth something.
    let (caller, mut draft) = if source.chance(60) {
        let route =
            source.route_where(|route| route.bindings.iter().any(|(name, _)| name.starts_with("header.")));
        let caller = if source.chance(80) { source.genuine() } else { source.caller() };
        let draft = source.draft(route, caller);
        (caller, draft)
    } else {
        let (_, caller, draft) = source.any();
        (caller, draft)
    };
    let header = source.pick(&[
        "Connection",
        "connection",
        "Connection",
        "Proxy-Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
    ]);
    for _ in 0..source.pick(&[1, 1, 2]) {
        let count = source.rng.usize(1..4);
        let names: Vec<&str> = (0..count).map(|_| source.pick(NOMINATED)).collect();
        let comma = source.pick(&[", ", ",", " ,", ",,", "\t,", ";"]);
        let at = source.rng.usize(..=draft.headers.len());
        draft.headers.insert(at, (header.to_owned(), names.join(comma).into_bytes()));
    }
    Variant::of(caller, &draft)
}

/// Nothing is wrong with the request but that it names the very header that a binding compares; on WebSockets too, where
/// some servers hand `Connection` on.
fn taken_away(source: &mut Source<'_>) -> Variant {
    let websocket = source.speaks.websockets && source.chance(50);
    let route = source.route_where(|route| {
        bound_header(route).is_some()
            && route.bindings.len() == 1
            && (route.method == "WEBSOCKET") == websocket
    });
    let name = bound_header(route).unwrap_or("Authorization").to_owned();
    let caller = source.genuine();
    let mut draft = source.draft(route, caller);
    let others = if route.method == "WEBSOCKET" { "Upgrade" } else { source.pick(&["keep-alive", "close"]) };
    draft.without("connection");
    match source.rng.u8(..3) {
        0 => drop(draft.header("Connection", format!("{others}, {name}"))),
        1 => drop(draft.header("Connection", format!("{name}, {others}"))),
        _ => drop(draft.header("Connection", name).header("Connection", others)),
    }
    Variant::of(caller, &draft)
}

fn bound_header(route: &Route) -> Option<&str> {
    route.bindings.iter().find_map(|(name, _)| name.strip_prefix("header."))
}
