//! Whether a request that was allowed had a right to it: its route, its one credential, and the party that proves.

use data_encoding::HEXLOWER;
use portcullis::parts::CompiledAccess;
use portcullis::{CredentialLocation, Principal, Proof, UnixTime, Verdict};
use serde_json::Value;

use crate::bound;
use crate::request_head::Request;
use crate::setting::{Configuration, Setting, secret};
use crate::token::assert_justified;

/// What the profile `agentflow` opens to everybody.
const OPEN: &[&str] = &["GET /health/ready", "GET /ping"];
/// What it opens if the document says so.
const DOCS: &[&str] = &["GET /docs", "GET /docs/oauth2-redirect", "GET /openapi.json", "GET /redocs"];
/// The roles it knows unless the document has its own.
const ROLES: &[&str] = &["guest", "user", "admin"];

/// Panics unless the request may come in, of which the origin gets the cookies in `sent`: over a public route, or with one
/// genuine credential.
pub(crate) fn assert_entitled(
    verdict: &Verdict,
    request: &Request,
    sent: &Request,
    setting: &Setting,
    record: Option<&[u8]>,
) {
    let route = verdict.diagnostics.route.as_deref().expect("allowed without a route");
    let path = verdict.diagnostics.path.as_deref().expect("allowed without a path");
    let (method, template) = route.split_once(' ').expect("a route is a method and a template");
    // RAGFlow takes a path with a slash at its end for the one without.
    let slashless = path.strip_suffix('/').filter(|_| setting.configuration.has_profile("ragflow"));
    assert!(
        fits(template, path) || slashless.is_some_and(|path| fits(template, path)),
        "{path} is not {template}"
    );

    let configuration = setting.configuration;
    let asked = if let Some(asked) = preflight(request).filter(|_| method != "OPTIONS") {
        let preflights = &configuration.document["cors"]["preflight"];
        assert!(
            preflights != "refuse" && preflights != "answer",
            "a preflight goes on, although {preflights}"
        );
        assert_eq!(verdict.diagnostics.principal, None, "a preflight has a caller");
        assert!(serves(configuration, asked, method), "the route of another method");
        return;
    } else if is_websocket(request) {
        b"WEBSOCKET"
    } else {
        request.method.as_slice()
    };
    assert!(serves(configuration, asked, method), "the route of another method");
    match (access(configuration, route), &verdict.diagnostics.principal) {
        ("public", principal) => assert_eq!(*principal, None, "a public route has a caller"),
        ("refused", _) => panic!("{route} is refused to everybody"),
        (_, None) => panic!("{route} was allowed for nobody"),
        (_, Some(principal)) => {
            let place = verdict.diagnostics.location.expect("the credential stood somewhere");
            let credential = credential(request, place, configuration);
            match principal.proof() {
                Proof::Token { .. } => assert_justified(principal, &credential, configuration, setting.now),
                Proof::ApiKey { .. } => {
                    assert_recorded(principal, &credential, configuration, setting.now, record)
                }
                Proof::Asked { .. } => panic!("nobody was asked"),
            }
            let known = |role: &String| match configuration.document["policy"]["roles"].as_object() {
                Some(roles) => roles.contains_key(role),
                None => ROLES.contains(&role.as_str()),
            };
            assert!(principal.roles().iter().any(known), "{route} for {principal:?}, who has no role");
            let path = verdict.diagnostics.path.as_deref().expect("there is a path");
            bound::assert_bound(principal, route, path, sent, configuration, record);
            assert_served(route, request, configuration);
            assert_own(principal, route, path, configuration);
        }
    }
}

/// Whether a route of `method` serves the method that is asked for.
fn serves(configuration: &Configuration, asked: &[u8], method: &str) -> bool {
    let follows = match configuration.document["policy"]["head"].as_str() {
        Some(head) => head == "follows_get",
        None => configuration.has_profile("ragflow"),
    };
    asked == method.as_bytes() || (follows && asked == b"HEAD" && method == "GET")
}

/// Panics unless a route of RAG Modulo about one user is about the caller.
fn assert_own(principal: &Principal, route: &str, path: &str, configuration: &Configuration) {
    if configuration.has_profile("rag-modulo") && route.contains(" /api/users/{user_id}") {
        let user = path.split('/').nth(3).expect("the template has it");
        let user = decode(user.replace('+', "%2B").as_bytes());
        assert_eq!(user, principal.subject(), "{route} is about somebody else");
    }
}

