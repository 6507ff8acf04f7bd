//! wasmtime: as a library for the world `gate`, whose interface in `wit/auth.wit` is called as any host would, and as
//! the command `wasmtime serve` for the worlds `middleware` and `proxy`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value, json};
use wasmtime::component::{Component, ComponentExportIndex, Instance, Linker, ResourceAny, Val};
use wasmtime::{Engine, Store};

use crate::root::{root, target};
use crate::step::{not_started, step};
use crate::tools::python;

/// How long `wasmtime serve` may take to accept connections: it compiles the component first.
const START: Duration = Duration::from_secs(30);

/// The interface that the component exports.
const AUTHORIZATION: &str = "portcullis:auth/authorization@0.1.0";

/// A request head to show to the gate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    /// The method as on the wire.
    pub(crate) method: &'a [u8],
    /// Path and query as on the wire.
    pub(crate) target: &'a [u8],
    /// Every header line, in order.
    pub(crate) headers: &'a [(Vec<u8>, Vec<u8>)],
    /// By what the host knows the request.
    pub(crate) request_id: &'a str,
}

/// What the host found out about an API key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Supply<'a> {
    /// The record, or that there is none.
    ApiKeyRecord(Option<&'a [u8]>),
    /// The store could not be asked.
    Unavailable,
}

/// A compiled component, of which any number of gates can be made.
pub(crate) struct GateComponent {
    component: Component,
    linker: Linker<()>,
}

/// A gate in an instance of its own.
pub(crate) struct GateHost {
    store: Store<()>,
    instance: Instance,
    interface: ComponentExportIndex,
    gate: ResourceAny,
}

impl GateComponent {
    /// Compiles the component at `path`.
    ///
    /// # Errors
    ///
    /// If it is not a component.
    pub(crate) fn compile(path: &Path) -> Result<Self> {
        let engine = Engine::default();
        let component = Component::from_file(&engine, path)
            .map_err(|error| anyhow!("{error:?}"))
            .with_context(|| path.display().to_string())?;
        // Nothing is defined in it: a component that imports anything cannot be instantiated here.
        let linker = Linker::new(&engine);
        Ok(Self { component, linker })
    }

    /// Makes a gate. The inner error lists what is wrong with the configuration, as `pointer: message`.
    ///
    /// # Errors
    ///
    /// If the component traps, or is not one of the world `gate`.
    pub(crate) fn load(
        &self,
        config: &[u8],
        secrets: &BTreeMap<String, String>,
    ) -> Result<Result<GateHost, Vec<String>>> {
        let mut store = Store::new(self.linker.engine(), ());
        let instance =
            self.linker.instantiate(&mut store, &self.component).map_err(|error| anyhow!("{error:?}"))?;
        let interface = instance
            .get_export_index(&mut store, None, AUTHORIZATION)
            .ok_or_else(|| anyhow!("the component does not export {AUTHORIZATION}"))?;
        let secrets =
            secrets.iter().map(|(name, value)| record([("name", text(name)), ("value", text(value))]));
        let arguments = [octets(config), Val::List(secrets.collect())];
        match call(&mut store, &instance, &interface, "[static]gate.load", &arguments)? {
            Val::Result(Ok(Some(gate))) => match *gate {
                Val::Resource(gate) => Ok(Ok(GateHost { store, instance, interface, gate })),
                other => bail!("`gate.load` returned {other:?}"),
            },
            Val::Result(Err(Some(errors))) => {
                let errors = to_json(&errors)?;
                let lines = errors.as_array().into_iter().flatten().map(|error| {
                    let part = |name: &str| error[name].as_str().unwrap_or_default().to_string();
                    format!("{}: {}", part("pointer"), part("message"))
                });
                Ok(Err(lines.collect()))
            }
            other => bail!("`gate.load` returned {other:?}"),
        }
    }
}

impl GateHost {
    /// Decides: `{"verdict": …}` or `{"need": {"api_key_record": "<id>"}}`. Members are named as in `wit/auth.wit`, with
    /// underscores.
    ///
    /// # Errors
    ///
    /// If the component traps. The instance is of no more use then: load another.
    pub(crate) fn authorize(&mut self, head: &Head<'_>, now: u64) -> Result<Value> {
        let arguments = [Val::Resource(self.gate), self.head(head), Val::U64(now)];
        to_json(&self.call("[method]gate.authorize", &arguments)?)
    }

