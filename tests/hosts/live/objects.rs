//! Objects of which only the origin knows whose they are.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use portcullis::limits::FAILED_SECS;
use portcullis_test_support::client::Request;
use portcullis_test_support::client::websocket::Outcome;
use portcullis_test_support::identity_provider::{
    Arrival, Fault, IdentityProvider, ME, OBJECTS, Person, Signing,
};
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::scene::{Scene, expect, expect_unavailable, issuer_by_url};
use portcullis_host_tests::hosts::Kind;

const FORM: &str = "application/x-www-form-urlencoded";
/// Longer than what one read brings, and shorter than what a gate reads.
const LONG: usize = 40 * 1024;
/// So many instances of the component answer one request after another, at most: one is still busy with the one before.
const INSTANCES: usize = 3;

/// One route for each place in which a request names an object.
fn policy() -> Value {
    let asks = |parameter: &str| json!({parameter: {"ask": format!("{OBJECTS}{{}}")}});
    let route = |access: &str, parameter: &str| json!({"access": access, "where": asks(parameter)});
    json!({"routes": {
        format!("GET {OBJECTS}{{id}}/documents"): route("checkpointer:read", "path.id"),
        "GET /v3/search": route("checkpointer:read", "query.collection_id"),
        "POST /v3/chat": route("graph:invoke", "body./collection_ids"),
        "POST /v3/upload": route("graph:invoke", "form.collection_id"),
        format!("WEBSOCKET {OBJECTS}{{id}}/live"): route("graph:stream", "path.id"),
    }})
}

fn documents_of(id: &str) -> String {
    format!("{OBJECTS}{id}/documents")
}

fn chat(credential: &str, ids: &[&str]) -> Request {
    let body = json!({"collection_ids": ids, "note": "x".repeat(LONG)}).to_string();
    // White space that no serializer would have left there.
    let mut request = Request::new("POST", "/v3/chat").bearer(credential).json(&format!("  {body}\n"));
    request.chunks_of = Some(1000);
    request
}

fn upload(credential: &str, id: &str) -> Request {
    let mut request = Request::new("POST", "/v3/upload").bearer(credential).header("Content-Type", FORM);
    request.body = format!("note=a+b%26c&collection_id={id}").into();
    request
}

fn get(credential: &str, target: &str) -> Request {
    Request::new("GET", target).bearer(credential)
}

/// Sends a request, and compares the status; what is allowed has reached the origin as it was, and once, and nothing else has.
fn play(scene: &Scene, what: &str, request: &Request, status: u16, summary: &mut Summary) -> Result<()> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let target = text(&request.target);
    let path = target.split('?').next().unwrap_or_default();
    let before = scene.provider.requests(path);
    let response = scene.send(request)?;
    match status {
        503 => expect_unavailable(summary, what, &response),
        _ => expect(summary, what, response.status, status),
    }
    let due = usize::from(status == 200);
    expect(summary, &format!("{what}, requests at the origin"), scene.provider.requests(path) - before, due);
    if status == 200 {
        let kind = request.headers.iter().find(|(name, _)| name == b"Content-Type");
        let sent = Arrival {
            method: text(&request.method),
            target: target.clone(),
            content_type: kind.map(|(_, kind)| text(kind)),
            body: request.body.clone(),
        };
        let arrived = scene.provider.last_arrival(path);
        expect(summary, &format!("{what}, as it was"), arrived == Some(sent), true);
    }
    Ok(())
}

