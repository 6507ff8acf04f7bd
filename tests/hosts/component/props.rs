//! What the checks of the components share: a configuration, and secrets and tokens for one run.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, anyhow};
use portcullis_test_support::host::gate::{GateComponent, GateHost};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use serde_json::{Value, json};

/// Nothing listens there: port 9 (discard) is closed on any ordinary machine.
pub(crate) const NOBODY: &str = "http://127.0.0.1:9";
/// What the components of `wasi:http` say to `api_keys.lookup`.
pub(crate) const NO_STORE: &str = "/api_keys/lookup: this host has no store to look records up in";

/// The example's configuration, and secrets and a key for one run.
pub(crate) struct Props {
    pub(crate) config: String,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) api_key: String,
}

impl Props {
    pub(crate) fn make() -> Result<Self> {
        let config = fs::read_to_string(root().join("examples").join("agentflow").join("portcullis.json"))?;
        let names = ["JWT_SECRET_KEY", "PORTCULLIS_PEPPER", "ORIGIN_JWT_SECRET"];
        let secrets: Result<_> =
            names.into_iter().map(|name| Ok((name.to_string(), tokens::secret()?))).collect();
        Ok(Self { config, secrets: secrets?, api_key: tokens::api_key("check")? })
    }

    pub(crate) fn secret(&self, name: &str) -> Result<&str> {
        let secret = self.secrets.get(name).with_context(|| format!("no secret {name}"))?;
        Ok(secret)
    }

    /// A token as the example's issuer issues it.
    pub(crate) fn token(&self, role: &str, padding: &str) -> Result<String> {
        let claims = json!({
            "iss": "https://login.example.com",
            "aud": "agentflow",
            "sub": "alice",
            "user_id": "alice",
            "roles": [role],
            "exp": tokens::now_secs().saturating_add(300),
            "padding": padding,
        });
        tokens::sign(claims, self.secret("JWT_SECRET_KEY")?)
    }

    /// The configuration, and API keys whose records a store has.
    pub(crate) fn with_lookup(&self) -> Result<Value> {
        let mut config: Value = serde_json::from_str(&self.config)?;
        config["api_keys"] = json!({"pepper": {"env": "PORTCULLIS_PEPPER"}, "lookup": true});
        Ok(config)
    }

    /// The record of the API key, as a host would have stored it.
    pub(crate) fn record(&self) -> Result<Vec<u8>> {
        let hash = tokens::key_hash(self.secret("PORTCULLIS_PEPPER")?, &self.api_key)?;
        Ok(json!({"id": "check", "hash": hash, "roles": ["user"]}).to_string().into_bytes())
    }

    /// What a component finds in its environment.
    pub(crate) fn environment(&self, origin: &str) -> BTreeMap<String, String> {
        let further = [("PORTCULLIS_CONFIG", self.config.as_str()), ("ORIGIN", origin)]
            .map(|(name, value)| (name.to_string(), value.to_string()));
        self.secrets.clone().into_iter().chain(further).collect()
    }

    /// A gate with the configuration `config`, which may use the secrets of this run.
    pub(crate) fn load(&self, component: &GateComponent, config: &str) -> Result<GateHost> {
        let gate = component.load(config.as_bytes(), &self.secrets)?;
        gate.map_err(|errors| anyhow!("{}", errors.join("\n")))
    }
}
