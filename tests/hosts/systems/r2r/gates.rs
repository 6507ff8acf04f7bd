//! Gates in front of a server that answers as R2R does, and what its clients get through them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use portcullis_host_tests::hosts::{Kind, Running};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::tools::node;
use serde_json::{Value, json};

use crate::stand_in::{Outcomes, Programs};

/// What R2R is started with.
pub(crate) struct Secrets {
    /// What it signs with.
    pub(crate) signing: String,
    /// The password of its superuser.
    pub(crate) password: String,
}

impl Secrets {
    pub(crate) fn make() -> Result<Self> {
        Ok(Self { signing: tokens::secret()?, password: tokens::secret()? })
    }
}

/// A way to the server: itself, or a gate in front of it.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) url: String,
    _gate: Option<Running>,
}

/// The server itself, and each of `kinds` with the document that `portcullis config init` prints, as far as the host has what
/// it asks for.
pub(crate) fn ways(server: &str, secrets: &Secrets, kinds: &[Kind]) -> Result<Vec<Way>> {
    let mut ways = vec![Way { name: "without the gate", url: server.to_owned(), _gate: None }];
    for kind in kinds {
        let secrets = BTreeMap::from([("R2R_SECRET_KEY".to_owned(), secrets.signing.clone())]);
        let mut document = document()?;
        if *kind == Kind::Component {
            // It is told no addresses of clients, and refuses to load what counts by them.
            document.as_object_mut().context("the document is no object")?.remove("limits");
        }
        let gate = Running::start(*kind, &format!("r2r-{}", kind.name()), &document, secrets, server)?;
        let url = format!("http://{}", gate.address());
        ways.push(Way { name: shown(*kind), url, _gate: Some(gate) });
    }
    Ok(ways)
}

/// The ways that flows are played by: those of the component are not recorded, only what it does with every operation.
pub(crate) fn of_flows(ways: &[Way]) -> &[Way] {
    let count = ways.iter().take_while(|way| way.name != shown(Kind::Component)).count();
    &ways[..count]
}

fn shown(kind: Kind) -> &'static str {
    match kind {
        Kind::Worker => "Worker",
        Kind::Envoy => "Envoy",
        Kind::Component => "component",
        Kind::Node => "Node.js",
    }
}

/// The document that `portcullis config init` prints, which says of each refusal why.
pub(crate) fn document() -> Result<Value> {
    let file = root().join("bindings/cli/src/config/init/r2r.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let mut document: Value = serde_json::from_slice(&text)?;
    document["audit"] = json!({"reason_header": true});
    Ok(document)
}

/// What plays, and what it is told.
pub(crate) struct Players {
    pub(crate) programs: Programs,
    /// Where R2R's client in JavaScript is.
    pub(crate) modules: PathBuf,
    pub(crate) settings: Value,
    pub(crate) server: String,
}

impl Players {
    pub(crate) fn new(programs: Programs, server: &str, secrets: &Secrets, database: &Value) -> Result<Self> {
        let modules = step("R2R's client in JavaScript", |step| {
            node::packages("systems-r2r", &root().join("tests/systems/r2r"), step)
        })?;
        let mut settings = json!({"secret": secrets.signing, "password": secrets.password});
        if !database.is_null() {
            settings["database"] = database.clone();
        }
        Ok(Self { programs, modules, settings, server: server.to_owned() })
    }

    /// Every flow by this way, and both clients.
    pub(crate) fn flows(&self, way: &Way) -> Result<Outcomes> {
        let play = |script| self.programs.play(script, &[&way.url, &self.server], &self.settings.to_string());
        let mut all = play("flows.py")?;
        all.extend(play("client.py")?);
        // A user, its session, and a token that has expired.
        let made = self.programs.play("session.py", &[&self.server], &self.settings.to_string())?;
        let session: serde_json::Map<String, Value> =
            made.into_iter().map(|(name, value)| (name, value.into())).collect();
        let session = Value::Object(session).to_string();
        all.extend(self.programs.play_in_node("client.cjs", &self.modules, &[&way.url], &session)?);
        Ok(all)
    }
}

/// What comes of the same by each of the ways, at the same time.
pub(crate) fn side_by_side(
    ways: &[Way],
    play: impl Fn(&Way) -> Result<Outcomes> + Sync,
) -> Result<Vec<Outcomes>> {
    let play = &play;
    thread::scope(|scope| {
        let started: Vec<_> = ways.iter().map(|way| scope.spawn(move || play(way))).collect();
        let ended = started.into_iter().map(|thread| thread.join());
        ended.map(|outcomes| outcomes.unwrap_or_else(|_| Err(anyhow!("a player panicked")))).collect()
    })
}
