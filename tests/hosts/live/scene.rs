//! A gate in front of an origin that is an identity provider as well.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::{join_all, try_join_all};
use portcullis_host_tests::runtime;
use portcullis_test_support::client::{self, Request, Response, websocket};
use portcullis_test_support::host::clock::SetClock;
use portcullis_test_support::host::workerd::{Bound, WorkerSettings, Workerd};
use portcullis_test_support::identity_provider::{CLIENT, IdentityProvider, KEYS};
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use portcullis_host_tests::hosts::{Kind, Running};

/// What every caller with the role `user` may read.
pub(crate) const PATH: &str = "/v1/threads";

/// How long a notice may take to arrive: a fetch may have begun only just before.
const NOTICE: Duration = Duration::from_secs(8);

pub(crate) struct Scene {
    pub(crate) provider: IdentityProvider,
    pub(crate) host: Running,
    runtime: Runtime,
    /// The clock of the host, where that is a clock of its own.
    clock: Option<SetClock>,
    /// By how many seconds the clock of a host in JavaScript is shifted, once that was set: by a header of each request.
    shift_secs: Mutex<Option<i64>>,
}

impl Scene {
    /// A gate whose document is AgentFlow's with `members`, in front of `provider`.
    pub(crate) fn start(kind: Kind, name: &str, provider: IdentityProvider, members: Value) -> Result<Self> {
        Self::start_with(kind, name, provider, members, [])
    }

    /// The same with more secrets.
    pub(crate) fn start_with<const N: usize>(
        kind: Kind,
        name: &str,
        provider: IdentityProvider,
        members: Value,
        more: [(&str, &str); N],
    ) -> Result<Self> {
        let (config, mut secrets) = (document(members), secrets());
        secrets.extend(more.map(|(name, value)| (name.to_string(), value.to_string())));
        let host = Running::start(kind, name, &config, secrets, &provider.issuer())?;
        Ok(Self { provider, host, runtime: runtime()?, clock: None, shift_secs: Mutex::default() })
    }

    /// The same with the Worker in the folder `dir`.
    pub(crate) fn start_worker(
        dir: &Path,
        name: &str,
        provider: IdentityProvider,
        members: Value,
    ) -> Result<Self> {
        let (config, secrets) = (document(members), secrets());
        let host = Running::start_worker(dir, name, &config, secrets, &provider.issuer(), None)?;
        Ok(Self { provider, host, runtime: runtime()?, clock: None, shift_secs: Mutex::default() })
    }

    /// A gate whose clock can be set, by [`Scene::ask_at`].
    pub(crate) fn start_with_clock(
        kind: Kind,
        name: &str,
        provider: IdentityProvider,
        members: Value,
    ) -> Result<Self> {
        match kind {
            Kind::Worker => {}
            // The server of the checks has such a clock.
            Kind::Node => return Self::start(kind, name, provider, members),
            Kind::Envoy | Kind::Component => {
                let name = format!("{}-{name}", kind.name());
                let clock = step("a clock", |step| SetClock::new(&name, step))?;
                let (config, origin) = (document(members), provider.issuer());
                let host = Running::start_with_clock(kind, &name, &config, secrets(), &origin, &clock)?;
                return Ok(Self {
                    provider,
                    host,
                    runtime: runtime()?,
                    clock: Some(clock),
                    shift_secs: Mutex::default(),
                });
            }
        }
        let settings = WorkerSettings {
            config: document(members).to_string(),
            secrets: secrets(),
            origin: provider.issuer(),
            kv: None,
        };
        let (bound, name) = (Bound::default().with_clock(), format!("live-{name}"));
        let worker = Workerd::start_bound(&settings, &bound, Running::worker()?, &name)?;
        Ok(Self {
            provider,
            host: Running::Worker(worker),
            runtime: runtime()?,
            clock: None,
            shift_secs: Mutex::default(),
        })
    }

    /// A Worker with the secret `PEPPER`, whose KV namespace is at the provider as well.
    pub(crate) fn start_with_kv(
        name: &str,
        provider: IdentityProvider,
        members: Value,
        pepper: &str,
    ) -> Result<Self> {
        let (config, mut secrets) = (document(members), secrets());
        secrets.insert("PEPPER".to_string(), pepper.to_string());
        let (dir, origin, kv) = (Running::worker()?, provider.issuer(), Some(provider.address()));
        let host = Running::start_worker(dir, name, &config, secrets, &origin, kv)?;
        Ok(Self { provider, host, runtime: runtime()?, clock: None, shift_secs: Mutex::default() })
    }

    /// Asks for [`PATH`] with a credential.
    pub(crate) fn ask(&self, credential: &str) -> Result<Response> {
        self.send(&self.asking(credential))
    }

    /// The same when it is so many seconds later by the clock of the host than by the machine's: in JavaScript, where a header
    /// of the request sets it, or of a scene that was started with a clock.
    pub(crate) fn ask_at(&self, shift: i64, credential: &str) -> Result<Response> {
        self.set_clock(shift)?;
        self.send(&self.asking(credential))
    }

