//! Callers that somebody else is asked about, and what was taken back.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use portcullis::limits::FAILED_SECS;
use portcullis_host_tests::runtime;
use portcullis_test_support::client::Request;
use portcullis_test_support::identity_provider::{
    CLIENT, Fault, INTROSPECT, IdentityProvider, ME, Person, VERIFY,
};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use super::stage::{PATH, Stage, by_url};

/// A route that compares a member of its body.
const BOUND: &str = "/v1/graph/invoke";
/// Every way in which one that is asked fails.
const FAULTS: [Fault; 8] = [
    Fault::Down,
    Fault::Error,
    Fault::Hanging,
    Fault::Stalling,
    Fault::Html,
    Fault::TooLong,
    Fault::Redirect,
    Fault::BadJson,
];

pub(crate) fn check(component: &Path, summary: &mut Summary) -> Result<()> {
    let runtime = &runtime()?;
    let stage = Stage::start(component, runtime, "who-am-i", who_am_i)?;
    who(&stage, ME, summary)?;
    bodies(&stage, summary)?;
    who(&Stage::start(component, runtime, "introspection", introspection)?, INTROSPECT, summary)?;
    who(&Stage::start(component, runtime, "verify", verify)?, VERIFY, summary)?;
    taken_back(&Stage::start(component, runtime, "revoked", revoked)?, summary)?;
    let limited = Stage::start(component, runtime, "limited", limited)?;
    limited.expect("limits of clients", &limited.good()?, (503, Some("config_invalid")), summary)?;
    limited.served.expect_log("limits of clients", "/limits/failures: ", summary);
    Ok(())
}

fn asking(identity: Value) -> Value {
    json!({"profile": "agentflow", "identity": identity, "upstream": {"credential": "forward"}})
}

pub(crate) fn who_am_i(_: &IdentityProvider) -> Value {
    let mut document = asking(json!({
        "ask": ME,
        "subject": "/results/id",
        "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["user"]}}],
        "active": {"/results/is_active": true},
    }));
    document["policy"] = json!({"routes": {
        format!("POST {BOUND}"): {"access": "graph:invoke", "where": {"body./user_id": "subject"}},
    }});
    document
}

pub(crate) fn introspection(provider: &IdentityProvider) -> Value {
    asking(json!({
        "ask": provider.url(INTROSPECT),
        "kind": "introspection",
        "client": {"id": CLIENT.0, "secret": {"env": "CLIENT_SECRET"}},
        "subject": "/sub",
        "roles": ["/role"],
    }))
}

fn verify(provider: &IdentityProvider) -> Value {
    asking(json!({"ask": provider.url(VERIFY), "kind": "verify", "subject": "/user_id", "roles": ["/role"]}))
}

fn revoked(provider: &IdentityProvider) -> Value {
    let mut document = by_url(provider);
    document["revoked"] = json!({"tokens": [{"issuer": provider.issuer(), "jti": "leaked"}]});
    document
}

fn limited(provider: &IdentityProvider) -> Value {
    let mut document = by_url(provider);
    document["limits"] = json!({"failures": {"count": 3, "window_secs": 60}});
    document
}

/// Lets in whom the asked one knows, and nobody where there is no answer that says so. What was answered is remembered.
fn who(stage: &Stage<'_>, path: &str, summary: &mut Summary) -> Result<()> {
    let asked = &stage.provider;
    let what = |what: &str| format!("{path}: {what}");
    asked.admit("opaque-alice-0123456789", Person::new("alice", "user"));
    asked.admit("opaque-gone-0123456789", Person { is_active: false, ..Person::new("gone", "user") });
    for round in 0..3 {
        let known = what(&format!("known {round}"));
        stage.expect(&known, "opaque-alice-0123456789", (200, None), summary)?;
    }
    stage.expect_requests(&what("known"), (path, 0), 1, summary);
    let rejected = (401, Some("credential_rejected"));
    stage.expect(&what("unknown"), "opaque-nobody-0123456789", rejected, summary)?;
    stage.expect(&what("not active"), "opaque-gone-0123456789", rejected, summary)?;
    stage.expect_requests(&what("let in"), (PATH, 0), 3, summary);
    let credential = |fault: Fault| format!("opaque-{fault:?}-0123456789");
    for fault in FAULTS {
        asked.admit(&credential(fault), Person::new("alice", "user"));
        asked.fail_at(path, fault);
        let before = asked.requests(path);
        // The second time it is remembered, for a second, unless that has just ended.
        for _ in 0..2 {
            stage.expect_later(
                &what(&format!("{fault:?}")),
                &credential(fault),
                "ask_unavailable",
                summary,
            )?;
        }
        let questions = asked.requests(path) - before;
        let wrong = !(1..=2).contains(&questions);
        summary.count(wrong.then(|| what(&format!("{questions} questions about {fault:?}"))));
    }
    asked.recover();
    thread::sleep(Duration::from_secs(FAILED_SECS));
    for fault in FAULTS {
        stage.expect(&what(&format!("after {fault:?}")), &credential(fault), (200, None), summary)?;
    }
    stage.expect_requests(&what("in all"), (PATH, 0), 3 + FAULTS.len(), summary);
    Ok(())
}

/// A body that is compared with what somebody has been asked about.
fn bodies(stage: &Stage<'_>, summary: &mut Summary) -> Result<()> {
    for (name, status, reason) in [("bodily", 200, None), ("bob", 403, Some("binding_mismatch"))] {
        let credential = format!("opaque-body-of-{name}-0123456789");
        stage.provider.admit(&credential, Person::new("bodily", "user"));
        let body = json!({"user_id": name}).to_string();
        let request = Request::new("POST", BOUND).bearer(&credential).json(&body);
        stage.served.expect(&format!("a body of {name}"), &request, status, reason, summary)?;
    }
    stage.expect_requests("bodies", (BOUND, 0), 1, summary);
    Ok(())
}

fn taken_back(stage: &Stage<'_>, summary: &mut Summary) -> Result<()> {
    for (jti, expected) in [("kept", (200, None)), ("leaked", (401, Some("token_revoked")))] {
        let claims = json!({
            "iss": stage.provider.issuer(), "sub": "alice", "role": "user", "jti": jti, "exp": now_secs() + 600,
        });
        let token = stage.provider.mint("ES256-1", claims)?;
        stage.expect(&format!("a token that is {jti}"), &token, expected, summary)?;
    }
    Ok(())
}
