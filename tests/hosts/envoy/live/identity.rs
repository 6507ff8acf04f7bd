//! Callers that somebody else is asked about, what was taken back, and who fails too often.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use portcullis::limits::FAILED_SECS;
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::client::upload::{self, Body, Ending};
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::identity_provider::{
    CLIENT, Fault, INTROSPECT, IdentityProvider, ME, Person, VERIFY,
};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use super::stage::{Stage, by_url, forged};
use crate::setup::PATH;

/// The listeners.
const ORIGIN: usize = 0;
const INTROSPECTION: usize = 1;
const VERIFYING: usize = 2;
const REVOKED: usize = 3;
const LIMITED: usize = 4;

/// A route that compares a member of its body.
const BOUND: &str = "/v1/graph/invoke";
/// More than fits into one read, and less than Envoy holds by default.
const LARGE: usize = 300 * 1024;

pub(crate) fn asks(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start()?;
    let with = |mut document: Value, name: &str, value: Value| {
        document[name] = value;
        document
    };
    let asking = |identity: Value| json!({"profile": "agentflow", "identity": identity, "upstream": {"credential": "forward"}});
    let who_am_i = json!({
        "ask": ME,
        "subject": "/results/id",
        "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["user"]}}],
        "active": {"/results/is_active": true},
    });
    let introspection = json!({
        "ask": provider.url(INTROSPECT),
        "kind": "introspection",
        "client": {"id": CLIENT.0, "secret": {"env": "CLIENT_SECRET"}},
        "subject": "/sub",
        "roles": ["/role"],
    });
    let verify =
        json!({"ask": provider.url(VERIFY), "kind": "verify", "subject": "/user_id", "roles": ["/role"]});
    let bound = json!({"routes": {
        format!("POST {BOUND}"): {"access": "graph:invoke", "where": {"body./user_id": "subject"}},
        "POST /v1/graph/stream": "graph:stream",
    }});
    let revoked = json!({"tokens": [{"issuer": provider.issuer(), "jti": "leaked"}]});
    let limits = json!({"failures": {"count": 3, "window_secs": 60}});
    let documents = [
        with(asking(who_am_i), "policy", bound),
        asking(introspection),
        asking(verify),
        with(by_url(&provider), "revoked", revoked),
        with(by_url(&provider), "limits", limits),
    ];
    let stage = Stage::start(artefact, "check-asks", 1, &documents, |_| {})?;
    who(&stage, ORIGIN, &stage.origin, ME, summary)?;
    who(&stage, INTROSPECTION, &provider, INTROSPECT, summary)?;
    who(&stage, VERIFYING, &provider, VERIFY, summary)?;
    in_time(&stage, summary)?;
    bodies(&stage, summary)?;
    taken_back(&stage, &provider, summary)?;
    failures(&stage, &provider, summary)?;
    stage.expect_no_trap(summary);
    Ok(())
}

/// Lets in whom the asked one knows, and nobody where there is no answer that says so.
fn who(
    stage: &Stage,
    listener: usize,
    asked: &IdentityProvider,
    path: &str,
    summary: &mut Summary,
) -> Result<()> {
    let what = |what: &str| format!("{path}: {what}");
    asked.admit("opaque-alice-0123456789", Person::new("alice", "user"));
    asked.admit("opaque-gone-0123456789", Person { is_active: false, ..Person::new("gone", "user") });
    stage.expect(&what("known"), listener, "opaque-alice-0123456789", 200, summary)?;
    stage.expect(&what("unknown"), listener, "opaque-nobody-0123456789", 401, summary)?;
    stage.expect(&what("not active"), listener, "opaque-gone-0123456789", 401, summary)?;
    let faults = [
        Fault::Down,
        Fault::Error,
        Fault::Hanging,
        Fault::Stalling,
        Fault::Html,
        Fault::TooLong,
        Fault::Redirect,
        Fault::BadJson,
    ];
    let credential = |fault: Fault| format!("opaque-{fault:?}-0123456789");
    for fault in faults {
        asked.admit(&credential(fault), Person::new("alice", "user"));
        asked.fail_at(path, fault);
        let name = what(&format!("{fault:?}"));
        let before = asked.requests(path);
        // The second time it is remembered, for a second, unless that has just ended.
        for _ in 0..2 {
            stage.expect_later(&name, (listener, &credential(fault)), (503, "ask_unavailable"), summary)?;
        }
        let questions = asked.requests(path) - before;
        summary.count((!(1..=2).contains(&questions)).then(|| format!("{name}: {questions} questions")));
    }
    asked.recover();
    thread::sleep(Duration::from_secs(FAILED_SECS));
    for fault in faults {
        stage.expect(&what(&format!("after {fault:?}")), listener, &credential(fault), 200, summary)?;
    }
    Ok(())
}

