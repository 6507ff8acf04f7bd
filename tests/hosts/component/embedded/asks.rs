//! Callers that somebody else is asked about, and objects of which only the origin knows whose they are.

use anyhow::Result;
use portcullis::limits::FAILED_SECS;
use portcullis_test_support::client::Request;
use portcullis_test_support::host::gate::{Calls, GateComponent};
use portcullis_test_support::identity_provider::{
    Fault, INTROSPECT, IdentityProvider, KEYS, ME, OBJECTS, Person, Signing,
};
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use super::embedder::{Embedder, compare};
use crate::live::stage::PATH;
use crate::live::{introspection, who_am_i};
use crate::props::Props;

/// For how long a yes counts by default, in seconds, and a little more.
const REMEMBERED: u64 = 31;
/// Every way in which one that is asked fails.
const FAULTS: [Fault; 7] =
    [Fault::Down, Fault::Error, Fault::Hanging, Fault::Html, Fault::TooLong, Fault::Redirect, Fault::BadJson];
const UNAVAILABLE: (u16, Option<&str>) = (503, Some("ask_unavailable"));
const MISMATCH: (u16, Option<&str>) = (403, Some("binding_mismatch"));

fn get(credential: &str) -> Request {
    Request::new("GET", PATH).bearer(credential)
}

/// Whom the asked one knows gets in, by a question to the origin and by one to a URL.
pub(crate) fn callers(component: &GateComponent, _: &Props, summary: &mut Summary) -> Result<()> {
    let mut embedder = Embedder::start(component, who_am_i)?;
    asked(&mut embedder, ME, summary)?;
    at_once(&mut embedder, summary)?;
    for (name, expected) in [("bodily", (200, None)), ("bob", MISMATCH)] {
        let credential = format!("opaque-body-of-{name}-0123456789");
        embedder.provider.admit(&credential, Person::new("bodily", "user"));
        let request = Request::new("POST", "/v1/graph/invoke").bearer(&credential);
        let request = request.json(&json!({"user_id": name}).to_string());
        embedder.expect(&format!("a body of {name}"), &request, expected, summary)?;
    }
    let provider = IdentityProvider::start_with(&[])?;
    asked(&mut Embedder::start_with(component, provider, Calls::Urls, introspection)?, INTROSPECT, summary)
}

/// What is answered is remembered within its time; what fails lets nobody in.
fn asked(embedder: &mut Embedder, path: &str, summary: &mut Summary) -> Result<()> {
    let what = |what: &str| format!("{path}: {what}");
    let alice = "opaque-alice-0123456789";
    embedder.provider.admit(alice, Person::new("alice", "user"));
    embedder
        .provider
        .admit("opaque-gone-0123456789", Person { is_active: false, ..Person::new("gone", "user") });
    for _ in 0..3 {
        embedder.expect(&what("known"), &get(alice), (200, None), summary)?;
    }
    embedder.expect_requests(&what("known"), (path, 0), 1, summary);
    for credential in ["opaque-nobody-0123456789", "opaque-gone-0123456789"] {
        let rejected = (401, Some("credential_rejected"));
        embedder.expect(&what(credential), &get(credential), rejected, summary)?;
    }
    let before = embedder.provider.requests(path);
    embedder.now += REMEMBERED;
    embedder.provider.dismiss(alice);
    embedder.expect(&what("no longer"), &get(alice), (401, Some("credential_rejected")), summary)?;
    embedder.expect_requests(&what("no longer"), (path, before), 1, summary);

    let credential = |fault: Fault| format!("opaque-{fault:?}-0123456789");
    for fault in FAULTS {
        embedder.provider.admit(&credential(fault), Person::new("alice", "user"));
        embedder.provider.fail_at(path, fault);
        let before = embedder.provider.requests(path);
        for _ in 0..2 {
            embedder.expect(&what(&format!("{fault:?}")), &get(&credential(fault)), UNAVAILABLE, summary)?;
        }
        embedder.expect_requests(&what(&format!("{fault:?}")), (path, before), 1, summary);
    }
    embedder.provider.recover();
    embedder.now += FAILED_SECS + 1;
    for fault in FAULTS {
        embedder.expect(
            &what(&format!("after {fault:?}")),
            &get(&credential(fault)),
            (200, None),
            summary,
        )?;
    }
    Ok(())
}

