//! The page of RAG Modulo in Chromium: its calls to a server at another origin than its own, and those of a page that is not
//! RAG Modulo's, which stands for every other one that a user has open.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use portcullis_host_tests::chromium::Chromium;
use portcullis_test_support::flows::FlowTable;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::columns::{self, HOSTS};
use crate::stand_in::{Outcomes, Programs, StandIn};

/// Where the table is.
const PAGE: &str = "docs/systems/rag-modulo.md";

/// A page: its name in the table, and the name of the machine in its address, by which the two are of different origins.
type Page = (&'static str, &'static str);

const OWN: Page = ("its page", "localhost");
const OTHER: Page = ("another site's page", "127.0.0.1");

/// What either page reads of the answers to these calls, without a gate and through every one.
pub(super) fn page(summary: &mut Summary) -> Result<()> {
    let chromium = Chromium::find()?;
    let programs = Programs::of("rag-modulo")?;
    let secret = tokens::secret()?;
    let server = StandIn::start(&programs, &[&secret])?;
    let port = server.greeting["page_port"].as_u64().context("the server says no port of its page")?;
    let calls = programs.play("page.py", &[&secret], "")?;
    ensure!(calls.len() > 40, "only {} calls", calls.len());
    let mut document = columns::example("rag-modulo/portcullis.json")?;
    document["cors"]["allowed_origins"] = json!([url(OWN, port)]);
    let secrets = BTreeMap::from([("JWT_SECRET_KEY".to_owned(), secret)]);
    let gates = columns::start("rag-modulo-page", &HOSTS, &server.url(), &document, &secrets)?;
    let gates = gates.iter().zip(HOSTS).map(|(gate, (_, head))| (head, format!("http://{}", gate.address())));
    let ways: Vec<_> = std::iter::once(("without the gate", server.url())).chain(gates).collect();

    let asked = [OWN, OTHER]
        .map(|page| Ok(json!({"url": url(page, port), "asks": asks(page, &ways, &calls)?})))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let seen = step("Chromium sends the calls of the page", |_| chromium.ask(&json!({"pages": asked})))?;
    let heads: Vec<_> = ways.iter().map(|(head, _)| *head).collect();
    let mut table = FlowTable::new("page in Chromium", &heads);
    for page in [OWN, OTHER] {
        for (what, counts) in
            [("calls whose answer it reads", is_read as fn(&Value) -> bool), ("and that succeed", succeeds)]
        {
            let count = |head: &&str| {
                let answers = (0..calls.len()).map(|call| &seen[key(page, head, call)]);
                format!("{} of {}", answers.filter(|answer| counts(answer)).count(), calls.len())
            };
            table.row(&format!("{}: {what}", page.0), &heads.iter().map(count).collect::<Vec<_>>());
        }
    }
    // What the same calls get that no browser sends.
    let recorded = columns::settled("flows", PAGE)?;
    for (call, (name, _)) in calls.iter().enumerate() {
        for head in heads.iter().skip(1) {
            let expected = recorded.get(&(format!("page: {name}"), (*head).to_owned()));
            let expected = expected.with_context(|| format!("{PAGE} says nothing of {name}"))?;
            let (own, other) = (&seen[key(OWN, head, call)], &seen[key(OTHER, head, call)]);
            // Whether there is a route is asked by a preflight, whose refusal no script reads.
            let right = match expected.strip_suffix(" route_unknown") {
                Some(_) => !is_read(own),
                None => {
                    own["status"].as_u64().map(|status| status.to_string()).as_deref()
                        == expected.split(' ').next()
                }
            };
            summary.count((!right).then(|| format!("{name}, {head}: the page reads {own}, not {expected}")));
            summary.count(is_read(other).then(|| format!("{name}, {head}: another page reads {other}")));
        }
    }
    table.settle(PAGE, summary)
}

fn url((_, host): Page, port: u64) -> String {
    format!("http://{host}:{port}")
}

/// What `page` asks for by each of the ways, as `browser.mjs` takes it.
fn asks(page: Page, ways: &[(&str, String)], calls: &Outcomes) -> Result<Vec<Value>> {
    let mut asks = Vec::new();
    for (head, address) in ways {
        for (call, (_, sent)) in calls.iter().enumerate() {
            let sent: Value = serde_json::from_str(sent)?;
            let target = sent["target"].as_str().context("a call has no target")?;
            let url = format!("{address}{target}");
            asks.push(json!({"id": key(page, head, call), "url": url, "init": sent["init"]}));
        }
    }
    Ok(asks)
}

/// What a call is known by.
fn key((name, _): Page, way: &str, call: usize) -> String {
    format!("{name}, {way}, {call}")
}

fn is_read(answer: &Value) -> bool {
    answer["status"].is_u64()
}

fn succeeds(answer: &Value) -> bool {
    answer["status"].as_u64().is_some_and(|status| (200..300).contains(&status))
}
