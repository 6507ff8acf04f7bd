//! The hosts that cases are played on.

use std::collections::BTreeMap;

use anyhow::Context as _;
use portcullis::{
    Decision, Gate, HeaderPair, Need, Reason, RequestHead, Secrets, Step, Supply, UnixTime, Verdict,
};

use super::component::Wasmtime;
use super::expect::{Answer, REASON, Received, Seen};
use super::player::Player;
use super::suite::{Case, Concrete, Suite};
use super::wire::Wire;
use crate::build;
use crate::host::node;
use crate::step::step;

/// Something that runs the gate.
pub(crate) trait Host {
    /// The name in the table.
    fn name(&self) -> &'static str;

    /// Sends the request of `case` through the host's real interface.
    fn play(&mut self, suite: &Suite, case: &Case, request: &Concrete) -> anyhow::Result<Seen>;
}

/// The core itself, on this machine.
struct Native {
    /// A gate for each configuration, or what is wrong with it.
    gates: BTreeMap<String, Result<Gate, String>>,
}

struct Named<'s>(&'s BTreeMap<String, String>);

impl Secrets for Named<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn remedy(&self, name: &str) -> String {
        format!("add {name} to tests/cases/configurations.json")
    }
}

impl Native {
    fn new(suite: &Suite) -> Self {
        let load = |(name, document): (&String, String)| {
            let gate = Gate::load(document.as_bytes(), &Named(&suite.secrets));
            (name.clone(), gate.map_err(|errors| errors.to_string()))
        };
        Self { gates: suite.documents().map(load).collect() }
    }
}

impl Host for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn play(&mut self, _suite: &Suite, case: &Case, request: &Concrete) -> anyhow::Result<Seen> {
        let now = UnixTime::from_secs(request.now);
        let gate = match self.gates.get(&case.configuration).context("no such configuration")? {
            Ok(gate) => gate,
            Err(said) => {
                return Ok(Seen::Unconfigured {
                    answer: Some(refused(&Gate::config_invalid("case", now))),
                    reason: Some(Reason::ConfigInvalid.to_string()),
                    said: said.clone(),
                });
            }
        };
        let pairs: Vec<_> =
            request.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        let head = RequestHead::new(&request.method, &request.target, &pairs).with_request_id("case");
        let mut supplies = Vec::new();
        loop {
            match gate.resume(&head, now, &supplies) {
                Step::Verdict(verdict) => return Ok(apply(&verdict, request)),
                Step::Need(Need::Body { .. }) => {
                    supplies.push(Supply::Body(request.body.as_deref().unwrap_or_default().as_bytes()));
                }
                // No case brings a store of records.
                Step::Need(Need::ApiKeyRecord { .. }) => supplies.push(Supply::Unavailable),
            }
        }
    }
}

/// What the origin would receive if a host did what the verdict says.
fn apply(verdict: &Verdict, request: &Concrete) -> Seen {
    match &verdict.decision {
        Decision::Deny(answer) => Seen::Refused(refused(answer)),
        Decision::Allow(forward) => {
            let reported = forward.response_headers.iter().find(|(name, _)| name == REASON);
            let reported = reported.map(|(_, reason)| reason.clone());
            let_in(request, &forward.target, &forward.remove_headers, &forward.set_headers, reported)
        }
    }
}

fn refused(answer: &portcullis::Answer) -> Answer {
    let portcullis::Answer { status, headers, body } = answer.clone();
    Answer { status, headers, body }
}

/// What the origin would receive of `request`.
pub(super) fn let_in(
    request: &Concrete,
    target: &str,
    removed: &[String],
    set: &[(String, String)],
    reported: Option<String>,
) -> Seen {
    let replaced = |name: &String| set.iter().any(|(set, _)| set == name);
    let kept = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| !removed.contains(name) && !replaced(name));
    let headers = kept.chain(set.iter().cloned()).collect();
    Seen::LetIn(Received { target: target.to_owned(), headers, body: None, reported })
}

/// Every host there is, ready to play `suite`.
pub(super) fn all(suite: &Suite) -> anyhow::Result<Vec<Box<dyn Host>>> {
    let worker = step("build the Worker", build::worker)?;
    let filter = step("build the Envoy filter", build::proxy_wasm)?;
    let components = step("build the components", build::component)?;
    let gate = components.iter().find(|component| component.name == "gate").context("no component `gate`")?;
    let package = step("build the npm package", build::npm)?;
    let project = step("install the npm package", |step| node::install(step, &package))?;
    Ok(vec![
        Box::new(Native::new(suite)),
        Box::new(step("start workerd, once for each configuration", |_| Wire::workerd(suite, &worker.dir))?),
        Box::new(step("start Envoy", |step| Wire::envoy(suite, &filter.path, step))?),
        Box::new(step("compile the component in wasmtime", |step| Wasmtime::new(suite, &gate.path, step))?),
        Box::new(Player::node(&project)?),
        Box::new(step("start the Python host", |step| Player::python(&gate.path, step))?),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::{load, play};
    use super::{Host, Native};

    #[test]
    fn the_core_does_what_every_case_expects() {
        let suite = load().expect("the case files load");
        let mut hosts: Vec<Box<dyn Host>> = vec![Box::new(Native::new(&suite))];
        let summary = play(&suite, &mut hosts).expect("the cases play").summary;
        assert!(summary.failed.is_empty(), "{}", summary.failed.join("\n"));
        assert_eq!(summary.passed, suite.cases.len());
    }
}
