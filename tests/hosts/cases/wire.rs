//! Hosts that speak HTTP: the request goes over the wire, and an origin behind the host says what arrived.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use portcullis_test_support::cases::case::{Case, Concrete};
use portcullis_test_support::cases::expect::{Received, Response, Seen};
use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::kv::{Namespace, Stored};
use portcullis_test_support::origin::builtin::Builtin;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::step::Step;
use tokio::runtime::Runtime;

use crate::host::Host;
use crate::plays::Plays;

/// What the cases call Envoy.
pub(crate) const ENVOY: &str = "Envoy";
/// What the cases call the Worker in workerd.
pub(crate) const WORKERD: &str = "workerd";
/// What the cases call the middleware for WASI 0.3 in `wasmtime serve`, in front of a service that hands on to the origin.
pub(crate) const WASMTIME_P3: &str = "wasmtime-0.3";

/// A host with a listener for each configuration.
pub(crate) struct Wire {
    /// What it is called where it writes.
    label: &'static str,
    /// What is started with a configuration when a case first asks for it.
    starts: Option<Starts>,
    listeners: BTreeMap<String, Listener>,
    /// Whether the host verifies signatures itself.
    own: bool,
    /// The Worker's KV namespace.
    records: Option<Namespace>,
    origin: Builtin,
    runtime: Runtime,
    /// Lives as long as its listeners.
    _envoy: Option<Envoy>,
}

/// A host that takes a process for each configuration.
enum Starts {
    /// The Worker in this folder.
    Workerd(PathBuf),
    /// This component, which wasmtime has compiled.
    Serve(PathBuf),
}

/// What a host makes of a configuration.
enum Listener {
    /// A workerd of its own.
    Workerd(Workerd),
    /// A `wasmtime serve` of its own.
    Serve(WasmtimeServe),
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

    /// The Worker in workerd, one process for each configuration. What is written goes to folders that begin with `label`.
    /// It verifies signatures itself if they are its `own`.
    pub(crate) fn workerd(suite: &Suite, artefact: PathBuf, own: bool, label: &'static str) -> Result<Self> {
        let (runtime, origin) = Self::origin(suite)?;
        let stored = |record: &Option<String>| record.clone().map_or(Stored::Failure, Stored::Text);
        let values = suite.records.iter().map(|(key, record)| (key.clone(), stored(record))).collect();
        let records = Some(runtime.block_on(Namespace::serve(values))?);
        let starts = Some(Starts::Workerd(artefact));
        Ok(Self { label, starts, listeners: BTreeMap::new(), own, records, origin, runtime, _envoy: None })
    }

    /// A component that hands on to the origin in `wasmtime serve`, one process for each configuration.
    pub(crate) fn serve(suite: &Suite, component: &Path, label: &'static str, step: &Step) -> Result<Self> {
        let (runtime, origin) = Self::origin(suite)?;
        let starts = Some(Starts::Serve(WasmtimeServe::precompile(component, label, step)?));
        let listeners = BTreeMap::new();
        Ok(Self { label, starts, listeners, own: false, records: None, origin, runtime, _envoy: None })
    }

    /// The listener for the configuration `name`.
    fn listener(&mut self, suite: &Suite, name: &str) -> Result<&Listener> {
        match self.listeners.entry(name.to_owned()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let starts = self.starts.as_ref().context("no listener for the configuration")?;
                let origin = format!("http://{}", self.origin.address());
                let config = suite.text(name).context("no such configuration")?;
                let secrets = secrets(suite, self.own);
                let store = self.records.as_ref().map(Namespace::address);
                let listener =
                    starts.start(config, secrets, origin, store, &format!("{}-{name}", self.label));
                Ok(entry.insert(listener.with_context(|| format!("configuration `{name}`"))?))
            }
        }
    }

    /// The filter in Envoy, one process with a listener for each usable configuration that is needed. It verifies signatures
    /// itself if they are its `own`.
    pub(crate) fn envoy(
        suite: &Suite,
        wasm: &Path,
        plays: &Plays,
        own: bool,
        label: &'static str,
        step: &Step,
    ) -> Result<Self> {
        let (runtime, origin) = Self::origin(suite)?;
        let secrets = secrets(suite, own);
        let settings =
            |config: String| EnvoySettings { config, secrets: secrets.clone(), origin: origin.address() };
        let is_asked_for = |name: &String| {
            let mut cases = suite.cases.iter();
            cases.any(|case| case.configuration == *name && plays.has(case))
        };
        let (usable, refused): (Vec<_>, Vec<_>) = suite
            .documents()
            .filter(|(name, _)| is_asked_for(name))
            .partition(|(name, _)| suite.starts_on(ENVOY, name));
        let all: Vec<_> = usable.iter().map(|(_, document)| settings(document.clone())).collect();
        let envoy = Envoy::start(&all, wasm, label, step)?;
        let names = usable.into_iter().map(|(name, _)| name.clone());
        let mut listeners: BTreeMap<_, _> =
            names.enumerate().map(|(index, name)| (name, Listener::Envoy(envoy.address(index)))).collect();
        for (name, document) in refused {
            let Some(said) = Envoy::refusal(&settings(document), wasm, &format!("{label}-broken"), step)?
            else {
                bail!("Envoy starts with the configuration `{name}`");
            };
            listeners.insert(name.clone(), Listener::NotStarted(said));
        }
        Ok(Self { label, starts: None, listeners, own, records: None, origin, runtime, _envoy: Some(envoy) })
    }
}

