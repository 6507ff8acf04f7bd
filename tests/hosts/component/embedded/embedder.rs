//! A program around the pure gate, as `wit/auth.wit` asks for one, in front of an origin that is an identity provider as well.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use portcullis_host_tests::runtime;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::gate::{Calls, GateComponent, GateHost, Reply};
use portcullis_test_support::identity_provider::{CLIENT, IdentityProvider, Signing};
use portcullis_test_support::native::{Head, Supply};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::live::stage::expect_requests;

/// What is expected of a request: the status, 200 if it is handed on, and the reason.
pub(super) type Expected<'e> = (u16, Option<&'e str>);

/// A gate whose calls are sent over HTTP, and a clock that is set.
pub(super) struct Embedder {
    pub(super) gate: GateHost,
    pub(super) provider: IdentityProvider,
    pub(super) now: u64,
    runtime: Runtime,
}

/// What `gate.load` says of a document, for a host that sends `calls`.
pub(super) fn load(
    component: &GateComponent,
    document: &Value,
    calls: Calls,
) -> Result<Result<GateHost, Vec<String>>> {
    let secrets = BTreeMap::from([("CLIENT_SECRET".to_owned(), CLIENT.1.to_owned())]);
    component.load_sending(document.to_string().as_bytes(), &secrets, calls)
}

impl Embedder {
    /// With the document that `document` makes for a provider with one key, `ES256-1`.
    pub(super) fn start(
        component: &GateComponent,
        document: impl FnOnce(&IdentityProvider) -> Value,
    ) -> Result<Self> {
        Self::start_with(component, IdentityProvider::start_with(&[Signing::Es256])?, Calls::All, document)
    }

    /// The same in front of `provider`, where only some calls are sent.
    pub(super) fn start_with(
        component: &GateComponent,
        provider: IdentityProvider,
        calls: Calls,
        document: impl FnOnce(&IdentityProvider) -> Value,
    ) -> Result<Self> {
        let gate = load(component, &document(&provider), calls)?;
        let gate = gate.map_err(|errors| anyhow!("{}", errors.join("\n")))?;
        Ok(Self { gate, provider, now: now_secs(), runtime: runtime()? })
    }

    /// Shows a request to the gate: the first step.
    pub(super) fn begin(&mut self, request: &Request) -> Result<Value> {
        let Request { method, target, headers, .. } = request;
        self.gate.authorize(&Head { method, target, headers, request_id: "check" }, self.now)
    }

    /// Goes on with everything that is needed, until there is a verdict.
    pub(super) fn settle(&mut self, mut step: Value, body: &[u8]) -> Result<Value> {
        while let Some(need) = step.get("need") {
            let pending = self.gate.last()?;
            step = if let Some(call) = need.get("call") {
                let reply = self.send(call)?;
                self.gate.reply(pending, reply.as_ref(), self.now)?
            } else if let Some(millis) = need["wait"].as_u64() {
                sleep(Duration::from_millis(millis));
                self.gate.again(pending, self.now)?
            } else if let Some(limit) = need["body"].as_u64() {
                let length = usize::try_from(limit)?.saturating_add(1).min(body.len());
                self.gate.supply(&Supply::Body(&body[..length]), self.now)?
            } else {
                bail!("a need of another kind: {need}")
            };
        }
        Ok(step["verdict"].clone())
    }

    /// Sends a call, as it is; none if there is no whole reply in time.
    pub(super) fn send(&self, call: &Value) -> Result<Option<Reply>> {
        let target = &call["target"];
        let own = |url: &'_ str| url.strip_prefix(&self.provider.issuer()).map(str::to_owned);
        let path = target["origin"].as_str().map(str::to_owned).or_else(|| own(target["url"].as_str()?));
        let path = path.with_context(|| format!("a call to somebody else: {target}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut request = Request::new(&text(&call["method"]), path);
        for header in call["headers"].as_array().into_iter().flatten() {
            request = request.header(text(&header["name"]), text(&header["value"]));
        }
        request.body = text(&call["body"]).into_bytes();
        let number =
            |name: &str| call[name].as_u64().with_context(|| format!("a call without {name}: {call}"));
        let (limit, seconds) = (usize::try_from(number("reply_limit")?)?, number("timeout_seconds")?);
        let response = self.runtime.block_on(async {
            let response = client::send(self.provider.address(), &request);
            tokio::time::timeout(Duration::from_secs(seconds), response).await
        });
        let Ok(Ok(response)) = response else { return Ok(None) };
        let bytes = response.chunks.iter().flat_map(|chunk| chunk.bytes.iter().copied());
        let body = bytes.take(limit.saturating_add(1)).collect();
        Ok(Some(Reply { status: response.status, headers: response.headers, body }))
    }

    /// Fetches all that is due; how many calls that took.
    pub(super) fn refresh(&mut self) -> Result<usize> {
        let mut calls = 0;
        loop {
            let mut fetch = self.gate.due(self.now)?;
            if fetch.is_null() {
                return Ok(calls);
            }
            while let Some(call) = fetch.get("call") {
                let (pending, reply) = (self.gate.last()?, self.send(call)?);
                calls += 1;
                fetch = self.gate.reply(pending, reply.as_ref(), self.now)?;
            }
        }
    }

    /// Decides about a request, and compares status and reason.
    pub(super) fn expect(
        &mut self,
        what: &str,
        request: &Request,
        expected: Expected<'_>,
        summary: &mut Summary,
    ) -> Result<()> {
        let step = self.begin(request)?;
        let verdict = self.settle(step, &request.body)?;
        compare(what, &verdict, expected, summary);
        Ok(())
    }

    /// Checks what there is to tell about sources: the lines `texts`, and no other.
    pub(super) fn expect_notices(
        &mut self,
        what: &str,
        texts: &[String],
        summary: &mut Summary,
    ) -> Result<()> {
        let notices = self.gate.notices(self.now)?;
        let wrong = notices != json!(texts);
        summary.count(wrong.then(|| format!("{what}: told {notices}, not {texts:?}")));
        Ok(())
    }

    /// Checks how often `path` has been asked for since `before`.
    pub(super) fn expect_requests(
        &self,
        what: &str,
        (path, before): (&str, usize),
        expected: usize,
        summary: &mut Summary,
    ) {
        expect_requests(&self.provider, what, (path, before), expected, summary);
    }
}

/// Compares status and reason of a verdict. A refusal that may pass says when to come back.
pub(super) fn compare(what: &str, verdict: &Value, expected: Expected<'_>, summary: &mut Summary) {
    let (decision, reason) = (&verdict["decision"], verdict["diagnostics"]["reason"].as_str());
    let status = if decision["allow"].is_object() { json!(200) } else { decision["deny"]["status"].clone() };
    let wrong = status != expected.0 || reason != expected.1;
    summary.count(wrong.then(|| format!("{what}: got {status} and {reason:?}, expected {expected:?}")));
    if expected.0 == 503 {
        let headers = decision["deny"]["headers"].as_array();
        let told = headers.into_iter().flatten().any(|header| header["name"] == "retry-after");
        summary.count((!told).then(|| format!("{what}: no Retry-After")));
    }
}
