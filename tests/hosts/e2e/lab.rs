//! Everything the test needs, started at once: two releases of the server, gates in front of them, secrets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use portcullis_test_support::artefact::WorkerArtefact;
use portcullis_test_support::build;
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::origin::agentflow::AgentFlow;
use portcullis_test_support::origin::builtin::Builtin;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use portcullis_test_support::step::Step;
use portcullis_test_support::tools::python;

/// The running parts.
pub(crate) struct Lab {
    pub(crate) artefact: WorkerArtefact,
    pub(crate) secrets: Secrets,
    /// AgentFlow 0.6.1.
    pub(crate) first: Release,
    /// 10xGraph 0.9.0.
    pub(crate) second: Release,
    /// In front of the first release, with a role of its own for uploads.
    pub(crate) uploads: Workerd,
    /// An origin that records what reaches it, and a gate in front.
    pub(crate) recorder: Builtin,
    pub(crate) recorded: Workerd,
}

/// One release of the server and the gates in front of it.
pub(crate) struct Release {
    pub(crate) name: &'static str,
    pub(crate) server: AgentFlow,
    pub(crate) forward: Gate,
    pub(crate) swap: Gate,
}

/// A gate, and how its callers prove who they are.
pub(crate) struct Gate {
    pub(crate) workerd: Workerd,
    issue: Issue,
    secret: String,
}

#[derive(Clone, Copy)]
enum Issue {
    /// AgentFlow's own tokens: `user_id`.
    Agentflow,
    /// An identity provider's: `iss` and `sub`.
    IdentityProvider,
}

impl Gate {
    pub(crate) fn address(&self) -> SocketAddr {
        self.workerd.address()
    }

    /// A token this gate accepts.
    pub(crate) fn token(&self, user: &str, role: Option<&str>) -> Result<String> {
        match self.issue {
            Issue::Agentflow => tokens::agentflow(user, role, &self.secret),
            Issue::IdentityProvider => tokens::identity_provider(user, role, &self.secret, 300),
        }
    }
}

/// Secrets for one run.
#[derive(Clone)]
pub(crate) struct Secrets {
    /// The servers' `JWT_SECRET_KEY`.
    pub(crate) origin: String,
    pub(crate) identity_provider: String,
    pub(crate) pepper: String,
    /// An API key whose record is in the configuration of [`swap_config`].
    pub(crate) api_key: String,
}

impl Secrets {
    fn make() -> Result<Self> {
        Ok(Self {
            origin: tokens::secret()?,
            identity_provider: tokens::secret()?,
            pepper: tokens::secret()?,
            api_key: tokens::api_key("robot")?,
        })
    }

    fn by_name(&self) -> BTreeMap<String, String> {
        [
            ("ORIGIN_SECRET", &self.origin),
            ("IDP_SECRET", &self.identity_provider),
            ("PEPPER", &self.pepper),
            // As what `config init` prints names them.
            ("ORIGIN_JWT_SECRET", &self.origin),
            ("JWT_SECRET_KEY", &self.identity_provider),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into()
    }
}

/// The origin's own tokens, passed on as they are.
pub(crate) fn forward_config() -> Value {
    json!({
        "profile": "agentflow",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "ORIGIN_SECRET"}}]}],
    })
}

/// Tokens of an identity provider, and an API key, swapped for tokens of the origin.
pub(crate) fn swap_config(secrets: &Secrets) -> Result<Value> {
    Ok(json!({
        "profile": "agentflow",
        "issuers": [{
            "issuer": tokens::ISSUER,
            "keys": [{"alg": "HS256", "secret": {"env": "IDP_SECRET"}}],
            "claims": {"subject": "/sub"},
        }],
        "api_keys": {
            "pepper": {"env": "PEPPER"},
            "records": [{
                "id": "robot",
                "hash": tokens::key_hash(&secrets.pepper, &secrets.api_key)?,
                "roles": ["user"],
            }],
        },
        "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}}},
    }))
}

impl Lab {
    pub(crate) fn set_up(step: &Step, runtime: &Runtime) -> Result<Self> {
        let artefact = build::worker(step)?;
        let fixture = root().join("tests/agentflow");
        let first = python::venv("agentflow-0.6.1", &fixture.join("requirements-0.6.1.txt"), step)?;
        let second = python::venv("10xgraph-0.9.0", &fixture.join("requirements-0.9.0.txt"), step)?;
        let secrets = Secrets::make()?;

        step.message("starting servers");
        let started = thread::scope(|scope| {
            let start = |bin, name| {
                let (artefact, secrets) = (&artefact, &secrets);
                scope.spawn(move || Release::start(bin, name, artefact, secrets))
            };
            let (first, second) = (start(&first, "agentflow-0.6.1"), start(&second, "10xgraph-0.9.0"));
            [first, second].map(|release| match release.join() {
                Ok(release) => release,
                Err(_) => Err(anyhow!("a thread that starts a server failed")),
            })
        });
        let [first, second] = started;
        let (first, second) = (first?, second?);

        let mut config = forward_config();
        if let Some(config) = config.as_object_mut() {
            config.insert(
                "policy".to_owned(),
                json!({"roles": {"uploader": {"permissions": ["files:upload"]}, "guest": {}}}),
            );
        }
        let uploads = start_gate(&config, first.server.address(), &artefact, &secrets, "e2e-uploads", None)?;
        let recorder = runtime.block_on(Builtin::start(&secrets.origin))?;
        let config = swap_config(&secrets)?;
        let recorded = start_gate(&config, recorder.address(), &artefact, &secrets, "e2e-recorded", None)?;
        Ok(Self { artefact, secrets, first, second, uploads, recorder, recorded })
    }

    /// A further gate, with the origin and the key records at these addresses.
    pub(crate) fn gate(
        &self,
        config: &Value,
        origin: SocketAddr,
        records: Option<SocketAddr>,
        name: &str,
    ) -> Result<Workerd> {
        start_gate(config, origin, &self.artefact, &self.secrets, name, records)
    }
}

impl Release {
    fn start(bin: &Path, name: &'static str, artefact: &WorkerArtefact, secrets: &Secrets) -> Result<Self> {
        let server = AgentFlow::start(bin, &secrets.origin, name)?;
        let gate = |config: &Value, kind: &str| {
            start_gate(config, server.address(), artefact, secrets, &format!("e2e-{name}-{kind}"), None)
        };
        let forward = Gate {
            workerd: gate(&forward_config(), "forward")?,
            issue: Issue::Agentflow,
            secret: secrets.origin.clone(),
        };
        let swap = Gate {
            workerd: gate(&swap_config(secrets)?, "swap")?,
            issue: Issue::IdentityProvider,
            secret: secrets.identity_provider.clone(),
        };
        Ok(Self { name, server, forward, swap })
    }
}

fn start_gate(
    config: &Value,
    origin: SocketAddr,
    artefact: &WorkerArtefact,
    secrets: &Secrets,
    name: &str,
    kv: Option<SocketAddr>,
) -> Result<Workerd> {
    let settings = WorkerSettings {
        config: config.to_string(),
        secrets: secrets.by_name(),
        origin: format!("http://{origin}"),
        kv,
    };
    Workerd::start(&settings, &artefact.dir, name)
}