/// The secrets of the cases, among which hosts look for the variable that says who verifies signatures.
fn secrets(suite: &Suite, own: bool) -> BTreeMap<String, String> {
    let signatures = own.then(|| ("PORTCULLIS_SIGNATURES".to_owned(), "own".to_owned()));
    suite.secrets.clone().into_iter().chain(signatures).collect()
}

impl Starts {
    /// Starts the host with a configuration, and with the Worker's KV namespace.
    fn start(
        &self,
        config: String,
        secrets: BTreeMap<String, String>,
        origin: String,
        kv: Option<SocketAddr>,
        name: &str,
    ) -> Result<Listener> {
        Ok(match self {
            Self::Workerd(worker) => {
                let settings = WorkerSettings { config, secrets, origin, kv };
                Listener::Workerd(Workerd::start(&settings, worker, name)?)
            }
            Self::Serve(component) => {
                let mut environment = secrets;
                environment.extend([("PORTCULLIS_CONFIG".to_owned(), config), ("ORIGIN".to_owned(), origin)]);
                Listener::Serve(WasmtimeServe::start(component, &environment, &[], name)?)
            }
        })
    }
}

impl Host for Wire {
    fn send(&mut self, suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        self.listener(suite, &case.configuration)?;
        let listener = &self.listeners[&case.configuration];
        let (address, decided) = match listener {
            Listener::Workerd(workerd) => (workerd.address(), workerd.decisions().len()),
            Listener::Serve(serve) => (serve.address(), serve.decisions().len()),
            Listener::Envoy(address) => (*address, 0),
            Listener::NotStarted(said) => {
                return Ok(Seen::Unconfigured { answer: None, reason: None, said: said.clone() });
            }
        };
        let host = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let target = match (listener, host) {
            // The form that a proxy asks in (RFC 9112 section 3.2.2); in the other, `wasmtime serve` shows a component of
            // WASI 0.3 no authority.
            (Listener::Serve(_), Some((_, host))) => format!("http://{host}{}", request.target),
            _ => request.target.clone(),
        };
        let mut sent = Request::new(&request.method, &target);
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
                let decisions = workerd.wait_for_decisions(decided + 1, PATIENCE);
                let reason = decisions.get(decided).and_then(|line| line["reason"].as_str());
                let awaited: Vec<_> = case.said_on(WORKERD).iter().map(String::as_str).collect();
                Seen::Unconfigured {
                    answer: Some(answer),
                    reason: reason.map(str::to_owned),
                    said: workerd.wait_for_log(&awaited, PATIENCE),
                }
            }
            Listener::Serve(serve) if !case.said_on(WASMTIME_P3).is_empty() => {
                let reason = serve.wait_for_decision(decided, PATIENCE).map(|line| line["reason"].clone());
                Seen::Unconfigured {
                    answer: Some(answer),
                    reason: reason.and_then(|reason| reason.as_str().map(str::to_owned)),
                    // Said at the first request of the instance, before the decision.
                    said: serve.log(),
                }
            }
            _ if answer.status < 400 => Seen::Answered(answer),
            _ => Seen::Refused(answer),
        })
    }
}
