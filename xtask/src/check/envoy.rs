//! The filter in Envoy as it is shipped: its size, the examples, what it counts and logs, configurations that are
//! refused, bodies that are compared, and requests that are meant to break it.

mod bodies;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{istio, poison};
use crate::build::{self, ProxyWasmArtefact};
use crate::client::{self, Request};
use crate::demo::Summary;
use crate::host::envoy::{Envoy, EnvoySettings};
use crate::origin::builtin::Builtin;
use crate::origin::tokens;
use crate::root::root;
use crate::step::{Step, step};

/// Ceiling for the module after gzip, so that growth is noticed in the change that causes it.
const GZIP_BUDGET_BYTES: u64 = 455 * 1024;
/// Size of a configuration that nobody means.
const HUGE_BYTES: usize = 10 * 1000 * 1000;
/// How long a log line may take to arrive.
const LOG: Duration = Duration::from_secs(5);
/// How long Envoy may refuse everything after a trap.
const RELOAD: Duration = Duration::from_secs(10);
/// Nothing listens there: port 9 (discard) is closed on any ordinary machine.
const NOBODY: ([u8; 4], u16) = ([127, 0, 0, 1], 9);
/// A path that needs a credential.
const PATH: &str = "/v1/threads";

/// Builds the filter and runs all checks.
pub(super) fn check() -> Result<Summary> {
    let artefact = step("build the Envoy filter", |step| {
        let artefact = build::proxy_wasm(step)?;
        step.say(&artefact.to_string());
        Ok(artefact)
    })?;
    let mut summary = Summary::default();
    inspect(&artefact, &mut summary);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    step("the example in Envoy", |step| example(step, &mut summary))?;
    step("the example for Istio", |step| istio::check(step, &artefact.path, &mut summary))?;
    step("requests through Envoy", |step| requests(step, &artefact.path, &runtime, &mut summary))?;
    step("bodies through Envoy", |step| bodies::check(step, &artefact.path, &runtime, &mut summary))?;
    step("after a trap in Envoy", |step| after_trap(step, &artefact, &runtime, &mut summary))?;
    step("configurations that Envoy refuses", |step| refused(step, &artefact.path, &mut summary))?;
    Ok(summary)
}

/// The build has refused unexpected imports and exports already.
fn inspect(artefact: &ProxyWasmArtefact, summary: &mut Summary) {
    let bytes = artefact.wasm_gzip_bytes;
    let over = bytes > GZIP_BUDGET_BYTES;
    summary.count(over.then(|| {
        format!("the module after gzip has {bytes} bytes, more than the budget of {GZIP_BUDGET_BYTES}")
    }));
}

/// `examples/agentflow/envoy.yaml` as a newcomer starts it, and then without one of its secrets.
fn example(step: &Step, summary: &mut Summary) -> Result<()> {
    let yaml = root().join("examples").join("agentflow").join("envoy.yaml");
    let mut secrets = BTreeMap::new();
    for name in ["JWT_SECRET_KEY", "ORIGIN_JWT_SECRET"] {
        secrets.insert(name.to_string(), tokens::secret()?);
    }
    let accepted = Envoy::validate(&yaml, &secrets, step);
    summary.count(accepted.err().map(|error| format!("envoy.yaml is not accepted: {error:#}")));

    // Empty rather than removed: this process may have one of its own that Envoy would inherit.
    secrets.insert("ORIGIN_JWT_SECRET".to_string(), String::new());
    let what = "envoy.yaml without ORIGIN_JWT_SECRET";
    let outcome = Envoy::validate(&yaml, &secrets, step);
    summary.count(not_refused(what, outcome.err(), &["/upstream/token/secret", "ORIGIN_JWT_SECRET"]));
    Ok(())
}

/// What a request must come to.
struct Expected {
    status: u16,
    decision: &'static str,
    /// Empty for a request that is let in.
    reason: &'static str,
}

