//! Refusals: the gate's 401 is the server's own, word for word, apart from what differs with every response.

use anyhow::Result;
use serde_json::{Value, json};

use portcullis_test_support::client::{self, Request, Response};
use portcullis_test_support::origin::tokens;

use crate::lab::Lab;
use crate::report::Report;

pub(crate) async fn check(lab: &Lab) -> Result<Report> {
    let mut report = Report::default();
    let gate = &lab.first.forward;
    let secret = &lab.secrets.origin;
    let past = tokens::now_secs().saturating_sub(60);
    let soon = tokens::now_secs().saturating_add(300);
    let cases = [
        ("no token", None),
        ("another scheme", Some("Basic dXNlcjpwYXNz".to_owned())),
        ("garbage", Some("Bearer garbage".to_owned())),
        ("another secret", Some(bearer(json!({"user_id": "mallory", "exp": soon}), &tokens::secret()?)?)),
        ("expired", Some(bearer(json!({"user_id": "alice", "exp": past}), secret)?)),
        ("no exp", Some(bearer(json!({"user_id": "alice"}), secret)?)),
        ("not yet valid", Some(bearer(json!({"user_id": "alice", "exp": soon, "nbf": soon}), secret)?)),
        ("alg none", Some(format!("Bearer {}", tokens::unsigned(&json!({"user_id": "alice", "exp": soon}))))),
    ];
    for (what, authorization) in cases {
        let mut request = Request::new("GET", "/v1/threads?direct");
        if let Some(value) = &authorization {
            request = request.header("Authorization", value);
        }
        let own = client::send(lab.first.server.address(), &request).await?;
        let ours = client::send(gate.address(), &request).await?;
        report.equal(&format!("401, {what}: status"), ours.status, own.status);
        report.equal(&format!("401, {what}: body"), told(&ours), told(&own));
        report.equal(&format!("401, {what}: challenge"), realm(&ours), realm(&own));
        report.equal(
            &format!("401, {what}: content type"),
            ours.header("content-type"),
            own.header("content-type"),
        );
        for name in ["x-request-id", "x-timestamp"] {
            let both = (ours.header(name).is_some(), own.header(name).is_some());
            report.equal(&format!("401, {what}: {name} is there"), both.0, both.1);
        }
    }

    let token = gate.token("gina", Some("guest"))?;
    let refused =
        client::send(gate.address(), &Request::new("GET", "/v1/threads?case=dialect").bearer(&token)).await?;
    report.equal("403: status", refused.status, 403);
    report.equal(
        "403: body",
        told(&refused),
        json!({
            "error": {"code": "HTTPException", "message": "Not authorized to read checkpointer", "details": []},
            "metadata": {"message": "Not authorized to read checkpointer", "request_id": "string", "timestamp": "string"},
        }),
    );
    Ok(report)
}

fn bearer(claims: Value, secret: &str) -> Result<String> {
    Ok(format!("Bearer {}", tokens::sign(claims, secret)?))
}

/// The body with the type in place of what is different in every response.
fn told(response: &Response) -> Value {
    let mut body = response.json();
    for name in ["request_id", "timestamp"] {
        if let Some(value) = body.pointer_mut(&format!("/metadata/{name}")) {
            *value = if value.is_string() { "string".into() } else { "something else".into() };
        }
    }
    body
}

/// The challenge up to the realm: the gate adds `error`, as RFC 6750 section 3 asks.
fn realm(response: &Response) -> Option<&str> {
    response.header("www-authenticate").map(|value| value.split(',').next().unwrap_or(value))
}
