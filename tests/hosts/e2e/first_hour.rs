//! What `portcullis config init --profile agentflow` prints, as it is, in front of the real server, and the requests of
//! AgentFlow's authentication guide through it.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use portcullis_test_support::client::{self, Request};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;

use crate::lab::Lab;
use crate::report::Report;

/// The body of the guide, which the server itself does not take: its messages are lists of blocks.
const GUIDE: &str = r#"{"messages":[{"role":"user","content":"Hello"}],"config":{"thread_id":"test-1"}}"#;
const BLOCKS: &str = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hello"}]}],"config":{"thread_id":"test-1"}}"#;

pub(crate) async fn check(lab: &Lab) -> Result<Report> {
    let file = root().join("bindings/cli/src/config/init/agentflow.json");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let gate = lab.gate(&serde_json::from_str(&text)?, lab.first.server.address(), None, "e2e-first-hour")?;

    let exp = tokens::now_secs().saturating_add(3600);
    // `gen_token.py`, and what the server itself asks for.
    let of_guide = |role: &str| json!({"sub": "user-123", "name": "Alice", "role": role, "exp": exp});
    let of_server = json!({"user_id": "user-123", "role": "user", "exp": exp});
    let secret = &lab.secrets.identity_provider;
    let signed = |claims: Value| tokens::sign(claims, secret);
    let forged = tokens::sign(of_guide("admin"), &tokens::secret()?)?;
    let invoke = "/v1/graph/invoke";
    let cases = [
        ("POST", invoke, BLOCKS, None, 401),
        ("POST", invoke, BLOCKS, Some(signed(of_guide("user"))?), 200),
        ("POST", invoke, BLOCKS, Some(signed(of_server)?), 200),
        ("POST", invoke, GUIDE, Some(signed(of_guide("user"))?), 422),
        ("POST", invoke, BLOCKS, Some(signed(of_guide("guest"))?), 200),
        ("GET", "/v1/threads", "", Some(signed(of_guide("user"))?), 200),
        ("GET", "/v1/threads", "", Some(signed(of_guide("guest"))?), 403),
        ("POST", invoke, BLOCKS, Some(signed(json!({"name": "Alice", "role": "admin", "exp": exp}))?), 401),
        ("POST", invoke, BLOCKS, Some(forged), 401),
        ("POST", invoke, BLOCKS, Some(tokens::unsigned(&of_guide("admin"))), 401),
    ];
    let mut report = Report::default();
    for (number, (method, path, body, token, status)) in (1..).zip(cases) {
        let target = format!("{path}?case=first-hour-{number}");
        let mut request = Request::new(method, &target);
        if let Some(token) = &token {
            request = request.bearer(token);
        }
        if !body.is_empty() {
            request = request.json(body);
        }
        let response = client::send(gate.address(), &request).await?;
        // The gate's own refusals are never stored; what the server does not understand it refuses itself.
        let by_gate = response.header("cache-control") == Some("no-store");
        report.equal(
            &format!("first hour: {target}"),
            (response.status, by_gate),
            (status, status == 401 || status == 403),
        );
        if !by_gate {
            report.allowed(method, &target);
        }
    }
    Ok(report)
}