    /// Decides with what was asked for: the verdict.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub(crate) fn resume(&mut self, head: &Head<'_>, now: u64, supply: Supply<'_>) -> Result<Value> {
        let supply = match supply {
            Supply::ApiKeyRecord(record) => {
                let record = Val::Option(record.map(|record| Box::new(octets(record))));
                Val::Variant("api-key-record".to_string(), Some(Box::new(record)))
            }
            Supply::Unavailable => Val::Variant("unavailable".to_string(), None),
        };
        let arguments = [Val::Resource(self.gate), self.head(head), Val::U64(now), supply];
        to_json(&self.call("[method]gate.resume", &arguments)?)
    }

    /// The answer when the origin cannot be reached.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub(crate) fn origin_unreachable(&mut self, head: &Head<'_>, now: u64) -> Result<Value> {
        let arguments = [Val::Resource(self.gate), self.head(head), Val::U64(now)];
        to_json(&self.call("[method]gate.origin-unreachable", &arguments)?)
    }

    fn head(&self, head: &Head<'_>) -> Val {
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| record([("name", octets(name)), ("value", octets(value))]));
        record([
            ("method", octets(head.method)),
            ("target", octets(head.target)),
            ("headers", Val::List(headers.collect())),
            ("request-id", text(head.request_id)),
        ])
    }

    fn call(&mut self, name: &str, arguments: &[Val]) -> Result<Val> {
        call(&mut self.store, &self.instance, &self.interface, name, arguments)
    }
}

/// Calls a function of the interface that returns one value.
fn call(
    store: &mut Store<()>,
    instance: &Instance,
    interface: &ComponentExportIndex,
    name: &str,
    arguments: &[Val],
) -> Result<Val> {
    let index = instance
        .get_export_index(&mut *store, Some(interface), name)
        .ok_or_else(|| anyhow!("{AUTHORIZATION} has no `{name}`"))?;
    let function = instance.get_func(&mut *store, index).ok_or_else(|| anyhow!("`{name}` is no function"))?;
    let mut results = [Val::Bool(false)];
    function.call(&mut *store, arguments, &mut results).map_err(|error| anyhow!("{name}: {error:?}"))?;
    let [result] = results;
    Ok(result)
}

fn octets(bytes: &[u8]) -> Val {
    Val::List(bytes.iter().copied().map(Val::U8).collect())
}

fn text(text: &str) -> Val {
    Val::String(text.to_string())
}

fn record<const N: usize>(fields: [(&str, Val); N]) -> Val {
    Val::Record(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

/// A value of the interface as JSON: records and variants as objects, enums as text, names with underscores.
fn to_json(value: &Val) -> Result<Value> {
    let name = |name: &str| name.replace('-', "_");
    Ok(match value {
        Val::Bool(value) => json!(value),
        Val::U16(value) => json!(value),
        Val::U64(value) => json!(value),
        Val::String(value) => json!(value),
        Val::Enum(case) => json!(name(case)),
        Val::List(values) => values.iter().map(to_json).collect::<Result<Value>>()?,
        Val::Option(value) => value.as_deref().map_or(Ok(Value::Null), to_json)?,
        Val::Record(fields) => {
            let field = |(field, value): &(String, Val)| Ok((name(field), to_json(value)?));
            Value::Object(fields.iter().map(field).collect::<Result<Map<_, _>>>()?)
        }
        Val::Variant(case, payload) => {
            let payload = payload.as_deref().map_or(Ok(Value::Null), to_json)?;
            Value::Object(Map::from_iter([(name(case), payload)]))
        }
        other => bail!("a value that the interface does not have: {other:?}"),
    })
}

/// A running `wasmtime serve`. Stopped when dropped.
#[derive(Debug)]
pub(crate) struct WasmtimeServe {
    child: Child,
    address: SocketAddr,
    printed: PathBuf,
}

impl WasmtimeServe {
    /// Serves the component at `path`, which finds `environment` (configuration, secrets, `ORIGIN`) in
    /// `wasi:cli/environment`. `name` tells this one apart from others: what it prints goes to
    /// `target/xtask/wasmtime/<name>.log`. `options` go to the command, such as `-Wmax-memory-size=…`.
    ///
    /// # Errors
    ///
    /// If wasmtime cannot be installed or does not come up.
    pub(crate) fn start(
        path: &Path,
        environment: &BTreeMap<String, String>,
        options: &[&str],
        name: &str,
    ) -> Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        Self::start_at(path, environment, options, name, address)
    }

    /// The same, listening on `address`.
    ///
    /// # Errors
    ///
    /// As [`WasmtimeServe::start`].
    pub(crate) fn start_at(
        path: &Path,
        environment: &BTreeMap<String, String>,
        options: &[&str],
        name: &str,
        address: SocketAddr,
    ) -> Result<Self> {
        let binary = step("wasmtime command", |step| {
            let requirements = root().join("examples/agentflow/component/requirements-serve.txt");
            installed(&python::venv("wasmtime-serve", &requirements, step)?)
        })?;
        let printed = target("wasmtime").join(format!("{name}.log"));
        fs::create_dir_all(target("wasmtime"))?;
        let log = File::create(&printed).with_context(|| printed.display().to_string())?;

        let mut command = Command::new(binary);
        command.args(["serve", "-Scli", "--no-logging-prefix", "--addr", &address.to_string()]).args(options);
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
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything it and the component have printed.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.printed).unwrap_or_default()
    }

    /// The decisions logged so far, in order.
    pub(crate) fn decisions(&self) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line.get("decision").is_some()).collect()
    }

    fn wait_until_up(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                bail!("wasmtime ended ({status}):\n{}", self.log());
            }
            if TcpStream::connect_timeout(&self.address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
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
