//! The command, started as a program of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use portcullis_test_support::build::XTASK;
use portcullis_test_support::root::target;
use portcullis_test_support::tools::rust;

const DOCUMENT: &str = r#"{"profile": "agentflow", "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}]}"#;
const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// How long the command may take to end what it has started.
const END: Duration = Duration::from_secs(10);

/// The command, to be started.
pub(super) struct Up {
    host: &'static str,
    listen: Option<SocketAddr>,
    origin: &'static str,
    secret: Option<&'static str>,
}

/// The command while it runs. Killed when dropped.
pub(super) struct Started {
    child: Child,
    printed: Receiver<String>,
}

impl Up {
    pub(super) fn new(host: &str) -> Self {
        let host = ["worker", "envoy", "component"].into_iter().find(|known| *known == host);
        // The discard port: nothing is ever forwarded here.
        Self {
            host: host.unwrap_or_default(),
            listen: None,
            origin: "http://127.0.0.1:9",
            secret: Some(SECRET),
        }
    }

    pub(super) fn listen(self, address: SocketAddr) -> Self {
        Self { listen: Some(address), ..self }
    }

    pub(super) fn origin(self, origin: &'static str) -> Self {
        Self { origin, ..self }
    }

    pub(super) fn without_secret(self) -> Self {
        Self { secret: None, ..self }
    }

    fn command(&self) -> Result<Command> {
        // One for each: another that starts may be reading its own.
        let name = self.listen.map_or(String::new(), |address| address.port().to_string());
        let file = target("up").join(format!("portcullis{name}.json"));
        std::fs::create_dir_all(target("up"))?;
        std::fs::write(&file, DOCUMENT)?;
        let mut command = match std::env::var_os(XTASK) {
            Some(program) => Command::new(program),
            None => {
                let mut cargo = rust::cargo();
                cargo.args(["run", "--quiet", "--bin=xtask", "--"]);
                cargo
            }
        };
        command.args(["up", self.host, "--origin", self.origin, "--config"]).arg(file);
        command.args(self.listen.iter().flat_map(|address| ["--listen".to_owned(), address.to_string()]));
        command.env_remove("JWT_SECRET_KEY").envs(self.secret.map(|secret| ("JWT_SECRET_KEY", secret)));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Ok(command)
    }

    pub(super) fn start(self) -> Result<Started> {
        let mut child = self.command()?.spawn()?;
        let pipe = child.stdout.take().context("no pipe from the command")?;
        let (send, printed) = channel();
        thread::spawn(move || {
            BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        Ok(Started { child, printed })
    }
}

/// What a command that must not start prints, and what it complains about.
pub(super) fn refused(up: Up) -> Result<(String, String)> {
    let output = up.command()?.stderr(Stdio::piped()).output()?;
    let [printed, complaint] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    ensure!(!output.status.success(), "{}: it has started\n{printed}{complaint}", up.host);
    Ok((printed, complaint))
}

impl Started {
    /// Waits for a line in which `part` stands.
    pub(super) fn wait_for(&mut self, part: &str, timeout: Duration) -> Result<()> {
        let started = Instant::now();
        let mut seen = Vec::new();
        loop {
            let left = timeout.saturating_sub(started.elapsed());
            match self.printed.recv_timeout(left) {
                Ok(line) if line.contains(part) => return Ok(()),
                Ok(line) => seen.push(line),
                Err(error) => bail!("no line with {part:?} ({error}):\n{}", seen.join("\n")),
            }
        }
    }

    /// Asks it to end, as `kill` does.
    pub(super) fn terminate(&mut self) -> Result<()> {
        let id = self.child.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &id]).status()?.success(), "kill has failed");
        let started = Instant::now();
        while started.elapsed() < END {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "it ended with {status}");
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("it runs on after a signal")
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        // Asked politely first, so that it ends what it has started.
        if self.terminate().is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// The status with which somebody at `address` answers, if anybody does.
pub(super) fn answers(address: SocketAddr) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(b"GET /v1/threads HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}
