//! An Envoy with a document for each listener, behind which an identity provider is the origin.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use portcullis::base64url;
use portcullis_host_tests::runtime;
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::client::{self, Request, Response};
use portcullis_test_support::host::envoy::Envoy;
use portcullis_test_support::identity_provider::{CLIENT, IdentityProvider, KEYS};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::setup::{PATH, TRAPS, settings};

/// The least time between two fetches, and a little more.
pub(super) const REFETCH: Duration = Duration::from_secs(31);

pub(super) struct Stage {
    pub(super) envoy: Envoy,
    pub(super) origin: IdentityProvider,
    pub(super) runtime: Runtime,
    pub(super) started: Instant,
}

impl Stage {
    /// Starts Envoy with these documents and this many workers, as `edit` leaves its configuration.
    pub(super) fn start(
        artefact: &ProxyWasmArtefact,
        name: &str,
        workers: usize,
        documents: &[Value],
        edit: impl FnOnce(&mut Value),
    ) -> Result<Self> {
        let runtime = runtime()?;
        let origin = IdentityProvider::start()?;
        let secrets = BTreeMap::from([("CLIENT_SECRET".to_owned(), CLIENT.1.to_owned())]);
        let listeners: Vec<_> =
            documents.iter().map(|document| settings(document, &secrets, origin.address())).collect();
        let envoy = step("start Envoy", |step| {
            Envoy::start_edited(&listeners, &artefact.path, name, workers, edit, step)
        })?;
        Ok(Self { envoy, origin, runtime, started: Instant::now() })
    }

    pub(super) fn send(&self, listener: usize, request: &Request) -> Result<Response> {
        self.runtime.block_on(client::send(self.envoy.address(listener), request))
    }

    /// Sends a request with `token`, and compares the status.
    pub(super) fn expect(
        &self,
        what: &str,
        listener: usize,
        token: &str,
        status: u16,
        summary: &mut Summary,
    ) -> Result<Response> {
        let response = self.send(listener, &Request::new("GET", PATH).bearer(token))?;
        let got = response.status;
        summary.count(
            (got != status).then(|| format!("{what}: got {got}, expected {status}: {}", response.text())),
        );
        Ok(response)
    }

    /// The same for a refusal that says when to come back.
    pub(super) fn expect_later(
        &self,
        what: &str,
        (listener, token): (usize, &str),
        (status, reason): (u16, &str),
        summary: &mut Summary,
    ) -> Result<()> {
        let response = self.expect(what, listener, token, status, summary)?;
        let after = response.header("retry-after").and_then(|secs| secs.parse::<u64>().ok());
        let told = after.is_some_and(|secs| (1..=300).contains(&secs));
        summary.count((!told).then(|| format!("{what}: Retry-After is {after:?}")));
        let id = response.header("x-request-id").unwrap_or("none");
        self.envoy.wait_for_sign(&[id], PATIENCE);
        let lines = self.envoy.decisions();
        let got = lines.iter().find(|line| line["request_id"] == id).map(|line| line["reason"].clone());
        let wrong = got.as_ref().is_none_or(|got| got != reason);
        summary.count(wrong.then(|| format!("{what}: reason {got:?}, expected {reason}")));
        Ok(())
    }

    /// Checks that the filter has never trapped.
    pub(super) fn expect_no_trap(&self, summary: &mut Summary) {
        let log = self.envoy.log();
        let trap = log.lines().find(|line| TRAPS.iter().any(|sign| line.contains(sign)));
        summary.count(trap.map(|line| format!("the filter trapped: {line}")));
    }

    /// Waits until this long after the start.
    pub(super) fn wait_until(&self, since_start: Duration) {
        std::thread::sleep(since_start.saturating_sub(self.started.elapsed()));
    }
}

/// A document whose keys are fetched from the provider, in the way that `how` says.
pub(super) fn document(provider: &IdentityProvider, how: &Value) -> Value {
    let mut issuer = json!({"issuer": provider.issuer(), "claims": {"subject": "/sub"}});
    for (name, value) in how.as_object().into_iter().flatten() {
        issuer[name] = value.clone();
    }
    json!({"profile": "agentflow", "issuers": [issuer], "upstream": {"credential": "strip"}})
}

/// The same by the URL of the set.
pub(super) fn by_url(provider: &IdentityProvider) -> Value {
    document(provider, &json!({"jwks": {"url": provider.url(KEYS)}}))
}

/// A token that nobody has signed, under a key that nobody has published.
pub(super) fn forged(provider: &IdentityProvider, kid: &str) -> String {
    let part = |value: Value| base64url::encode(value.to_string().as_bytes());
    let header = part(json!({"alg": "ES256", "kid": kid}));
    let end = now_secs() + 600;
    let claims = part(json!({"iss": provider.issuer(), "sub": "mallory", "role": "admin", "exp": end}));
    format!("{header}.{claims}.{}", base64url::encode(&[7; 64]))
}
