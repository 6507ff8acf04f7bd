//! The components of the worlds `middleware` and `proxy` in the command `wasmtime serve`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::clock::SetClock;
use crate::root::{root, target};
use crate::step::{Step, not_started, step};
use crate::tools::python;

/// How long `wasmtime serve` may take to accept connections: it compiles the component first.
const START: Duration = Duration::from_secs(30);

/// What the example's README gives to the command: instances that live for many requests, which compile the configuration
/// once, and room for as long a head as the command itself takes, of which the host would otherwise make a trap.
const AS_DOCUMENTED: [&str; 4] =
    ["-Scli", "-Smax-http-fields-size=524288", "--max-instance-reuse-count", "128"];

/// What it prints before its address.
const SERVING: &str = "Serving HTTP on http://";

/// Any port on loopback that is free once the command asks for it. No port is chosen before: until it is listened on, another
/// process may get it, or a look whether somebody listens may reach itself.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The ending of a file in which wasmtime has compiled a component.
const COMPILED: &str = "cwasm";

/// A running `wasmtime serve`. Stopped when dropped.
#[derive(Debug)]
pub struct WasmtimeServe {
    child: Child,
    address: SocketAddr,
    printed: PathBuf,
}

impl WasmtimeServe {
    /// Compiles the component at `path`, so that many can be served without each doing so; the file to serve. `name` tells it
    /// apart from others.
    ///
    /// # Errors
    ///
    /// If wasmtime cannot be installed, or it is no component.
    pub fn precompile(path: &Path, name: &str, step: &Step) -> Result<PathBuf> {
        let compiled = target("wasmtime").join(name).with_extension(COMPILED);
        fs::create_dir_all(target("wasmtime"))?;
        step.message(format!("wasmtime compile {}", path.display()));
        step.run(Command::new(binary()?).arg("compile").arg("-o").arg(&compiled).arg(path))?;
        Ok(compiled)
    }

    /// Serves the component at `path`, which finds `environment` (configuration, secrets, `ORIGIN`) in
    /// `wasi:cli/environment`. `name` tells this one apart from others: what it prints goes to
    /// `target/xtask/wasmtime/<name>.log`. `options` go to the command, such as `-Wmax-memory-size=…`.
    ///
    /// # Errors
    ///
    /// If wasmtime cannot be installed or does not come up.
    pub fn start(
        path: &Path,
        environment: &BTreeMap<String, String>,
        options: &[&str],
        name: &str,
    ) -> Result<Self> {
        Self::start_at(path, environment, options, name, ANY_PORT)
    }

    /// The same with a clock of its own.
    ///
    /// # Errors
    ///
    /// As [`WasmtimeServe::start`].
    pub fn start_with_clock(
        path: &Path,
        environment: &BTreeMap<String, String>,
        options: &[&str],
        name: &str,
        clock: &SetClock,
    ) -> Result<Self> {
        Self::launch(path, environment, options, name, ANY_PORT, Some(clock))
    }

    /// The same, listening on `address`.
    ///
    /// # Errors
    ///
    /// As [`WasmtimeServe::start`].
    pub fn start_at(
        path: &Path,
        environment: &BTreeMap<String, String>,
        options: &[&str],
        name: &str,
        address: SocketAddr,
    ) -> Result<Self> {
        Self::launch(path, environment, options, name, address, None)
    }

    fn launch(
        path: &Path,
        environment: &BTreeMap<String, String>,
        options: &[&str],
        name: &str,
        address: SocketAddr,
        clock: Option<&SetClock>,
    ) -> Result<Self> {
        let binary = binary()?;
        let printed = target("wasmtime").join(format!("{name}.log"));
        fs::create_dir_all(target("wasmtime"))?;
        let log = File::create(&printed).with_context(|| printed.display().to_string())?;

        let mut command = Command::new(binary);
        command.arg("serve").args(AS_DOCUMENTED).args([
            "--no-logging-prefix",
            "--addr",
            &address.to_string(),
        ]);
        if path.extension().is_some_and(|end| end == COMPILED) {
            command.arg("--allow-precompiled");
        }
        command.args(options).envs(clock.into_iter().flat_map(SetClock::environment));
        for (name, value) in environment {
            // By name only: the values must not stand in the list of processes.
            command.env(name, value).args(["--env", name]);
        }
        command.arg(path).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().map_err(|error| not_started(&command, error))?;
        let mut serve = Self { child, address, printed };
        serve.wait_until_up()?;
        Ok(serve)
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

    /// Everything it and the component have printed.
    pub fn log(&self) -> String {
        let mut printed = fs::read_to_string(&self.printed).unwrap_or_default();
        // What does not end yet is still being written, in pieces.
        printed.truncate(printed.rfind('\n').map_or(0, |at| at + 1));
        printed
    }

    /// The decisions logged so far, in order.
    pub fn decisions(&self) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line.get("decision").is_some()).collect()
    }

    /// The decision logged after `count` others, if it comes within `patience`.
    pub fn wait_for_decision(&self, count: usize, patience: Duration) -> Option<Value> {
        let started = Instant::now();
        loop {
            match self.decisions().get(count) {
                Some(decision) => return Some(decision.clone()),
                None if started.elapsed() > patience => return None,
                None => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    fn wait_until_up(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                bail!("wasmtime ended ({status}):\n{}", self.log());
            }
            if let Some(address) = serving(&self.log()) {
                self.address = address;
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!("wasmtime does not accept connections after {} s:\n{}", START.as_secs(), self.log())
    }
}

impl Drop for WasmtimeServe {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where it says in `log` that it serves.
fn serving(log: &str) -> Option<SocketAddr> {
    let address = log.lines().find_map(|line| line.strip_prefix(SERVING))?;
    address.trim_end_matches('/').parse().ok()
}

/// The command, installed if it is not yet. Looked for once: that takes a Python to start.
fn binary() -> Result<PathBuf> {
    static FOUND: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(binary) = &*found {
        return Ok(binary.clone());
    }
    let binary = step("wasmtime command", |step| {
        let requirements = root().join("examples/agentflow/component/requirements-serve.txt");
        installed(&python::venv("wasmtime-serve", &requirements, step)?)
    })?;
    Ok(found.insert(binary).clone())
}

/// The binary inside the Python package, not the package's script that replaces itself with it: the package lacks the
/// permission that the script relies on.
fn installed(bin: &Path) -> Result<PathBuf> {
    let lib = bin.parent().unwrap_or(bin).join("lib");
    for entry in fs::read_dir(&lib).with_context(|| lib.display().to_string())? {
        let binary = entry?.path().join("site-packages").join("wasmtime_cli").join("wasmtime");
        if binary.is_file() {
            make_executable(&binary)?;
            return Ok(binary);
        }
    }
    bail!("{} has no wasmtime_cli/wasmtime: the package may not exist for this machine", lib.display())
}

#[cfg(unix)]
fn make_executable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = fs::metadata(file)?.permissions();
    permissions.set_mode(permissions.mode() | 0o100);
    Ok(fs::set_permissions(file, permissions)?)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}