const LET_IN: Expected = Expected { status: 200, decision: "allow", reason: "" };
const ANONYMOUS: Expected = Expected { status: 401, decision: "deny", reason: "credential_missing" };
const TOKEN_TOO_LARGE: Expected = Expected { status: 401, decision: "deny", reason: "token_too_large" };
const MALFORMED: Expected = Expected { status: 401, decision: "deny", reason: "credential_malformed" };

/// Ordinary requests, hostile ones, and ordinary ones again.
fn requests(step: &Step, wasm: &Path, runtime: &Runtime, summary: &mut Summary) -> Result<()> {
    let secrets = secrets()?;
    let origin = runtime.block_on(Builtin::start(&secrets["ORIGIN_SECRET"]))?;
    let token = tokens::identity_provider("alice", Some("user"), &secrets["ISSUER_SECRET"], 300)?;
    let settings = settings(&config(), &secrets, origin.address());
    let envoy = Envoy::start(&[settings], wasm, "check", step)?;

    let ordinary = Request::new("GET", PATH).bearer(&token);
    let mut many = ordinary.clone();
    for index in 0..1000 {
        many = many.header(format!("x-header-{index}"), "value");
    }
    // Each hostile request is followed by one that finds the filter in working order.
    let script = [
        ("without a token", Request::new("GET", PATH), ANONYMOUS),
        ("with a token", ordinary.clone(), LET_IN),
        ("a token of 64 KB", Request::new("GET", PATH).bearer(&"a".repeat(64 * 1024)), TOKEN_TOO_LARGE),
        ("after it", ordinary.clone(), LET_IN),
        ("1,000 headers", many, LET_IN),
        ("after them", ordinary.clone(), LET_IN),
        ("a header that is not UTF-8", ordinary.clone().header("x-name", b"\xff\xfe\x80"), LET_IN),
        ("after it", ordinary.clone(), LET_IN),
        (
            "a token that is not UTF-8",
            Request::new("GET", PATH).header("Authorization", b"Bearer \xff\x80"),
            MALFORMED,
        ),
        ("after it", ordinary, LET_IN),
    ];
    let (mut let_in, mut anonymous) = (0, 0);
    for (what, request, expected) in &script {
        let before = envoy.decisions().len();
        let status = runtime.block_on(client::send(envoy.address(0), request))?.status;
        let decisions = envoy.wait_for_decisions(before + 1, LOG);
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
        let_in += u64::from(decision == LET_IN.decision);
        anonymous += u64::from(reason == ANONYMOUS.reason);
    }

    let arrivals = u64::try_from(origin.arrivals().len())?;
    summary.count((arrivals != let_in).then(|| format!("the origin saw {arrivals} requests, not {let_in}")));
    let stats = envoy.stats()?;
    for (name, count) in [("allow", let_in), ("deny.credential_missing", anonymous)] {
        let got = stats.get(&format!("wasmcustom.portcullis.{name}")).copied();
        let wrong = got != Some(count);
        summary.count(wrong.then(|| format!("counter {name}: got {got:?}, expected {count}")));
    }
    let log = envoy.log();
    let trap = log.lines().find(|line| TRAPS.iter().any(|sign| line.contains(sign)));
    summary.count(trap.map(|line| format!("the filter trapped: {line}")));
    Ok(())
}