/// Panics unless the route is served for the one host that the request names.
fn assert_served(route: &str, request: &Request, configuration: &Configuration) {
    let Some(hosts) = configuration.document["policy"]["routes"][route]["hosts"].as_array() else { return };
    let named: Vec<_> = request.values("host").map(String::from_utf8_lossy).collect();
    assert_eq!(named.len(), 1, "{route}: the hosts {named:?}");
    let named = named[0].to_ascii_lowercase();
    let fits = |host: &Value| {
        let host = host.as_str().expect("a host is a text").to_ascii_lowercase();
        named == host
            || named
                .strip_prefix(&host)
                .and_then(|rest| rest.strip_prefix(':'))
                .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
    };
    assert!(hosts.iter().any(fits), "{route} is not served for {named}");
}

/// What the document or its profile says about a route, as far as it matters here.
fn access<'d>(configuration: &'d Configuration, route: &str) -> &'d str {
    let policy = &configuration.document["policy"];
    let standard = configuration.has_profile("agentflow");
    let written = &policy["routes"][route];
    if let Some(access) = written.as_str().or(written["access"].as_str()) {
        access
    } else if standard && OPEN.contains(&route) {
        "public"
    } else if standard && DOCS.contains(&route) {
        policy["docs"].as_str().unwrap_or("refused")
    } else if !standard {
        // Tests of the core compare what these profiles open with what their servers do.
        let mut routes = configuration.gate.parts().policy.routes.iter();
        let open = routes.any(|known| known.access == CompiledAccess::Public && known.text == route);
        if open { "public" } else { "a permission" }
    } else {
        "a permission"
    }
}

/// Whether a path in normal form is one of a template.
fn fits(template: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for wanted in template.split('/') {
        let parameter = wanted.strip_prefix('{').and_then(|wanted| wanted.strip_suffix('}'));
        match (parameter, segments.next()) {
            (Some(name), Some(_)) if name.ends_with(":path") => return true,
            (Some(_), Some(found)) if !found.is_empty() => {}
            (None, Some(found)) if found == wanted => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// The method a CORS preflight asks about.
pub(crate) fn preflight(request: &Request) -> Option<&[u8]> {
    let [asked] = elements(request, "access-control-request-method")[..] else { return None };
    let announced = elements(request, "content-length").iter().any(|length| *length != b"0");
    let has_body = announced || request.values("transfer-encoding").next().is_some();
    let alone = elements(request, "origin").len() == 1;
    (request.method == b"OPTIONS" && alone && !has_body).then_some(asked)
}

/// The elements of a list header, over all its lines.
pub(crate) fn elements<'r>(request: &'r Request, name: &str) -> Vec<&'r [u8]> {
    let lines: Vec<_> = request.values(name).collect();
    lines.into_iter().flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii).collect()
}

/// Whether the request asks for a WebSocket, as every server understands it.
pub(crate) fn is_websocket(request: &Request) -> bool {
    let upgrades = elements(request, "upgrade");
    let named = elements(request, "connection").iter().any(|option| option.eq_ignore_ascii_case(b"upgrade"));
    request.method == b"GET"
        && named
        && matches!(upgrades.as_slice(), [only] if only.eq_ignore_ascii_case(b"websocket"))
}

/// The one credential of a request that was allowed, in however many places it stands.
pub(crate) fn credential(
    request: &Request,
    place: CredentialLocation,
    configuration: &Configuration,
) -> String {
    let ragflow = configuration.has_profile("ragflow");
    let agentflow = configuration.has_profile("agentflow");
    let websocket = is_websocket(request) && (agentflow || configuration.has_profile("rag-modulo"));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a credential is ASCII");
    let mut found: Vec<(CredentialLocation, String)> = Vec::new();
    for bearer in elements(request, "authorization") {
        if ragflow && bearer.starts_with(b"ragflow-") {
            found.push((CredentialLocation::Authorization, text(bearer)));
            continue;
        }
        let (scheme, token) = bearer.split_at(bearer.len().min(7));
        assert!(scheme.eq_ignore_ascii_case(b"bearer "), "allowed with another scheme than Bearer");
        found.push((CredentialLocation::Authorization, text(token.trim_ascii())));
    }
    let keys = api_key_header(configuration).map(|name| elements(request, name)).unwrap_or_default();
    found.extend(keys.into_iter().map(|key| (CredentialLocation::ApiKeyHeader, text(key))));
    for cookie in cookies(request) {
        let mut names = list(configuration, "cookies");
        let value = names.find_map(|name| cookie.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
        found.extend(value.map(|value| (CredentialLocation::Cookie, text(value))));
    }
    if announces_token(request, configuration) {
        let protocols = elements(request, "sec-websocket-protocol");
        let protocols: Vec<_> = protocols.into_iter().filter(|entry| !entry.is_empty()).collect();
        assert_eq!(protocols.len(), 2, "a token among other protocols");
        found.push((CredentialLocation::WebSocketProtocol, text(protocols[1])));
    }
    let queried = if websocket { query_tokens(&request.target) } else { Vec::new() };
    found.extend(queried.into_iter().map(|token| (CredentialLocation::Query, token)));
    let [(first, credential), others @ ..] = found.as_slice() else { panic!("allowed without a credential") };
    assert_eq!(*first, place, "the credential stands elsewhere");
    assert!(others.iter().all(|(_, other)| other == credential), "allowed with several credentials");
    credential.clone()
}

/// The header for API keys. RAGFlow reads no such header, so that it is one like any other there.
pub(crate) fn api_key_header(configuration: &Configuration) -> Option<&'static str> {
    (!configuration.has_profile("ragflow")).then_some("x-api-key")
}

