//! Sending variants to a gate, and what came of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::faults;
use crate::origin::{Arrival, Origin};
use crate::variant::{Expected, Variant};
use crate::wire;

/// Connections at a time.
const CONNECTIONS: usize = 48;
/// How long after the last answer something may still arrive.
const AFTERMATH: Duration = Duration::from_millis(500);
/// How much of a variant is shown.
const SHOWN: usize = 700;

/// What came of the variants of one class.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) sent: usize,
    pub(crate) let_in: usize,
    pub(crate) bypasses: usize,
    pub(crate) wrong_refusals: usize,
    /// Answered with 5xx, but for what the host says by itself.
    pub(crate) faults: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.let_in += other.let_in;
        self.bypasses += other.bypasses;
        self.wrong_refusals += other.wrong_refusals;
        self.faults += other.faults;
    }
}

/// What came of the variants for one gate.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) by_class: BTreeMap<&'static str, Tally>,
    /// What is wrong: how often, and the first variant of each kind.
    pub(crate) failures: BTreeMap<String, (usize, String)>,
}

impl Outcome {
    fn fail(&mut self, what: String, example: impl FnOnce() -> String) {
        self.failures.entry(what).or_insert_with(|| (0, example())).0 += 1;
    }
}

/// Sends every variant to the `host` at `address` and reads at the origin what became of it.
pub(crate) fn play(
    runtime: &Runtime,
    host: &str,
    address: SocketAddr,
    variants: Vec<Variant>,
    origin: &Origin,
    gate: usize,
) -> Result<Outcome> {
    let variants = Arc::new(variants);
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let statuses = runtime.block_on(async {
        let mut tasks = Vec::new();
        for index in 0..variants.len() {
            let (variants, permit) = (Arc::clone(&variants), Arc::clone(&permits).acquire_owned().await?);
            tasks.push(tokio::spawn(async move {
                let statuses = wire::send(address, &variants[index]).await;
                drop(permit);
                statuses
            }));
        }
        let mut statuses = Vec::new();
        for task in tasks {
            statuses.push(task.await?);
        }
        anyhow::Ok(statuses)
    })?;
    std::thread::sleep(AFTERMATH);
    Ok(judge(host, &variants, &statuses, &origin.arrivals(gate)))
}

fn judge(host: &str, variants: &[Variant], statuses: &[Vec<u16>], arrivals: &[Arrival]) -> Outcome {
    let mut by_variant: BTreeMap<usize, Vec<&Arrival>> = BTreeMap::new();
    let mut outcome = Outcome::default();
    for arrival in arrivals {
        match arrival.markers.first().filter(|marker| **marker < variants.len()) {
            Some(marker) => by_variant.entry(*marker).or_default().push(arrival),
            // Cut short by a line break of its own, and harmless.
            None if arrival.problem.is_none() => {}
            // A request that nobody sent is one that was hidden in another.
            None => outcome.fail(format!("of no variant: {:?}", arrival.problem), || {
                format!("{:?}\n    {}", arrival.endpoint, arrival.raw.escape_default())
            }),
        }
    }
    for (index, (variant, statuses)) in variants.iter().zip(statuses).enumerate() {
        let came = by_variant.remove(&index).unwrap_or_default();
        let tally = outcome.by_class.entry(variant.class).or_default();
        tally.sent += 1;
        tally.let_in += usize::from(!came.is_empty());
        let fault = faults::find(host, variant, statuses);
        tally.faults += usize::from(fault.is_some());
        let problem = came.iter().find_map(|arrival| got_past(variant, arrival));
        let (what, detail) = if let Some(problem) = problem {
            tally.bypasses += 1;
            let kind = problem.split(": ").next().unwrap_or_default();
            (format!("BYPASS, {}: {kind}", variant.class), problem)
        } else if variant.expected == Expected::Served && !served(variant, statuses, &came) {
            tally.wrong_refusals += 1;
            let detail = format!("answered {statuses:?}, {} arrived", came.len());
            (format!("WRONG REFUSAL, {}", variant.class), detail)
        } else if let Some(status) = fault {
            (format!("FAULT, {}: {status}", variant.class), format!("answered {statuses:?}"))
        } else {
            continue;
        };
        outcome.fail(what, || {
            let bytes = variant.bytes.escape_ascii().to_string();
            let shown: String = bytes.chars().take(SHOWN).collect();
            format!("number {index}, {}, {detail}\n    {shown}", variant.caller)
        });
    }
    outcome
}

/// Why an arrival should not have been.
fn got_past(variant: &Variant, arrival: &Arrival) -> Option<String> {
    if let Some(problem) = &arrival.problem {
        return Some(problem.clone());
    }
    if variant.expected == Expected::Stopped {
        return Some(format!("what had to be stopped: {:?}", arrival.endpoint));
    }
    let stranger = arrival.subject.as_ref().filter(|subject| !variant.subjects.contains(subject))?;
    Some(format!("another caller's credential: {stranger}"))
}

/// Whether an ordinary request has come through and back.
fn served(variant: &Variant, statuses: &[u16], came: &[&Arrival]) -> bool {
    let good = |status: &u16| *status == 101 || (200..300).contains(status);
    let answered = statuses.len() == variant.responses && statuses.iter().all(good);
    answered && came.iter().filter(|arrival| arrival.endpoint.is_some()).count() == variant.responses
}
