//! The complete server, from PyPI, with a stand-in for the models that it asks.

use anyhow::{Context as _, Result};
use libtest_mimic::Trial;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness;
use portcullis_test_support::flows::is_update;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::{debian, python};

use super::gates::{Lab, Secrets};
use super::operations;
use crate::stand_in::{Programs, StandIn};

pub(super) fn tests(page: &'static str) -> Vec<Trial> {
    let lab = Fixture::new(start);
    let flows = lab.clone();
    let locked_out = lab.clone();
    let every = lab.clone();
    vec![
        harness::checks("systems::r2r::complete::flows", move |summary| {
            flows.get()?.flows()?.settle(page, summary)
        }),
        harness::checks("systems::r2r::complete::locked_out", move |summary| {
            locked_out.get()?.locked_out()?.settle(page, summary)
        }),
        harness::checks("systems::r2r::complete::operations", move |summary| {
            operations(every.get()?, page, summary)
        }),
        harness::check("systems::r2r::complete::times", move || times(lab.get()?)),
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
    Lab::new(Programs::in_folder("r2r", &bin), server, &secrets)
}

/// Every operation by every caller: judged, and with `UPDATE_DOCS=1` written down.
fn operations(lab: &Lab, page: &str, summary: &mut Summary) -> Result<()> {
    // One way after the other: some work on what all callers share.
    let played = lab.ways.iter().map(|way| operations::play(lab, way)).collect::<Result<Vec<_>>>()?;
    let names = lab.names();
    operations::judge(&names, &played, summary)?;
    if is_update() {
        operations::record(&names, &played)?;
    }
    operations::table(&names, &played)?.settle(page, summary)?;
    operations::compare(&names, &played, summary)
}

/// How long requests take: printed, not judged.
fn times(lab: &Lab) -> Result<()> {
    for way in &lab.ways {
        for (what, millis) in lab.players.play("times.py", way)? {
            println!("{:20} {what:40} {millis}", way.name);
        }
    }
    Ok(())
}
