//! A bypass suite: raw bytes to real hosts, before an origin that judges what reaches it by the code of the servers it
//! stands for. The gate is never asked what it thinks of a request.
//!
//! Which variants are sent depends on the commit: see [`options::Options`].

mod callers;
mod classes;
mod draft;
mod faults;
mod frames;
mod hosts;
mod options;
mod origin;
mod plain;
mod play;
mod source;
mod systems;
mod table;
mod variant;
mod wire;

use std::fs;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_host_tests::runtime;
use portcullis_test_support::summary::Summary;
use tokio::runtime::Runtime;

use hosts::{Artefacts, Host};
use options::Options;
use origin::Origin;
use source::Speaks;
use systems::System;
use table::Tallies;

/// What all gates share.
struct Lab {
    systems: Vec<System>,
    origin: Origin,
    artefacts: Artefacts,
    runtime: Runtime,
}

impl Lab {
    fn set_up(options: &Options) -> Result<Self> {
        let systems = systems::NAMES
            .into_iter()
            .map(|name| System::new(name, options.plain))
            .collect::<Result<Vec<_>>>()?;
        // A place for each gate, and one for each system without a gate.
        let settings = systems.iter().map(System::setting).collect::<Result<Vec<_>>>()?;
        let count = settings.len() * (hosts::NAMES.len() + 1);
        let settings: Vec<_> = settings.into_iter().cycle().take(count).collect();
        let origin = Origin::start(&settings)?;
        let artefacts = Artefacts::find(options.dist.as_deref())?;
        Ok(Self { systems, origin, artefacts, runtime: runtime()? })
    }
}

/// The number of the gate for a system on a host.
fn gate(host: usize, system: usize) -> usize {
    host * systems::NAMES.len() + system
}

fn main() -> ExitCode {
    let options = match Options::read() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    println!("{} variants for each host and system, seed {}", options.variants, options.seed);
    let tallies = Arc::new(Tallies::default());
    let lab = Fixture::new({
        let options = options.clone();
        move || Lab::set_up(&options)
    });
    let envoy = Fixture::new({
        let lab = lab.clone();
        move || {
            let lab = lab.get()?;
            let place = |index| lab.origin.places[gate(1, index)].address();
            let systems: Vec<_> =
                lab.systems.iter().enumerate().map(|(i, system)| (system, place(i))).collect();
            Host::envoy(&lab.artefacts, &systems)
        }
    });
    let mut tests = vec![harness::checks("bypass::without_a_gate", {
        let lab = lab.clone();
        move |summary| without_a_gate(lab.get()?, summary)
    })];
    for (host, host_name) in hosts::NAMES.into_iter().enumerate() {
        for (index, system_name) in systems::NAMES.into_iter().enumerate() {
            let (lab, envoy, options, tallies) =
                (lab.clone(), envoy.clone(), options.clone(), Arc::clone(&tallies));
            tests.push(harness::checks(format!("bypass::{host_name}::{system_name}"), move |summary| {
                let lab = lab.get()?;
                let (system, place) = (&lab.systems[index], &lab.origin.places[gate(host, index)]);
                let single;
                let running = if host_name == "envoy" {
                    envoy.get()?
                } else {
                    single = Host::single(host_name, &lab.artefacts, system, place.address())?;
                    &single
                };
                let speaks = hosts::speaks(host_name);
                let variants =
                    classes::variants(system, &place.allowed, speaks, &options.seed, options.variants);
                let outcome = play::play(
                    &lab.runtime,
                    host_name,
                    running.address(index),
                    variants,
                    &lab.origin,
                    gate(host, index),
                )?;
                tallies.add(host_name, system_name, &outcome);
                count(summary, &outcome);
                Ok(())
            }));
        }
    }
    drop((lab, envoy));
    let code = harness::run(tests, Order::Sequential);
    if let Some(table) = tallies.table() {
        println!("{table}");
    }
    let Some(file) = &options.report else { return code };
    match fs::write(file, tallies.report(&options).to_string()).context(file.display().to_string()) {
        Ok(()) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Each variant is a check; those that failed in the same way are told together.
fn count(summary: &mut Summary, outcome: &play::Outcome) {
    let sent: usize = outcome.by_class.values().map(|tally| tally.sent).sum();
    let failed: usize = outcome.failures.values().map(|(times, _)| times).sum();
    (failed..sent).for_each(|_| summary.count(None));
    for (what, (times, example)) in &outcome.failures {
        summary.count(Some(format!("{what} ({times} times), the first:\n    {example}")));
    }
}

/// The origin with nothing before it: it must find bypasses of every class, or the suite could find none anywhere.
fn without_a_gate(lab: &Lab, summary: &mut Summary) -> Result<()> {
    const VARIANTS: usize = 1000;
    let (host, index) = (hosts::NAMES.len(), systems::NAMES.len() - 1);
    let place = &lab.origin.places[gate(host, index)];
    let speaks = Speaks { http2: false, websockets: true, target_names_host: true };
    let variants = classes::variants(&lab.systems[index], &place.allowed, speaks, "without a gate", VARIANTS);
    let outcome =
        play::play(&lab.runtime, "none", place.address(), variants, &lab.origin, gate(host, index))?;
    for (class, tally) in &outcome.by_class {
        let ordinary = *class == "ordinary clients";
        let wrong = if ordinary { tally.wrong_refusals > 0 } else { tally.bypasses == 0 };
        summary.count(wrong.then(|| format!("{class}: {tally:?}; {:?}", outcome.failures.first_key_value())));
    }
    Ok(())
}
