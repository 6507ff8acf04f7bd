//! workerd, the open-source runtime of Cloudflare Workers, serving the built Worker on loopback.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

mod bound;
mod capnp;

pub use bound::{Bound, WRITER};
pub use capnp::{COMPATIBILITY_DATE, COMPATIBILITY_FLAGS};

use super::printed::Printed;
use crate::root::target;
use crate::step::not_started;
use crate::tools::node;
use capnp::quote;

/// How long workerd may take to accept connections.
const START: Duration = Duration::from_secs(20);
/// The header with what Cloudflare knows of a request, as JSON: a Worker that sees such a request believes its
/// `CF-Connecting-IP`, as it does on Cloudflare.
pub const CF_HEADER: &str = "CF-Blob";
/// The socket of the Worker itself.
const GATE: &str = "http";
/// Any port on loopback that is free once workerd asks for it. No port is chosen before: until workerd listens on it, another
/// process may get it, or a look whether somebody listens may reach itself.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What a Worker is deployed with.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// The text of `PORTCULLIS_CONFIG`.
    pub config: String,
    /// Worker secrets by name.
    pub secrets: BTreeMap<String, String>,
    /// `ORIGIN`: where accepted requests go.
    pub origin: String,
    /// A server that speaks the protocol of Workers KV, bound as `PORTCULLIS_KEYS` and as `PORTCULLIS_REVOKED`.
    pub kv: Option<SocketAddr>,
}

/// A running workerd. Stopped when dropped.
#[derive(Debug)]
pub struct Workerd {
    child: Child,
    /// By the name of the socket.
    addresses: BTreeMap<String, SocketAddr>,
    output: Arc<Printed>,
}

impl Workerd {
    /// Starts workerd with the Worker in `artefact_dir`. `name` tells this one apart from others: its configuration
    /// lies in `target/xtask/workerd/<name>`.
    ///
    /// # Errors
    ///
    /// If workerd does not come up.
    pub fn start(settings: &WorkerSettings, artefact_dir: &Path, name: &str) -> Result<Self> {
        Self::start_at(settings, artefact_dir, name, ANY_PORT)
    }

    /// The same, listening on `address`.
    ///
    /// # Errors
    ///
    /// If workerd does not come up.
    pub fn start_at(
        settings: &WorkerSettings,
        artefact_dir: &Path,
        name: &str,
        address: SocketAddr,
    ) -> Result<Self> {
        Self::launch(settings, &Bound::default(), artefact_dir, name, address)
    }

    /// The same on any port, with what is bound besides. Of that, workerd has some only as an experiment.
    ///
    /// # Errors
    ///
    /// If workerd does not come up.
    pub fn start_bound(
        settings: &WorkerSettings,
        bound: &Bound,
        artefact_dir: &Path,
        name: &str,
    ) -> Result<Self> {
        Self::launch(settings, bound, artefact_dir, name, ANY_PORT)
    }

    fn launch(
        settings: &WorkerSettings,
        bound: &Bound,
        artefact_dir: &Path,
        name: &str,
        address: SocketAddr,
    ) -> Result<Self> {
        let binary = node::workerd(&node::modules())?;
        let dir = target("workerd").join(name);
        fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        for file in ["worker.mjs", "index_bg.wasm"] {
            // capnp embeds by relative path only, and never from above its own folder.
            fs::copy(artefact_dir.join(file), dir.join(file))
                .with_context(|| artefact_dir.join(file).display().to_string())?;
        }
        let config = dir.join("config.capnp");
        bound.prepare(&dir)?;
        fs::write(&config, configuration(settings, bound, address))
            .with_context(|| config.display().to_string())?;

        let mut command = Command::new(binary);
        command
            .arg("serve")
            .arg(&config)
            // It says on its standard output where it listens.
            .arg("--control-fd=1")
            .args(bound.arguments())
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| not_started(&command, error))?;
        let output = Arc::new(Printed::default());
        if let Some(pipe) = child.stdout.take() {
            output.collect(pipe);
        }
        if let Some(pipe) = child.stderr.take() {
            output.collect(pipe);
        }
        let mut workerd = Self { child, addresses: BTreeMap::new(), output };
        workerd.wait_until_up(address.ip(), bound.sockets.len().saturating_add(1))?;
        Ok(workerd)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.addresses[GATE]
    }

    /// Where the socket `name` of what is bound listens.
    ///
    /// # Errors
    ///
    /// If nothing with a socket of that name is bound.
    pub fn address_of(&self, name: &str) -> Result<SocketAddr> {
        self.addresses.get(name).copied().with_context(|| format!("workerd has no socket {name}"))
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Everything it has printed.
    pub fn log(&self) -> String {
        self.output.lock().join("\n")
    }

    /// Waits until each of `parts` stands in some line of the log, but no longer than `timeout`; returns the log.
    pub fn wait_for_log(&self, parts: &[&str], timeout: Duration) -> String {
        self.output.wait_for(parts, timeout)
    }

    /// The decisions logged so far, in order.
    pub fn decisions(&self) -> Vec<Value> {
        decisions(&self.output.lock())
    }

    /// Waits until at least `count` decisions are logged or `timeout` has passed; returns what there is.
    pub fn wait_for_decisions(&self, count: usize, timeout: Duration) -> Vec<Value> {
        decisions(&self.output.wait_while(timeout, |lines| decisions(lines).len() < count))
    }

    /// Waits until it listens on so many sockets, all of them on `host`.
    fn wait_until_up(&mut self, host: IpAddr, sockets: usize) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                // The readers need a moment to hand over the reason.
                thread::sleep(Duration::from_millis(200));
                bail!("workerd ended ({status}):\n{}", self.log());
            }
            let lines =
                self.output.wait_while(Duration::from_millis(20), |lines| listening(lines).len() < sockets);
            let ports = listening(&lines);
            drop(lines);
            if ports.len() >= sockets {
                self.addresses =
                    ports.into_iter().map(|(name, port)| (name, SocketAddr::new(host, port))).collect();
                return Ok(());
            }
        }
        bail!("workerd does not accept connections after {} s:\n{}", START.as_secs(), self.log())
    }
}

