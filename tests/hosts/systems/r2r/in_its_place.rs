//! A server in the place of R2R, which answers as the complete one did, and gates in front of it.

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness;
use portcullis_test_support::summary::Summary;

use super::gates::{Lab, Secrets};
use super::operations;
use crate::columns;
use crate::stand_in::{Programs, StandIn};

pub(super) fn tests(page: &'static str) -> Vec<Trial> {
    // Gates of their own: with what the flows try, a client has failed too often for anything else.
    let lab = Fixture::new(start);
    let locked_out = lab.clone();
    vec![
        harness::checks("systems::r2r::flows", move |summary| flows(page, summary)),
        harness::checks("systems::r2r::locked_out", move |summary| {
            locked_out.get()?.locked_out()?.settle(page, summary)
        }),
        harness::checks("systems::r2r::operations", move |summary| operations(lab.get()?, page, summary)),
    ]
}

fn start() -> Result<Lab> {
    let secrets = Secrets::make()?;
    let server = StandIn::start(&Programs::of("r2r")?, &[&secrets.signing, &secrets.password])?;
    Lab::new(Programs::of("r2r")?, server, &secrets)
}

/// The same comes of every flow as of the complete server's: without a gate, and by way of each.
fn flows(page: &str, summary: &mut Summary) -> Result<()> {
    let lab = start()?;
    let recorded = columns::settled("flows", page)?;
    let played = lab.side_by_side(|way| lab.players.flows(way))?;
    for (way, outcomes) in lab.ways.iter().zip(played) {
        ensure!(outcomes.len() > 80, "{}: only {} flows were played", way.name, outcomes.len());
        for (flow, outcome) in outcomes {
            let expected = recorded.get(&(flow.clone(), way.name.to_owned()));
            let wrong = expected != Some(&outcome);
            summary.count(
                wrong.then(|| format!("{flow}, {}: got {outcome:?}, and {page} says {expected:?}", way.name)),
            );
        }
    }
    Ok(())
}

/// The same comes of every operation as at the complete server, which is what the profile and the page say; and what a gate
/// refuses does not arrive.
fn operations(lab: &Lab, page: &str, summary: &mut Summary) -> Result<()> {
    let played = lab.side_by_side(|way| operations::play(lab, way))?;
    let names = lab.names();
    operations::compare(&names, &played, summary)?;
    operations::judge(&names, &played, summary)?;
    operations::judge_arrivals(&lab.ways, &played, lab.arrived()?, summary)?;
    operations::table(&names, &played)?.settle(page, summary)
}
