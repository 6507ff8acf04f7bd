//! Every role on every route, against a table written out from AgentFlow's authentication guide.

use anyhow::Result;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use portcullis_test_support::client::{self, Request};

use crate::lab::{Gate, Release};
use crate::report::Report;

/// A route and who the guide says may use it.
struct Route {
    method: &'static str,
    path: &'static str,
    body: &'static str,
    allowed: &'static [&'static str],
    /// What the server answers when it gets the request.
    served: u16,
}

/// The callers: a name, and the role in their token.
const CALLERS: &[(&str, Option<&str>)] = &[
    ("guest", Some("guest")),
    ("user", Some("user")),
    ("admin", Some("admin")),
    // The guide: a token without a role is a guest's.
    ("none", None),
    ("unknown", Some("superuser")),
];

const EVERYBODY_KNOWN: &[&str] = &["guest", "user", "admin", "none"];
const USERS: &[&str] = &["user", "admin"];
const ADMINS: &[&str] = &["admin"];
/// The guide gives these permissions to no role.
const NOBODY: &[&str] = &[];

const RUN: &str = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}],"config":{"thread_id":"roles"}}"#;
const SEARCH: &str = r#"{"query":"hello"}"#;
const MEMORY: &str = r#"{"content":"hello"}"#;
const MESSAGES: &str = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]}"#;

/// Two messages with known identifiers. (For a message that is not there the server answers 500 and drops the connection.)
const KEPT: &str = r#"{"messages":[{"message_id":"m1","role":"user","content":[{"type":"text","text":"hello"}]},{"message_id":"m2","role":"user","content":[{"type":"text","text":"hello"}]}]}"#;

const fn route(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    allowed: &'static [&'static str],
    served: u16,
) -> Route {
    Route { method, path, body, allowed, served }
}

/// The fixture has no store: what reaches its routes is answered 503 by the server.
const NO_STORE: u16 = 503;

