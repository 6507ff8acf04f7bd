//! What the script needs: the Worker in workerd, an origin behind it, secrets and credentials for one run.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Result;
use serde_json::json;
use tokio::runtime::Runtime;

use super::script::Pass;
use crate::artefact::WorkerArtefact;
use crate::host::workerd::{WorkerSettings, Workerd};
use crate::origin::agentflow::AgentFlow;
use crate::origin::builtin::Builtin;
use crate::origin::tokens;
use crate::root::root;
use crate::step::step;
use crate::tools::python;

/// The origins to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginKind {
    /// A small server inside this program that answers as AgentFlow does.
    Builtin,
    /// The real AgentFlow 0.6.1, from PyPI.
    Agentflow,
}

/// Seconds the script's tokens are valid.
const LIFETIME_SECS: u64 = 300;

/// The gate, its origin, and the secrets they share.
pub struct Stage {
    /// The Worker.
    pub artefact: WorkerArtefact,
    /// The Worker in workerd.
    pub gate: Workerd,
    /// What is behind it.
    pub origin: Origin,
    /// An API key that it knows.
    pub api_key: String,
    issuer_secret: String,
}

/// The origin behind the gate.
pub enum Origin {
    /// The server inside this program.
    Builtin(Builtin),
    /// The real one.
    Agentflow(AgentFlow),
}

impl Origin {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Builtin(server) => server.address(),
            Self::Agentflow(server) => server.address(),
        }
    }
}

impl Stage {
    /// Sets everything up, step by step.
    ///
    /// # Errors
    ///
    /// If something does not start.
    pub fn set_up(artefact: WorkerArtefact, origin: OriginKind, runtime: &Runtime) -> Result<Self> {
        let (issuer_secret, origin_secret, pepper) =
            (tokens::secret()?, tokens::secret()?, tokens::secret()?);
        let api_key = tokens::api_key("demo")?;

        let origin = match origin {
            OriginKind::Builtin => step("start the built-in origin", |_| {
                runtime.block_on(Builtin::start(&origin_secret)).map(Origin::Builtin)
            })?,
            OriginKind::Agentflow => {
                let requirements = root().join("tests/agentflow/requirements-0.6.1.txt");
                let bin = step("install AgentFlow 0.6.1", |step| {
                    python::venv("agentflow-0.6.1", &requirements, step)
                })?;
                step("start AgentFlow 0.6.1", |_| {
                    AgentFlow::start(&bin, &origin_secret, "demo").map(Origin::Agentflow)
                })?
            }
        };

        // The secrets' names stand in the configuration; their values reach the Worker as its own secrets.
        let config = json!({
            "profile": "agentflow",
            "issuers": [{
                "issuer": tokens::ISSUER,
                "keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}],
                "claims": {"subject": "/sub"},
            }],
            "api_keys": {
                "pepper": {"env": "API_KEY_PEPPER"},
                "records": [{
                    "id": "demo",
                    "hash": tokens::key_hash(&pepper, &api_key)?,
                    "owner": "robot",
                    "roles": ["user"],
                }],
            },
            "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}}},
        });
        let secrets = BTreeMap::from([
            ("ISSUER_SECRET".to_owned(), issuer_secret.clone()),
            ("API_KEY_PEPPER".to_owned(), pepper),
            ("ORIGIN_SECRET".to_owned(), origin_secret),
        ]);
        let settings = WorkerSettings {
            config: config.to_string(),
            secrets,
            origin: format!("http://{}", origin.address()),
            kv: None,
        };
        let gate = step("start the Worker in workerd", |_| Workerd::start(&settings, &artefact.dir, "demo"))?;
        Ok(Self { artefact, gate, origin, api_key, issuer_secret })
    }

    /// The token for `pass`.
    pub fn token(&self, pass: Pass) -> Result<String> {
        self.token_for(pass, LIFETIME_SECS)
    }

    /// The token for `pass`, valid for so many seconds where that is up to us.
    pub fn token_for(&self, pass: Pass, lifetime_secs: u64) -> Result<String> {
        let issue = |subject, role| {
            tokens::identity_provider(subject, Some(role), &self.issuer_secret, lifetime_secs)
        };
        let now = tokens::now_secs();
        let admin = |issuer: &str, expires_at: u64| json!({"iss": issuer, "sub": "root", "role": "admin", "iat": now - 600, "exp": expires_at});
        match pass {
            Pass::Guest => issue("gina", "guest"),
            Pass::User => issue("alice", "user"),
            Pass::Admin => issue("root", "admin"),
            Pass::Garbage => Ok("garbage".to_owned()),
            Pass::Unsigned => Ok(tokens::unsigned(&admin(tokens::ISSUER, now + LIFETIME_SECS))),
            Pass::NoneSigned => {
                let signature =
                    tokens::sign(admin(tokens::ISSUER, now + LIFETIME_SECS), &self.issuer_secret)?;
                let signature = signature.rsplit('.').next().unwrap_or_default();
                Ok(tokens::unsigned(&admin(tokens::ISSUER, now + LIFETIME_SECS)) + signature)
            }
            Pass::Forged => tokens::sign(admin(tokens::ISSUER, now + LIFETIME_SECS), &tokens::secret()?),
            Pass::Expired => tokens::sign(admin(tokens::ISSUER, now - 1), &self.issuer_secret),
            Pass::OtherIssuer => {
                tokens::sign(admin("https://other.example", now + LIFETIME_SECS), &self.issuer_secret)
            }
        }
    }
}
