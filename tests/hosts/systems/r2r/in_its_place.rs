//! A server in the place of R2R, which answers as the complete one did, and gates in front of it.

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use portcullis_host_tests::harness;
use portcullis_host_tests::hosts::Kind;
use portcullis_test_support::summary::Summary;
use serde_json::Value;

use super::gates::{Players, Secrets, side_by_side, ways};
use super::operations;
use crate::columns;
use crate::stand_in::{Programs, StandIn};

pub(super) fn tests(page: &'static str) -> Vec<Trial> {
    vec![
        harness::checks("systems::r2r::flows", move |summary| flows(page, summary)),
        harness::checks("systems::r2r::recorded_operations", move |summary| {
            recorded_operations(page, summary)
        }),
    ]
}

/// What came of every operation at the complete server is still what the profile says, and what the page says.
fn recorded_operations(page: &str, summary: &mut Summary) -> Result<()> {
    let (names, played) = operations::recorded()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    operations::judge(&names, &played, summary)?;
    operations::table(&names, &played)?.settle(page, summary)
}

/// The same comes of every flow as of the complete server's: without a gate, and by way of each.
fn flows(page: &str, summary: &mut Summary) -> Result<()> {
    let secrets = Secrets::make()?;
    let server = StandIn::start(&Programs::of("r2r")?, &[&secrets.signing, &secrets.password])?;
    let players = Players::new(Programs::of("r2r")?, &server.url(), &secrets, &Value::Null)?;
    let ways = ways(&server.url(), &secrets, &[Kind::Worker, Kind::Envoy])?;
    let recorded = columns::settled("flows", page)?;
    let played = side_by_side(&ways, |way| players.flows(way))?;
    for (way, outcomes) in ways.iter().zip(played) {
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
