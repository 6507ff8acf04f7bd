//! The shared case files, `tests/cases/*.json`, on every host.
//!
//! A case is a configuration, a request and what must become of it. A host that answers differently from the others
//! fails. Every case on every host is a test of its own, `cases::workerd::policy::guest: GET /v1/threads`; a host is
//! started for the first of its tests that runs.

mod component;
mod host;
mod native;
mod plays;
mod program;
mod table;
mod wire;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use libtest_mimic::Trial;
use portcullis::Reason;
use portcullis_host_tests::commit;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::artefact::ComponentArtefact;
use portcullis_test_support::build;
use portcullis_test_support::cases::case::{Case, Concrete};
use portcullis_test_support::cases::expect::{self, Seen};
use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::host::node;
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::step::{Step, step};

use component::Wasmtime;
use host::Host;
use native::Native;
use plays::Plays;
use program::Program;
use table::Scores;
use wire::{ENVOY, WASMTIME_P3, WORKERD, Wire};

/// Reasons that only a defect gives, which the tests of each host force with a trap; and those that take somebody to ask or to
/// count, for which the tests of each host that does so have a server.
const NOT_BY_A_CASE: &[Reason] = &[
    Reason::Internal,
    Reason::CredentialRejected,
    Reason::RateLimited,
    Reason::KeysUnavailable,
    Reason::BundleUnavailable,
    Reason::AskUnavailable,
];
/// What the cases call the core itself.
const NATIVE: &str = "native";
/// What they call the component of the world `gate` in wasmtime, and in Python.
const WASMTIME: &str = "wasmtime";
const PYTHON: &str = "Python";
/// What they call the npm package in Node.js.
const NODE: &str = "Node.js";
/// With `off`, all cases are played by gates that remember nothing.
const MEMORY: &str = "CASES_MEMORY";
/// The cases of signatures, which workerd, Envoy and Node.js verify themselves unless they are told not to.
const ALGORITHMS: &str = "algorithms";
/// Fewer cases than this are not all of them.
const LEAST_CASES: usize = 450;

/// A host that is started when it is first needed.
#[derive(Clone)]
struct Lazy {
    /// In the names of the tests.
    id: &'static str,
    /// In the table.
    shown: &'static str,
    /// In the case files, where a host differs from the others.
    name: &'static str,
    plays: Plays,
    suite: Arc<Suite>,
    host: Fixture<Mutex<Box<dyn Host>>>,
}

