//! Hosts that speak HTTP: the request goes over the wire, and an origin behind the host says what arrived.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use portcullis_test_support::cases::case::{Case, Concrete};
use portcullis_test_support::cases::expect::{Received, Response, Seen};
use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::origin::builtin::Builtin;
use portcullis_test_support::step::Step;
use tokio::runtime::Runtime;

use crate::host::Host;

/// What the cases call Envoy.
pub(crate) const ENVOY: &str = "Envoy";
/// What the cases call the Worker in workerd.
pub(crate) const WORKERD: &str = "workerd";
/// The Worker's KV namespace, which does not answer: nothing listens on port 9 (discard) of any ordinary machine.
const NO_STORE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);
/// How long a log line may take to arrive.
const LOG: Duration = Duration::from_secs(5);

/// A host with a listener for each configuration.
pub(crate) struct Wire {
    /// Where the Worker lies, which is started with a configuration when a case first asks for it.
    worker: Option<PathBuf>,
    listeners: BTreeMap<String, Listener>,
    origin: Builtin,
    runtime: Runtime,
    /// Lives as long as its listeners.
    _envoy: Option<Envoy>,
}

/// What a host makes of a configuration.
enum Listener {
    /// A workerd of its own.
    Workerd(Workerd),
    /// A listener of the one Envoy.
    Envoy(SocketAddr),
    /// Envoy does not start, and says why.
    NotStarted(String),
}

impl Wire {
    fn origin(suite: &Suite) -> Result<(Runtime, Builtin)> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let origin = runtime.block_on(Builtin::start(suite.secret("ORIGIN_SECRET")?))?;
        Ok((runtime, origin))
    }

    /// The Worker in workerd, one process for each configuration.
    pub(crate) fn workerd(suite: &Suite, artefact: PathBuf) -> Result<Self> {
        let (runtime, origin) = Self::origin(suite)?;
        Ok(Self { worker: Some(artefact), listeners: BTreeMap::new(), origin, runtime, _envoy: None })
    }

    /// The listener for the configuration `name`.
    fn listener(&mut self, suite: &Suite, name: &str) -> Result<&Listener> {
        match self.listeners.entry(name.to_owned()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let worker = self.worker.as_deref().context("no listener for the configuration")?;
                let settings = WorkerSettings {
                    config: suite.text(name).context("no such configuration")?,
                    secrets: suite.secrets.clone(),
                    origin: format!("http://{}", self.origin.address()),
                    kv: Some(NO_STORE),
                };
                let workerd = Workerd::start(&settings, worker, &format!("cases-{name}"))
                    .with_context(|| format!("configuration `{name}`"))?;
                Ok(entry.insert(Listener::Workerd(workerd)))
            }
        }
    }

    /// The filter in Envoy, one process with a listener for each usable configuration.
    pub(crate) fn envoy(suite: &Suite, wasm: &Path, step: &Step) -> Result<Self> {
        let (runtime, origin) = Self::origin(suite)?;
        let settings = |config: String| EnvoySettings {
            config,
            secrets: suite.secrets.clone(),
            origin: origin.address(),
        };
        let (usable, refused): (Vec<_>, Vec<_>) =
            suite.documents().partition(|(name, _)| suite.starts_on(ENVOY, name));
        let all: Vec<_> = usable.iter().map(|(_, document)| settings(document.clone())).collect();
        let envoy = Envoy::start(&all, wasm, "cases", step)?;
        let names = usable.into_iter().map(|(name, _)| name.clone());
        let mut listeners: BTreeMap<_, _> =
            names.enumerate().map(|(index, name)| (name, Listener::Envoy(envoy.address(index)))).collect();
        for (name, document) in refused {
            let Some(said) = Envoy::refusal(&settings(document), wasm, "cases-broken", step)? else {
                bail!("Envoy starts with the configuration `{name}`");
            };
            listeners.insert(name.clone(), Listener::NotStarted(said));
        }
        Ok(Self { worker: None, listeners, origin, runtime, _envoy: Some(envoy) })
    }
}

impl Host for Wire {
    fn send(&mut self, suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        self.listener(suite, &case.configuration)?;
        let listener = &self.listeners[&case.configuration];
        let (address, decided) = match listener {
            Listener::Workerd(workerd) => (workerd.address(), workerd.decisions().len()),
            Listener::Envoy(address) => (*address, 0),
            Listener::NotStarted(said) => {
                return Ok(Seen::Unconfigured { answer: None, reason: None, said: said.clone() });
            }
        };
        let mut sent = Request::new(&request.method, &request.target);
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if let Some(body) = &request.body {
            sent.body = body.clone().into();
        }
        sent.chunks_of = case.request.chunks_of;
        let before = self.origin.arrivals().len();
        let response = self.runtime.block_on(client::send(address, &sent))?;
        let arrival = self.origin.arrivals().into_iter().nth(before);
        if let Some(arrival) = arrival {
            return Ok(Seen::Allowed(Received {
                target: arrival.target,
                headers: arrival.headers,
                body: Some(arrival.body.context("the body broke off on its way to the origin")?.to_vec()),
                response: response.headers,
            }));
        }
        let body = response.text();
        let answer = Response { status: response.status, body, headers: response.headers };
        Ok(match listener {
            // Which header tells the reason is itself a matter of the configuration: without one, the log tells.
            Listener::Workerd(workerd) if suite.broken.contains_key(&case.configuration) => {
                let decisions = workerd.wait_for_decisions(decided + 1, LOG);
                let reason = decisions.get(decided).and_then(|line| line["reason"].as_str());
                let awaited: Vec<_> = case.said_on(WORKERD).iter().map(String::as_str).collect();
                Seen::Unconfigured {
                    answer: Some(answer),
                    reason: reason.map(str::to_owned),
                    said: workerd.wait_for_log(&awaited, LOG),
                }
            }
            _ if answer.status < 400 => Seen::Answered(answer),
            _ => Seen::Refused(answer),
        })
    }
}
