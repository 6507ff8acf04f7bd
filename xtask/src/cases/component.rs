//! The component of the world `gate` in wasmtime.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use portcullis::Reason;
use serde_json::Value;

use super::expect::{Answer, REASON, Seen};
use super::hosts::{Host, let_in};
use super::suite::{Case, Concrete, Suite};
use crate::host::gate::{GateComponent, GateHost, Head, Supply};
use crate::step::Step;

/// A gate for each configuration, or what is wrong with it.
pub(super) struct Wasmtime {
    component: GateComponent,
    gates: BTreeMap<String, Result<GateHost, Vec<String>>>,
}

impl Wasmtime {
    pub(super) fn new(suite: &Suite, path: &Path, step: &Step) -> Result<Self> {
        let component = GateComponent::compile(step, path)?;
        let mut gates = BTreeMap::new();
        for (name, document) in suite.documents() {
            gates.insert(name.clone(), component.load(document.as_bytes(), &suite.secrets)?);
        }
        Ok(Self { component, gates })
    }
}

impl Host for Wasmtime {
    fn name(&self) -> &'static str {
        "wasmtime"
    }

    fn play(&mut self, _suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        let gate = match self.gates.get_mut(&case.configuration).context("no gate for the configuration")? {
            Ok(gate) => gate,
            Err(errors) => {
                let answer = self.component.config_invalid("case", request.now)?;
                return Ok(Seen::Unconfigured {
                    answer: Some(refused(&answer).with_context(|| answer.to_string())?),
                    reason: Some(Reason::ConfigInvalid.to_string()),
                    said: errors.join("\n"),
                });
            }
        };
        let headers: Vec<(Vec<u8>, Vec<u8>)> =
            request.headers.iter().map(|(name, value)| (name.clone().into(), value.clone().into())).collect();
        let head = Head {
            method: request.method.as_bytes(),
            target: request.target.as_bytes(),
            headers: &headers,
            request_id: "case",
        };
        let body = request.body.as_deref().unwrap_or_default().as_bytes();
        let (mut step, mut supplies) = (gate.authorize(&head, request.now)?, Vec::new());
        while let Some(need) = step.get("need") {
            // No case brings a store of records.
            supplies.push(if need.get("body").is_some() { Supply::Body(body) } else { Supply::Unavailable });
            step = gate.resume(&head, request.now, &supplies)?;
        }
        let verdict = step.get("verdict").with_context(|| format!("neither need nor verdict: {step}"))?;
        read(verdict, request).with_context(|| format!("an unexpected verdict: {verdict}"))
    }
}

fn read(verdict: &Value, request: &Concrete) -> Option<Seen> {
    let decision = &verdict["decision"];
    if let Some(answer) = decision.get("deny") {
        return Some(Seen::Refused(refused(answer)?));
    }
    let forward = decision.get("allow")?;
    let removed: Option<Vec<_>> =
        forward["remove_headers"].as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    let told = pairs(&forward["response_headers"])?;
    let reported = told.into_iter().find(|(name, _)| name == REASON).map(|(_, reason)| reason);
    Some(let_in(request, forward["target"].as_str()?, &removed?, &pairs(&forward["set_headers"])?, reported))
}

fn refused(answer: &Value) -> Option<Answer> {
    Some(Answer {
        status: u16::try_from(answer["status"].as_u64()?).ok()?,
        headers: pairs(&answer["headers"])?,
        body: answer["body"].as_str()?.to_owned(),
    })
}

fn pairs(headers: &Value) -> Option<Vec<(String, String)>> {
    let pair =
        |header: &Value| Some((header["name"].as_str()?.to_owned(), header["value"].as_str()?.to_owned()));
    headers.as_array()?.iter().map(pair).collect()
}
