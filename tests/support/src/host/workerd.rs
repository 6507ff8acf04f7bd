//! workerd, the open-source runtime of Cloudflare Workers, serving the built Worker on loopback.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

mod bound;
mod capnp;

pub use bound::Bound;
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
    address: SocketAddr,
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
        Self::start_at(settings, artefact_dir, name, free_address()?)
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
        Self::start_bound(settings, &Bound::default(), artefact_dir, name, address)
    }

    /// The same, with what is bound besides. Of that, workerd has some only as an experiment.
    ///
    /// # Errors
    ///
    /// If workerd does not come up.
    pub fn start_bound(
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
        let mut workerd = Self { child, address, output };
        workerd.wait_until_up()?;
        Ok(workerd)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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

    fn wait_until_up(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                // The readers need a moment to hand over the reason.
                thread::sleep(Duration::from_millis(200));
                bail!("workerd ended ({status}):\n{}", self.log());
            }
            if TcpStream::connect_timeout(&self.address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
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

/// A loopback port nobody listens on at the moment.
///
/// # Errors
///
/// If there is none.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?)
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
    let Bound { bindings, services: further, sockets, workers, modules, members, .. } = bound;
    let (outbound, flags) = (bound.outbound(), bound.flags());
    format!(
        "using Workerd = import \"/workerd/workerd.capnp\";
const config :Workerd.Config = (
  services = [
    (name = \"gate\", worker = .gate),
    (name = \"private\", network = (allow = [\"private\"])),
{services}{further}  ],
  sockets = [
    (name = \"http\", address = \"{address}\", http = (cfBlobHeader = \"{CF_HEADER}\"), service = \"gate\"),
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
    use super::decisions;

    #[test]
    fn only_decisions_are_decisions() {
        let lines = ["{\"decision\":\"allow\"}", "{\"other\":1}", "decision", "[1]"].map(String::from);
        assert_eq!(decisions(&lines).len(), 1);
    }
}