/// Whoever owns an object gets at it, by whichever part of the request it is named; nobody else does.
pub(crate) fn objects(kind: Kind, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let members = json!({"issuers": [issuer_by_url(&provider)], "policy": policy()});
    let scene = Scene::start(kind, &format!("{}-objects", kind.name()), provider, members)?;
    let provider = &scene.provider;
    let alice = &provider.token("ES256-1", "alice", "user")?;
    let bob = &provider.token("ES256-1", "bob", "user")?;
    for id in ["hers", "hers-too", "a%20b", "unsure"] {
        provider.give(id, alice);
    }
    provider.give("his", bob);

    let (hers, his) = (documents_of("hers"), documents_of("his"));
    for (what, request, status) in [
        ("her path", get(alice, &hers), 200),
        ("his path", get(alice, &his), 403),
        ("hers, to him", get(bob, &hers), 403),
        ("his, to him", get(bob, &his), 200),
        ("nobody's", get(alice, &documents_of("none")), 403),
        ("a name with a space", get(alice, &documents_of("a%20b")), 200),
        ("her query", get(alice, "/v3/search?q=x&collection_id=hers"), 200),
        ("his query", get(alice, "/v3/search?q=x&collection_id=his"), 403),
        ("no query", get(alice, "/v3/search?q=x"), 403),
        ("her body", chat(alice, &["hers", "hers-too"]), 200),
        ("a body of both", chat(alice, &["hers", "his"]), 403),
        ("his body", chat(alice, &["his"]), 403),
        ("her form", upload(alice, "hers"), 200),
        ("his form", upload(alice, "his"), 403),
        ("without a credential", Request::new("GET", &hers), 401),
    ] {
        play(&scene, what, &request, status, summary)?;
    }
    // Each answer is remembered, by caller: hers and his for either of them.
    for (id, asked) in [("hers", 2), ("his", 2), ("hers-too", 1), ("a%20b", 1)] {
        let got = provider.requests(&format!("{OBJECTS}{id}"));
        // An instance of the component that began while another one was still busy asks for itself.
        let most = if kind == Kind::Component { asked * INSTANCES } else { asked };
        expect(summary, &format!("{got} questions about {id}"), (asked..=most).contains(&got), true);
    }

    for fault in [Fault::Down, Fault::Error, Fault::Hanging, Fault::Redirect] {
        // What failed is remembered for a second: each has an object of its own.
        for place in ["path", "body"] {
            let id = format!("flaky-{fault:?}-{place}");
            provider.give(&id, alice);
            provider.fail_at(&format!("{OBJECTS}{id}"), fault);
            let request =
                if place == "path" { get(alice, &documents_of(&id)) } else { chat(alice, &["hers", &id]) };
            play(&scene, &format!("{fault:?} in a {place}"), &request, 503, summary)?;
        }
    }
    provider.fail(Fault::Down);
    let target = "/v3/search?collection_id=unsure";
    play(&scene, "nobody at the origin", &get(alice, target), 503, summary)?;
    provider.recover();
    thread::sleep(Duration::from_secs(FAILED_SECS));
    play(&scene, "after it", &get(alice, target), 200, summary)?;
    play(&scene, "after all of them", &chat(alice, &["flaky-Down-body"]), 200, summary)?;
    at_once(&scene, kind, alice, summary)?;
    reasons(&scene, &[("binding_mismatch", 8), ("ask_unavailable", 9)], summary);
    Ok(())
}

/// Many who ask for one object cost one question, whether it is in the path or in a body.
fn at_once(scene: &Scene, kind: Kind, caller: &str, summary: &mut Summary) -> Result<()> {
    for (id, request) in [
        ("crowded", get(caller, &documents_of("crowded"))),
        ("crowded-too", chat(caller, &["hers", "crowded-too"])),
    ] {
        let object = format!("{OBJECTS}{id}");
        scene.provider.give(id, caller);
        scene.provider.fail_at(&object, Fault::Slow(Duration::from_millis(300)));
        let statuses = scene.send_at_once(&vec![request; 20])?;
        expect(summary, &format!("20 at once for {id}"), statuses, vec![200; 20]);
        // Each instance of the component is a gate by itself.
        let most = if kind == Kind::Component { 20 } else { 1 };
        let asked = scene.provider.requests(&object);
        expect(summary, &format!("{asked} questions about {id}"), (1..=most).contains(&asked), true);
    }
    Ok(())
}

