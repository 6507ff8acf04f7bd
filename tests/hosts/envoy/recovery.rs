//! After a trap in the filter.

use std::time::{Duration, Instant};

use anyhow::Result;
use portcullis_host_tests::bound::{HERS, PATH as BODY_PATH, padded};
use portcullis_host_tests::{runtime, trap};
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::client::upload::{self, Body};
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::envoy::Envoy;
use portcullis_test_support::origin::builtin::Builtin;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;

use crate::scene::{ALLOWED, ENFORCES, Scene, undecided};
use crate::setup::{PATH, TRAPS, config, secrets, settings};

/// How long Envoy may refuse everything after a trap.
const RELOAD: Duration = Duration::from_secs(10);

/// A trap in the filter: that request does not pass, and the next ones are decided by a fresh module.
pub(crate) fn after_a_trap(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let secrets = secrets()?;
    let origin = runtime.block_on(Builtin::start(&secrets["ORIGIN_SECRET"]))?;
    let token = tokens::identity_provider("alice", Some("user"), &secrets["ISSUER_SECRET"], 300)?;
    let settings = settings(&config(), &secrets, origin.address());
    let filter = trap::trapping_filter(artefact)?;
    let envoy = step("start Envoy", |step| Envoy::start(&[settings], &filter, "check-trap", step))?;
    let ask =
        |request: &Request| anyhow::Ok(runtime.block_on(client::send(envoy.address(0), request))?.status);

    let ordinary = Request::new("GET", PATH).bearer(&token);
    let mut trapping = ordinary.clone();
    for index in 0..=trap::TRAPPING_HEADERS {
        trapping = trapping.header(format!("x-header-{index}"), "value");
    }
    for (what, request, expected) in [("before", &ordinary, 200), ("the trap", &trapping, 503)] {
        let status = ask(request)?;
        summary.count((status != expected).then(|| format!("{what}: got {status}, expected {expected}")));
    }
    let arrivals = origin.arrivals().len();
    summary.count((arrivals != 1).then(|| format!("the origin saw {arrivals} requests, not 1")));
    let told = envoy.wait_for_sign(TRAPS, PATIENCE);
    summary.count((!told).then(|| "the filter did not trap: the check shows nothing".to_string()));

    summary.count(not_recovered(|| ask(&ordinary))?);
    Ok(())
}

/// A trap while a request is held back: it does not pass, and the next ones are decided by a fresh module.
pub(crate) fn after_a_trap_over_a_body(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let filter = trap::trapping_filter(artefact)?;
    let scene = step("start Envoy", |step| Scene::start(step, &filter, "check-bodies-trap"))?;
    let (request, hers) = (scene.request(BODY_PATH), Body::chunk(HERS.as_bytes()));
    scene.expect("a body before the trap", ENFORCES, &request, &hers, ALLOWED, summary)?;
    let trapping = Body::chunk(&padded(trap::TRAPPING_BYTES + 1));
    scene.expect("a body that traps", ENFORCES, &request, &trapping, undecided(503), summary)?;
    let told = scene.envoy.wait_for_sign(TRAPS, PATIENCE);
    summary.count((!told).then(|| "no trap over a body: the check shows nothing".to_string()));
    let failure = not_recovered(|| {
        let response =
            scene.runtime.block_on(upload::send(scene.envoy.address(ENFORCES), &request, &hers))?;
        Ok(response.map_or(0, |response| response.status))
    })?;
    summary.count(failure);
    Ok(())
}

/// The failure of a check that an ordinary request gets through after a trap. Envoy starts the module anew after a moment;
/// until then it refuses.
fn not_recovered(mut ask: impl FnMut() -> Result<u16>) -> Result<Option<String>> {
    let started = Instant::now();
    loop {
        match ask()? {
            200 => return Ok(None),
            503 if started.elapsed() < RELOAD => std::thread::sleep(Duration::from_millis(100)),
            status => return Ok(Some(format!("{status} to an ordinary request after the trap"))),
        }
    }
}
