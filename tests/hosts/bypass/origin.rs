//! The recording origin, in Python: the routers and parsers are those of the servers themselves.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use portcullis_test_support::root::root;
use portcullis_test_support::step::{not_started, step};
use portcullis_test_support::tools::python;
use serde::Deserialize;
use serde_json::Value;

use crate::source::Allowed;

/// What the origin says of a request that has arrived.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Arrival {
    /// Which gate it came from.
    gate: usize,
    /// The variants it belongs to: more than one, if requests have run into each other.
    pub(crate) markers: Vec<usize>,
    pub(crate) endpoint: Option<String>,
    pub(crate) subject: Option<String>,
    /// Why it should not have arrived.
    pub(crate) problem: Option<String>,
    /// The bytes of one that should not have arrived, and of one that nobody sent.
    #[serde(default)]
    pub(crate) raw: String,
}

/// What the origin has for one gate.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Place {
    port: u16,
    pub(crate) allowed: Allowed,
}

impl Place {
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

/// The running origin. Stopped when dropped.
#[derive(Debug)]
pub(crate) struct Origin {
    child: Child,
    pub(crate) places: Vec<Place>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    /// Its end is the end of the origin.
    _input: ChildStdin,
}

impl Origin {
    /// Starts an origin with a place for each of `settings`.
    pub(crate) fn start(settings: &[Value]) -> Result<Self> {
        let folder = root().join("tests/hosts/bypass/origin");
        let bin = step("parsers and routers of the origins", |step| {
            python::venv("bypass", &folder.join("requirements.txt"), step)
        })?;
        let mut command = Command::new(bin.join("python"));
        command.arg("-B").arg(folder.join("origin.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| not_started(&command, error))?;
        let mut input = child.stdin.take().context("no input of the origin")?;
        input.write_all(format!("{}\n", Value::from(settings.to_vec())).as_bytes())?;
        let mut output = BufReader::new(child.stdout.take().context("no output of the origin")?);
        let mut greeting = String::new();
        output.read_line(&mut greeting)?;
        let places = serde_json::from_str(&greeting).context("the origin does not start: see above")?;
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&arrivals);
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A line that is none would be a defect of the origin, and show as arrivals that are missing.
                if let Ok(arrival) = serde_json::from_str::<Arrival>(&line) {
                    list.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
                }
            }
        });
        Ok(Self { child, places, arrivals, _input: input })
    }

    /// What has come from one gate.
    pub(crate) fn arrivals(&self, gate: usize) -> Vec<Arrival> {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.iter().filter(|arrival| arrival.gate == gate).cloned().collect()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
