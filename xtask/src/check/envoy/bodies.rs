//! Requests whose body the filter compares, requests for hosts, and report mode.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use portcullis::limits::BODY_BYTES;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::super::bound::{self, HERS, PATH, expect_subject, padded};
use super::{LOG, TRAPS, not_recovered, poison, secrets, settings};
use crate::build::ProxyWasmArtefact;
use crate::client::upload::{self, Body, Ending};
use crate::client::{Request, Response};
use crate::demo::Summary;
use crate::host::envoy::Envoy;
use crate::origin::builtin::Builtin;
use crate::origin::tokens;
use crate::step::Step;

/// What a small buffer of Envoy holds, in bytes.
const SMALL: usize = 16 * 1024;

/// The listeners, by their numbers.
const ENFORCES: usize = 0;
const REPORTS: usize = 1;
const REPORTS_TO_CALLERS: usize = 2;
const WITH_TRAILERS: usize = 3;
const SMALL_BUFFER: usize = 4;
/// As before Envoy 1.35, or if somebody has not read the documentation.
const SHOWS_NO_BODY: usize = 5;

/// What must become of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Expected {
    status: u16,
    /// In the log; `None` if there is no decision.
    decision: Option<&'static str>,
    reason: Option<&'static str>,
    /// Whether the origin receives it, with every byte of the body.
    arrives: bool,
}

const LET_IN: Expected = Expected { status: 200, decision: Some("allow"), reason: None, arrives: true };

const fn refused(status: u16, reason: &'static str) -> Expected {
    Expected { status, decision: Some("deny"), reason: Some(reason), arrives: false }
}

/// Would have been refused.
const fn reported(reason: &'static str) -> Expected {
    Expected { status: 200, decision: Some("deny"), reason: Some(reason), arrives: true }
}

/// Envoy itself answers, without a decision.
const fn undecided(status: u16) -> Expected {
    Expected { status, decision: None, reason: None, arrives: false }
}

/// An Envoy, its origin, and whoever asks.
struct Scene<'r> {
    envoy: Envoy,
    origin: Builtin,
    runtime: &'r Runtime,
    token: String,
}

/// Plays all of them.
pub(super) fn check(step: &Step, wasm: &Path, runtime: &Runtime, summary: &mut Summary) -> Result<()> {
    let scene = Scene::start(step, wasm, runtime, "check-bodies")?;
    enforced(step, &scene, summary)?;
    restricted(&scene, summary)?;
    in_report_mode(step, &scene, summary)?;
    beyond_the_filter(step, &scene, summary)?;
    let log = scene.envoy.log();
    let trap = log.lines().find(|line| TRAPS.iter().any(|sign| line.contains(sign)));
    summary.count(trap.map(|line| format!("the filter trapped: {line}")));
    Ok(())
}

/// A trap while a request is held back: it does not pass, and the next ones are decided by a fresh module.
pub(super) fn after_trap(
    step: &Step,
    artefact: &ProxyWasmArtefact,
    runtime: &Runtime,
    summary: &mut Summary,
) -> Result<()> {
    let scene = Scene::start(step, &poison::trapping_filter(artefact)?, runtime, "check-bodies-trap")?;
    let (request, hers) = (scene.request(PATH), Body::chunk(HERS.as_bytes()));
    scene.expect("a body before the trap", ENFORCES, &request, &hers, LET_IN, summary)?;
    let trapping = Body::chunk(&padded(poison::TRAPPING_BYTES + 1));
    scene.expect("a body that traps", ENFORCES, &request, &trapping, undecided(503), summary)?;
    let told = scene.envoy.wait_for_sign(TRAPS, LOG);
    summary.count((!told).then(|| "no trap over a body: the check shows nothing".to_string()));
    let failure = not_recovered(|| {
        let response = runtime.block_on(upload::send(scene.envoy.address(ENFORCES), &request, &hers))?;
        Ok(response.map_or(0, |response| response.status))
    })?;
    summary.count(failure);
    Ok(())
}

