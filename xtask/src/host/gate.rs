//! The component of the world `gate` in wasmtime: a program of its own, `xtask/component-host`, is asked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use portcullis::base64url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::player::Player;
use crate::step::Step;
use crate::tools::rust;

/// A request head to show to the gate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    /// The method as on the wire.
    pub(crate) method: &'a [u8],
    /// Path and query as on the wire.
    pub(crate) target: &'a [u8],
    /// Every header line, in order.
    pub(crate) headers: &'a [(Vec<u8>, Vec<u8>)],
    /// By what the host knows the request.
    pub(crate) request_id: &'a str,
}

/// What the host found out.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Supply<'a> {
    /// The record of an API key, or that there is none.
    ApiKeyRecord(Option<&'a [u8]>),
    /// The body of the request.
    Body(&'a [u8]),
    /// It could not be found out.
    Unavailable,
}

/// A compiled component, of which any number of gates can be made.
pub(crate) struct GateComponent {
    program: Rc<RefCell<Player>>,
}

/// A gate in an instance of its own.
pub(crate) struct GateHost {
    program: Rc<RefCell<Player>>,
    number: usize,
}

/// What the program answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
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
    pub(crate) fn compile(step: &Step, path: &Path) -> Result<Self> {
        let mut program = Player::start(Command::new(program(step)?).arg(path))?;
        step.message("compiling the component");
        let _: Answer = program.answer().with_context(|| path.display().to_string())?;
        Ok(Self { program: Rc::new(RefCell::new(program)) })
    }

    /// Makes a gate. The inner error lists what is wrong with the configuration, as `pointer: message`.
    ///
    /// # Errors
    ///
    /// If the component traps, or is not one of the world `gate`.
    pub(crate) fn load(
        &self,
        config: &[u8],
        secrets: &BTreeMap<String, String>,
    ) -> Result<Result<GateHost, Vec<String>>> {
        let question = json!({"load": {"config": base64url::encode(config), "secrets": secrets}});
        match ask(&self.program, &question)? {
            Answer::Gate(number) => Ok(Ok(GateHost { program: Rc::clone(&self.program), number })),
            Answer::Errors(errors) => Ok(Err(errors)),
            Answer::Value(value) => bail!("`gate.load` returned {value}"),
            Answer::Trap(trap) => bail!("{trap}"),
        }
    }

    /// The answer while no configuration could be loaded.
    ///
    /// # Errors
    ///
    /// As [`GateComponent::load`].
    pub(crate) fn config_invalid(&self, request_id: &str, now: u64) -> Result<Value> {
        value(&self.program, &json!({"config_invalid": {"request_id": request_id, "now": now}}))
    }
}

impl GateHost {
    /// Decides: `{"verdict": …}`, `{"need": {"api_key_record": "<id>"}}` or `{"need": {"body": <limit>}}`. Members are named
    /// as in `wit/auth.wit`, with underscores.
    ///
    /// # Errors
    ///
    /// If the component traps. The instance is of no more use then: load another.
    pub(crate) fn authorize(&mut self, head: &Head<'_>, now: u64) -> Result<Value> {
        let question = json!({"authorize": {"gate": self.number, "head": written(head), "now": now}});
        value(&self.program, &question)
    }

    /// Decides with everything that was asked for so far, in the order it was asked for: a step, as
    /// [`GateHost::authorize`] returns one.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub(crate) fn resume(&mut self, head: &Head<'_>, now: u64, supplies: &[Supply<'_>]) -> Result<Value> {
        let written_supply = |supply: &Supply<'_>| match supply {
            Supply::ApiKeyRecord(record) => json!({"api_key_record": record.map(base64url::encode)}),
            Supply::Body(body) => json!({"body": base64url::encode(body)}),
            Supply::Unavailable => json!("unavailable"),
        };
        let supplies: Vec<_> = supplies.iter().map(written_supply).collect();
        let asked = json!({"gate": self.number, "head": written(head), "now": now, "supplies": supplies});
        value(&self.program, &json!({"resume": asked}))
    }

    /// The answer when the origin cannot be reached.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub(crate) fn origin_unreachable(&mut self, head: &Head<'_>, now: u64) -> Result<Value> {
        let asked = json!({"gate": self.number, "head": written(head), "now": now});
        value(&self.program, &json!({"origin_unreachable": asked}))
    }
}

/// Octets of any kind, in JSON.
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

fn ask(program: &RefCell<Player>, question: &Value) -> Result<Answer> {
    program.borrow_mut().ask(question)
}

fn value(program: &RefCell<Player>, question: &Value) -> Result<Value> {
    match ask(program, question)? {
        Answer::Value(value) => Ok(value),
        Answer::Trap(trap) => bail!("{trap}"),
        other => bail!("the component host answered {other:?}"),
    }
}

/// The binary of `xtask/component-host`, built as cargo finds it necessary.
fn program(step: &Step) -> Result<PathBuf> {
    step.message("cargo build");
    let package = "portcullis-component-host";
    let messages = step.run(
        rust::cargo()
            .args(["build", "--message-format=json-render-diagnostics"])
            .arg(format!("--package={package}")),
    )?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| message["target"]["name"] == package)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo built no `{package}`"))
}
