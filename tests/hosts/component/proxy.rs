//! The component of the world `proxy`, in front of an origin and of none.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use portcullis_host_tests::runtime;
use portcullis_test_support::client::Request;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::origin::builtin::{Arrival, Builtin};
use portcullis_test_support::summary::Summary;

use crate::props::{NO_STORE, NOBODY, Props};
use crate::served::Served;

/// A little more than an instance takes at rest, so that a large request makes it trap.
const LITTLE_MEMORY: &[&str] = &["-Wmax-memory-size=1376256", "-Wtrap-on-grow-failure=n"];

/// In front of an origin that keeps what reaches it.
pub(crate) fn forwarding(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = &runtime()?;
    let origin = runtime.block_on(Builtin::start(props.secret("ORIGIN_JWT_SECRET")?))?;
    let environment = props.environment(&format!("http://{}", origin.address()));
    let serve = WasmtimeServe::start(component, &environment, &[], "check-proxy")?;
    let gate = Served { serve, runtime };
    let user = props.token("user", "")?;

    let anonymous = Request::new("GET", "/v1/threads");
    gate.expect("without a token", &anonymous, 401, Some("credential_missing"), summary)?;
    let guest = anonymous.clone().bearer(&props.token("guest", "")?);
    gate.expect("a guest", &guest, 403, Some("permission_missing"), summary)?;
    let early = origin.arrivals().len();
    summary.count((early > 0).then(|| format!("{early} refused requests reached the origin")));

    let spoofed = anonymous
        .clone()
        .bearer(&user)
        .header("X-Auth-Subject", "root")
        .header("x_auth_subject", "root")
        .header("X-Keep", "1")
        .header("X-Keep", "2");
    gate.expect("a user who wants to be root", &spoofed, 200, None, summary)?;
    let arrivals = origin.arrivals();
    let arrival = arrivals.last().context("the request of the user did not reach the origin")?;
    expect_header(arrival, "x-auth-subject", &["alice"], summary);
    expect_header(arrival, "x_auth_subject", &[], summary);
    expect_header(arrival, "x-keep", &["1", "2"], summary);
    let known = arrival.identity.as_ref().map(|(subject, roles)| (subject.as_str(), roles.as_slice()));
    let wrong = known != Some(("alice", &["user".to_string()]));
    summary.count(wrong.then(|| format!("the origin took alice for {known:?}")));

    let disguised = Request::new("GET", "//v1/%74hreads").bearer(&user);
    gate.expect("a path in disguise", &disguised, 200, None, summary)?;
    let arrivals = origin.arrivals();
    let asked = arrivals.last().map(|arrival| arrival.target.as_str());
    summary.count(
        (asked != Some("/v1/threads")).then(|| format!("a path in disguise was asked for as {asked:?}")),
    );

    let stream = Request::new("POST", "/v1/graph/stream").bearer(&user).json("{}");
    let response = gate.expect("a stream", &stream, 200, None, summary)?;
    let spread = match (response.chunks.first(), response.chunks.last()) {
        (Some(first), Some(last)) => last.at.saturating_sub(first.at),
        _ => Duration::ZERO,
    };
    // The origin takes five pauses of 30 ms between its words.
    let buffered = response.chunks.len() < 3 || spread < Duration::from_millis(60);
    summary.count(
        buffered.then(|| format!("a stream arrived in {} chunks within {spread:?}", response.chunks.len())),
    );
    let complete = response.text().contains("for alice");
    summary.count((!complete).then(|| format!("a stream arrived as {}", response.text())));
    Ok(())
}

fn expect_header(arrival: &Arrival, name: &str, expected: &[&str], summary: &mut Summary) {
    let got: Vec<_> = arrival.header(name).collect();
    summary.count(
        (got != expected).then(|| format!("{name} at the origin: got {got:?}, expected {expected:?}")),
    );
}

/// Without an origin, a configuration, a secret: no request is allowed, and the log says what to do.
pub(crate) fn lacking(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = &runtime()?;
    let user = Request::new("GET", "/v1/threads").bearer(&props.token("user", "")?);
    let start = |environment: &BTreeMap<String, String>, name: &str| {
        let serve = WasmtimeServe::start(component, environment, &[], name)?;
        Ok::<_, anyhow::Error>(Served { serve, runtime })
    };
    let gate = start(&props.environment(NOBODY), "check-proxy-down")?;
    gate.expect("an origin that is down", &user, 502, None, summary)?;

    let without = |name: &str| {
        let mut environment = props.environment(NOBODY);
        environment.remove(name);
        environment
    };
    let mut broken = props.environment(NOBODY);
    broken.insert("PORTCULLIS_CONFIG".to_string(), "{".to_string());
    let mut lookup = props.environment(NOBODY);
    lookup.insert("PORTCULLIS_CONFIG".to_string(), props.with_lookup()?.to_string());
    let mut elsewhere = props.environment(NOBODY);
    elsewhere.insert("ORIGIN".to_string(), format!("{NOBODY}/prefix"));
    for (what, environment, told) in [
        ("a broken configuration", broken, "no request is allowed"),
        ("records to look up", lookup, NO_STORE),
        ("no configuration", without("PORTCULLIS_CONFIG"), "PORTCULLIS_CONFIG"),
        ("a missing secret", without("JWT_SECRET_KEY"), "JWT_SECRET_KEY"),
        ("no origin", without("ORIGIN"), "ORIGIN: must be a variable with the address of the origin"),
        ("an origin with a path", elsewhere, "ORIGIN: must be a variable with the address of the origin"),
    ] {
        let gate = start(&environment, "check-proxy-lacking")?;
        gate.expect(what, &user, 503, Some("config_invalid"), summary)?;
        gate.expect_log(what, told, summary);
    }
    Ok(())
}

/// A trap costs its request an answer and nobody else, and lets nothing through.
pub(crate) fn recovery(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = &runtime()?;
    let origin = runtime.block_on(Builtin::start(props.secret("ORIGIN_JWT_SECRET")?))?;
    let environment = props.environment(&format!("http://{}", origin.address()));
    let serve = WasmtimeServe::start(component, &environment, LITTLE_MEMORY, "check-proxy-trap")?;
    let gate = Served { serve, runtime };
    let user = Request::new("GET", "/v1/threads").bearer(&props.token("user", "")?);
    let large =
        (0..90).fold(user.clone(), |request, index| request.header(format!("x-{index}"), "y".repeat(700)));
    gate.expect("before a trap", &user, 200, None, summary)?;
    let status = gate.send(&large)?.status;
    summary.count((status < 500).then(|| format!("a request that takes too much memory: got {status}")));
    gate.expect("after a trap", &user, 200, None, summary)?;
    let arrived = origin.arrivals().len();
    summary.count(
        (arrived != 2).then(|| format!("{arrived} requests reached the origin around a trap, expected 2")),
    );
    Ok(())
}
