//! A certified OpenID provider, npm's `oidc-provider`: an issuer that nobody here has written.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::client::{self, Request};
use crate::host::node_server::NodeServer;
use crate::root::{root, target};
use crate::step::step;
use crate::tools::node;

/// Its one client, which gets tokens for itself and may introspect. The secret has to be encoded to be one of HTTP Basic.
pub const CLIENT: (&str, &str) = ("the gate", "a secret+of: the/test client, 0123456789");
/// For which its JWTs are.
pub const AUDIENCE: &str = "urn:portcullis:test";
/// What its tokens are good for.
pub const SCOPE: &str = "checkpointer:read";
/// Where its keys are.
pub const KEYS: &str = "/jwks";
/// Where it introspects.
pub const INTROSPECT: &str = "/token/introspection";

/// A running provider; it ends when dropped. Its first key has the name `1`.
#[derive(Debug)]
pub struct OidcProvider(NodeServer);

impl OidcProvider {
    /// Starts one on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// If npm cannot install it, or it does not start.
    pub fn start() -> Result<Self> {
        step("the OpenID provider", node::npm)?;
        let script = root().join("tests/support/npm/oidc-provider.mjs");
        let environment = [("CLIENT_ID", CLIENT.0), ("CLIENT_SECRET", CLIENT.1), ("SCOPE", SCOPE)];
        let environment: BTreeMap<_, _> =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let script = script.to_str().context("the path of this folder is no text")?;
        NodeServer::start(&target("npm"), script, &environment).map(Self)
    }

    /// Its name, which is also the beginning of all its URLs.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.0.address())
    }

    /// A JWT access token for [`AUDIENCE`], by the first of the published keys.
    ///
    /// # Errors
    ///
    /// If it issues none.
    pub fn token(&self) -> Result<String> {
        let resource = utf8_percent_encode(AUDIENCE, NON_ALPHANUMERIC);
        self.issue(&format!("&resource={resource}"))
    }

    /// An access token that only it can tell anything about.
    ///
    /// # Errors
    ///
    /// If it issues none.
    pub fn opaque_token(&self) -> Result<String> {
        self.issue("")
    }

    fn issue(&self, more: &str) -> Result<String> {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let pair = format!("{}:{}", encoded(CLIENT.0), encoded(CLIENT.1));
        let mut request = Request::new("POST", "/token")
            .header("Authorization", format!("Basic {}", base64(pair.as_bytes())))
            .header("Content-Type", "application/x-www-form-urlencoded");
        request.body = format!("grant_type=client_credentials&scope={}{more}", encoded(SCOPE)).into();
        let issued = self.ask(&request)?;
        let token = issued["access_token"].as_str();
        Ok(token.with_context(|| format!("no token was issued: {}", issued["error"]))?.to_owned())
    }

    /// Publishes these keys from now on, each made when it is first named, and signs with the first. What other keys have
    /// signed is not taken back.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub fn publish(&self, keys: &[&str]) -> Result<()> {
        self.ask(&Request::new("PUT", "/test/keys").json(&json!(keys).to_string())).map(drop)
    }

    /// How many requests have come for `path`.
    ///
    /// # Errors
    ///
    /// If it does not say.
    pub fn requests(&self, path: &str) -> Result<u64> {
        Ok(self.ask(&Request::new("GET", "/test/requests"))?[path].as_u64().unwrap_or_default())
    }

    fn ask(&self, request: &Request) -> Result<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let response = runtime.block_on(client::send(self.0.address(), request))?;
        let Ok(answer) = serde_json::from_str(&response.text()) else {
            bail!("the provider answered {}: {}", response.status, response.text())
        };
        Ok(answer)
    }
}

/// With padding, as HTTP Basic has it (RFC 7617).
fn base64(bytes: &[u8]) -> String {
    let text = portcullis::base64url::encode(bytes).replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    text + &padding
}
