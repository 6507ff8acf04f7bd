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
    /// What waits since the last step, for [`GateHost::supply`].
    last: Option<Pending>,
}

/// What waits for a supply: a decision, or a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending(u64);

/// Which of the gate's own calls its host sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// None.
    None,
    /// Those to URLs.
    Urls,
    /// Those to the origin, too.
    All,
}

/// The reply to a call, as far as it was read.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Every header line.
    pub headers: Vec<(String, String)>,
    /// The body, or more bytes of it than are of use.
    pub body: Vec<u8>,
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

    /// Makes a gate whose host sends no calls. The inner error lists what is wrong with the configuration, as
    /// `pointer: message`.
    ///
    /// # Errors
    ///
    /// If the component traps, or is not one of the world `gate`.
    pub fn load(
        &self,
        config: &[u8],
        secrets: &BTreeMap<String, String>,
    ) -> Result<Result<GateHost, Vec<String>>> {
        self.load_sending(config, secrets, Calls::None)
    }

    /// The same for a host that sends `calls`.
    ///
    /// # Errors
    ///
    /// As [`GateComponent::load`].
    pub fn load_sending(
        &self,
        config: &[u8],
        secrets: &BTreeMap<String, String>,
        calls: Calls,
    ) -> Result<Result<GateHost, Vec<String>>> {
        let calls = match calls {
            Calls::None => "none",
            Calls::Urls => "urls",
            Calls::All => "all",
        };
        let asked = json!({"config": base64url::encode(config), "secrets": secrets, "calls": calls});
        match ask(&self.program, &json!({"load": asked}))? {
            Response::Gate(number) => {
                Ok(Ok(GateHost { program: Arc::clone(&self.program), number, last: None }))
            }
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
    /// Decides: `{"verdict": …}`, or `{"need": …}` with `{"api_key_record": "<store key>"}`, `{"body": <limit>}`,
    /// `{"call": {…}}` or `{"wait": <milliseconds>}`. Members are named as in `wit/auth.wit`, with underscores.
    ///
    /// # Errors
    ///
    /// If the component traps. The instance is of no more use then: load another.
    pub fn authorize(&mut self, head: &Head<'_>, now: u64) -> Result<Value> {
        self.step(&json!({"authorize": {"gate": self.number, "head": written(head), "now": now}}))
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
        let pending = self.last()?;
        self.go_on(pending, &supply, now)
    }

    /// What waits since the last step.
    ///
    /// # Errors
    ///
    /// If nothing does.
    pub fn last(&self) -> Result<Pending> {
        self.last.context("nothing waits for a supply")
    }

    /// Goes on with the reply to a call, or without one: a step, as [`GateHost::authorize`] returns one; of a fetch what
    /// follows it, as [`GateHost::due`] returns it.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`]; or if `pending` waits for no reply, or was used.
    pub fn reply(&mut self, pending: Pending, reply: Option<&Reply>, now: u64) -> Result<Value> {
        let supply = match reply {
            Some(Reply { status, headers, body }) => {
                let encode = |text: &String| base64url::encode(text.as_bytes());
                let headers: Vec<_> =
                    headers.iter().map(|(name, value)| [encode(name), encode(value)]).collect();
                json!({"reply": [status, headers, base64url::encode(body)]})
            }
            None => json!("unavailable"),
        };
        self.go_on(pending, &supply, now)
    }

    /// Looks again whether another decision has found out what `pending` waits for: a step.
    ///
    /// # Errors
    ///
    /// As [`GateHost::reply`].
    pub fn again(&mut self, pending: Pending, now: u64) -> Result<Value> {
        self.go_on(pending, &json!("again"), now)
    }

    /// Decides without what another decision is finding out: a step.
    ///
    /// # Errors
    ///
    /// As [`GateHost::reply`].
    pub fn give_up(&mut self, pending: Pending, now: u64) -> Result<Value> {
        self.go_on(pending, &json!("unavailable"), now)
    }

    /// What is to be fetched: `{"call": {…}}`, or null.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub fn due(&mut self, now: u64) -> Result<Value> {
        self.step(&json!({"due": {"gate": self.number, "now": now}}))
    }

    /// What there is to tell about sources, as a list of texts.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub fn notices(&mut self, now: u64) -> Result<Value> {
        value(&self.program, &json!({"notices": {"gate": self.number, "now": now}}))
    }

    /// Drops the gate in the component; what waits can still be supplied.
    ///
    /// # Errors
    ///
    /// If it was dropped before.
    pub fn drop_gate(&mut self) -> Result<()> {
        value(&self.program, &json!({"drop": {"gate": self.number}})).map(drop)
    }

    fn go_on(&mut self, Pending(pending): Pending, supply: &Value, now: u64) -> Result<Value> {
        let asked = json!({"gate": self.number, "pending": pending, "supply": supply, "now": now});
        self.step(&json!({"supply": asked}))
    }

    /// Asks for something that may leave something waiting.
    fn step(&mut self, question: &Value) -> Result<Value> {
        let mut step = value(&self.program, question)?;
        let pending = step.as_object_mut().and_then(|step| step.remove("pending"));
        self.last = pending.as_ref().and_then(Value::as_u64).map(Pending);
        Ok(step)
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
