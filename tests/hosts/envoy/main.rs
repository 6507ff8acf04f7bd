//! The filter in Envoy as it is shipped: its size, the examples, what it counts and logs, configurations that are
//! refused, bodies that are compared, what it finds out while it runs, and requests that are meant to break it.

mod bodies;
mod examples;
mod istio;
mod live;
mod recovery;
mod refused;
mod requests;
mod scene;
mod setup;
mod timeouts;
mod written;

use std::process::ExitCode;

use anyhow::Result;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::build;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;

use scene::Scene;

/// Ceiling for the module after gzip, so that growth is noticed in the change that causes it.
const GZIP_BUDGET_BYTES: u64 = 720 * 1024;

fn main() -> ExitCode {
    let artefact = Fixture::new(|| {
        step("build the Envoy filter", |step| {
            let artefact = build::proxy_wasm(step)?;
            step.say(&artefact.to_string());
            Ok(artefact)
        })
    });
    let test = |name: &str, check: fn(&ProxyWasmArtefact, &mut Summary) -> Result<()>| {
        let artefact = artefact.clone();
        harness::checks(name, move |summary| check(artefact.get()?, summary))
    };
    let mut tests = vec![
        test("envoy::size", size),
        test("envoy::example", |_, summary| examples::envoy_yaml(summary)),
        test("envoy::istio::resource", |_, summary| istio::resource(summary)),
        test("envoy::istio::same_as_elsewhere", |_, summary| istio::same_as_elsewhere(summary)),
        test("envoy::istio::loads", istio::loads),
        test("envoy::requests", requests::check),
        test("envoy::timeouts", timeouts::check),
        test("envoy::written", written::check),
        test("envoy::written::refused", written::refused),
        test("envoy::live::keys", live::fetched),
        test("envoy::live::asks", live::asks),
        test("envoy::live::crowd_of_one_worker", live::one_worker),
        test("envoy::live::crowd_of_two_workers", live::two_workers),
        test("envoy::live::clusters_refused", live::clusters_refused),
    ];

    let built = artefact.clone();
    let scene = Fixture::new(move || {
        step("start Envoy", |step| Scene::start(step, &built.get()?.path, "check-bodies"))
    });
    let with_bodies = |name: &str, check: fn(&Scene, &mut Summary) -> Result<()>| {
        let scene = scene.clone();
        harness::checks(name, move |summary| {
            let scene = scene.get()?;
            check(scene, summary)?;
            scene.expect_no_trap(summary);
            Ok(())
        })
    };
    tests.extend([
        with_bodies("envoy::bodies::enforced", bodies::enforced),
        with_bodies("envoy::bodies::hosts", bodies::hosts),
        with_bodies("envoy::bodies::report_mode", bodies::report_mode),
        with_bodies("envoy::bodies::beyond_the_filter", bodies::beyond_the_filter),
    ]);
    drop(scene);

    tests.extend([
        test("envoy::after_a_trap", recovery::after_a_trap),
        test("envoy::after_a_trap_over_a_body", recovery::after_a_trap_over_a_body),
    ]);
    for (index, what) in refused::NAMES.iter().enumerate() {
        let artefact = artefact.clone();
        tests.push(harness::check(format!("envoy::refused::{what}"), move || {
            step("ask Envoy", |step| refused::check(index, &artefact.get()?.path, step))
        }));
    }
    drop(artefact);
    harness::run(tests, Order::Sequential)
}

/// The build has refused unexpected imports and exports already.
fn size(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let bytes = artefact.wasm_gzip_bytes;
    let over = bytes > GZIP_BUDGET_BYTES;
    summary.count(over.then(|| {
        format!("the module after gzip has {bytes} bytes, more than the budget of {GZIP_BUDGET_BYTES}")
    }));
    Ok(())
}
