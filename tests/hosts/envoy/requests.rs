//! Requests through the filter: what it answers, logs and counts.

use anyhow::Result;
use portcullis_host_tests::runtime;
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::envoy::Envoy;
use portcullis_test_support::origin::builtin::Builtin;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;

use crate::setup::{PATH, TRAPS, config, secrets, settings};

/// What a request must come to.
struct Expected {
    status: u16,
    decision: &'static str,
    /// Empty for a request that is allowed.
    reason: &'static str,
}

const ALLOWED: Expected = Expected { status: 200, decision: "allow", reason: "" };
const ANONYMOUS: Expected = Expected { status: 401, decision: "deny", reason: "credential_missing" };
const TOKEN_TOO_LARGE: Expected = Expected { status: 401, decision: "deny", reason: "token_too_large" };
const MALFORMED: Expected = Expected { status: 401, decision: "deny", reason: "credential_malformed" };

/// Ordinary requests, hostile ones, and ordinary ones again.
pub(crate) fn check(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let secrets = secrets()?;
    let origin = runtime.block_on(Builtin::start(&secrets["ORIGIN_SECRET"]))?;
    let token = tokens::identity_provider("alice", Some("user"), &secrets["ISSUER_SECRET"], 300)?;
    let settings = settings(&config(), &secrets, origin.address());
    let envoy = step("start Envoy", |step| Envoy::start(&[settings], &artefact.path, "check", step))?;

    let ordinary = Request::new("GET", PATH).bearer(&token);
    let mut many = ordinary.clone();
    for index in 0..1000 {
        many = many.header(format!("x-header-{index}"), "value");
    }
    // Each hostile request is followed by one that finds the filter in working order.
    let script = [
        ("without a token", Request::new("GET", PATH), ANONYMOUS),
        ("with a token", ordinary.clone(), ALLOWED),
        ("a token of 64 KB", Request::new("GET", PATH).bearer(&"a".repeat(64 * 1024)), TOKEN_TOO_LARGE),
        ("after it", ordinary.clone(), ALLOWED),
        ("1,000 headers", many, ALLOWED),
        ("after them", ordinary.clone(), ALLOWED),
        ("a header that is not UTF-8", ordinary.clone().header("x-name", b"\xff\xfe\x80"), ALLOWED),
        ("after it", ordinary.clone(), ALLOWED),
        (
            "a token that is not UTF-8",
            Request::new("GET", PATH).header("Authorization", b"Bearer \xff\x80"),
            MALFORMED,
        ),
        ("after it", ordinary, ALLOWED),
    ];
    let (mut allowed, mut anonymous) = (0, 0);
    for (what, request, expected) in &script {
        let before = envoy.decisions().len();
        let status = runtime.block_on(client::send(envoy.address(0), request))?.status;
        let decisions = envoy.wait_for_decisions(before + 1, PATIENCE);
        let line = decisions.get(before).cloned().unwrap_or_default();
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_string();
        let got = (status, text("decision"), text("reason"));
        let Expected { status, decision, reason } = *expected;
        let wrong = got != (status, decision.to_string(), reason.to_string());
        summary.count(
            wrong.then(|| {
                format!("{what}: got {got:?}, expected {:?}; log: {line}", (status, decision, reason))
            }),
        );
        allowed += u64::from(decision == ALLOWED.decision);
        anonymous += u64::from(reason == ANONYMOUS.reason);
    }

    let arrivals = u64::try_from(origin.arrivals().len())?;
    summary
        .count((arrivals != allowed).then(|| format!("the origin saw {arrivals} requests, not {allowed}")));
    let stats = envoy.stats()?;
    for (name, count) in [("allow", allowed), ("deny.credential_missing", anonymous)] {
        let got = stats.get(&format!("wasmcustom.portcullis.{name}")).copied();
        let wrong = got != Some(count);
        summary.count(wrong.then(|| format!("counter {name}: got {got:?}, expected {count}")));
    }
    let log = envoy.log();
    let said = log.contains("the host verifies RS256, RS384, RS512, ES256, ES384, ES512");
    summary.count((!said).then(|| "the log does not say which signatures Envoy verifies".to_owned()));
    let trap = log.lines().find(|line| TRAPS.iter().any(|sign| line.contains(sign)));
    summary.count(trap.map(|line| format!("the filter trapped: {line}")));
    Ok(())
}
