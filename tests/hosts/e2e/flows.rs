//! The table of AgentFlow's page: the same requests to the server itself, and through the gate on each host.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Result;
use serde_json::json;

use portcullis_host_tests::hosts::{Kind, Running};
use portcullis_host_tests::runtime;
use portcullis_test_support::client::{self, Request, Response};
use portcullis_test_support::flows::FlowTable;
use portcullis_test_support::origin::agentflow::AgentFlow;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::python;

use crate::lab::forward_config;

const PAGE: &str = "docs/systems/agentflow.md";
const HOSTS: [(Kind, &str); 3] =
    [(Kind::Worker, "Worker"), (Kind::Envoy, "Envoy"), (Kind::Component, "component")];
const RUN: &str = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}],"config":{"thread_id":"flows"}}"#;
/// As the guide prints it.
const HELLO: &str = r#"{"messages":[{"role":"user","content":"Hello"}],"config":{"thread_id":"flows"}}"#;

/// What is sent, by a name.
type Flow = (String, Request);

/// A server of its own, so that nothing else is in its log, and gates that hand its own tokens on.
pub(crate) fn check(summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let secret = tokens::secret()?;
    let requirements = root().join("tests/agentflow/requirements-0.6.1.txt");
    let bin = step("AgentFlow 0.6.1", |step| python::venv("agentflow-0.6.1", &requirements, step))?;
    let server = AgentFlow::start(&bin, &secret, "agentflow-0.6.1-flows")?;
    let origin = format!("http://{}", server.address());
    let mut document = forward_config();
    document["audit"] = json!({"reason_header": true});
    let secrets = BTreeMap::from([("ORIGIN_SECRET".to_owned(), secret.clone())]);
    let start = |(kind, _)| {
        let kind: Kind = kind;
        Running::start(kind, &format!("agentflow-flows-{}", kind.name()), &document, secrets.clone(), &origin)
    };
    let gates = HOSTS.into_iter().map(start).collect::<Result<Vec<_>>>()?;
    let addresses: Vec<SocketAddr> =
        std::iter::once(server.address()).chain(gates.iter().map(Running::address)).collect();
    let heads: Vec<_> = std::iter::once("without the gate").chain(HOSTS.map(|(_, head)| head)).collect();
    let mut table = FlowTable::new("flows", &heads);
    for (flow, request) in flows(&secret)? {
        let outcomes =
            addresses.iter().map(|address| Ok(outcome(&runtime.block_on(client::send(*address, &request))?)));
        table.row(&flow, &outcomes.collect::<Result<Vec<_>>>()?);
    }
    table.settle(PAGE, summary)
}

fn outcome(answer: &Response) -> String {
    match answer.header("x-portcullis-reason") {
        Some(reason) => format!("{} {reason}", answer.status),
        None => answer.status.to_string(),
    }
}

fn flows(secret: &str) -> Result<Vec<Flow>> {
    let threads = || Request::new("GET", "/v1/threads");
    let soon = tokens::now_secs().saturating_add(600);
    let claims = json!({"user_id": "alice", "role": "admin", "exp": soon});
    let mut flows: Vec<Flow> = Vec::new();
    let mut add = |name: &str, request: Request| flows.push((name.to_owned(), request));
    add("token: none", threads());
    add("token: garbage", threads().bearer("garbage"));
    add(
        "token: signed with another secret",
        threads().bearer(&tokens::sign(claims.clone(), &tokens::secret()?)?),
    );
    add("token: unsigned", threads().bearer(&tokens::unsigned(&claims)));
    let expired = json!({"user_id": "alice", "role": "admin", "exp": tokens::now_secs().saturating_sub(600)});
    add("token: expired", threads().bearer(&tokens::sign(expired, secret)?));
    add("token: Basic", threads().header("Authorization", "Basic dXNlcjpwYXNz"));
    let of = |role: Option<&str>| tokens::agentflow("alice", role, secret);
    for (caller, role) in [
        ("a guest", Some("guest")),
        ("a user", Some("user")),
        ("an admin", Some("admin")),
        ("no role", None),
        ("a role that the guide does not know", Some("superuser")),
    ] {
        let token = of(role)?;
        add(&format!("{caller}: GET /v1/threads"), threads().bearer(&token));
        for path in ["/v1/graph/invoke", "/v1/graph/stream"] {
            add(&format!("{caller}: POST {path}"), Request::new("POST", path).bearer(&token).json(RUN));
        }
    }
    let user = of(Some("user"))?;
    let invoke = Request::new("POST", "/v1/graph/invoke").bearer(&user);
    add("guide: \"content\": \"Hello\"", invoke.json(HELLO));
    add("guide: invoke without -X POST", Request::new("GET", "/v1/graph/invoke").bearer(&user));
    add("place: ?token= over plain HTTP", Request::new("GET", format!("/v1/threads?token={user}")));
    add("place: X-API-Key", threads().header("X-API-Key", "a-key-of-somebody-0123456789abcdef"));
    for path in ["//v1/threads", "/v1/%74hreads", "/v1/x/../threads", "/V1/threads"] {
        add(&format!("path, a user: {path}"), Request::new("GET", path).bearer(&user));
        add(&format!("path, nobody: {path}"), Request::new("GET", path));
    }
    for path in ["/ping", "/docs", "/redocs", "/openapi.json", "/v1/evals/runs", "/nope"] {
        add(&format!("nobody: GET {path}"), Request::new("GET", path));
    }
    Ok(flows)
}