/// How often each reason is logged, once all decisions are.
fn reasons(scene: &Scene, expected: &[(&str, usize)], summary: &mut Summary) {
    for (reason, count) in expected {
        let text = format!("\"reason\":\"{reason}\"");
        let got = scene.logged(&text, *count);
        expect(summary, &format!("decisions for {reason}"), got, *count);
    }
}

/// Two questions for one request: who its caller is, and, when its body is there, whether its objects are the caller's.
pub(crate) fn after_identity(kind: Kind, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[])?;
    let identity = json!({
        "ask": ME,
        "subject": "/results/id",
        "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["user"]}}],
    });
    let members = json!({"identity": identity, "policy": policy()});
    let scene = Scene::start(kind, &format!("{}-object-callers", kind.name()), provider, members)?;
    let provider = &scene.provider;
    let callers: Vec<String> = (0..6).map(|number| format!("opaque-{number}-0123456789")).collect();
    for credential in &callers {
        provider.admit(credential, Person::new("alice", "user"));
        provider.give("hers", credential);
    }
    provider.give("his", "opaque-bob-0123456789");
    // While either is under way, the rest of the body comes.
    let slow = Fault::Slow(Duration::from_millis(300));
    provider.fail_at(ME, slow);
    provider.fail_at(&format!("{OBJECTS}hers"), slow);
    let stranger = "opaque-nobody-0123456789";
    for (what, request, status) in [
        ("her body", chat(&callers[0], &["hers"]), 200),
        ("his body", chat(&callers[1], &["his"]), 403),
        ("her form", upload(&callers[2], "hers"), 200),
        ("her path", get(&callers[3], &documents_of("hers")), 200),
        ("a stranger's body", chat(stranger, &["hers"]), 401),
    ] {
        play(&scene, what, &request, status, summary)?;
    }
    provider.fail_at(&format!("{OBJECTS}his"), Fault::Down);
    play(&scene, "nobody says whose it is", &chat(&callers[0], &["his"]), 503, summary)?;
    provider.recover();
    if matches!(kind, Kind::Worker | Kind::Envoy) {
        sockets(&scene, [&callers[4], &callers[5], stranger], summary)?;
    }
    Ok(())
}

/// The same questions about a WebSocket, before anything of it reaches the origin.
fn sockets(scene: &Scene, [alice, again, stranger]: [&str; 3], summary: &mut Summary) -> Result<()> {
    let provider = &scene.provider;
    let live = |id: &str| format!("{OBJECTS}{id}/live");
    provider.fail_at(ME, Fault::Slow(Duration::from_millis(300)));
    let outcome = scene.socket(&live("hers"), alice, "hello")?;
    let frame = match &outcome {
        Outcome::Ran { frames, .. } => frames.last().map(String::as_str).unwrap_or_default(),
        Outcome::Refused { .. } => "",
    };
    let heard: Value = serde_json::from_str(frame).unwrap_or_default();
    let said = json!({"status": "done", "path": live("hers"), "authorization": format!("Bearer {alice}"), "said": "hello"});
    expect(summary, "her socket", &heard["data"], &said);
    for (what, id, credential, status) in
        [("his socket", "his", again, 403), ("a stranger's socket", "hers", stranger, 401)]
    {
        let got = match scene.socket(&live(id), credential, "hello")? {
            Outcome::Refused { status, .. } => status,
            Outcome::Ran { .. } => 101,
        };
        expect(summary, what, got, status);
    }
    provider.fail_at(&format!("{OBJECTS}his"), Fault::Down);
    // A no is remembered for a moment; this caller has not asked yet.
    let got = scene.socket(&live("his"), alice, "hello")?;
    expect(summary, "nobody says whose it is", matches!(got, Outcome::Refused { status: 503, .. }), true);
    provider.recover();
    expect(summary, "sockets at the origin", provider.requests(&live("hers")), 1);
    expect(summary, "his sockets at the origin", provider.requests(&live("his")), 0);
    Ok(())
}