const ROUTES: &[Route] = &[
    route("POST", "/v1/graph/invoke", RUN, EVERYBODY_KNOWN, 200),
    route("POST", "/v1/graph/stream", RUN, USERS, 200),
    // Not switched on in the fixture: the server has no such route.
    route("POST", "/v1/ag-ui", "{}", USERS, 404),
    route("POST", "/v1/graph/stop", r#"{"thread_id":"roles"}"#, ADMINS, 200),
    // Gone from these releases; the guide still has it.
    route("POST", "/v1/graph/setup", "{}", ADMINS, 404),
    route("POST", "/v1/graph/fix", r#"{"thread_id":"roles"}"#, NOBODY, 0),
    route("GET", "/v1/graph", "", NOBODY, 0),
    route("GET", "/v1/graph:StateSchema", "", NOBODY, 0),
    route("GET", "/v1/graph/tools", "", NOBODY, 0),
    route("GET", "/v1/observability/roles", "", NOBODY, 0),
    route("GET", "/v1/threads", "", USERS, 200),
    route("GET", "/v1/threads/roles", "", USERS, 200),
    route("DELETE", "/v1/threads/gone", "{}", ADMINS, 200),
    route("GET", "/v1/threads/kept/messages", "", USERS, 200),
    route("POST", "/v1/threads/other/messages", MESSAGES, ADMINS, 200),
    route("GET", "/v1/threads/kept/messages/m1", "", USERS, 200),
    route("DELETE", "/v1/threads/kept/messages/m2", "{}", ADMINS, 200),
    route("GET", "/v1/threads/roles/state", "", USERS, 200),
    route("PUT", "/v1/threads/other/state", r#"{"state":{}}"#, ADMINS, 200),
    route("DELETE", "/v1/threads/gone/state", "", ADMINS, 200),
    route("POST", "/v1/store/search", SEARCH, USERS, NO_STORE),
    route("POST", "/v1/store/memories/list", "{}", USERS, NO_STORE),
    route("POST", "/v1/store/memories/1", "{}", USERS, NO_STORE),
    route("POST", "/v1/store/memories", MEMORY, ADMINS, NO_STORE),
    route("PUT", "/v1/store/memories/1", MEMORY, ADMINS, NO_STORE),
    route("DELETE", "/v1/store/memories/1", "", NOBODY, 0),
    route("POST", "/v1/store/memories/forget", "{}", NOBODY, 0),
    route("POST", "/v1/files/upload", "x", NOBODY, 0),
    route("GET", "/v1/files/1", "", NOBODY, 0),
    route("GET", "/v1/files/1/info", "", NOBODY, 0),
    route("GET", "/v1/files/1/url", "", NOBODY, 0),
    route("GET", "/v1/config/multimodal", "", NOBODY, 0),
    route("GET", "/v1/evals/runs", "", NOBODY, 0),
    // Refused to everybody, with or without a token.
    route("GET", "/docs", "", NOBODY, 0),
    route("GET", "/openapi.json", "", NOBODY, 0),
    route("GET", "/redocs", "", NOBODY, 0),
    // Spellings and methods the server would redirect or answer are no routes of the gate.
    route("GET", "/v1/threads/", "", NOBODY, 0),
    route("POST", "/v1/graph/invoke/", RUN, NOBODY, 0),
    route("HEAD", "/v1/threads", "", NOBODY, 0),
    route("PATCH", "/v1/threads/roles", "{}", NOBODY, 0),
    route("GET", "/v1/nothing", "", NOBODY, 0),
    // Public, whoever asks.
    route("GET", "/ping", "", &["guest", "user", "admin", "none", "unknown"], 200),
];

/// Of the routes, those that are refused before anybody is asked for a token.
const REFUSED_OUTRIGHT: &[&str] = &["/docs", "/openapi.json", "/redocs"];

/// Requests on their way at once: enough to overlap the server's pauses.
const CONCURRENT: usize = 8;

/// Asks for every route in every role through `gate`, and once without a token.
pub(crate) async fn check(gate: &Gate, release: &Release, kind: &str) -> Result<Report> {
    let keep = Request::new("POST", "/v1/threads/kept/messages?direct").json(KEPT);
    let token = release.forward.token("keeper", Some("admin"))?;
    let kept = client::send(release.server.address(), &keep.bearer(&token)).await?;
    let mut cases = Vec::new();
    for route in ROUTES {
        for (caller, role) in CALLERS {
            let token = gate.token(caller, *role)?;
            cases.push((route, *caller, Some(token)));
        }
        cases.push((route, "nobody", None));
    }
    let reports = stream::iter((1..).zip(cases)).map(|(number, (route, caller, token))| {
        let target = format!("{}?case={kind}-{number}", route.path);
        one(gate, route, caller, token, target)
    });
    let reports: Vec<Report> = reports.buffer_unordered(CONCURRENT).try_collect().await?;
    let mut report = Report::default();
    reports.into_iter().for_each(|part| report.add(part));
    report.equal(&format!("{}: messages to ask for", release.name), kept.status, 200);
    report.holds(&format!("{}: every role met every route", release.name), report.summary.total() > 200, ());
    Ok(report)
}

async fn one(
    gate: &Gate,
    route: &Route,
    caller: &str,
    token: Option<String>,
    target: String,
) -> Result<Report> {
    let mut request = Request::new(route.method, &target);
    if let Some(token) = &token {
        request = request.bearer(token);
    }
    if !route.body.is_empty() {
        request = request.json(route.body);
    }
    let response = client::send(gate.address(), &request).await?;
    let mut report = Report::default();
    let what = format!("{} {} as {caller}", route.method, route.path);
    let public = route.path == "/ping";
    if route.allowed.contains(&caller) || public {
        report.allowed(route.method, &target);
        let text = if response.status == route.served { String::new() } else { response.text() };
        report.equal(&what, (response.status, text), (route.served, String::new()));
    } else {
        let unauthenticated = token.is_none() && !REFUSED_OUTRIGHT.contains(&route.path);
        let refused = (if unauthenticated { 401 } else { 403 }, true);
        // The server itself, which allows everything, has nothing to refuse with 403.
        let by_gate = response.header("cache-control") == Some("no-store");
        report.equal(&what, (response.status, by_gate), refused);
    }
    Ok(report)
}
