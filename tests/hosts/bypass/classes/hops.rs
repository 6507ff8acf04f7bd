//! Headers that end at a hop, and others that a caller would like to end there.

use crate::source::Source;
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
