//! An Envoy with a listener for every way to treat a body, an origin behind it, and what must become of a request.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use portcullis_host_tests::{bound, runtime};
use portcullis_test_support::client::upload::{self, Body};
use portcullis_test_support::client::{Request, Response};
use portcullis_test_support::host::envoy::Envoy;
use portcullis_test_support::origin::builtin::Builtin;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::step::Step;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::setup::{TRAPS, secrets, settings};

/// What a small buffer of Envoy holds, in bytes.
pub(crate) const SMALL: usize = 16 * 1024;

/// The listeners, by their numbers.
pub(crate) const ENFORCES: usize = 0;
pub(crate) const REPORTS: usize = 1;
pub(crate) const REPORTS_TO_CALLERS: usize = 2;
pub(crate) const WITH_TRAILERS: usize = 3;
pub(crate) const SMALL_BUFFER: usize = 4;
/// As before Envoy 1.35, or if somebody has not read the documentation.
pub(crate) const SHOWS_NO_BODY: usize = 5;

/// What must become of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    /// In the log; `None` if there is no decision.
    pub(crate) decision: Option<&'static str>,
    pub(crate) reason: Option<&'static str>,
    /// Whether the origin receives it, with every byte of the body.
    pub(crate) arrives: bool,
}

pub(crate) const ALLOWED: Expected =
    Expected { status: 200, decision: Some("allow"), reason: None, arrives: true };

pub(crate) const fn refused(status: u16, reason: &'static str) -> Expected {
    Expected { status, decision: Some("deny"), reason: Some(reason), arrives: false }
}

/// Would have been refused.
pub(crate) const fn reported(reason: &'static str) -> Expected {
    Expected { status: 200, decision: Some("deny"), reason: Some(reason), arrives: true }
}

/// Envoy itself answers, without a decision.
pub(crate) const fn undecided(status: u16) -> Expected {
    Expected { status, decision: None, reason: None, arrives: false }
}

/// An Envoy, its origin, and whoever asks.
pub(crate) struct Scene {
    pub(crate) envoy: Envoy,
    pub(crate) origin: Builtin,
    pub(crate) runtime: Runtime,
    pub(crate) token: String,
}

impl Scene {
    pub(crate) fn start(step: &Step, wasm: &Path, name: &str) -> Result<Self> {
        let runtime = runtime()?;
        let secrets: BTreeMap<String, String> = secrets()?;
        let origin = runtime.block_on(Builtin::start(&secrets["ISSUER_SECRET"]))?;
        let token = tokens::agentflow("alice", Some("user"), &secrets["ISSUER_SECRET"])?;
        let listener = |mode: &str, reason_header: bool| {
            settings(&config(mode, reason_header), &secrets, origin.address())
        };
        let enforcing = || listener("enforce", true);
        let listeners = [
            enforcing(),
            listener("report", false),
            listener("report", true),
            enforcing(),
            enforcing(),
            enforcing(),
        ];
        let manager = "/filter_chains/0/filters/0/typed_config";
        let change = |index: usize, listener: &mut Value| {
            if index == SMALL_BUFFER {
                listener["per_connection_buffer_limit_bytes"] = SMALL.into();
            }
            let Some(manager) = listener.pointer_mut(manager) else { return };
            if index == WITH_TRAILERS {
                manager["http_protocol_options"] = json!({"enable_trailers": true});
            }
            if index == SHOWS_NO_BODY {
                manager["stream_idle_timeout"] = "1s".into();
                let filter = manager.pointer_mut("/http_filters/0/typed_config/config");
                filter.into_iter().for_each(|it| it["allow_on_headers_stop_iteration"] = false.into());
            }
        };
        let envoy = Envoy::start_changed(&listeners, wasm, name, change, step)?;
        Ok(Self { envoy, origin, runtime, token })
    }

    /// Checks that the filter has not trapped so far.
    pub(crate) fn expect_no_trap(&self, summary: &mut Summary) {
        let log = self.envoy.log();
        let trap = log.lines().find(|line| TRAPS.iter().any(|sign| line.contains(sign)));
        summary.count(trap.map(|line| format!("the filter trapped: {line}")));
    }

    /// A request of alice's with a body that is JSON.
    pub(crate) fn request(&self, target: &str) -> Request {
        Request::new("POST", target).bearer(&self.token).header("Content-Type", "application/json")
    }

    /// Sends `request` with `body`, and compares the status, the log, and what reached the origin.
    pub(crate) fn expect(
        &self,
        what: &str,
        listener: usize,
        request: &Request,
        body: &Body,
        expected: Expected,
        summary: &mut Summary,
    ) -> Result<Option<Response>> {
        let (decided, arrived) = (self.envoy.decisions().len(), self.origin.arrivals().len());
        let address = self.envoy.address(listener);
        let response = self.runtime.block_on(upload::send(address, request, body))?;
        let sent = body.bytes();
        let timeout = if expected.decision.is_some() { PATIENCE } else { Duration::from_millis(300) };
        let decisions = self.envoy.wait_for_decisions(decided + 1, timeout);
        let line = decisions.get(decided).cloned().unwrap_or_default();
        let arrivals = self.origin.arrivals();
        let arrival = arrivals.get(arrived);
        let got = (
            response.as_ref().map_or(0, |response| response.status),
            line["decision"].as_str(),
            line["reason"].as_str(),
            arrival.is_some(),
            line["reported"] == true,
        );
        let Expected { status, decision, reason, arrives } = expected;
        let due = (status, decision, reason, arrives, arrives && reason.is_some());
        summary.count((got != due).then(|| format!("{what}: got {got:?}, expected {due:?}; log: {line}")));
        let body = arrival.and_then(|arrival| arrival.body.as_deref());
        let altered = arrival.is_some() && body != Some(sent.as_slice());
        summary.count(altered.then(|| {
            format!("{what}: of {} bytes the origin received {:?}", sent.len(), body.map(<[u8]>::len))
        }));
        Ok(response)
    }
}

fn config(mode: &str, reason_header: bool) -> Value {
    json!({
        "profile": "agentflow",
        "mode": mode,
        "audit": {"reason_header": reason_header},
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}]}],
        "policy": bound::policy(),
    })
}
