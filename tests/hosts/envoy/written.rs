//! Where decisions are written down: in the log, in the access log, in both or in none. What is decided is the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Result;
use portcullis_host_tests::runtime;
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::refused::not_refused;
use crate::setup::{PATH, TRAPS, config, secrets, settings};

/// Nobody is asked.
const NOBODY: ([u8; 4], u16) = ([127, 0, 0, 1], 9);
/// How often a client may fail.
const FAILURES: usize = 3;

/// The listeners: the plain one, one that keeps decisions, and one that counts failures by client.
const PLAIN: usize = 0;
const KEEPS: usize = 1;
const COUNTS: usize = 2;

/// Shows a client of the test what an access log would be told.
const SHOWN: &str = "x-filter-state";

pub(crate) fn check(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let secrets = secrets()?;
    let token = tokens::identity_provider("alice", Some("user"), &secrets["ISSUER_SECRET"], 300)?;
    let mut limited = config();
    limited["limits"] = json!({"failures": {"count": FAILURES, "window_secs": 60}});
    let nobody = SocketAddr::from(NOBODY);
    let listeners = [
        settings(&config(), &secrets, nobody),
        settings(&config(), &keeping("decision", &secrets), nobody),
        settings(&limited, &secrets, nobody),
    ];
    let show = |_, listener: &mut Value| {
        let Some(manager) = listener.pointer_mut("/filter_chains/0/filters/0/typed_config") else { return };
        let value = "%FILTER_STATE(wasm.portcullis.decision:PLAIN)%";
        let header = json!({"header": {"key": SHOWN, "value": value}});
        manager["route_config"]["response_headers_to_add"] = json!([header]);
        manager["route_config"]["virtual_hosts"][0]["routes"] =
            json!([{"match": {"prefix": "/"}, "direct_response": {"status": 200}}]);
    };
    let envoy = step("start Envoy", |step| {
        Envoy::start_changed(&listeners, &artefact.path, "check-written", show, step)
    })?;
    // The status, and what an access log would be told.
    let ask = |listener: usize, request: &Request| -> Result<(u16, Option<Value>)> {
        let response = runtime.block_on(client::send(envoy.address(listener), request))?;
        let shown = response.header(SHOWN).and_then(|text| serde_json::from_str(text).ok());
        Ok((response.status, shown))
    };
    let good = Request::new("GET", PATH).bearer(&token);
    for (log, logged) in [("on", true), ("off", false)] {
        if !logged {
            envoy.be_quiet()?;
        }
        for (listener, keeps) in [(PLAIN, false), (KEEPS, true)] {
            let before = envoy.decisions().len();
            let (status, shown) = ask(listener, &good)?;
            let got = shown.as_ref().map(|line| [&line["decision"], &line["subject"], &line["client"]]);
            let [allow, alice, client] = [json!("allow"), json!("alice"), json!("127.0.0.1")];
            let expected = keeps.then_some([&allow, &alice, &client]);
            let wrong = status != 200 || got != expected;
            summary.count(wrong.then(|| {
                format!("log {log}, listener {listener}: got {status}, {shown:?}, expected {expected:?}")
            }));
            if logged {
                let lines = envoy.wait_for_decisions(before + 1, PATIENCE);
                let line = lines.get(before).cloned().unwrap_or_default();
                let wrong = line["subject"] != alice || line["client"] != client;
                summary.count(wrong.then(|| format!("listener {listener}: the log has {line}")));
            }
        }
    }
    // The client is known without a line, too.
    let bad = Request::new("GET", PATH).bearer(&format!("{token}A"));
    for number in 0..=FAILURES {
        let (status, _) = ask(COUNTS, &bad)?;
        let expected = if number < FAILURES { 401 } else { 429 };
        summary
            .count((status != expected).then(|| format!("failure {number}: got {status}, not {expected}")));
    }
    let (lines, log) = (envoy.decisions(), envoy.log());
    let wrong = lines.len() != 2;
    summary.count(wrong.then(|| format!("the log has decisions that nobody was to read: {lines:?}")));
    let trap = log.lines().find(|line| TRAPS.iter().any(|sign| line.contains(sign)));
    summary.count(trap.map(|line| format!("the filter trapped: {line}")));
    Ok(())
}

/// Envoy does not start with something else to keep.
pub(crate) fn refused(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let secrets = keeping("decisions", &secrets()?);
    let settings = EnvoySettings { config: config().to_string(), secrets, origin: SocketAddr::from(NOBODY) };
    let outcome =
        step("ask Envoy", |step| Envoy::start(&[settings], &artefact.path, "check-written-refused", step));
    let said = ["no request is allowed", "PORTCULLIS_FILTER_STATE is \"decisions\""];
    summary.count(not_refused("another word", outcome.err(), &said));
    Ok(())
}

/// The variables of the VM, and what it is to keep.
fn keeping(what: &str, secrets: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut variables = secrets.clone();
    variables.insert("PORTCULLIS_FILTER_STATE".to_owned(), what.to_owned());
    variables
}
