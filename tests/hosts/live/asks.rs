//! Callers whom only somebody else knows.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use portcullis::limits::FAILED_SECS;
use portcullis_test_support::client::Request;
use portcullis_test_support::identity_provider::{
    CLIENT, Fault, INTROSPECT, IdentityProvider, ME, Person, Signing, VERIFY,
};
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::scene::{PATH, Scene, expect, expect_unavailable};
use portcullis_host_tests::hosts::Kind;

const ROBOT: &str = "opaque+of/the.robot~0123456789==";

/// A gate that asks as `identity` says, and whose origin knows alice, and bob, who is no longer active.
fn scene(kind: Kind, name: &str, identity: impl FnOnce(&IdentityProvider) -> Value) -> Result<Scene> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    provider.admit(ROBOT, Person::new("alice", "user"));
    provider.admit("opaque-of-bob-0123456789", Person { is_active: false, ..Person::new("bob", "user") });
    let identity = identity(&provider);
    Scene::start(kind, name, provider, json!({"identity": identity}))
}

/// Whom the server at `path` knows gets in; whom it does not know is refused, and nobody while it fails.
fn asked(scene: &Scene, path: &str, summary: &mut Summary) -> Result<()> {
    let provider = &scene.provider;
    for fault in [Fault::Down, Fault::Error, Fault::Hanging, Fault::Html, Fault::TooLong, Fault::Redirect] {
        // What failed is remembered for a second: each fault has a credential of its own.
        let credential = format!("opaque-{fault:?}-0123456789");
        provider.admit(&credential, Person::new("alice", "user"));
        provider.fail_at(path, fault);
        let before = provider.requests(path);
        expect_unavailable(summary, &format!("{fault:?}"), &scene.ask(&credential)?);
        expect(summary, &format!("{fault:?}, questions"), provider.requests(path) - before, 1);
    }
    failed(scene, path, summary)?;
    provider.recover();
    expect(summary, "requests at the origin", provider.requests(PATH), 1);

    let before = provider.requests(path);
    let statuses = scene.ask_at_once(&vec![ROBOT.to_string(); 50])?;
    expect(summary, "50 at once", statuses, vec![200; 50]);
    expect(summary, "one again", scene.ask(ROBOT)?.status, 200);
    expect(summary, "questions", provider.requests(path) - before, 1);
    for (what, credential) in
        [("inactive", "opaque-of-bob-0123456789"), ("unknown", "opaque-of-nobody-0123456789")]
    {
        let response = scene.ask(credential)?;
        expect(summary, what, response.status, 401);
        expect(summary, what, response.header("www-authenticate").is_some(), true);
    }
    // A no is remembered, too.
    let before = provider.requests(path);
    expect(summary, "unknown again", scene.ask("opaque-of-nobody-0123456789")?.status, 401);
    expect(summary, "questions about it", provider.requests(path) - before, 0);
    // None of the gate's own tokens, and nothing to ask about.
    expect(summary, "no credential", scene.send(&Request::new("GET", PATH))?.status, 401);
    expect(summary, "requests at the origin", provider.requests(PATH), 52);
    Ok(())
}

/// A crowd with one credential costs a server that fails at once a question a second, and none of it is turned away for longer.
fn failed(scene: &Scene, path: &str, summary: &mut Summary) -> Result<()> {
    const CREDENTIAL: &str = "opaque-of-a-crowd-0123456789";
    let provider = &scene.provider;
    provider.admit(CREDENTIAL, Person::new("alice", "user"));
    // It answers: where nobody does, workerd tries each connection that it has kept open.
    provider.fail_at(path, Fault::Error);
    let (before, started) = (provider.requests(path), Instant::now());
    let statuses = scene.ask_at_once(&vec![CREDENTIAL.to_string(); 50])?;
    expect(summary, "50 at once, of a server that fails", statuses, vec![503; 50]);
    let seconds = usize::try_from(started.elapsed().as_secs())?;
    let asked = provider.requests(path) - before;
    expect(summary, &format!("{asked} questions in {seconds} s"), asked <= seconds + 2, true);
    provider.recover();
    thread::sleep(Duration::from_secs(FAILED_SECS));
    expect(summary, "a second later", scene.ask(CREDENTIAL)?.status, 200);
    Ok(())
}

fn at_the_origin(_: &IdentityProvider) -> Value {
    json!({
        "ask": ME,
        "active": {"/results/is_active": true},
        "subject": "/results/id",
        "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["user"]}}],
    })
}

pub(crate) fn who_am_i(kind: Kind, summary: &mut Summary) -> Result<()> {
    asked(&scene(kind, "who-am-i", at_the_origin)?, ME, summary)
}

pub(crate) fn introspection(kind: Kind, summary: &mut Summary) -> Result<()> {
    let identity = |provider: &IdentityProvider| {
        json!({
            "ask": provider.url(INTROSPECT),
            "kind": "introspection",
            "client": {"id": CLIENT.0, "secret": {"env": "CLIENT_SECRET"}},
            "roles": ["/role"],
        })
    };
    asked(&scene(kind, "introspection", identity)?, INTROSPECT, summary)
}

pub(crate) fn verify_call(kind: Kind, summary: &mut Summary) -> Result<()> {
    let identity = |provider: &IdentityProvider| json!({"ask": provider.url(VERIFY), "kind": "verify", "subject": "/user_id", "roles": ["/role"]});
    asked(&scene(kind, "verify-call", identity)?, VERIFY, summary)
}

/// What was asked for somebody who has left is known to whoever comes next.
pub(crate) fn a_client_that_leaves(kind: Kind, summary: &mut Summary) -> Result<()> {
    let scene = scene(kind, "leaves", at_the_origin)?;
    scene.provider.fail_at(ME, Fault::Slow(Duration::from_secs(1)));
    scene.leave(&Request::new("GET", PATH).bearer(ROBOT), Duration::from_millis(300));
    thread::sleep(Duration::from_millis(1500));
    expect(summary, "the next", scene.ask(ROBOT)?.status, 200);
    expect(summary, "questions", scene.provider.requests(ME), 1);
    Ok(())
}
