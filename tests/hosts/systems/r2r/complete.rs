//! The complete server, from PyPI, with a stand-in for the models that it asks.

use std::sync::LazyLock;

use anyhow::{Context as _, Result, bail};
use libtest_mimic::Trial;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness;
use portcullis_host_tests::hosts::Kind;
use portcullis_test_support::flows::{FlowTable, is_update};
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::{debian, python};

use super::gates::{Players, Secrets, Way, of_flows, side_by_side, ways};
use super::operations;
use crate::stand_in::{Programs, StandIn};

/// The gates that are played through.
const KINDS: &[Kind] = &[Kind::Worker, Kind::Envoy, Kind::Component];

/// The server and the gates in front of it.
struct Lab {
    players: Players,
    ways: Vec<Way>,
    _server: StandIn,
}

static LAB: LazyLock<Fixture<Lab>> = LazyLock::new(|| Fixture::new(start));

pub(super) fn tests(page: &'static str) -> Vec<Trial> {
    vec![
        harness::checks("systems::r2r::complete::flows", move |summary| flows(page, summary)),
        harness::checks("systems::r2r::complete::operations", move |summary| operations(page, summary)),
        harness::checks("systems::r2r::complete::times", times),
    ]
}

fn start() -> Result<Lab> {
    let secrets = Secrets::make()?;
    let bin = step("install R2R: 170 packages, 700 MB", |step| {
        debian::uuid_library(step)?;
        let requirements = root().join("tests/systems/r2r/real/requirements.txt");
        python::bare_venv_3_12("r2r-3.6.6-complete", &requirements, step)
    })?;
    let directory = target("r2r").join("complete");
    let directory = directory.to_str().context("the repository's path is no text")?;
    let server = step("start PostgreSQL and R2R", |_| {
        let real = Programs::in_folder("r2r/real", &bin);
        StandIn::start(&real, &[directory, &secrets.signing, &secrets.password])
            .with_context(|| format!("the logs are in {directory}"))
    })?;
    let database = server.greeting["database"].clone();
    let players = Players::new(Programs::in_folder("r2r", &bin), &server.url(), &secrets, &database)?;
    let ways = ways(&server.url(), &secrets, KINDS)?;
    Ok(Lab { players, ways, _server: server })
}

/// What people do, and what others try: the table of the page.
fn flows(page: &str, summary: &mut Summary) -> Result<()> {
    let lab = LAB.get()?;
    let ways = of_flows(&lab.ways);
    let outcomes = side_by_side(ways, |way| lab.players.flows(way))?;
    let names: Vec<_> = ways.iter().map(|way| way.name).collect();
    let mut table = FlowTable::new("flows", &names);
    for (index, (flow, _)) in outcomes[0].iter().enumerate() {
        let row: Result<Vec<_>> = outcomes
            .iter()
            .map(|outcomes| match outcomes.get(index) {
                Some((name, outcome)) if name == flow => Ok(outcome.as_str()),
                _ => bail!("{flow}: was not played on every way"),
            })
            .collect();
        table.row(flow, &row?);
    }
    table.settle(page, summary)
}

/// Every operation by every caller: judged, and with `UPDATE_DOCS=1` written down.
fn operations(page: &str, summary: &mut Summary) -> Result<()> {
    let lab = LAB.get()?;
    let played = operations::play(&lab.players, &lab.ways)?;
    let names: Vec<_> = lab.ways.iter().map(|way| way.name).collect();
    operations::judge(&names, &played, summary)?;
    if is_update() {
        operations::record(&names, &played)?;
    }
    operations::table(&names, &played)?.settle(page, summary)?;
    operations::compare(&names, &played, summary)
}

/// How long requests take: printed, not judged.
fn times(_summary: &mut Summary) -> Result<()> {
    let lab = LAB.get()?;
    for way in of_flows(&lab.ways) {
        let play = |script| {
            lab.players.programs.play(
                script,
                &[&way.url, &lab.players.server],
                &lab.players.settings.to_string(),
            )
        };
        for (what, millis) in play("times.py")? {
            println!("{:20} {what:40} {millis}", way.name);
        }
    }
    Ok(())
}