/// A trap in the filter: that request does not pass, and the next ones are decided by a fresh module.
fn after_trap(
    step: &Step,
    artefact: &ProxyWasmArtefact,
    runtime: &Runtime,
    summary: &mut Summary,
) -> Result<()> {
    let secrets = secrets()?;
    let origin = runtime.block_on(Builtin::start(&secrets["ORIGIN_SECRET"]))?;
    let token = tokens::identity_provider("alice", Some("user"), &secrets["ISSUER_SECRET"], 300)?;
    let settings = settings(&config(), &secrets, origin.address());
    let envoy = Envoy::start(&[settings], &poison::trapping_filter(artefact)?, "check-trap", step)?;
    let ask =
        |request: &Request| anyhow::Ok(runtime.block_on(client::send(envoy.address(0), request))?.status);

    let ordinary = Request::new("GET", PATH).bearer(&token);
    let mut trapping = ordinary.clone();
    for index in 0..=poison::TRAPPING_HEADERS {
        trapping = trapping.header(format!("x-header-{index}"), "value");
    }
    for (what, request, expected) in [("before", &ordinary, 200), ("the trap", &trapping, 503)] {
        let status = ask(request)?;
        summary.count((status != expected).then(|| format!("{what}: got {status}, expected {expected}")));
    }
    let arrivals = origin.arrivals().len();
    summary.count((arrivals != 1).then(|| format!("the origin saw {arrivals} requests, not 1")));
    let told = envoy.wait_for_sign(TRAPS, LOG);
    summary.count((!told).then(|| "the filter did not trap: the check shows nothing".to_string()));

    summary.count(not_recovered(|| ask(&ordinary))?);
    bodies::after_trap(step, artefact, runtime, summary)
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

/// What V8 and Envoy say when a module traps.
const TRAPS: &[&str] = &["RuntimeError", "in-VM backtrace", "Wasm VM failed"];

/// Configurations with which Envoy must not start, each with what its log must say.
fn refused(step: &Step, wasm: &Path, summary: &mut Summary) -> Result<()> {
    let secrets = secrets()?;
    let with = |name: &str, value: Value| {
        let mut config = config();
        config[name] = value;
        config.to_string()
    };
    let role = json!({"roles": {"reader": {"permissions": ["graph:read"], "inherits": ["readers"]}}});
    let default_role = json!({"default_role": "nobody"});
    let missing = json!({"credential": "swap", "token": {"secret": {"env": "NOT_SET"}}});
    let padding = " ".repeat(HUGE_BYTES);
    let bad: [(&str, String, &[&str]); 6] = [
        ("an empty configuration", String::new(), &["no request is let in", "the document is empty"]),
        ("text that is not JSON", "not json".to_string(), &["no request is let in", "not usable JSON"]),
        ("an unknown role to inherit", with("policy", role), &["/policy/roles/reader/inherits/0"]),
        ("an unknown role by default", with("policy", default_role), &["/policy/default_role"]),
        (
            "a missing secret",
            with("upstream", missing),
            &["/upstream/token/secret", "list NOT_SET in vm_config"],
        ),
        ("10 MB", config().to_string() + &padding, &["no request is let in", "the document is longer than"]),
    ];
    for (what, config, said) in bad {
        step.message(what);
        let settings = EnvoySettings { config, secrets: secrets.clone(), origin: SocketAddr::from(NOBODY) };
        let outcome = Envoy::start(&[settings], wasm, "check-refused", step);
        summary.count(not_refused(what, outcome.err(), said));
    }
    Ok(())
}

/// The failure of a check that something is refused, and that the log says all of `said`.
fn not_refused(what: &str, error: Option<anyhow::Error>, said: &[&str]) -> Option<String> {
    let Some(error) = error else { return Some(format!("{what}: Envoy accepts it")) };
    let text = format!("{error:#}");
    let unsaid = said.iter().find(|part| !text.contains(*part))?;
    Some(format!("{what}: the log does not say {unsaid:?}: {text}"))
}

fn settings(config: &Value, secrets: &BTreeMap<String, String>, origin: SocketAddr) -> EnvoySettings {
    EnvoySettings { config: config.to_string(), secrets: secrets.clone(), origin }
}

/// As in the demo, without API keys.
fn config() -> Value {
    json!({
        "profile": "agentflow",
        "issuers": [{
            "issuer": tokens::ISSUER,
            "keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}],
            "claims": {"subject": "/sub"},
        }],
        "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}}},
    })
}

/// Fresh secrets of that configuration's names.
fn secrets() -> Result<BTreeMap<String, String>> {
    let names = ["ISSUER_SECRET", "ORIGIN_SECRET"];
    names.into_iter().map(|name| Ok((name.to_string(), tokens::secret()?))).collect()
}
