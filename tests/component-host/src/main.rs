//! A host for components of the world `gate`: answers questions about the component it is started with, a line of JSON in,
//! a line out. A program of its own, so that `cargo xtask` does not have to be compiled with wasmtime.
//!
//! An answer has one member: `value`, `gate` with the number of a gate, `errors` of a configuration, or `trap`.

mod gate;
mod question;
mod value;

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use gate::{GateComponent, GateHost};
use question::Question;

fn main() -> Result<()> {
    let path: PathBuf = std::env::args_os().nth(1).context("the component is the one argument")?.into();
    let component = GateComponent::compile(&path)?;
    let mut gates = Vec::new();
    let mut out = std::io::stdout().lock();
    // Says that the component is compiled.
    writeln!(out, "{}", json!({"value": null}))?;
    for line in std::io::stdin().lock().lines() {
        let question = serde_json::from_str(&line?).context("not a question")?;
        let answer = answer(&component, &mut gates, question)
            .unwrap_or_else(|trap| json!({"trap": format!("{trap:#}")}));
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

/// # Errors
///
/// If the component traps, or is not one of the world `gate`.
fn answer(component: &GateComponent, gates: &mut Vec<GateHost>, question: Question) -> Result<Value> {
    let value = match question {
        Question::Load { config, secrets, calls } => {
            return Ok(match component.load(&config.0, &secrets, &calls)? {
                Ok(gate) => {
                    gates.push(gate);
                    json!({"gate": gates.len() - 1})
                }
                Err(errors) => json!({"errors": errors}),
            });
        }
        Question::ConfigInvalid { request_id, now } => component.config_invalid(&request_id, now)?,
        Question::Authorize { gate, head, now } => known(gates, gate)?.authorize(&head, now)?,
        Question::Supply { gate, pending, supply, now } => {
            known(gates, gate)?.supply(pending, &supply, now)?
        }
        Question::Due { gate, now } => known(gates, gate)?.due(now)?,
        Question::Notices { gate, now } => known(gates, gate)?.notices(now)?,
        Question::Drop { gate } => known(gates, gate)?.drop_gate()?,
        Question::OriginUnreachable { gate, head, now } => {
            known(gates, gate)?.origin_unreachable(&head, now)?
        }
    };
    Ok(json!({"value": value}))
}

fn known(gates: &mut [GateHost], number: usize) -> Result<&mut GateHost> {
    gates.get_mut(number).with_context(|| format!("no gate {number}"))
}
