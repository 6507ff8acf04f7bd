//! The Worker in workerd, in front of real AgentFlow servers that let everybody do everything: whatever is refused here
//! was refused by the gate, and the servers' own logs tell what got past it. And policies beside the documents that
//! the servers make of their routes.

mod arrivals;
mod availability;
mod dialect;
mod first_hour;
mod flows;
mod hostile;
mod lab;
mod openapi;
mod records;
mod report;
mod roles;
mod streaming;
mod websocket;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use futures_util::future::LocalBoxFuture;
use libtest_mimic::Trial;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_host_tests::runtime;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use tokio::runtime::Runtime;

use lab::{Lab, Release};
use report::Report;

/// The lab, and the runtime that its parts run on.
struct Bench {
    lab: Lab,
    runtime: Runtime,
}

/// A part of the test.
type Part = fn(&Lab) -> LocalBoxFuture<'_, Result<Report>>;

/// Those that send requests to the first release, whose log tells of all of them.
const OF_FIRST: [(&str, Part); 6] = [
    ("roles_and_routes::forwarded", |lab| Box::pin(roles::check(&lab.first.forward, &lab.first, "forward"))),
    ("roles_and_routes::swapped", |lab| Box::pin(roles::check(&lab.first.swap, &lab.first, "swap"))),
    ("refusals_in_its_words", |lab| Box::pin(dialect::check(lab))),
    ("streams_and_uploads", |lab| Box::pin(streaming::check(lab))),
    ("websockets", |lab| Box::pin(websocket::check(lab))),
    ("what_config_init_prints", |lab| Box::pin(first_hour::check(lab))),
];

/// Those that send requests to the second release.
const OF_SECOND: [(&str, Part); 1] =
    [("roles_and_routes", |lab| Box::pin(roles::check(&lab.second.swap, &lab.second, "swap")))];

/// Those that bring an origin of their own.
const OF_NEITHER: [(&str, Part); 3] = [
    ("e2e::origins_that_fail", |lab| Box::pin(availability::check(lab))),
    ("e2e::records_from_workers_kv", |lab| Box::pin(records::check(lab))),
    ("e2e::hostile_requests", |lab| Box::pin(hostile::check(lab))),
];

fn main() -> ExitCode {
    let bench = Fixture::new(|| {
        let runtime = runtime()?;
        let lab = step("set up gates and origins", |step| Lab::set_up(step, &runtime))?;
        Ok(Bench { lab, runtime })
    });
    let mut tests = of_release(&bench, "agentflow_0_6_1", &OF_FIRST, |lab| &lab.first);
    tests.extend(of_release(&bench, "10xgraph_0_9_0", &OF_SECOND, |lab| &lab.second));
    for (name, part) in OF_NEITHER {
        let bench = bench.clone();
        tests.push(harness::checks(name, move |summary| count(summary, &run(bench.get()?, part)?)));
    }
    tests.push(harness::checks("e2e::openapi", move |summary| {
        let Bench { lab, runtime } = bench.get()?;
        count(summary, &openapi::check(lab, runtime)?)
    }));
    tests.push(harness::checks("e2e::agentflow_0_6_1::flows", flows::check));
    harness::run(tests, Order::Sequential)
}

/// The parts that send requests to one release, and the comparison of what they were answered with its log.
fn of_release(
    bench: &Fixture<Bench>,
    name: &str,
    parts: &'static [(&str, Part)],
    release: fn(&Lab) -> &Release,
) -> Vec<Trial> {
    let mut tests = Vec::new();
    let mut reports = Vec::new();
    for (part_name, part) in parts {
        let bench = bench.clone();
        // Once, for its own test or for the comparison.
        let report = Fixture::new(move || run(bench.get()?, *part));
        reports.push(report.clone());
        let name = format!("e2e::{name}::{part_name}");
        tests.push(harness::checks(name, move |summary| count(summary, report.get()?)));
    }
    let (bench, reports) = (bench.clone(), Arc::new(reports));
    tests.push(harness::checks(format!("e2e::{name}::its_own_log"), move |summary| {
        let mut report = Report::default();
        for part in reports.iter() {
            report.allowed.extend(part.get()?.allowed.iter().cloned());
        }
        arrivals::compare(release(&bench.get()?.lab), &mut report)?;
        count(summary, &report)
    }));
    tests
}

fn run(bench: &Bench, part: Part) -> Result<Report> {
    bench.runtime.block_on(part(&bench.lab))
}

fn count(summary: &mut Summary, report: &Report) -> Result<()> {
    summary.add(report.summary.clone());
    Ok(())
}
