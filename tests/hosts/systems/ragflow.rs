//! RAGFlow: `tests/systems/ragflow`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use libtest_mimic::Trial;
use portcullis_host_tests::{harness, runtime};
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::flows::{FlowTable, is_update};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::columns::HOSTS;
use crate::stand_in::{Outcomes, Programs, StandIn, read};
use crate::{columns, recorded};

const PAGE: &str = "docs/systems/ragflow.md";
/// Session tokens and cookies, and what the real server made of them.
const SESSIONS: &str = "tests/core/tests/it/examples/ragflow_sessions.json";
/// Whose most of them are.
const HANDLE: &str = "b4944e04e93211f1ae3202fc00000001";
/// The same for the cookies.
const ID: &str = "89fe7c3ce93211f1ae3202fc00000001";

/// If this is set, only times are taken, and nothing is judged.
const TIMES: &str = "E2E_RAGFLOW";

pub(crate) fn tests() -> Vec<Trial> {
    if std::env::var_os(TIMES).is_some_and(|value| !value.is_empty()) {
        return vec![harness::checks("systems::ragflow::times", times)];
    }
    vec![
        harness::checks("systems::ragflow::recorded_sessions", recorded_sessions),
        harness::checks("systems::ragflow::flows", flows),
        harness::checks("systems::ragflow_0_24::flows", flows_of_0_24),
    ]
}

/// The server beside the real one, which was asked with these sessions.
fn recorded_sessions(summary: &mut Summary) -> Result<()> {
    let recorded: Value = serde_json::from_slice(&fs::read(root().join(SESSIONS)).context(SESSIONS)?)?;
    let secret = recorded["secret"].as_str().context("no secret is recorded")?;
    let server = StandIn::start(&Programs::of("ragflow")?, &["0.27.0", secret])?;
    let runtime = runtime()?;
    let person = json!({"email": "a@example.com", "id": ID, "access_token": HANDLE});
    let invite = Request::new("POST", "/-/people").json(&person.to_string());
    runtime.block_on(client::send(server.address, &invite))?;
    let mut ask = |case: &Value, way: &str, header: &str, value: String| -> Result<()> {
        let request = Request::new("GET", "/api/v1/users/me").header(header, value);
        let (got, expected) = (runtime.block_on(client::send(server.address, &request))?.status, &case[way]);
        let wrong = *expected != got;
        summary.count(
            wrong.then(|| format!("{}, {way}: got {got}, and the real server said {expected}", case["name"])),
        );
        Ok(())
    };
    for case in recorded["cases"].as_array().context("no cases are recorded")? {
        match (case["value"].as_str(), case["cookie"].as_str()) {
            (Some(value), _) => {
                ask(case, "origin_raw", "Authorization", value.to_owned())?;
                ask(case, "origin_bearer", "Authorization", format!("Bearer {value}"))?;
            }
            (None, cookie) => {
                let cookie = cookie.context("a case has neither a token nor a cookie")?;
                ask(case, "origin", "Cookie", format!("session={cookie}"))?;
            }
        }
    }
    Ok(())
}

/// A server of one version with the script that plays its flows.
struct Version {
    programs: Programs,
    server: StandIn,
    secret: String,
    script: &'static str,
}

impl Version {
    fn start(version: &str, script: &'static str) -> Result<Self> {
        let (programs, secret) = (Programs::of("ragflow")?, tokens::secret()?);
        let server = StandIn::start(&programs, &[version, &secret])?;
        Ok(Self { programs, server, secret, script })
    }

    /// Sends the flows to `address`.
    fn play(&self, address: &str) -> Result<Outcomes> {
        let key = self.server.greeting["password_key"].as_str().context("the server says no key")?;
        self.programs.play(self.script, &[address, &self.server.url(), &self.secret], key)
    }
}

/// People at the page, scripts, `ragflow-sdk` and attackers: without a gate, as it was recorded, and on each host.
fn flows(summary: &mut Summary) -> Result<()> {
    let version = Version::start("0.27.0", "flows.py")?;
    let secrets = BTreeMap::from([("RAGFLOW_SECRET_KEY".to_owned(), version.secret.clone())]);
    let document = columns::example("ragflow/portcullis.json")?;
    let columns = columns::play("ragflow", &HOSTS, &version.server, &document, &secrets, |_, address| {
        version.play(address)
    })?;
    recorded::compare(&columns[0], &read("ragflow/recorded-0.27.0.json")?, summary)?;
    columns::table("flows", &HOSTS, &columns)?.settle(PAGE, summary)
}

/// The same for 0.24.0.
fn flows_of_0_24(summary: &mut Summary) -> Result<()> {
    let version = Version::start("0.24.0", "flows_0_24.py")?;
    let secrets = BTreeMap::from([("RAGFLOW_SECRET_KEY".to_owned(), version.secret.clone())]);
    let mut document = columns::example("ragflow/portcullis.json")?;
    document["profile"] = json!("ragflow-0.24");
    let server = &version.server;
    let columns = columns::play("ragflow-0-24", &HOSTS, server, &document, &secrets, |_, address| {
        version.play(address)
    })?;
    recorded::compare(&columns[0], &read("ragflow/recorded-0.24.0.json")?, summary)?;
    columns::table("flows of 0.24.0", &HOSTS, &columns)?.settle(PAGE, summary)
}

/// How long a request takes with a key, a session and a token of another issuer: printed, and with `UPDATE_DOCS=1` written.
fn times(summary: &mut Summary) -> Result<()> {
    let version = Version::start("0.27.0", "times.py")?;
    let (issuer, key) = (tokens::secret()?, tokens::secret()?);
    let secrets = [("RAGFLOW_SECRET_KEY", &version.secret), ("ISSUER_SECRET", &issuer), ("ORIGIN_KEY", &key)];
    let secrets = secrets.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let mut document = columns::example("ragflow/portcullis.json")?;
    document["issuers"] = json!([{"keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}]}]);
    let keys = json!([{"role": "user", "key": {"env": "ORIGIN_KEY"}}]);
    document["upstream"] = json!({"credential": "swap", "origin_key": keys});
    let direct = version.server.url();
    let gates = columns::start("ragflow-times", &HOSTS, &direct, &document, &secrets)?;
    let gates: Vec<String> = gates.iter().map(|gate| format!("http://{}", gate.address())).collect();
    let ways: Vec<&str> = std::iter::once(direct.as_str()).chain(gates.iter().map(String::as_str)).collect();
    // It outlasts the measurement, whatever else the machine does.
    let claims = json!({"sub": "alice", "roles": ["user"], "exp": tokens::now_secs() + 3600});
    let input = json!({"token": tokens::sign(claims, &issuer)?, "key": key});
    let took = version.programs.play(version.script, &ways, &input.to_string())?;
    let heads: Vec<&str> =
        std::iter::once("without the gate").chain(HOSTS.iter().map(|(_, head)| *head)).collect();
    let mut table = FlowTable::new("times", &heads);
    for (name, medians) in &took {
        let medians: Vec<String> = medians.split(' ').map(|median| format!("{median} ms")).collect();
        println!("{name:30} {}", medians.join("  "));
        table.row(name, &medians);
    }
    if is_update() { table.settle(PAGE, summary) } else { Ok(()) }
}
