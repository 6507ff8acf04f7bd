//! Requests whose body the filter compares, requests for hosts, and report mode.

use anyhow::Result;
use portcullis::limits::BODY_BYTES;
use portcullis_host_tests::bound::{HERS, PATH, expect_subject, padded};
use portcullis_test_support::client::Request;
use portcullis_test_support::client::upload::{Body, Ending};
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::summary::Summary;

use crate::scene::{
    ALLOWED, ENFORCES, REPORTS, REPORTS_TO_CALLERS, SHOWS_NO_BODY, SMALL, SMALL_BUFFER, Scene, WITH_TRAILERS,
    refused, reported, undecided,
};

/// Bodies of every kind, as any client may send them.
pub(crate) fn enforced(scene: &Scene, summary: &mut Summary) -> Result<()> {
    let hers = || HERS.as_bytes().to_vec();
    let whole = Body::chunk;
    let full = padded(BODY_BYTES);
    let quarters = |body: &[u8]| Body::chunks(body, BODY_BYTES / 4, Ending::Complete);
    let bytes = |ending| Body::chunks(HERS.as_bytes(), 1, ending);
    let other = refused(403, "binding_mismatch");
    let invalid = refused(400, "body_invalid");
    let too_large = refused(413, "body_too_large");
    let script = [
        ("her own", ENFORCES, Body::Measured(hers()), ALLOWED),
        ("somebody else's", ENFORCES, Body::Measured(br#"{"user_id": "bob"}"#.to_vec()), other),
        ("none", ENFORCES, Body::None, invalid),
        ("of no bytes", ENFORCES, Body::Measured(Vec::new()), invalid),
        ("of one byte", ENFORCES, Body::Measured(b"{".to_vec()), invalid),
        ("that is no JSON", ENFORCES, whole(b"user_id=alice"), invalid),
        ("of 64 KiB", ENFORCES, Body::Measured(full.clone()), ALLOWED),
        ("of 64 KiB and a byte", ENFORCES, Body::Measured(padded(BODY_BYTES + 1)), too_large),
        ("in one chunk", ENFORCES, whole(HERS.as_bytes()), ALLOWED),
        ("of no chunk", ENFORCES, Body::Chunked(Vec::new(), Ending::Complete), invalid),
        ("of 64 KiB in chunks", ENFORCES, quarters(&full), ALLOWED),
        ("of 64 KiB and a byte in chunks", ENFORCES, whole(&padded(BODY_BYTES + 1)), too_large),
        ("of 1 MB in chunks", ENFORCES, quarters(&padded(1_000_000)), too_large),
        ("byte by byte", ENFORCES, bytes(Ending::Complete), ALLOWED),
        ("that breaks off", ENFORCES, Body::Chunked(vec![hers()], Ending::Abort), undecided(0)),
        ("after that", ENFORCES, Body::Measured(hers()), ALLOWED),
        ("before a trailer", WITH_TRAILERS, bytes(Ending::Trailer), ALLOWED),
        ("of no bytes before a trailer", WITH_TRAILERS, Body::Chunked(Vec::new(), Ending::Trailer), invalid),
        (
            "somebody else's before a trailer",
            WITH_TRAILERS,
            Body::Chunked(vec![br#"{"user_id": "bob"}"#.to_vec()], Ending::Trailer),
            other,
        ),
    ];
    for (what, listener, body, expected) in script {
        scene.expect(&format!("a body {what}"), listener, &scene.request(PATH), &body, expected, summary)?;
    }

    // The head is changed although it was held back.
    let disguised = scene.request("//v1/graph/%69nvoke?a=1").header("X-Auth-Subject", "root");
    scene.expect("a request in disguise", ENFORCES, &disguised, &whole(HERS.as_bytes()), ALLOWED, summary)?;
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
pub(crate) fn hosts(scene: &Scene, summary: &mut Summary) -> Result<()> {
    for (host, expected) in [
        ("api.example.com", ALLOWED),
        ("API.example.com:8443", ALLOWED),
        ("other.example.com", refused(403, "route_unknown")),
        ("api.example.com.other.example", refused(403, "route_unknown")),
    ] {
        let request = Request::new("GET", "/v1/threads/7").header("Host", host).bearer(&scene.token);
        scene.expect(&format!("host {host}"), ENFORCES, &request, &Body::None, expected, summary)?;
    }
    Ok(())
}

/// What would have been refused goes on as it came, but for the headers that claim an identity, and is counted.
pub(crate) fn report_mode(scene: &Scene, summary: &mut Summary) -> Result<()> {
    let chunks = |body: &[u8]| Body::chunks(body, BODY_BYTES / 4, Ending::Complete);
    let counter = "wasmcustom.portcullis.deny.body_too_large";
    let before = scene.envoy.stats()?.get(counter).copied();
    let script = [
        ("somebody else's", Body::Measured(br#"{"user_id": "bob"}"#.to_vec()), reported("binding_mismatch")),
        ("none", Body::None, reported("body_invalid")),
        ("of 64 KiB and a byte in chunks", chunks(&padded(BODY_BYTES + 1)), reported("body_too_large")),
        ("of 1 MB in chunks", chunks(&padded(1_000_000)), reported("body_too_large")),
        ("her own", Body::Measured(HERS.as_bytes().to_vec()), ALLOWED),
    ];
    let large = script.iter().filter(|(_, _, expected)| expected.reason == Some("body_too_large")).count();
    for listener in [REPORTS, REPORTS_TO_CALLERS] {
        for (what, body, expected) in &script {
            let what = format!("report mode {listener}, a body {what}");
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
pub(crate) fn beyond_the_filter(scene: &Scene, summary: &mut Summary) -> Result<()> {
    let body = |length| Body::chunk(&padded(length));
    let request = scene.request(PATH);
    scene.expect(
        "a body that fits the buffer",
        SMALL_BUFFER,
        &request,
        &body(SMALL / 2),
        ALLOWED,
        summary,
    )?;
    let large = body(SMALL * 3);
    scene.expect("a body beyond the buffer", SMALL_BUFFER, &request, &large, undecided(413), summary)?;

    let unseen = Body::Measured(HERS.as_bytes().to_vec());
    scene.expect("a body that is not shown", SHOWS_NO_BODY, &request, &unseen, undecided(504), summary)?;
    let told = scene.envoy.wait_for_sign(&["allow_on_headers_stop_iteration"], PATIENCE);
    summary.count((!told).then(|| "a body that is not shown: the log does not say what to set".to_string()));
    Ok(())
}
