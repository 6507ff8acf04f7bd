//! The component of the world `gate` in wasmtime.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

use super::expect::Seen;
use super::hosts::{Host, let_in};
use super::suite::{Case, Concrete, Suite};
use crate::host::component::{GateComponent, GateHost, Head, Supply};

/// A gate for each configuration.
pub(super) struct Wasmtime {
    gates: BTreeMap<String, GateHost>,
}

impl Wasmtime {
    pub(super) fn new(suite: &Suite, path: &Path) -> Result<Self> {
        let component = GateComponent::compile(path)?;
        let mut gates = BTreeMap::new();
        for (name, configuration) in &suite.configurations {
            let gate = component
                .load(configuration.to_string().as_bytes(), &suite.secrets)?
                .map_err(|errors| anyhow!("configuration `{name}`: {}", errors.join("; ")))?;
            gates.insert(name.clone(), gate);
        }
        Ok(Self { gates })
    }
}

impl Host for Wasmtime {
    fn name(&self) -> &'static str {
        "wasmtime"
    }

    fn play(&mut self, _suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        let gate = self.gates.get_mut(&case.configuration).context("no gate for the configuration")?;
        let headers: Vec<(Vec<u8>, Vec<u8>)> =
            request.headers.iter().map(|(name, value)| (name.clone().into(), value.clone().into())).collect();
        let head = Head {
            method: request.method.as_bytes(),
            target: request.target.as_bytes(),
            headers: &headers,
            request_id: "case",
        };
        let step = gate.authorize(&head, request.now)?;
        let verdict = match step.get("verdict") {
            Some(verdict) => verdict.clone(),
            None => gate.resume(&head, request.now, Supply::Unavailable)?,
        };
        read(&verdict, request).with_context(|| format!("an unexpected verdict: {verdict}"))
    }
}

fn read(verdict: &Value, request: &Concrete) -> Option<Seen> {
    let decision = &verdict["decision"];
    if let Some(answer) = decision.get("deny") {
        return Some(Seen::Refused {
            status: u16::try_from(answer["status"].as_u64()?).ok()?,
            headers: pairs(&answer["headers"])?,
            body: answer["body"].as_str()?.to_owned(),
        });
    }
    let forward = decision.get("allow")?;
    let removed: Option<Vec<_>> =
        forward["remove_headers"].as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    Some(let_in(request, forward["target"].as_str()?, &removed?, &pairs(&forward["set_headers"])?))
}

fn pairs(headers: &Value) -> Option<Vec<(String, String)>> {
    let pair =
        |header: &Value| Some((header["name"].as_str()?.to_owned(), header["value"].as_str()?.to_owned()));
    headers.as_array()?.iter().map(pair).collect()
}
