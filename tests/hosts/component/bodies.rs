//! Requests whose body is compared, requests for hosts, and report mode, in front of an origin.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use portcullis::limits::BODY_BYTES;
use portcullis_host_tests::bound::{self, HERS, PATH, expect_subject, padded};
use portcullis_host_tests::runtime;
use portcullis_test_support::client::upload::{self, Body, Ending};
use portcullis_test_support::client::{Request, Response};
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::origin::builtin::{Arrival, Builtin};
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::props::Props;
use crate::served::Served;

/// A body of somebody else's.
const HIS: &str = r#"{"user_id": "bob"}"#;

/// How long nothing may happen after a body has broken off.
const BROKEN_OFF: Duration = Duration::from_millis(300);

/// The gate and its origin.
struct Scene<'r> {
    gate: Served<'r>,
    origin: Builtin,
    token: String,
}

/// What became of a request.
struct Seen {
    response: Option<Response>,
    arrival: Option<Arrival>,
}

/// What must become of a request: the status, the reason in the log, and whether the origin receives every byte.
type Expected = (u16, Option<&'static str>, bool);

const ALLOWED: Expected = (200, None, true);

/// The example's configuration in `mode`, with a route that compares its body and one for a single host. What goes on goes
/// on as it came.
pub(crate) fn config(props: &Props, mode: &str, reason_header: bool) -> Result<Value> {
    let mut config: Value = serde_json::from_str(&props.config)?;
    // The origin reads the callers' own tokens, which must be such as it issues itself.
    config["issuers"][0]["claims"]["subject"] = "/user_id".into();
    config["mode"] = mode.into();
    config["audit"] = json!({"reason_header": reason_header});
    config["upstream"] = json!({"credential": "forward"});
    config["policy"] = bound::policy();
    Ok(config)
}

/// Bodies in front of an origin that keeps what reaches it.
pub(crate) fn enforced(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let scene = Scene::start(component, props, &runtime, "enforce", false)?;
    let refused = |status, reason| (status, Some(reason), false);
    let invalid = refused(400, "body_invalid");
    let other = refused(403, "binding_mismatch");
    let too_large = refused(413, "body_too_large");
    let pieces = |length| Body::chunks(&padded(length), BODY_BYTES / 4, Ending::Complete);
    let bytes = |ending| Body::chunks(HERS.as_bytes(), 1, ending);
    let script = [
        ("her own", Body::Measured(HERS.into()), ALLOWED),
        ("somebody else's", Body::Measured(HIS.into()), other),
        ("none", Body::None, invalid),
        ("of no bytes", Body::Measured(Vec::new()), invalid),
        ("that is no JSON", Body::chunk(b"user_id=alice"), invalid),
        ("of 64 KiB", Body::Measured(padded(BODY_BYTES)), ALLOWED),
        ("of 64 KiB and a byte", Body::Measured(padded(BODY_BYTES + 1)), too_large),
        ("of 64 KiB in chunks", pieces(BODY_BYTES), ALLOWED),
        ("of 64 KiB and a byte in chunks", pieces(BODY_BYTES + 1), too_large),
        ("of 1 MB in chunks", pieces(1_000_000), too_large),
        ("of no chunk", Body::Chunked(Vec::new(), Ending::Complete), invalid),
        ("byte by byte", bytes(Ending::Complete), ALLOWED),
        ("before a trailer", bytes(Ending::Trailer), ALLOWED),
        ("that breaks off", bytes(Ending::Abort), (0, Some("body_invalid"), false)),
        ("after that", Body::chunk(HERS.as_bytes()), ALLOWED),
    ];
    for (what, body, expected) in script {
        let seen = scene.expect(&format!("a body {what}"), &scene.request(PATH), &body, expected, summary)?;
        let lengths = seen.arrival.iter().flat_map(|arrival| arrival.header("content-length"));
        let lengths: Vec<_> = lengths.map(str::to_string).collect();
        let announced = match &body {
            Body::Measured(bytes) if expected.2 => vec![bytes.len().to_string()],
            _ => Vec::new(),
        };
        summary.count(
            (lengths != announced)
                .then(|| format!("a body {what}: announced as {lengths:?}, not {announced:?}")),
        );
    }

    let disguised = scene.request("//v1/graph/%69nvoke?a=1").header("X-Auth-Subject", "root");
    let body = Body::chunk(HERS.as_bytes());
    let arrival = scene.expect("a body in disguise", &disguised, &body, ALLOWED, summary)?.arrival;
    let target = arrival.as_ref().map(|arrival| arrival.target.as_str());
    summary.count(
        (target != Some("/v1/graph/invoke?a=1")).then(|| format!("in disguise: asked for {target:?}")),
    );
    expect_subject(arrival.as_ref(), &["alice"], summary);
    Ok(())
}

/// Requests for hosts, of which some have routes of their own.
pub(crate) fn hosts(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let scene = Scene::start(component, props, &runtime, "enforce", false)?;
    let refused = |status, reason| (status, Some(reason), false);
    for (host, expected) in [
        ("api.example.com", ALLOWED),
        ("API.example.com:8443", ALLOWED),
        ("other.example.com", refused(403, "route_unknown")),
        ("api.example.com.other.example", refused(403, "route_unknown")),
    ] {
        let request = Request::new("GET", "/v1/threads/7").header("Host", host).bearer(&scene.token);
        scene.expect(&format!("host {host}"), &request, &Body::None, expected, summary)?;
    }
    Ok(())
}

/// What would have been refused goes on as it came, but for the headers that claim an identity.
pub(crate) fn reported(
    component: &Path,
    props: &Props,
    reason_header: bool,
    summary: &mut Summary,
) -> Result<()> {
    let runtime = runtime()?;
    let scene = Scene::start(component, props, &runtime, "report", reason_header)?;
    let pieces = |length| Body::chunks(&padded(length), BODY_BYTES / 4, Ending::Complete);
    for (what, body, reason) in [
        ("somebody else's", Body::Measured(HIS.into()), Some("binding_mismatch")),
        ("none", Body::None, Some("body_invalid")),
        ("of 64 KiB and a byte in chunks", pieces(BODY_BYTES + 1), Some("body_too_large")),
        ("of 1 MB in chunks", pieces(1_000_000), Some("body_too_large")),
        ("her own", Body::Measured(HERS.into()), None),
    ] {
        let what = format!("report mode, a body {what}");
        let request = scene.request(PATH).header("X-Auth-Subject", "root");
        let seen = scene.expect(&what, &request, &body, (200, reason, true), summary)?;
        let subject: &[&str] = if reason.is_none() { &["alice"] } else { &[] };
        expect_subject(seen.arrival.as_ref(), subject, summary);
        let told = seen.response.as_ref().and_then(|response| response.header("x-portcullis-reason"));
        let due = reason.filter(|_| reason_header);
        summary.count((told != due).then(|| format!("{what}: the response says {told:?}, not {due:?}")));
    }
    Ok(())
}

impl<'r> Scene<'r> {
    fn start(
        component: &Path,
        props: &Props,
        runtime: &'r Runtime,
        mode: &str,
        reason_header: bool,
    ) -> Result<Self> {
        // The callers' own tokens are what reaches it.
        let origin = runtime.block_on(Builtin::start(props.secret("JWT_SECRET_KEY")?))?;
        let mut environment = props.environment(&format!("http://{}", origin.address()));
        let config = config(props, mode, reason_header)?.to_string();
        environment.insert("PORTCULLIS_CONFIG".to_string(), config);
        let serve = WasmtimeServe::start(component, &environment, &[], &format!("check-bodies-{mode}"))?;
        Ok(Self { gate: Served { serve, runtime }, origin, token: props.token("user", "")? })
    }

    /// A request of alice's with a body that is JSON.
    fn request(&self, target: &str) -> Request {
        Request::new("POST", target).bearer(&self.token).header("Content-Type", "application/json")
    }

    /// Sends `request` with `body`, and compares the status, the log, and what reached the origin.
    fn expect(
        &self,
        what: &str,
        request: &Request,
        body: &Body,
        expected: Expected,
        summary: &mut Summary,
    ) -> Result<Seen> {
        let Self { gate, origin, .. } = self;
        let (status, reason, arrives) = expected;
        let (decided, arrived) = (gate.serve.decisions().len(), origin.arrivals().len());
        let sent = upload::send(gate.serve.address(), request, body);
        let response = gate.runtime.block_on(sent)?;
        // Of a body that breaks off there is nothing to wait for but what must not happen.
        let line = if status == 0 {
            std::thread::sleep(BROKEN_OFF);
            gate.serve.decisions().get(decided).cloned().unwrap_or_default()
        } else {
            gate.decision_after(decided)
        };
        let arrival = origin.arrivals().get(arrived).cloned();
        let got = (
            response.as_ref().map_or(0, |response| response.status),
            line["reason"].as_str(),
            arrival.is_some(),
            line["reported"] == true,
        );
        let due = (status, reason, arrives, arrives && reason.is_some());
        summary.count((got != due).then(|| format!("{what}: got {got:?}, expected {due:?}; log: {line}")));
        let bytes = body.bytes();
        let received = arrival.as_ref().and_then(|arrival| arrival.body.as_deref());
        let altered = arrival.is_some() && received != Some(bytes.as_slice());
        summary.count(altered.then(|| {
            let length = received.map(<[u8]>::len);
            format!("{what}: of {} bytes the origin received {length:?}", bytes.len())
        }));
        Ok(Seen { response, arrival })
    }
}