fn main() -> ExitCode {
    match tests() {
        Ok((tests, scores, rows)) => {
            let outcome = harness::run(tests, Order::Parallel);
            if let Some(table) = scores.table(&rows) {
                println!("{table}");
            }
            outcome
        }
        Err(error) => {
            eprintln!("error: tests/cases: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// All tests, what counts their outcomes, and the hosts in the order of the table.
fn tests() -> Result<(Vec<Trial>, Arc<Scores>, Vec<&'static str>)> {
    let is_off = std::env::var(MEMORY).is_ok_and(|memory| memory == "off");
    let suite = Arc::new(if is_off { Suite::without_memory()? } else { Suite::of_workspace()? });
    let mut hosts = hosts(&suite);
    if !is_off {
        hosts.extend(forgetful(&Arc::new(Suite::without_memory()?)));
    }
    let scores = Arc::new(Scores::default());
    suite.check_hosts(&hosts.iter().map(|host| host.name).collect::<Vec<_>>())?;
    let rows = hosts.iter().map(|host| host.shown).collect();
    let shared = Arc::clone(&suite);
    let mut tests =
        vec![harness::check("cases::every_reason_has_a_case", move || every_reason_has_a_case(&shared))];
    // Case by case rather than host by host, so that hosts work at the same time.
    for index in 0..suite.cases.len() {
        let playing = hosts.iter().filter(|host| host.plays.has(&host.suite.cases[index]));
        tests.extend(playing.map(|host| test(index, host, &scores)));
    }
    // The tests are all that keeps the hosts running.
    Ok((tests, scores, rows))
}

/// Every host there is, and those of hosts that verify signatures which can be told not to.
fn hosts(suite: &Arc<Suite>) -> Vec<Lazy> {
    let mut hosts: Vec<Lazy> = [NATIVE, WORKERD, ENVOY, WASMTIME, WASMTIME_P3, NODE, PYTHON]
        .into_iter()
        .map(|name| Lazy::new(id(name), name, name, Plays::All, suite, "cases"))
        .collect();
    let own = |name: &'static str, id, shown, start: fn(&Suite, &Plays) -> Result<Box<dyn Host>>| {
        let (plays, shared) = (Plays::File(ALGORITHMS), Arc::clone(suite));
        let host = Fixture::new(move || Ok(Mutex::new(start(&shared, &Plays::File(ALGORITHMS))?)));
        Lazy { id, shown, name, plays, suite: Arc::clone(suite), host }
    };
    hosts.push(own(NODE, "node_own_signatures", "Node.js, own signatures", |_, _| node("own")));
    hosts.push(own(WORKERD, "workerd_own_signatures", "workerd, own signatures", |suite, _| {
        workerd(suite, true, "cases-own-signatures")
    }));
    hosts.push(own(ENVOY, "envoy_own_signatures", "Envoy, own signatures", |suite, plays| {
        envoy(suite, plays, true, "cases-own-signatures")
    }));
    hosts
}

/// The same hosts, which remember nothing, with a part of the cases.
fn forgetful(suite: &Arc<Suite>) -> Vec<Lazy> {
    // Whoever has no commit gets the same part every time.
    let plays = Plays::sample(suite, &commit().unwrap_or_default());
    [
        (NATIVE, "native_without_memory", "native, no memory"),
        (WORKERD, "workerd_without_memory", "workerd, no memory"),
        (ENVOY, "envoy_without_memory", "Envoy, no memory"),
        (WASMTIME, "wasmtime_without_memory", "wasmtime, no memory"),
        (WASMTIME_P3, "wasmtime_p3_without_memory", "wasmtime-0.3, no memory"),
        (NODE, "node_without_memory", "Node.js, no memory"),
        (PYTHON, "python_without_memory", "Python, no memory"),
    ]
    .into_iter()
    .map(|(name, id, shown)| Lazy::new(id, shown, name, plays.clone(), suite, "cases-without-memory"))
    .collect()
}

/// What a host is called in the names of tests.
fn id(name: &'static str) -> &'static str {
    match name {
        ENVOY => "envoy",
        WASMTIME_P3 => "wasmtime_p3",
        NODE => "node",
        PYTHON => "python",
        name => name,
    }
}

impl Lazy {
    fn new(
        id: &'static str,
        shown: &'static str,
        name: &'static str,
        plays: Plays,
        suite: &Arc<Suite>,
        label: &'static str,
    ) -> Self {
        let (shared, playing) = (Arc::clone(suite), plays.clone());
        let host = Fixture::new(move || Ok(Mutex::new(start(name, &shared, &playing, label)?)));
        Self { id, shown, name, plays, suite: Arc::clone(suite), host }
    }
}

/// Starts the host `name`.
fn start(name: &str, suite: &Suite, plays: &Plays, label: &'static str) -> Result<Box<dyn Host>> {
    Ok(match name {
        NATIVE => Box::new(Native::new(suite)),
        WORKERD => workerd(suite, false, label)?,
        ENVOY => envoy(suite, plays, false, label)?,
        WASMTIME => {
            let gate = gate()?;
            Box::new(step("compile the component in wasmtime", |step| Wasmtime::new(&gate.path, step))?)
        }
        WASMTIME_P3 => {
            let component = step("build the relay behind the middleware", build::guarded_relay)?;
            Box::new(step("compile it in wasmtime", |step| Wire::serve(suite, &component, label, step))?)
        }
        NODE => node("host")?,
        PYTHON => {
            let gate = gate()?;
            Box::new(step("start the Python host", |step| Program::python(&gate.path, step))?)
        }
        name => bail!("there is no host `{name}`"),
    })
}

/// The filter in Envoy, which verifies signatures unless they are the filter's `own`.
fn envoy(suite: &Suite, plays: &Plays, own: bool, label: &'static str) -> Result<Box<dyn Host>> {
    let filter = step("build the Envoy filter", build::proxy_wasm)?;
    let what = if own { "start Envoy, which verifies nothing" } else { "start Envoy" };
    let start = |step: &Step| Wire::envoy(suite, &filter.path, plays, own, label, step);
    Ok(Box::new(step(what, start)?))
}

/// The Worker in workerd, which verifies signatures of RSA and ECDSA unless they are the Worker's `own`.
fn workerd(suite: &Suite, own: bool, label: &'static str) -> Result<Box<dyn Host>> {
    let worker = step("build the Worker", build::worker)?;
    Ok(Box::new(Wire::workerd(suite, worker.dir, own, label)?))
}

/// The npm package in Node.js.
fn node(signatures: &str) -> Result<Box<dyn Host>> {
    let package = step("build the npm package", build::npm)?;
    let project = step("install the npm package", |step| node::install(step, &package))?;
    Ok(Box::new(Program::node(&project, signatures)?))
}

/// The component of the world `gate`.
fn gate() -> Result<ComponentArtefact> {
    let components = step("build the components", build::components)?;
    components.into_iter().find(|component| component.name == "gate").context("no component `gate`")
}

/// A case on a host.
fn test(index: usize, host: &Lazy, scores: &Arc<Scores>) -> Trial {
    let (host, scores) = (host.clone(), Arc::clone(scores));
    let case = &host.suite.cases[index];
    let name = format!("cases::{}::{}::{}", host.id, case.file, case.name);
    harness::check(name, move || {
        let case = &host.suite.cases[index];
        let outcome = run(case, &host);
        scores.count(host.shown, &case.file, outcome.is_ok());
        outcome
    })
}

fn run(case: &Case, host: &Lazy) -> Result<()> {
    let suite = &*host.suite;
    // Another case that made the host panic is no reason for this one to fail.
    let mut running = host.host.get()?.lock().unwrap_or_else(PoisonError::into_inner);
    let request = suite.concrete(case, now_secs())?;
    let mut send = |request: &Concrete| running.send(suite, case, request).context("the host failed");
    let check = |request: &Concrete, seen: &Seen| {
        expect::check(suite, case, host.name, request, seen).map_err(|difference| anyhow!(difference))
    };
    let seen = send(&request)?;
    check(&request, &seen)?;
    // What the gate has learned from the first makes no difference.
    let request = Concrete { id: "the same case again", ..request };
    let again = send(&request)?;
    check(&request, &again).context("once more")?;
    if case.expected_on(host.name).forward.as_ref().is_some_and(|forward| forward.minted.is_some()) {
        ensure!(credential(&again) != credential(&seen), "two requests got the same token for the origin");
    }
    Ok(())
}

/// The credential that the origin received.
fn credential(seen: &Seen) -> Option<&str> {
    let Seen::Allowed(received) = seen else { return None };
    let mut headers = received.headers.iter();
    headers.find(|(name, _)| name == "authorization").map(|(_, value)| value.as_str())
}

/// Checks that the cases leave no reason out.
fn every_reason_has_a_case(suite: &Suite) -> Result<()> {
    ensure!(suite.cases.len() >= LEAST_CASES, "there are {} cases only", suite.cases.len());
    let covered: BTreeSet<&str> =
        suite.cases.iter().filter_map(|case| case.expect.reason.as_deref()).collect();
    for reason in Reason::ALL {
        match (covered.contains(reason.code()), NOT_BY_A_CASE.contains(reason)) {
            (false, false) => bail!("no case in tests/cases expects the reason `{reason}`"),
            (true, true) => bail!("a case expects `{reason}`: take it off the list of excused reasons"),
            _ => {}
        }
    }
    Ok(())
}