/// Whether a token stands in `Sec-WebSocket-Protocol`.
pub(crate) fn announces_token(request: &Request, configuration: &Configuration) -> bool {
    let protocols = elements(request, "sec-websocket-protocol");
    let first = protocols.into_iter().find(|entry| !entry.is_empty());
    is_websocket(request) && configuration.has_profile("agentflow") && first.is_some_and(is_sentinel)
}

/// The cookies of a request, between semicolons or commas.
pub(crate) fn cookies(request: &Request) -> Vec<&[u8]> {
    let lines: Vec<_> = request.values("cookie").collect();
    let parts = lines.into_iter().flat_map(|line| line.split(|byte| matches!(byte, b';' | b',')));
    parts.map(<[u8]>::trim_ascii).collect()
}

/// Names of cookies in the document.
pub(crate) fn list<'c>(configuration: &'c Configuration, member: &str) -> impl Iterator<Item = &'c str> {
    let names = configuration.document["credentials"][member].as_array();
    names.into_iter().flatten().filter_map(Value::as_str)
}

/// Whether an entry of `Sec-WebSocket-Protocol` announces a token.
pub(crate) fn is_sentinel(entry: &[u8]) -> bool {
    entry == b"agentflow-bearer" || entry == b"10xgraph-bearer"
}

/// The decoded values of the query parameters called `token`, however that is written.
pub(crate) fn query_tokens(target: &[u8]) -> Vec<String> {
    let Some(at) = target.iter().position(|byte| *byte == b'?') else { return Vec::new() };
    let parts = target[at + 1..].split(|byte| *byte == b'&').map(|part| {
        let end = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        (decode(&part[..end]), decode(part.get(end + 1..).unwrap_or_default()))
    });
    parts.filter(|(name, _)| name == "token").map(|(_, value)| value).collect()
}

/// Percent-decodes a part of a query.
pub(crate) fn decode(text: &[u8]) -> String {
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let escape = text.get(at..at + 3).filter(|escape| escape[0] == b'%');
        let escape = escape.and_then(|escape| str::from_utf8(&escape[1..]).ok());
        let byte = escape.filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(if text[at] == b'+' { b' ' } else { text[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Panics unless a record, of the document or from the host, is for this very key, and says what the principal says.
fn assert_recorded(
    principal: &Principal,
    key: &str,
    configuration: &Configuration,
    now: UnixTime,
    supplied: Option<&[u8]>,
) {
    let mut hashes = vec![format!("sha256:{}", HEXLOWER.encode(&hmac_sha256::Hash::hash(key.as_bytes())))];
    let settings = &configuration.document["api_keys"];
    if let Some(pepper) = settings["pepper"]["env"].as_str().and_then(secret) {
        hashes.push(format!("hmac-sha256:{}", HEXLOWER.encode(&hmac_sha256::HMAC::mac(key, pepper))));
    }
    let supplied = supplied.filter(|_| settings["lookup"] == true).and_then(crate::json::strict);
    let records = settings["records"].as_array().into_iter().flatten().chain(&supplied);
    let mut own = records.filter(|record| {
        // Hexadecimal digits may be written in either case.
        record["hash"].as_str().is_some_and(|hash| hashes.contains(&hash.to_ascii_lowercase()))
    });
    let record = own.next().unwrap_or_else(|| panic!("allowed with a key that no record is for: {key:?}"));
    let text = |name: &str| record[name].as_str().filter(|text| !text.is_empty());
    assert_ne!(record["disabled"], true, "allowed with a disabled key");
    let end = &record["expires_at"];
    assert!(end.as_u64().is_none_or(|end| end > now.as_secs()), "allowed with an expired key");
    // Instants of one form are in the order of their texts.
    assert!(end.as_str().is_none_or(|end| *end > *now.to_rfc3339()), "allowed with an expired key");
    assert_eq!(principal.proof().key_id(), text("id"), "the record of another key");
    // A key of nobody's is never the user whose name is its id.
    let subject = text("owner").map(str::to_owned).or(text("id").map(|id| format!("key:{id}")));
    assert_eq!(Some(principal.subject()), subject.as_deref(), "another owner");
    let roles = record["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
    assert!(roles.eq(principal.roles().iter()), "other roles than the record's");
}
