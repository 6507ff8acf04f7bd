//! The shared case files, `tests/cases/*.json`, on every host.
//!
//! A case is a configuration, a request and what must become of it. A host that answers differently from the others
//! fails. Every case on every host is a test of its own, `cases::workerd::policy::guest: GET /v1/threads`; a host is
//! started for the first of its tests that runs.

mod component;
mod host;
mod native;
mod program;
mod table;
mod wire;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use libtest_mimic::Trial;
use portcullis::Reason;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::artefact::ComponentArtefact;
use portcullis_test_support::build;
use portcullis_test_support::cases::case::{Case, Concrete};
use portcullis_test_support::cases::expect::{self, Seen};
use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::host::node;
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::step::step;

use component::Wasmtime;
use host::Host;
use native::Native;
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
/// Fewer cases than this are not all of them.
const LEAST_CASES: usize = 450;

/// A host that is started when it is first needed.
#[derive(Clone)]
struct Lazy {
    /// In the names of the tests.
    id: &'static str,
    /// In the table, and in the case files where a host differs from the others.
    name: &'static str,
    host: Fixture<Mutex<Box<dyn Host>>>,
}

fn main() -> ExitCode {
    let suite = match Suite::of_workspace() {
        Ok(suite) => Arc::new(suite),
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let (hosts, scores) = (hosts(&suite), Arc::new(Scores::default()));
    let names: Vec<_> = hosts.iter().map(|host| host.name).collect();
    if let Err(error) = suite.check_hosts(&names) {
        eprintln!("error: tests/cases: {error:#}");
        return ExitCode::FAILURE;
    }
    let shared = Arc::clone(&suite);
    let mut tests =
        vec![harness::check("cases::every_reason_has_a_case", move || every_reason_has_a_case(&shared))];
    // Case by case rather than host by host, so that hosts work at the same time.
    for index in 0..suite.cases.len() {
        tests.extend(hosts.iter().map(|host| test(&suite, index, host, &scores)));
    }
    // The tests are all that keeps the hosts running.
    drop(hosts);
    let outcome = harness::run(tests, Order::Parallel);
    if let Some(table) = scores.table(&names) {
        println!("{table}");
    }
    outcome
}

/// Every host there is.
fn hosts(suite: &Arc<Suite>) -> Vec<Lazy> {
    let lazy = |id, name, start: fn(&Suite) -> Result<Box<dyn Host>>| {
        let suite = Arc::clone(suite);
        Lazy { id, name, host: Fixture::new(move || Ok(Mutex::new(start(&suite)?))) }
    };
    vec![
        lazy("native", "native", |suite| Ok(Box::new(Native::new(suite)))),
        lazy("workerd", WORKERD, |suite| {
            let worker = step("build the Worker", build::worker)?;
            Ok(Box::new(Wire::workerd(suite, worker.dir)?))
        }),
        lazy("envoy", ENVOY, |suite| {
            let filter = step("build the Envoy filter", build::proxy_wasm)?;
            Ok(Box::new(step("start Envoy", |step| Wire::envoy(suite, &filter.path, step))?))
        }),
        lazy("wasmtime", "wasmtime", |_| {
            let gate = gate()?;
            Ok(Box::new(step("compile the component in wasmtime", |step| Wasmtime::new(&gate.path, step))?))
        }),
        lazy("wasmtime_p3", WASMTIME_P3, |suite| {
            let component = step("build the relay behind the middleware", build::guarded_relay)?;
            Ok(Box::new(step("compile it in wasmtime", |step| Wire::serve(suite, &component, step))?))
        }),
        lazy("node", "Node.js", |_| {
            let package = step("build the npm package", build::npm)?;
            let project = step("install the npm package", |step| node::install(step, &package))?;
            Ok(Box::new(Program::node(&project)?))
        }),
        lazy("python", "Python", |_| {
            let gate = gate()?;
            Ok(Box::new(step("start the Python host", |step| Program::python(&gate.path, step))?))
        }),
    ]
}

/// The component of the world `gate`.
fn gate() -> Result<ComponentArtefact> {
    let components = step("build the components", build::components)?;
    components.into_iter().find(|component| component.name == "gate").context("no component `gate`")
}

/// A case on a host.
fn test(suite: &Arc<Suite>, index: usize, host: &Lazy, scores: &Arc<Scores>) -> Trial {
    let (suite, host, scores) = (Arc::clone(suite), host.clone(), Arc::clone(scores));
    let case = &suite.cases[index];
    let name = format!("cases::{}::{}::{}", host.id, case.file, case.name);
    harness::check(name, move || {
        let case = &suite.cases[index];
        let outcome = run(&suite, case, &host);
        scores.count(host.name, &case.file, outcome.is_ok());
        outcome
    })
}

fn run(suite: &Suite, case: &Case, host: &Lazy) -> Result<()> {
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
