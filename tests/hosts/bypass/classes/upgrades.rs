//! Requests that one server takes for an upgrade and the next for something else.

use crate::source::{Source, websocket_headers};
use crate::variant::Variant;

const UPGRADES: &[&str] = &[
    "websocket",
    "WebSocket",
    "WEBSOCKET",
    "websocket, x",
    "x, websocket",
    "websocket,",
    ",websocket",
    "h2c, websocket",
    "websocket, h2c",
    "h2c",
    "h2",
    "HTTP/2.0",
    "TLS/1.0",
    "websocket/13",
    "websocket ",
    "\twebsocket",
    "web socket",
    "\"websocket\"",
    "websocket;q=1",
    "websockets",
    "",
    "websocket\0",
    "connect-udp",
];
const CONNECTIONS: &[&str] = &[
    "Upgrade",
    "upgrade",
    "keep-alive, Upgrade",
    "Upgrade, HTTP2-Settings",
    "Upgrade, X-Tenant",
    "close",
    "keep-alive",
    "upgrade, close",
    "Upgrade, Upgrade",
    "upgrades",
    "\"upgrade\"",
    "",
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    // Paths that have a WebSocket, by that route or by the one for GET.
    let sockets: Vec<_> = source.system.routes.iter().filter(|route| route.method == "WEBSOCKET").collect();
    let on_path = |template: &str| sockets.iter().any(|socket| socket.template == template);
    let near = source.chance(80);
    let (route, caller) = match source.chance(30) {
        true => source.permitted(),
        false => (source.route_where(|route| !near || on_path(&route.template)), source.caller()),
    };
    let mut draft = source.draft(route, caller);
    for name in ["upgrade", "connection", "sec-websocket-key", "sec-websocket-version"] {
        draft.without(name);
    }
    if source.chance(25) {
        draft.method = source.pick(&["POST", "HEAD", "OPTIONS", "DELETE"]).to_owned();
    }
    websocket_headers(&mut draft);
    if source.chance(70) {
        draft.without("upgrade");
        for _ in 0..source.pick(&[1, 1, 1, 2]) {
            let value = source.pick(UPGRADES);
            draft.header(source.pick(&["Upgrade", "upgrade", "UPGRADE"]), value);
        }
    }
    if source.chance(40) {
        draft.without("connection");
        for _ in 0..source.rng.usize(0..3) {
            let value = source.pick(CONNECTIONS);
            draft.header("Connection", value);
        }
    }
    match source.rng.u8(..10) {
        0 => drop(draft.without("sec-websocket-key")),
        1 => drop(draft.without("sec-websocket-version").header("Sec-WebSocket-Version", "0")),
        2 => drop(draft.header("HTTP2-Settings", "AAMAAABkAAQAAP__")),
        3 | 4 => drop(draft.json("{}")),
        5 => {
            let token = source.genuine().text().to_owned();
            let subject = source.pick(&["agentflow-bearer", "bearer", "base64url.bearer.authorization"]);
            let mut variant = with_protocols(source, &mut draft, subject, &token, caller);
            variant.subjects = source.system.callers.iter().map(|caller| caller.subject.clone()).collect();
            return variant;
        }
        _ => {}
    }
    let mut variant = Variant::of(caller, &draft);
    // A tunnel that opened would take this for a request of its own.
    if source.chance(50) {
        variant.bytes.extend(source.forbidden().1.bytes());
        variant.lingers = true;
    }
    variant
}

/// A token as a subprotocol, which is a credential on some systems.
fn with_protocols(
    source: &mut Source<'_>,
    draft: &mut crate::draft::Draft,
    name: &str,
    token: &str,
    caller: &crate::callers::Caller,
) -> Variant {
    let value = match source.rng.u8(..4) {
        0 => format!("{name}, {token}"),
        1 => format!("{name},{token},chat"),
        2 => format!("chat, {name}, {token}"),
        _ => format!("{token}, {name}"),
    };
    draft.header("Sec-WebSocket-Protocol", value);
    Variant::of(caller, draft)
}
