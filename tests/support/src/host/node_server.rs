//! A server of Node.js with the npm package in it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::printed::Printed;
use crate::step::not_started;

/// How long it may take to listen.
const START: Duration = Duration::from_secs(20);
/// What it prints before its address.
const LISTENING: &str = "listening on ";

/// A running server; stopped when dropped.
#[derive(Debug)]
pub struct NodeServer {
    child: Child,
    address: SocketAddr,
    output: Arc<Printed>,
}

impl NodeServer {
    /// Starts `script` of the folder `project` and waits until it prints `listening on ADDRESS`.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub fn start(project: &Path, script: &str, environment: &BTreeMap<String, String>) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg(script).current_dir(project).envs(environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| not_started(&command, error))?;
        let output = Arc::new(Printed::default());
        if let Some(pipe) = child.stdout.take() {
            output.collect(pipe);
        }
        if let Some(pipe) = child.stderr.take() {
            output.collect(pipe);
        }
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), output };
        let log = server.output.wait_for(&[LISTENING], START);
        let address = log.lines().find_map(|line| line.strip_prefix(LISTENING));
        server.address = address.with_context(|| format!("{script} does not listen:\n{log}"))?.parse()?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed.
    pub fn log(&self) -> String {
        self.output.lock().join("\n")
    }
}

impl Drop for NodeServer {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