/// One question for all that have the same credential, also if whoever asked has gone.
fn in_time(stage: &Stage, summary: &mut Summary) -> Result<()> {
    let credential = "opaque-many-0123456789";
    stage.origin.admit(credential, Person::new("many", "user"));
    stage.origin.fail_at(ME, Fault::Slow(Duration::from_millis(500)));
    let before = stage.origin.requests(ME);
    let address = stage.envoy.address(ORIGIN);
    let request = Request::new("GET", PATH).bearer(credential);
    let statuses = stage.runtime.block_on(async {
        let leaves = tokio::time::timeout(Duration::from_millis(150), client::send(address, &request)).await;
        drop(leaves);
        let all = (0..100).map(|_| client::send(address, &request));
        futures_util::future::join_all(all).await
    });
    stage.origin.recover();
    let statuses: Vec<_> = statuses.into_iter().map(|got| got.map_or(0, |got| got.status)).collect();
    let wrong = statuses.iter().find(|status| **status != 200);
    summary.count(wrong.map(|wrong| format!("100 equal credentials: {wrong}")));
    let asks = stage.origin.requests(ME) - before;
    summary.count((asks != 1).then(|| format!("100 equal credentials: {asks} questions")));
    Ok(())
}

/// A body that comes while somebody is asked about its sender.
fn bodies(stage: &Stage, summary: &mut Summary) -> Result<()> {
    stage.origin.fail_at(ME, Fault::Slow(Duration::from_millis(400)));
    let hers = br#"{"user_id": "bodily"}"#;
    let his = br#"{"user_id": "bob"}"#;
    let large = vec![b' '; LARGE];
    let script = [
        ("her own", BOUND, Body::Measured(hers.to_vec()), 200),
        ("her own in pieces", BOUND, Body::chunks(hers, 3, Ending::Complete), 200),
        ("somebody else's", BOUND, Body::Measured(his.to_vec()), 403),
        ("none", BOUND, Body::None, 400),
        ("too long", BOUND, Body::Measured(large.clone()), 413),
        ("that is not looked at", "/v1/graph/stream", Body::Measured(large), 200),
    ];
    for (number, (what, path, body, expected)) in script.into_iter().enumerate() {
        // Nobody knows any of them yet.
        let credential = format!("opaque-body-{number}-0123456789");
        stage.origin.admit(&credential, Person::new("bodily", "user"));
        let before = stage.origin.requests(path);
        let request =
            Request::new("POST", path).bearer(&credential).header("Content-Type", "application/json");
        let address = stage.envoy.address(ORIGIN);
        let response = stage.runtime.block_on(upload::send(address, &request, &body))?;
        let status = response.as_ref().map_or(0, |response| response.status);
        summary.count((status != expected).then(|| format!("a body {what}: {status}, not {expected}")));
        let arrived = stage.origin.requests(path) - before;
        let due = usize::from(expected == 200);
        summary.count((arrived != due).then(|| format!("a body {what}: {arrived} arrived, not {due}")));
    }
    stage.origin.recover();
    Ok(())
}

fn taken_back(stage: &Stage, provider: &IdentityProvider, summary: &mut Summary) -> Result<()> {
    for (jti, expected) in [("kept", 200), ("leaked", 401)] {
        let claims = json!({
            "iss": provider.issuer(), "sub": "alice", "role": "user", "jti": jti, "exp": now_secs() + 600,
        });
        let token = provider.mint("ES256-1", claims)?;
        stage.expect(&format!("a token that is {jti}"), REVOKED, &token, expected, summary)?;
    }
    Ok(())
}

/// Who guesses is sent away, whatever address it gives itself; who is known is as well, from the same address.
fn failures(stage: &Stage, provider: &IdentityProvider, summary: &mut Summary) -> Result<()> {
    let good = provider.token("ES256-1", "alice", "user")?;
    stage.expect("before anybody has failed", LIMITED, &good, 200, summary)?;
    for number in 0..4 {
        let request = Request::new("GET", PATH)
            .bearer(&forged(provider, "ES256-1"))
            .header("X-Forwarded-For", format!("203.0.113.{number}"));
        let (status, due) = (stage.send(LIMITED, &request)?.status, if number < 3 { 401 } else { 429 });
        summary.count((status != due).then(|| format!("failure {number}: {status}, not {due}")));
    }
    stage.expect_later("after failures", (LIMITED, &good), (429, "rate_limited"), summary)?;
    let lines = stage.envoy.decisions();
    let client = lines.last().map(|line| line["client"].clone()).unwrap_or_default();
    summary.count((client != "127.0.0.1").then(|| format!("the log says that the client is {client}")));
    Ok(())
}
