//! Pages in Chromium, of an origin that is listed, of one that is not and of the gate's own, in front of every host: what
//! their scripts can read, and what arrives at the server behind the gate.

mod gates;
mod origin;
mod script;

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use comfy_table::Table;
use portcullis_host_tests::chromium::Chromium;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_host_tests::runtime;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::step::step;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use gates::{Host, Settings};
use origin::{Kind, Server};
use script::{Credentials, GATES, Mode, Outcome, Page, Row, rows};

const HOSTS: [&str; 3] = ["Worker", "Envoy", "component"];

/// What came of each row on each host, by [`key`].
type Outcomes = BTreeMap<String, Result<Outcome, String>>;

/// The servers: those behind the gates by their kind, and those of pages.
struct Servers {
    rag_modulo: Server,
    agentflow: Server,
    listed: Server,
    unlisted: Server,
    _runtime: Runtime,
}

fn main() -> ExitCode {
    let outcomes = Fixture::new(play);
    let mut tests = Vec::new();
    for (number, row) in rows().into_iter().enumerate() {
        for host in HOSTS.into_iter().filter(|host| row.is_on(host)) {
            let outcomes = outcomes.clone();
            tests.push(harness::check(format!("browser::{}::{row}", host.to_lowercase()), move || {
                match outcomes.get()?.get(&key(host, number)) {
                    Some(Ok(outcome)) if *outcome == row.expected => Ok(()),
                    Some(Ok(outcome)) => bail!("{outcome:?}, not {:?}", row.expected),
                    Some(Err(problem)) => bail!("{problem}"),
                    None => bail!("it was not tried"),
                }
            }));
        }
    }
    harness::run(tests, Order::Sequential)
}

/// What tells the request of a row apart from others, in its target.
fn key(host: &str, number: usize) -> String {
    format!("{}-{number}-", host.to_lowercase())
}

/// Starts everything, sends everything, and prints the table.
fn play() -> Result<Outcomes> {
    let chromium = Chromium::find()?;
    let runtime = runtime()?;
    let start = |kind| runtime.block_on(Server::start(kind));
    let servers = Servers {
        rag_modulo: start(Kind::RagModulo)?,
        agentflow: start(Kind::AgentFlow)?,
        listed: start(Kind::Page)?,
        unlisted: start(Kind::Page)?,
        _runtime: runtime,
    };
    let secret = tokens::secret()?;
    let settings = GATES.map(|(mode, kind)| {
        Settings::new(mode, &servers.listed.url(), &secret, servers.behind(kind).address)
    });
    let hosts = [gates::worker(&settings)?, gates::envoy(&settings)?, gates::component(&settings)?];
    let claims = json!({"sub": "alice", "roles": ["user"], "exp": tokens::now_secs().saturating_add(600)});
    let asked = pages(&hosts, &servers, &tokens::sign(claims, &secret)?)?;
    let seen = step("Chromium sends requests", |_| chromium.ask(&asked))?;
    let mut outcomes = Outcomes::new();
    for (number, row) in rows().iter().enumerate() {
        for host in HOSTS.into_iter().filter(|host| row.is_on(host)) {
            let key = key(host, number);
            let outcome = outcome(row, &seen[&key], servers.behind(row.server), &key);
            outcomes.insert(key, outcome);
        }
    }
    println!("{}", table(&outcomes));
    Ok(outcomes)
}

impl Servers {
    fn behind(&self, kind: Kind) -> &Server {
        if kind == Kind::RagModulo { &self.rag_modulo } else { &self.agentflow }
    }

    /// Where a page comes from; `gate` is the one that it asks.
    fn page(&self, page: Page, gate: &str) -> String {
        match page {
            Page::Listed => self.listed.url(),
            Page::Unlisted => self.unlisted.url(),
            Page::Sandboxed => self.unlisted.url() + "/sandboxed",
            Page::Own => format!("{gate}/open"),
        }
    }
}