/// Bodies of every kind, as any client may send them.
fn enforced(step: &Step, scene: &Scene<'_>, summary: &mut Summary) -> Result<()> {
    let hers = || HERS.as_bytes().to_vec();
    let whole = Body::chunk;
    let full = padded(BODY_BYTES);
    let quarters = |body: &[u8]| Body::chunks(body, BODY_BYTES / 4, Ending::Complete);
    let bytes = |ending| Body::chunks(HERS.as_bytes(), 1, ending);
    let other = refused(403, "binding_mismatch");
    let invalid = refused(400, "body_invalid");
    let too_large = refused(413, "body_too_large");
    let script = [
        ("her own", ENFORCES, Body::Measured(hers()), LET_IN),
        ("somebody else's", ENFORCES, Body::Measured(br#"{"user_id": "bob"}"#.to_vec()), other),
        ("none", ENFORCES, Body::None, invalid),
        ("of no bytes", ENFORCES, Body::Measured(Vec::new()), invalid),
        ("of one byte", ENFORCES, Body::Measured(b"{".to_vec()), invalid),
        ("that is no JSON", ENFORCES, whole(b"user_id=alice"), invalid),
        ("of 64 KiB", ENFORCES, Body::Measured(full.clone()), LET_IN),
        ("of 64 KiB and a byte", ENFORCES, Body::Measured(padded(BODY_BYTES + 1)), too_large),
        ("in one chunk", ENFORCES, whole(HERS.as_bytes()), LET_IN),
        ("of no chunk", ENFORCES, Body::Chunked(Vec::new(), Ending::Complete), invalid),
        ("of 64 KiB in chunks", ENFORCES, quarters(&full), LET_IN),
        ("of 64 KiB and a byte in chunks", ENFORCES, whole(&padded(BODY_BYTES + 1)), too_large),
        ("of 1 MB in chunks", ENFORCES, quarters(&padded(1_000_000)), too_large),
        ("byte by byte", ENFORCES, bytes(Ending::Complete), LET_IN),
        ("that breaks off", ENFORCES, Body::Chunked(vec![hers()], Ending::Abort), undecided(0)),
        ("after that", ENFORCES, Body::Measured(hers()), LET_IN),
        ("before a trailer", WITH_TRAILERS, bytes(Ending::Trailer), LET_IN),
        ("of no bytes before a trailer", WITH_TRAILERS, Body::Chunked(Vec::new(), Ending::Trailer), invalid),
        (
            "somebody else's before a trailer",
            WITH_TRAILERS,
            Body::Chunked(vec![br#"{"user_id": "bob"}"#.to_vec()], Ending::Trailer),
            other,
        ),
    ];
    for (what, listener, body, expected) in script {
        step.message(what);
        scene.expect(&format!("a body {what}"), listener, &scene.request(PATH), &body, expected, summary)?;
    }

    // The head is changed although it was held back.
    let disguised = scene.request("//v1/graph/%69nvoke?a=1").header("X-Auth-Subject", "root");
    scene.expect("a request in disguise", ENFORCES, &disguised, &whole(HERS.as_bytes()), LET_IN, summary)?;
    let arrival = scene.origin.arrivals().pop();
    let target = arrival.as_ref().map(|arrival| arrival.target.as_str());
    summary.count(
        (target != Some("/v1/graph/invoke?a=1")).then(|| format!("in disguise: asked for {target:?}")),
    );
    expect_subject(arrival.as_ref(), &["alice"], summary);

    // Nobody waits for the body of a caller who may not use the route: it never comes here.
    let nobody = Request::new("POST", PATH).header("Content-Type", "application/json");
    let announced = nobody.header("Content-Length", "20");
    scene.expect(
        "an anonymous body",
        ENFORCES,
        &announced,
        &Body::None,
        refused(401, "credential_missing"),
        summary,
    )?;
    Ok(())
}

/// A route that exists for one host only.
fn restricted(scene: &Scene<'_>, summary: &mut Summary) -> Result<()> {
    for (host, expected) in [
        ("api.example.com", LET_IN),
        ("API.example.com:8443", LET_IN),
        ("other.example.com", refused(403, "route_unknown")),
        ("api.example.com.other.example", refused(403, "route_unknown")),
    ] {
        let request = Request::new("GET", "/v1/threads/7").header("Host", host).bearer(&scene.token);
        scene.expect(&format!("host {host}"), ENFORCES, &request, &Body::None, expected, summary)?;
    }
    Ok(())
}

/// What would have been refused goes on as it came, but for the headers that claim an identity, and is counted.
fn in_report_mode(step: &Step, scene: &Scene<'_>, summary: &mut Summary) -> Result<()> {
    let chunks = |body: &[u8]| Body::chunks(body, BODY_BYTES / 4, Ending::Complete);
    let counter = "wasmcustom.portcullis.deny.body_too_large";
    let before = scene.envoy.stats()?.get(counter).copied();
    let script = [
        ("somebody else's", Body::Measured(br#"{"user_id": "bob"}"#.to_vec()), reported("binding_mismatch")),
        ("none", Body::None, reported("body_invalid")),
        ("of 64 KiB and a byte in chunks", chunks(&padded(BODY_BYTES + 1)), reported("body_too_large")),
        ("of 1 MB in chunks", chunks(&padded(1_000_000)), reported("body_too_large")),
        ("her own", Body::Measured(HERS.as_bytes().to_vec()), LET_IN),
    ];
    let large = script.iter().filter(|(_, _, expected)| expected.reason == Some("body_too_large")).count();
    for listener in [REPORTS, REPORTS_TO_CALLERS] {
        for (what, body, expected) in &script {
            let what = format!("report mode {listener}, a body {what}");
            step.message(&what);
            let request = scene.request(PATH).header("X-Auth-Subject", "root");
            let response = scene.expect(&what, listener, &request, body, *expected, summary)?;
            let told = response.as_ref().and_then(|response| response.header("x-portcullis-reason"));
            let due = expected.reason.filter(|_| listener == REPORTS_TO_CALLERS);
            summary.count((told != due).then(|| format!("{what}: the response says {told:?}, not {due:?}")));
            let arrival = scene.origin.arrivals().pop();
            let subject: &[&str] = if expected.reason.is_none() { &["alice"] } else { &[] };
            expect_subject(arrival.as_ref(), subject, summary);
        }
    }
    let counted = scene.envoy.stats()?.get(counter).copied();
    let due = before.map(|before| before + 2 * u64::try_from(large).unwrap_or_default());
    summary.count((counted != due).then(|| format!("{counter}: got {counted:?}, expected {due:?}")));
    Ok(())
}

/// Where Envoy decides before the filter can: a buffer smaller than the body, and no body shown at all.
fn beyond_the_filter(step: &Step, scene: &Scene<'_>, summary: &mut Summary) -> Result<()> {
    step.message("limits of Envoy");
    let body = |length| Body::chunk(&padded(length));
    let request = scene.request(PATH);
    scene.expect("a body that fits the buffer", SMALL_BUFFER, &request, &body(SMALL / 2), LET_IN, summary)?;
    let large = body(SMALL * 3);
    scene.expect("a body beyond the buffer", SMALL_BUFFER, &request, &large, undecided(413), summary)?;

    let unseen = Body::Measured(HERS.as_bytes().to_vec());
    scene.expect("a body that is not shown", SHOWS_NO_BODY, &request, &unseen, undecided(504), summary)?;
    let told = scene.envoy.wait_for_sign(&["allow_on_headers_stop_iteration"], LOG);
    summary.count((!told).then(|| "a body that is not shown: the log does not say what to set".to_string()));
    Ok(())
}

impl<'r> Scene<'r> {
    fn start(step: &Step, wasm: &Path, runtime: &'r Runtime, name: &str) -> Result<Self> {
        let secrets: BTreeMap<String, String> = secrets()?;
        let origin = runtime.block_on(Builtin::start(&secrets["ISSUER_SECRET"]))?;
        let token = tokens::agentflow("alice", Some("user"), &secrets["ISSUER_SECRET"])?;
        let listener = |mode: &str, reason_header: bool| {
            settings(&config(mode, reason_header), &secrets, origin.address())
        };
        let enforcing = || listener("enforce", true);
        let listeners = [
            enforcing(),
            listener("report", false),
            listener("report", true),
            enforcing(),
            enforcing(),
            enforcing(),
        ];
        let manager = "/filter_chains/0/filters/0/typed_config";
        let change = |index: usize, listener: &mut Value| {
            if index == SMALL_BUFFER {
                listener["per_connection_buffer_limit_bytes"] = SMALL.into();
            }
            let Some(manager) = listener.pointer_mut(manager) else { return };
            if index == WITH_TRAILERS {
                manager["http_protocol_options"] = json!({"enable_trailers": true});
            }
            if index == SHOWS_NO_BODY {
                manager["stream_idle_timeout"] = "1s".into();
                let filter = manager.pointer_mut("/http_filters/0/typed_config/config");
                filter.into_iter().for_each(|it| it["allow_on_headers_stop_iteration"] = false.into());
            }
        };
        let envoy = Envoy::start_changed(&listeners, wasm, name, change, step)?;
        Ok(Self { envoy, origin, runtime, token })
    }

    /// A request of alice's with a body that is JSON.
    fn request(&self, target: &str) -> Request {
        Request::new("POST", target).bearer(&self.token).header("Content-Type", "application/json")
    }

    /// Sends `request` with `body`, and compares the status, the log, and what reached the origin.
    fn expect(
        &self,
        what: &str,
        listener: usize,
        request: &Request,
        body: &Body,
        expected: Expected,
        summary: &mut Summary,
    ) -> Result<Option<Response>> {
        let (decided, arrived) = (self.envoy.decisions().len(), self.origin.arrivals().len());
        let address = self.envoy.address(listener);
        let response = self.runtime.block_on(upload::send(address, request, body))?;
        let sent = body.octets();
        let timeout = if expected.decision.is_some() { LOG } else { Duration::from_millis(300) };
        let decisions = self.envoy.wait_for_decisions(decided + 1, timeout);
        let line = decisions.get(decided).cloned().unwrap_or_default();
        let arrivals = self.origin.arrivals();
        let arrival = arrivals.get(arrived);
        let got = (
            response.as_ref().map_or(0, |response| response.status),
            line["decision"].as_str(),
            line["reason"].as_str(),
            arrival.is_some(),
            line["reported"] == true,
        );
        let Expected { status, decision, reason, arrives } = expected;
        let due = (status, decision, reason, arrives, arrives && reason.is_some());
        summary.count((got != due).then(|| format!("{what}: got {got:?}, expected {due:?}; log: {line}")));
        let body = arrival.and_then(|arrival| arrival.body.as_deref());
        let altered = arrival.is_some() && body != Some(sent.as_slice());
        summary.count(altered.then(|| {
            format!("{what}: of {} bytes the origin received {:?}", sent.len(), body.map(<[u8]>::len))
        }));
        Ok(response)
    }
}

fn config(mode: &str, reason_header: bool) -> Value {
    json!({
        "profile": "agentflow",
        "mode": mode,
        "audit": {"reason_header": reason_header},
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}]}],
        "policy": bound::policy(),
    })
}