    /// From now on it is so many seconds later by the clock of the host than by the machine's, for requests with credentials
    /// alone.
    pub(crate) fn set_clock(&self, shift_secs: i64) -> Result<()> {
        match &self.clock {
            Some(clock) => clock.set(shift_secs),
            None => {
                *self.shift_secs.lock().unwrap_or_else(PoisonError::into_inner) = Some(shift_secs);
                Ok(())
            }
        }
    }

    /// A request for [`PATH`] with a credential.
    fn asking(&self, credential: &str) -> Request {
        let request = Request::new("GET", PATH).bearer(credential);
        match *self.shift_secs.lock().unwrap_or_else(PoisonError::into_inner) {
            None => request,
            Some(shift) => request.header("X-Test-Clock", shift.to_string()),
        }
    }

    pub(crate) fn send(&self, request: &Request) -> Result<Response> {
        self.runtime.block_on(client::send(self.host.address(), request))
    }

    /// Opens a WebSocket, sends a message, and hears the other side out.
    pub(crate) fn socket(&self, target: &str, credential: &str, message: &str) -> Result<websocket::Outcome> {
        let headers = [("Authorization", format!("Bearer {credential}"))];
        self.runtime.block_on(websocket::run(self.host.address(), target, &headers, message))
    }

    /// Sends a request, and leaves after `patience`.
    pub(crate) fn leave(&self, request: &Request, patience: Duration) {
        let sent = client::send(self.host.address(), request);
        // Whoever leaves hears nothing.
        let _ = self.runtime.block_on(async { tokio::time::timeout(patience, sent).await });
    }

    /// Asks with all of these at the same time; the statuses.
    pub(crate) fn ask_at_once(&self, credentials: &[String]) -> Result<Vec<u16>> {
        let requests: Vec<Request> = credentials.iter().map(|credential| self.asking(credential)).collect();
        self.send_at_once(&requests)
    }

    /// Sends all of these at the same time; the statuses.
    pub(crate) fn send_at_once(&self, requests: &[Request]) -> Result<Vec<u16>> {
        let sent = requests.iter().map(|request| client::send(self.host.address(), request));
        let responses = self.runtime.block_on(try_join_all(sent))?;
        Ok(responses.iter().map(|response| response.status).collect())
    }

    /// The same, with 0 for whoever has no answer.
    pub(crate) fn flood(&self, credentials: &[String]) -> Vec<u16> {
        let requests: Vec<Request> = credentials.iter().map(|credential| self.asking(credential)).collect();
        let sent = requests.iter().map(|request| client::send(self.host.address(), request));
        let responses = self.runtime.block_on(join_all(sent));
        responses.into_iter().map(|response| response.map_or(0, |response| response.status)).collect()
    }

    /// How many notices about the keys of `provider` are logged, once there are `count`, or a fetch has certainly timed out.
    pub(crate) fn notices(&self, provider: &IdentityProvider, count: usize) -> usize {
        self.logged(&format!("keys of {}", provider.issuer()), count)
    }

    /// How often `text` stands in the log, once it stands there `count` times, or enough time has passed.
    pub(crate) fn logged(&self, text: &str, count: usize) -> usize {
        let started = Instant::now();
        loop {
            let told = self.host.log().matches(text).count();
            if told >= count || started.elapsed() > NOTICE {
                return told;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Asks until the status is `status`, but no longer than `patience`; the last status.
    pub(crate) fn ask_until(&self, credential: &str, status: u16, patience: Duration) -> Result<u16> {
        let started = Instant::now();
        loop {
            let got = self.ask(credential)?.status;
            if got == status || started.elapsed() > patience {
                return Ok(got);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn document(members: Value) -> Value {
    let mut config = json!({"profile": "agentflow"});
    if let (Some(config), Value::Object(members)) = (config.as_object_mut(), members) {
        config.extend(members);
    }
    config
}

fn secrets() -> BTreeMap<String, String> {
    BTreeMap::from([("CLIENT_SECRET".to_string(), CLIENT.1.to_string())])
}

/// The identity provider's tokens, with keys at a URL.
pub(crate) fn issuer_by_url(provider: &IdentityProvider) -> Value {
    let url = provider.url(KEYS);
    json!({"issuer": provider.issuer(), "jwks": {"url": url}})
}

/// Counts whether `got` is `expected`.
pub(crate) fn expect<T: PartialEq + Debug>(summary: &mut Summary, what: &str, got: T, expected: T) {
    let wrong = got != expected;
    summary.count(wrong.then(|| format!("{what}: got {got:?}, expected {expected:?}")));
}

/// Counts whether a response is a refusal for now: 503, and when to come back.
pub(crate) fn expect_unavailable(summary: &mut Summary, what: &str, response: &Response) {
    let retry = response.header("retry-after").and_then(|secs| secs.parse::<u64>().ok());
    let right = response.status == 503 && retry.is_some_and(|secs| (1..=300).contains(&secs));
    summary.count((!right).then(|| format!("{what}: {} and Retry-After {retry:?}", response.status)));
}
