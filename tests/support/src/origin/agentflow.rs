//! The real AgentFlow server, run from a Python environment with the fixture in `tests/agentflow`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::patience::PATIENCE;
use crate::root;

/// The server is ready in 1.5 to 2.5 s; much more on a machine that also compiles.
const START_TIMEOUT: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(20);

/// A running server; stopped when dropped.
#[derive(Debug)]
pub struct AgentFlow {
    process: Child,
    address: SocketAddr,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl AgentFlow {
    /// Starts the server from the environment whose `bin` directory is given and waits until it answers. It believes
    /// tokens signed with `secret`; its logs are in `target/xtask/agentflow/<name>`.
    pub fn start(bin: &Path, secret: &str, name: &str) -> anyhow::Result<Self> {
        let fixture = root::root().join("tests/agentflow");
        let directory = root::target("agentflow").join(name);
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let (stdout, stderr) = (directory.join("stdout.log"), directory.join("stderr.log"));
        let process = Command::new(bin.join("python"))
            .args(["-m", "uvicorn", "agentflow_cli.src.app.main:app", "--host", "127.0.0.1", "--port", "0"])
            .args(["--timeout-graceful-shutdown", "1"])
            .current_dir(&fixture)
            .env("GRAPH_PATH", "agentflow.json")
            .env("JWT_SECRET_KEY", secret)
            .env("JWT_ALGORITHM", "HS256")
            // At INFO every request is one line: HTTP on stdout, WebSocket on stderr.
            .env("LOG_LEVEL", "INFO")
            // Text extraction is an extra that is not installed; without this every upload is a 500.
            .env("DOCUMENT_HANDLING", "pass_raw")
            .env("MEDIA_STORAGE_PATH", directory.join("uploads"))
            .env("PYTHONPATH", &fixture)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONWARNINGS", "ignore")
            .stdin(Stdio::null())
            .stdout(fs::File::create(&stdout)?)
            .stderr(fs::File::create(&stderr)?)
            .spawn()
            .with_context(|| format!("cannot start {}", bin.join("python").display()))?;
        let mut server = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)), stdout, stderr };
        server.address = server.wait_until_ready()?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<SocketAddr> {
        let start = Instant::now();
        while start.elapsed() < START_TIMEOUT {
            let log = fs::read_to_string(&self.stderr).unwrap_or_default();
            // Written after the application has started and the socket listens.
            let announced = log.split("Uvicorn running on http://").nth(1);
            if let Some(address) = announced.and_then(|rest| rest.split_whitespace().next()) {
                return address.parse().with_context(|| format!("AgentFlow says it listens on {address}"));
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("AgentFlow ended with {status} while it started:\n{}", tail(&log));
            }
            thread::sleep(POLL);
        }
        let log = fs::read_to_string(&self.stderr).unwrap_or_default();
        bail!("AgentFlow was not ready within {START_TIMEOUT:?}:\n{}", tail(&log))
    }

    /// The requests that reached the server so far, one text each: `GET /v1/threads 200`, `WebSocket /v1/graph/ws
    /// [accepted]`. HTTP requests first.
    pub fn arrivals(&self) -> anyhow::Result<Vec<String>> {
        let read =
            |path: &Path| fs::read_to_string(path).with_context(|| format!("no log {}", path.display()));
        let (stdout, stderr) = (read(&self.stdout)?, read(&self.stderr)?);
        let http = stdout.lines().filter(|line| line.contains("uvicorn.access")).filter_map(http_arrival);
        let websocket = stderr.lines().filter_map(websocket_arrival);
        Ok(http.chain(websocket).collect())
    }

    /// [`AgentFlow::arrivals`], once there are `count` of them; fewer if they do not come.
    pub fn wait_for_arrivals(&self, count: usize) -> anyhow::Result<Vec<String>> {
        let start = Instant::now();
        loop {
            let arrivals = self.arrivals()?;
            if arrivals.len() >= count || start.elapsed() > PATIENCE {
                return Ok(arrivals);
            }
            thread::sleep(POLL);
        }
    }

    /// Everything the server has written.
    pub fn log(&self) -> anyhow::Result<String> {
        Ok([fs::read_to_string(&self.stdout)?, fs::read_to_string(&self.stderr)?].concat())
    }
}

impl Drop for AgentFlow {
    fn drop(&mut self) {
        // It may have ended by itself; nobody is left to tell.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `… "GET /v1/threads HTTP/1.1" 200` to `GET /v1/threads 200`.
fn http_arrival(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('"')?;
    let (request, status) = rest.rsplit_once('"')?;
    let request = request.strip_suffix(" HTTP/1.1").unwrap_or(request);
    Some(format!("{request} {}", status.trim()))
}

/// `INFO:  127.0.0.1:4 - "WebSocket /v1/graph/ws" [accepted]` to `WebSocket /v1/graph/ws [accepted]`.
fn websocket_arrival(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("\"WebSocket ")?;
    let (target, outcome) = rest.rsplit_once('"')?;
    Some(format!("WebSocket {target} {}", outcome.trim()))
}

/// The end of a log, which is where the trouble is.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(20)).copied().collect::<Vec<_>>().join("\n")
}