impl Drop for Workerd {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that are decisions: JSON objects with a member `decision`.
fn decisions(lines: &[String]) -> Vec<Value> {
    let objects = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    objects.filter(|object| object.get("decision").is_some()).collect()
}

/// The ports of the sockets by name, of those workerd has said that it listens on.
fn listening(lines: &[String]) -> BTreeMap<String, u16> {
    let events = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let sockets = events.filter(|event| event["event"] == "listen").filter_map(|event| {
        Some((event["socket"].as_str()?.to_owned(), u16::try_from(event["port"].as_u64()?).ok()?))
    });
    sockets.collect()
}

/// The configuration of workerd. Its Worker reaches private addresses (the origin on loopback) and nothing public.
fn configuration(settings: &WorkerSettings, bound: &Bound, address: SocketAddr) -> String {
    let mut bindings = vec![
        ("ORIGIN".to_string(), settings.origin.clone()),
        ("PORTCULLIS_CONFIG".to_string(), settings.config.clone()),
    ];
    bindings.extend(settings.secrets.clone());
    let mut text = String::new();
    for (name, value) in bindings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    (name = {}, text = {}),", quote(&name), quote(&value));
    }
    let mut services = String::new();
    if let Some(kv) = settings.kv {
        for name in ["PORTCULLIS_KEYS", "PORTCULLIS_REVOKED"] {
            let _ = writeln!(text, "    (name = \"{name}\", kvNamespace = \"kv\"),");
        }
        services = format!("    (name = \"kv\", external = (address = \"{kv}\", http = ())),\n");
    }
    let Bound { bindings, services: further, workers, modules, members, .. } = bound;
    let mut sockets = String::new();
    for (name, service) in &bound.sockets {
        let _ = writeln!(
            sockets,
            "    (name = {}, address = \"{ANY_PORT}\", http = (), service = {service}),",
            quote(name)
        );
    }
    let (outbound, flags) = (bound.outbound(), bound.flags());
    format!(
        "using Workerd = import \"/workerd/workerd.capnp\";
const config :Workerd.Config = (
  services = [
    (name = \"gate\", worker = .gate),
    (name = \"private\", network = (allow = [\"private\"])),
{services}{further}  ],
  sockets = [
    (name = \"{GATE}\", address = \"{address}\", http = (cfBlobHeader = \"{CF_HEADER}\"), service = \"gate\"),
{sockets}  ],
);
const gate :Workerd.Worker = (
  modules = [
{modules}    (name = \"worker.mjs\", esModule = embed \"worker.mjs\"),
    (name = \"index_bg.wasm\", wasm = embed \"index_bg.wasm\"),
  ],
  compatibilityDate = \"{COMPATIBILITY_DATE}\",
  compatibilityFlags = [{flags}],
  globalOutbound = \"{outbound}\",
{members}  bindings = [
{text}{bindings}  ],
);
{workers}"
    )
}

#[cfg(test)]
mod tests {
    use super::{decisions, listening};

    #[test]
    fn only_what_it_listens_on_is_an_address() {
        let lines = [
            r#"{"event":"listen","socket":"http","port":37297}"#,
            r#"{"event":"listen-inspector","port":9229}"#,
            "listen",
            "[1]",
        ];
        assert_eq!(listening(&lines.map(String::from)), [("http".to_owned(), 37297)].into());
    }

    #[test]
    fn only_decisions_are_decisions() {
        let lines = ["{\"decision\":\"allow\"}", "{\"other\":1}", "decision", "[1]"].map(String::from);
        assert_eq!(decisions(&lines).len(), 1);
    }
}
