//! The component of the world `gate` in wasmtime.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use anyhow::{Context as _, Result};
use portcullis::Reason;
use portcullis_test_support::cases::case::{Case, Concrete};
use portcullis_test_support::cases::expect::{Response, Seen};
use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::host::gate::{GateComponent, GateHost};
use portcullis_test_support::native::{Head, Supply};
use portcullis_test_support::step::Step;

use serde_json::Value;

use crate::host::{Host, ResponseChanges, allowed};

/// A gate for each configuration, or what is wrong with it.
pub(crate) struct Wasmtime {
    component: GateComponent,
    gates: BTreeMap<String, Result<GateHost, Vec<String>>>,
}

impl Wasmtime {
    pub(crate) fn new(path: &Path, step: &Step) -> Result<Self> {
        Ok(Self { component: GateComponent::compile(step, path)?, gates: BTreeMap::new() })
    }

    /// The gate for the configuration `name`, made when a case first asks for it.
    fn gate(&mut self, suite: &Suite, name: &str) -> Result<&mut Result<GateHost, Vec<String>>> {
        match self.gates.entry(name.to_owned()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let document = suite.text(name).context("no such configuration")?;
                Ok(entry.insert(self.component.load(document.as_bytes(), &suite.secrets)?))
            }
        }
    }
}

impl Host for Wasmtime {
    fn send(&mut self, suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        let gate = match self.gate(suite, &case.configuration)? {
            Ok(gate) => gate,
            Err(errors) => {
                let said = errors.join("\n");
                let answer = self.component.config_invalid("case", request.now)?;
                return Ok(Seen::Unconfigured {
                    answer: Some(refused(&answer).with_context(|| answer.to_string())?),
                    reason: Some(Reason::ConfigInvalid.to_string()),
                    said,
                });
            }
        };
        let headers = request.header_bytes();
        let head = Head {
            method: request.method.as_bytes(),
            target: request.target.as_bytes(),
            headers: &headers,
            request_id: request.id,
        };
        let body = request.body.as_deref().unwrap_or_default().as_bytes();
        let mut step = gate.authorize(&head, request.now)?;
        while let Some(need) = step.get("need") {
            let supply = match need.get("api_key_record").and_then(Value::as_str) {
                Some(key) => suite.record(key),
                None => Supply::Body(body),
            };
            step = gate.supply(&supply, request.now)?;
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
    if let Some(answer) = decision.get("answer") {
        return Some(Seen::Answered(refused(answer)?));
    }
    let forward = decision.get("allow")?;
    let response = ResponseChanges {
        remove: names(&forward["remove_response_headers"])?,
        set: pairs(&forward["response_headers"])?,
        append: pairs(&forward["append_response_headers"])?,
    };
    let removed = names(&forward["remove_headers"])?;
    Some(allowed(request, forward["target"].as_str()?, &removed, &pairs(&forward["set_headers"])?, response))
}

fn refused(answer: &Value) -> Option<Response> {
    Some(Response {
        status: u16::try_from(answer["status"].as_u64()?).ok()?,
        headers: pairs(&answer["headers"])?,
        body: answer["body"].as_str()?.to_owned(),
    })
}

fn names(headers: &Value) -> Option<Vec<String>> {
    headers.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

fn pairs(headers: &Value) -> Option<Vec<(String, String)>> {
    let pair =
        |header: &Value| Some((header["name"].as_str()?.to_owned(), header["value"].as_str()?.to_owned()));
    headers.as_array()?.iter().map(pair).collect()
}
