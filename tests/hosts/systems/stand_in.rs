//! A server in the place of a real one, and what is sent to it: programs in Python, in `tests/systems`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use portcullis_test_support::root::root;
use portcullis_test_support::step::{not_started, step};
use portcullis_test_support::tools::python;
use serde_json::Value;

/// How long a server may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The programs of a system, and the Python that has what they need.
#[derive(Debug)]
pub(crate) struct Programs {
    python: PathBuf,
    folder: PathBuf,
}

/// What came of flows, in order: each by name.
pub(crate) type Outcomes = Vec<(String, String)>;

impl Programs {
    /// Those in the folder `tests/systems/NAME`, with the packages of its `requirements.txt`.
    pub(crate) fn of(name: &str) -> Result<Self> {
        let folder = root().join("tests/systems").join(name);
        let bin = step(&format!("server and clients of {name}"), |step| {
            python::bare_venv(&format!("systems-{name}"), &folder.join("requirements.txt"), step)
        })?;
        Ok(Self { python: bin.join("python"), folder })
    }

    /// Those in the same folder, below `folder`, with the Python in `bin`.
    pub(crate) fn in_folder(folder: &str, bin: &Path) -> Self {
        Self { python: bin.join("python"), folder: root().join("tests/systems").join(folder) }
    }

    fn command(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.arg("-B").arg(self.folder.join(script)).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// Has `script` send its flows, given `arguments` and `input`.
    pub(crate) fn play(&self, script: &str, arguments: &[&str], input: &str) -> Result<Outcomes> {
        play(self.command(script, arguments), script, input)
    }

    /// The same with a script for Node.js, which finds its packages in `modules`.
    pub(crate) fn play_in_node(
        &self,
        script: &str,
        modules: &Path,
        arguments: &[&str],
        input: &str,
    ) -> Result<Outcomes> {
        let mut command = Command::new("node");
        command.arg(self.folder.join(script)).args(arguments).env("NODE_PATH", modules);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        play(command, script, input)
    }
}

fn play(mut command: Command, script: &str, input: &str) -> Result<Outcomes> {
    let mut child = command.spawn().map_err(|error| not_started(&command, error))?;
    // Its end is the end of the input.
    let mut stdin = child.stdin.take().context("no input of the flows")?;
    stdin.write_all(input.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{script} ended with {}: see above", output.status);
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// A running server. Stopped when dropped.
#[derive(Debug)]
pub(crate) struct StandIn {
    child: Child,
    /// What it says of itself.
    pub(crate) greeting: Value,
    pub(crate) address: SocketAddr,
    /// Its end is the end of the server.
    input: Option<ChildStdin>,
}

impl StandIn {
    /// Starts `server.py`, given `arguments`.
    pub(crate) fn start(programs: &Programs, arguments: &[&str]) -> Result<Self> {
        let mut command = programs.command("server.py", arguments);
        let mut child = command.spawn().map_err(|error| not_started(&command, error))?;
        let input = child.stdin.take().context("no input of the server")?;
        let output = child.stdout.take().context("no output of the server")?;
        let mut server = Self {
            child,
            greeting: Value::Null,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            input: Some(input),
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        server.greeting = serde_json::from_str(&line).context("the server does not start: see above")?;
        let port = server.greeting["port"].as_u64().context("the server says no port")?;
        server.address.set_port(port.try_into()?);
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // It ends what it has started, if it is given the time.
        drop(self.input.take());
        let started = Instant::now();
        while started.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file of JSON among the tests of the systems.
pub(crate) fn read(path: &str) -> Result<Value> {
    let file: PathBuf = root().join("tests/systems").join(Path::new(path));
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| file.display().to_string())
}
