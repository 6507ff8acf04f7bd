//! `cargo xtask up`: any host in front of any origin, for trying things out and for tests of one's own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::step::step;
use serde_json::Value;

use crate::build;

/// What to start.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// The host that runs the gate.
    #[arg(value_enum)]
    host: HostKind,
    /// Configuration document. The secrets that it names are taken from the environment.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where accepted requests go, on this machine or in a private network: `http://127.0.0.1:8000`.
    #[arg(long, value_name = "URL")]
    origin: String,
    /// Where to listen.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HostKind {
    /// The Worker in workerd.
    Worker,
    /// The filter in Envoy.
    Envoy,
    /// The component `proxy` in wasmtime.
    Component,
}

/// A host that is up.
enum Running {
    Worker(Workerd),
    Envoy(Envoy),
    Component(WasmtimeServe),
}

impl Running {
    fn log(&self) -> String {
        match self {
            Self::Worker(host) => host.log(),
            Self::Envoy(host) => host.log(),
            Self::Component(host) => host.log(),
        }
    }
}

/// Starts the host, prints its log, and stops it at Ctrl-C.
///
/// # Errors
///
/// If it does not come up; says why.
pub(crate) fn run(args: &UpArgs) -> Result<bool> {
    let file = args.config.display();
    let config =
        std::fs::read_to_string(&args.config).with_context(|| format!("--config: cannot read {file}"))?;
    let document: Value =
        serde_json::from_str(&config).with_context(|| format!("--config: {file} is not JSON"))?;
    let secrets = secrets(&document);
    let running = start(args, config, secrets)?;
    println!("The gate listens on http://{} in front of {}. Ctrl-C ends it.", args.listen, args.origin);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut printed = 0;
        loop {
            let log = running.log();
            // Logs only grow; whole lines are printed once.
            let new = log.get(printed..).unwrap_or_default();
            if let Some(end) = new.rfind('\n') {
                println!("{}", &new[..end]);
                printed += end + 1;
            }
            tokio::select! {
                stop = tokio::signal::ctrl_c() => return stop,
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
    })?;
    Ok(true)
}

fn start(args: &UpArgs, config: String, secrets: BTreeMap<String, String>) -> Result<Running> {
    Ok(match args.host {
        HostKind::Worker => {
            let artefact = step("build the Worker", build::worker)?;
            let settings = WorkerSettings { config, secrets, origin: args.origin.clone(), kv: None };
            Running::Worker(step("start workerd", |_| {
                Workerd::start_at(&settings, &artefact.dir, "up", args.listen)
            })?)
        }
        HostKind::Envoy => {
            let artefact = step("build the Envoy filter", build::proxy_wasm)?;
            let settings = EnvoySettings { config, secrets, origin: origin_address(&args.origin)? };
            Running::Envoy(step("start Envoy", |step| {
                Envoy::start_at(&[settings], &artefact.path, "up", Some(args.listen), step)
            })?)
        }
        HostKind::Component => {
            let artefacts = step("build the components", build::component)?;
            let proxy =
                artefacts.iter().find(|artefact| artefact.name == "proxy").context("no component `proxy`")?;
            let mut environment = secrets;
            environment.insert("PORTCULLIS_CONFIG".to_owned(), config);
            environment.insert("ORIGIN".to_owned(), args.origin.clone());
            Running::Component(WasmtimeServe::start_at(&proxy.path, &environment, &[], "up", args.listen)?)
        }
    })
}

/// The secrets that the document names, as far as the environment has them: the gate itself says which are missing.
fn secrets(document: &Value) -> BTreeMap<String, String> {
    let mut names = BTreeSet::new();
    collect_names(document, &mut names);
    names.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?))).collect()
}

fn collect_names<'v>(value: &'v Value, names: &mut BTreeSet<&'v str>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| collect_names(element, names)),
        Value::Object(members) => {
            names.extend(members.get("env").and_then(Value::as_str));
            members.values().for_each(|member| collect_names(member, names));
        }
        _ => {}
    }
}

/// The address in `http://HOST:PORT`.
fn origin_address(origin: &str) -> Result<SocketAddr> {
    let Some(authority) = origin.strip_prefix("http://") else {
        bail!(
            "--origin: write it as http://HOST:PORT; TLS to the origin takes an Envoy configuration of your own"
        );
    };
    let authority = authority.trim_end_matches('/');
    let with_port = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let mut addresses = with_port.to_socket_addrs().with_context(|| format!("--origin: {origin}"))?;
    addresses.next().with_context(|| format!("--origin: {origin} has no address"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::{collect_names, origin_address};

    #[test]
    fn secrets_are_found_wherever_they_are_named() {
        let document =
            json!({"issuers": [{"keys": [{"secret": {"env": "A"}}]}], "api_keys": {"pepper": {"env": "B"}}});
        let mut names = BTreeSet::new();
        collect_names(&document, &mut names);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn origins() {
        assert_eq!(origin_address("http://127.0.0.1:8000/").expect("an address").port(), 8000);
        assert_eq!(origin_address("http://127.0.0.1").expect("an address").port(), 80);
        assert!(origin_address("https://127.0.0.1").is_err());
    }
}
