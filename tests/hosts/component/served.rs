//! A component in `wasmtime serve`, and what it says of each request.

use anyhow::Result;
use portcullis_test_support::client::{self, Request, Response};
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::summary::Summary;
use serde_json::Value;
use tokio::runtime::Runtime;

/// A component in `wasmtime serve`, with a client.
pub(crate) struct Served<'r> {
    pub(crate) serve: WasmtimeServe,
    pub(crate) runtime: &'r Runtime,
}

impl Served<'_> {
    pub(crate) fn send(&self, request: &Request) -> Result<Response> {
        self.runtime.block_on(client::send(self.serve.address(), request))
    }

    /// Sends `request`, and compares the status of the response and the reason in the log.
    pub(crate) fn expect(
        &self,
        what: &str,
        request: &Request,
        status: u16,
        reason: Option<&str>,
        summary: &mut Summary,
    ) -> Result<Response> {
        let before = self.serve.decisions().len();
        let response = self.send(request)?;
        let decision = self.decision_after(before);
        let got = decision["reason"].as_str();
        let wrong = response.status != status || got != reason;
        summary.count(wrong.then(|| {
            format!("{what}: got {} and {decision}, expected {status} and {reason:?}", response.status)
        }));
        Ok(response)
    }

    /// The decision logged after `count` others.
    pub(crate) fn decision_after(&self, count: usize) -> Value {
        self.serve.wait_for_decision(count, PATIENCE).unwrap_or_default()
    }

    /// Whether the component has said this on standard error or standard output.
    pub(crate) fn expect_log(&self, what: &str, text: &str, summary: &mut Summary) {
        let log = self.serve.log();
        summary.count((!log.contains(text)).then(|| format!("{what}: the log does not say `{text}`: {log}")));
    }
}