/// Of several decisions about one credential, one asks, and the others wait; one that cannot wait is refused.
fn at_once(embedder: &mut Embedder, summary: &mut Summary) -> Result<()> {
    let credential = "opaque-crowd-0123456789";
    embedder.provider.admit(credential, Person::new("alice", "user"));
    let before = embedder.provider.requests(ME);
    let first = embedder.begin(&get(credential))?;
    let asks = embedder.gate.last()?;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let step = embedder.begin(&get(credential))?;
        let waits = step["need"]["wait"].as_u64().is_some_and(|millis| millis > 0);
        summary.count((!waits).then(|| format!("while another asks: got {step}, expected to wait")));
        waiting.push(embedder.gate.last()?);
    }
    let now = embedder.now;
    if let Some(hurried) = waiting.pop() {
        let step = embedder.gate.give_up(hurried, now)?;
        compare("without waiting", &step["verdict"], UNAVAILABLE, summary);
    }
    if let Some(early) = waiting.pop() {
        let step = embedder.gate.again(early, now)?;
        let waits = step["need"]["wait"].is_u64();
        summary.count((!waits).then(|| format!("before there is a reply: got {step}, expected to wait")));
        waiting.push(embedder.gate.last()?);
    }
    let reply = embedder.send(&first["need"]["call"])?;
    let step = embedder.gate.reply(asks, reply.as_ref(), now)?;
    compare("the one that asked", &step["verdict"], (200, None), summary);
    for pending in waiting {
        let step = embedder.gate.again(pending, now)?;
        compare("one that waited", &step["verdict"], (200, None), summary);
    }
    embedder.expect_requests("five at once", (ME, before), 1, summary);
    Ok(())
}

/// Routes that name an object in their path, and in their body.
fn object_policy() -> Value {
    let asks = |parameter: &str| json!({parameter: {"ask": format!("{OBJECTS}{{}}")}});
    json!({"routes": {
        format!("GET {OBJECTS}{{id}}/documents"): {"access": "checkpointer:read", "where": asks("path.id")},
        "POST /v3/chat": {"access": "graph:invoke", "where": asks("body./collection_ids")},
    }})
}

/// A document with them: the origin reads the token that it is asked with.
pub(super) fn owned(provider: &IdentityProvider) -> Value {
    let issuer = json!({"issuer": provider.issuer(), "jwks": {"url": provider.url(KEYS)}});
    json!({"profile": "agentflow", "issuers": [issuer], "policy": object_policy()})
}

/// Whoever owns an object gets at it, by the path and by the body; nobody does where the origin does not say so.
pub(crate) fn objects(component: &GateComponent, _: &Props, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let mut embedder = Embedder::start_with(component, provider, Calls::All, owned)?;
    let alice = &embedder.provider.token("ES256-1", "alice", "user")?;
    let bob = &embedder.provider.token("ES256-1", "bob", "user")?;
    embedder.provider.give("hers", alice);
    embedder.provider.give("his", bob);
    let path = |credential: &str, id: &str| {
        Request::new("GET", format!("{OBJECTS}{id}/documents")).bearer(credential)
    };
    let body = |credential: &str, ids: &[&str]| {
        let text = json!({"collection_ids": ids}).to_string();
        Request::new("POST", "/v3/chat").bearer(credential).json(&text)
    };
    let allowed = (200, None);
    for (what, request, expected) in [
        ("her path", path(alice, "hers"), allowed),
        ("her path again", path(alice, "hers"), allowed),
        ("his path", path(alice, "his"), MISMATCH),
        ("his, to him", path(bob, "his"), allowed),
        ("her body", body(alice, &["hers"]), allowed),
        ("a body of both", body(alice, &["hers", "his"]), MISMATCH),
        ("nobody's body", body(bob, &["none"]), MISMATCH),
    ] {
        embedder.expect(what, &request, expected, summary)?;
    }
    embedder.expect_requests("questions about hers", (&format!("{OBJECTS}hers"), 0), 1, summary);
    for fault in [Fault::Down, Fault::Error, Fault::Redirect] {
        for in_body in [false, true] {
            let id = format!("flaky-{fault:?}-{in_body}");
            embedder.provider.give(&id, alice);
            embedder.provider.fail_at(&format!("{OBJECTS}{id}"), fault);
            let request = if in_body { body(alice, &["hers", &id]) } else { path(alice, &id) };
            embedder.expect(&id, &request, UNAVAILABLE, summary)?;
        }
    }
    Ok(())
}
