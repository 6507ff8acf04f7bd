//! Gates in front of a server that answers as R2R does, and what its clients get through them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use portcullis_host_tests::hosts::{Kind, Running};
use portcullis_host_tests::runtime;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::flows::FlowTable;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::tools::node;
use serde_json::{Value, json};

use crate::columns::{self, HOSTS};
use crate::stand_in::{Outcomes, Programs, StandIn};

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

/// The server itself, and a gate on each host with the document that `portcullis config init` prints, as far as the host has
/// what it asks for.
fn ways(server: &str, secrets: &Secrets) -> Result<Vec<Way>> {
    let mut ways = vec![Way { name: "without the gate", url: server.to_owned(), _gate: None }];
    for (kind, name) in HOSTS {
        let secrets = BTreeMap::from([("R2R_SECRET_KEY".to_owned(), secrets.signing.clone())]);
        let mut document = document()?;
        if kind == Kind::Component {
            // It is told no addresses of clients, and refuses to load what counts by them.
            document.as_object_mut().context("the document is no object")?.remove("limits");
        }
        let gate = Running::start(kind, &format!("r2r-{}", kind.name()), &document, secrets, server)?;
        let url = format!("http://{}", gate.address());
        ways.push(Way { name, url, _gate: Some(gate) });
    }
    Ok(ways)
}

/// A server and the gates in front of it.
pub(crate) struct Lab {
    pub(crate) players: Players,
    pub(crate) ways: Vec<Way>,
    server: StandIn,
}

impl Lab {
    /// `server` with gates in front of it, and what plays against them.
    pub(crate) fn new(programs: Programs, server: StandIn, secrets: &Secrets) -> Result<Self> {
        let database = server.greeting["database"].clone();
        let players = Players::new(programs, &server.url(), secrets, &database)?;
        let ways = ways(&server.url(), secrets)?;
        Ok(Self { players, ways, server })
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.ways.iter().map(|way| way.name).collect()
    }

    /// What comes of the same by each of the ways, at the same time.
    pub(crate) fn side_by_side(
        &self,
        play: impl Fn(&Way) -> Result<Outcomes> + Sync,
    ) -> Result<Vec<Outcomes>> {
        let play = &play;
        thread::scope(|scope| {
            let started: Vec<_> = self.ways.iter().map(|way| scope.spawn(move || play(way))).collect();
            let ended = started.into_iter().map(|thread| thread.join());
            ended.map(|outcomes| outcomes.unwrap_or_else(|_| Err(anyhow!("a player panicked")))).collect()
        })
    }

    /// What people do, and what others try.
    pub(crate) fn flows(&self) -> Result<FlowTable> {
        columns::table("flows", &HOSTS, &self.side_by_side(|way| self.players.flows(way))?)
    }

    /// What comes of everything that somebody has who was locked out.
    pub(crate) fn locked_out(&self) -> Result<FlowTable> {
        let played = self.side_by_side(|way| self.players.play("locked.py", way))?;
        columns::table("locked out", &HOSTS, &played)
    }

    /// How often each played operation has arrived at a server in R2R's place, by way, caller and operation.
    pub(crate) fn arrived(&self) -> Result<BTreeMap<String, usize>> {
        let request = Request::new("GET", "/-/arrived");
        let response = runtime()?.block_on(client::send(self.server.address, &request))?;
        let names: Vec<String> = serde_json::from_value(response.json())?;
        let mut counts = BTreeMap::new();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
        Ok(counts)
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

    /// What comes of `script` by this way.
    pub(crate) fn play(&self, script: &str, way: &Way) -> Result<Outcomes> {
        self.programs.play(script, &[&way.url, &self.server], &self.settings.to_string())
    }

    /// Every flow by this way, and both clients.
    pub(crate) fn flows(&self, way: &Way) -> Result<Outcomes> {
        let mut all = self.play("flows.py", way)?;
        all.extend(self.play("client.py", way)?);
        // A user, its session, and a token that has expired.
        let made = self.programs.play("session.py", &[&self.server], &self.settings.to_string())?;
        let session: serde_json::Map<String, Value> =
            made.into_iter().map(|(name, value)| (name, value.into())).collect();
        let session = Value::Object(session).to_string();
        all.extend(self.programs.play_in_node("client.cjs", &self.modules, &[&way.url], &session)?);
        Ok(all)
    }
}
