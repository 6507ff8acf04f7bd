//! By what a host knows a request: the origin, the caller and the log are told the same.

use anyhow::Result;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::summary::Summary;
use serde_json::Value;

use crate::hosts::Gate;

/// What a caller would like its request to be called.
const CHOSEN: &str = "chosen-by-the-caller";

pub(crate) fn check(gate: &Gate, summary: &mut Summary) -> Result<()> {
    let alice = Request::new("GET", "/v1/threads").bearer(&gate.token);
    let own =
        |request: &Request| request.clone().header("X-Request-Id", CHOSEN).header("X_Request_Id", CHOSEN);
    let anonymous = Request::new("GET", "/v1/threads");
    let upload = Request::new("POST", "/v1/graph/invoke").bearer(&gate.token).json("{}");
    let mut seen = Vec::new();
    for (what, request, arrives) in [
        ("allowed", alice.clone(), true),
        ("allowed, with a body", upload, true),
        ("allowed, with an identifier of its own", own(&alice), true),
        ("refused", anonymous.clone(), false),
        ("refused, with an identifier of its own", own(&anonymous), false),
    ] {
        let (decided, arrived) = (gate.decisions().len(), gate.origin.arrivals().len());
        let response = gate.runtime.block_on(client::send(gate.address(), &request))?;
        let logged = gate.decision_after(decided)?;
        let id = logged["request_id"].as_str().unwrap_or_default().to_string();
        let told: Vec<_> = response.headers.iter().filter(|(name, _)| name == "x-request-id").collect();
        let right = matches!(told.as_slice(), [(_, value)] if *value == id) && id.len() >= 32 && id != CHOSEN;
        summary.count((!right).then(|| format!("{what}: the caller is told {told:?}, the log says {id:?}")));
        let arrivals = gate.origin.arrivals().split_off(arrived);
        let ids: Vec<_> = arrivals
            .iter()
            .flat_map(|arrival| &arrival.headers)
            .filter(|(name, _)| name.replace('_', "-") == "x-request-id")
            .map(|(_, value)| value.as_str())
            .collect();
        let due: Vec<_> = arrives.then_some(id.as_str()).into_iter().collect();
        summary.count((ids != due).then(|| format!("{what}: the origin is told {ids:?}, not {due:?}")));
        summary.count(seen.contains(&id).then(|| format!("{what}: {id} again")));
        seen.push(id);
        let policy = logged["policy"].as_str().is_some_and(|policy| policy.len() == 12);
        summary.count((!policy).then(|| format!("{what}: the log line names no policy: {logged}")));
    }
    let policy = gate.decisions().last().map(|line| line["policy"].clone()).unwrap_or(Value::Null);
    let loaded = format!("policy {} is loaded", policy.as_str().unwrap_or_default());
    summary.count((!gate.log().contains(&loaded)).then(|| format!("the log does not say `{loaded}`")));
    Ok(())
}
