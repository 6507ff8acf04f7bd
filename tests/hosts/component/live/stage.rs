//! A component in wasmtime, in front of an origin that is an identity provider as well.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result};
use portcullis::base64url;
use portcullis_test_support::client::{Request, Response};
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::identity_provider::{CLIENT, IdentityProvider, KEYS};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::served::Served;

/// A path that needs a credential.
pub(crate) const PATH: &str = "/v1/threads";
/// What the README adds to the command for a gate that learns: an instance keeps what it knows over a quiet time.
const LASTING: &[&str] = &["--idle-instance-timeout", "600s"];

/// One compilation for all that serve it.
pub(crate) fn precompile(component: &Path) -> Result<PathBuf> {
    step("compile the proxy in wasmtime", |step| WasmtimeServe::precompile(component, "check-live", step))
}

/// For how long an instance is still busy when its response is out: whoever comes sooner meets another, which has learned
/// nothing yet.
const ENDING: Duration = Duration::from_millis(20);

/// A gate, and its origin.
pub(super) struct Stage<'r> {
    pub(super) served: Served<'r>,
    pub(super) provider: IdentityProvider,
}

impl<'r> Stage<'r> {
    /// With the document that `document` makes for the provider. `name` tells it apart from others of the component.
    pub(super) fn start(
        component: &Path,
        runtime: &'r Runtime,
        name: &str,
        document: impl FnOnce(&IdentityProvider) -> Value,
    ) -> Result<Self> {
        let provider = IdentityProvider::start()?;
        let environment = [
            ("PORTCULLIS_CONFIG", document(&provider).to_string()),
            ("ORIGIN", provider.issuer()),
            ("CLIENT_SECRET", CLIENT.1.to_owned()),
        ];
        let environment: BTreeMap<_, _> =
            environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let component_name =
            component.file_stem().and_then(OsStr::to_str).context("a component without a name")?;
        let name = format!("{component_name}-{name}");
        let serve = WasmtimeServe::start(component, &environment, LASTING, &name)?;
        Ok(Self { served: Served { serve, runtime }, provider })
    }

    /// Sends a request with `token`, and compares status and reason.
    pub(super) fn expect(
        &self,
        what: &str,
        token: &str,
        (status, reason): (u16, Option<&str>),
        summary: &mut Summary,
    ) -> Result<Response> {
        let request = Request::new("GET", PATH).bearer(token);
        let response = self.served.expect(what, &request, status, reason, summary)?;
        sleep(ENDING);
        Ok(response)
    }

    /// The same for a refusal that says when to come back.
    pub(super) fn expect_later(
        &self,
        what: &str,
        token: &str,
        reason: &str,
        summary: &mut Summary,
    ) -> Result<()> {
        let response = self.expect(what, token, (503, Some(reason)), summary)?;
        let after = response.header("retry-after").and_then(|secs| secs.parse::<u64>().ok());
        let told = after.is_some_and(|secs| (1..=300).contains(&secs));
        summary.count((!told).then(|| format!("{what}: Retry-After is {after:?}")));
        Ok(())
    }

    /// A good token under the first key.
    pub(super) fn good(&self) -> Result<String> {
        self.provider.token("ES256-1", "alice", "user")
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

/// Checks how often `provider` has been asked for `path` since `before`.
pub(crate) fn expect_requests(
    provider: &IdentityProvider,
    what: &str,
    (path, before): (&str, usize),
    expected: usize,
    summary: &mut Summary,
) {
    let got = provider.requests(path) - before;
    summary.count((got != expected).then(|| format!("{what}: {got} requests of {path}, not {expected}")));
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
pub(crate) fn by_url(provider: &IdentityProvider) -> Value {
    document(provider, &json!({"jwks": {"url": provider.url(KEYS)}}))
}

/// The same by discovery.
pub(crate) fn discovered(provider: &IdentityProvider) -> Value {
    document(provider, &json!({"discover": true}))
}

/// A token that nobody has signed.
pub(crate) fn forged(provider: &IdentityProvider, kid: &str) -> String {
    let part = |value: Value| base64url::encode(value.to_string().as_bytes());
    let header = part(json!({"alg": "ES256", "kid": kid}));
    let end = now_secs() + 600;
    let claims = part(json!({"iss": provider.issuer(), "sub": "mallory", "role": "admin", "exp": end}));
    format!("{header}.{claims}.{}", base64url::encode(&[7; 64]))
}
