//! The component of the world `gate` in wasmtime: a program of its own, `tests/component-host`, is asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use portcullis::base64url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::program::Program;
use crate::native::{Head, Supply};
use crate::program;
use crate::step::Step;

/// A compiled component, of which any number of gates can be made.
pub struct GateComponent {
    program: Arc<Mutex<Program>>,
}

/// A gate in an instance of its own.
pub struct GateHost {
    program: Arc<Mutex<Program>>,
    number: usize,
}

/// What the program answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Response {
    Value(Value),
    Gate(usize),
    Errors(Vec<String>),
    Trap(String),
}

impl GateComponent {
    /// Builds the program and has it compile the component at `path`.
    ///
    /// # Errors
    ///
    /// If the program does not build, or it is not a component.
    pub fn compile(step: &Step, path: &Path) -> Result<Self> {
        let mut program =
            Program::start(Command::new(program::build(step, "portcullis-component-host")?).arg(path))?;
        step.message("compiling the component");
        let _: Response = program.answer().with_context(|| path.display().to_string())?;
        Ok(Self { program: Arc::new(Mutex::new(program)) })
    }

    /// Makes a gate. The inner error lists what is wrong with the configuration, as `pointer: message`.
    ///
    /// # Errors
    ///
    /// If the component traps, or is not one of the world `gate`.
    pub fn load(
        &self,
        config: &[u8],
        secrets: &BTreeMap<String, String>,
    ) -> Result<Result<GateHost, Vec<String>>> {
        let question = json!({"load": {"config": base64url::encode(config), "secrets": secrets}});
        match ask(&self.program, &question)? {
            Response::Gate(number) => Ok(Ok(GateHost { program: Arc::clone(&self.program), number })),
            Response::Errors(errors) => Ok(Err(errors)),
            Response::Value(value) => bail!("`gate.load` returned {value}"),
            Response::Trap(trap) => bail!("{trap}"),
        }
    }

    /// The answer while no configuration could be loaded.
    ///
    /// # Errors
    ///
    /// As [`GateComponent::load`].
    pub fn config_invalid(&self, request_id: &str, now: u64) -> Result<Value> {
        value(&self.program, &json!({"config_invalid": {"request_id": request_id, "now": now}}))
    }
}

impl GateHost {
    /// Decides: `{"verdict": …}`, `{"need": {"api_key_record": "<store key>"}}` or `{"need": {"body": <limit>}}`. Members are named
    /// as in `wit/auth.wit`, with underscores.
    ///
    /// # Errors
    ///
    /// If the component traps. The instance is of no more use then: load another.
    pub fn authorize(&mut self, head: &Head<'_>, now: u64) -> Result<Value> {
        let question = json!({"authorize": {"gate": self.number, "head": written(head), "now": now}});
        value(&self.program, &question)
    }

    /// Goes on with what was needed last: a step, as [`GateHost::authorize`] returns one.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`]; or if nothing waits for it.
    pub fn supply(&mut self, supply: &Supply<'_>, now: u64) -> Result<Value> {
        let supply = match supply {
            Supply::ApiKeyRecord(record) => json!({"api_key_record": record.map(base64url::encode)}),
            Supply::Body(body) => json!({"body": base64url::encode(body)}),
            Supply::Unavailable => json!("unavailable"),
        };
        value(&self.program, &json!({"supply": {"gate": self.number, "supply": supply, "now": now}}))
    }

    /// The answer when the origin cannot be reached.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub fn origin_unreachable(&mut self, head: &Head<'_>, now: u64) -> Result<Value> {
        let asked = json!({"gate": self.number, "head": written(head), "now": now});
        value(&self.program, &json!({"origin_unreachable": asked}))
    }
}

/// Bytes of any kind, in JSON.
fn written(head: &Head<'_>) -> Value {
    let encode = base64url::encode;
    let headers: Vec<_> = head.headers.iter().map(|(name, value)| [encode(name), encode(value)]).collect();
    json!({
        "method": encode(head.method),
        "target": encode(head.target),
        "headers": headers,
        "request_id": head.request_id,
    })
}

fn ask(program: &Mutex<Program>, question: &Value) -> Result<Response> {
    program.lock().unwrap_or_else(PoisonError::into_inner).ask(question)
}

fn value(program: &Mutex<Program>, question: &Value) -> Result<Value> {
    match ask(program, question)? {
        Response::Value(value) => Ok(value),
        Response::Trap(trap) => bail!("{trap}"),
        other => bail!("the component host answered {other:?}"),
    }
}