/// What every page asks for, as `browser.mjs` takes it.
fn pages(hosts: &[Host], servers: &Servers, token: &str) -> Result<Value> {
    let mut pages: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (number, row) in rows().iter().enumerate() {
        let gate = GATES.iter().position(|gate| *gate == (row.mode, row.server)).context("no such gate")?;
        for host in hosts.iter().filter(|host| row.is_on(host.name)) {
            ensure!(
                host.upgrades || row.credentials != Credentials::Socket,
                "{} upgrades nothing",
                host.name
            );
            let address = host.gates.get(&gate).with_context(|| format!("{}: no such gate", host.name))?;
            let ask = ask(row.credentials, &address.to_string(), &key(host.name, number), token);
            pages.entry(servers.page(row.page, &format!("http://{address}"))).or_default().push(ask);
        }
    }
    let pages: Vec<_> = pages.into_iter().map(|(url, asks)| json!({"url": url, "asks": asks})).collect();
    let cookie = json!({"name": "session", "value": "1", "domain": "127.0.0.1", "path": "/"});
    Ok(json!({"cookie": cookie, "pages": pages}))
}

fn ask(credentials: Credentials, gate: &str, key: &str, token: &str) -> Value {
    let bearer = format!("Bearer {token}");
    let (path, init) = match credentials {
        Credentials::Nothing => ("open", json!({})),
        Credentials::Token => ("doc", json!({"headers": {"authorization": bearer}})),
        Credentials::BadToken => ("doc", json!({"headers": {"authorization": "Bearer forged"}})),
        Credentials::TokenAndCookies => (
            "doc",
            json!({
                "method": "POST", "body": "{}", "credentials": "include",
                "headers": {"authorization": bearer, "content-type": "application/json"},
            }),
        ),
        Credentials::Socket => return json!({"id": key, "socket": format!("ws://{gate}/live?{key}")}),
    };
    json!({"id": key, "url": format!("http://{gate}/{path}?{key}"), "init": init})
}

/// What came of a row: `seen` by the script, and by the server.
fn outcome(row: &Row, seen: &Value, server: &Server, key: &str) -> Result<Outcome, String> {
    let (methods, cookie) = server.arrived(key);
    let arrived = methods.iter().any(|method| method != "OPTIONS");
    if row.mode != Mode::Forward && methods.iter().any(|method| method == "OPTIONS") {
        return Err("a preflight arrived at the server".to_owned());
    }
    if seen.get("blocked").is_some() {
        return Ok(if arrived { Outcome::BlockedTooLate } else { Outcome::Blocked });
    }
    if seen.get("socket").is_some() {
        return Ok(if arrived { Outcome::Handshake } else { Outcome::Blocked });
    }
    let text = seen["text"].as_str().unwrap_or_default();
    match (seen["status"].as_u64(), seen["total"].is_null()) {
        (Some(200), _) if row.credentials == Credentials::TokenAndCookies && !cookie => {
            Err("the cookie did not arrive".to_owned())
        }
        (Some(200), false) if text.contains("secret") => Ok(Outcome::Read),
        (Some(200), true) if text.contains("secret") => Ok(Outcome::ReadWithoutHeader),
        (Some(401), _) if !arrived && !seen["challenge"].is_null() => Ok(Outcome::ReadRefusal),
        _ => Err(format!("the script sees {seen}")),
    }
}

fn table(outcomes: &Outcomes) -> Table {
    let mut table = Table::new();
    table.set_header(["cors", "server", "page", "sends"].into_iter().chain(HOSTS));
    for (number, row) in rows().iter().enumerate() {
        let cell = |host: &str| match outcomes.get(&key(host, number)) {
            None => "-".to_owned(),
            Some(Ok(outcome)) => outcome.text().to_owned(),
            Some(Err(problem)) => problem.clone(),
        };
        let [mode, server, page, credentials] = row.parts();
        let parts = [mode, server, page, credentials].map(str::to_owned);
        table.add_row(parts.into_iter().chain(HOSTS.map(cell)));
    }
    table
}
