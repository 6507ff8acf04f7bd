//! How long the example's Envoy waits: every wait has an end, and streams are not taken for one.
//!
//! The configuration is the example's own, with its times cut to what a test can wait for.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::client::raw::{self, Ending};
use portcullis_test_support::host::envoy::Envoy;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::node;
use serde_json::{Value, json};

/// By what the example's times are divided; none becomes shorter than a second.
const FASTER: u64 = 150;
/// Longer than anything but a stream may be silent then.
const SILENCE: Duration = Duration::from_millis(3500);
/// Longer than any of the times.
const PATIENCE: Duration = Duration::from_secs(9);

/// How long Envoy may keep lines of its access log (`--file-flush-interval-msec`: 10 s), and some more.
const FLUSH: Duration = Duration::from_secs(15);

/// What a client sends, what it must be answered, and within how many seconds.
struct Row(&'static str, String, &'static str, std::ops::RangeInclusive<u64>);

pub(crate) fn check(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let origin = origin()?;
    let secret = tokens::secret()?;
    let config = config(artefact, &secret, origin)?;
    let envoy = step("start Envoy", |step| Envoy::start_configured(&config, 1, "check-timeouts", step))?;
    let token = tokens::sign(
        json!({
            "iss": "https://login.example.com",
            "aud": "agentflow",
            "sub": "alice",
            "roles": ["user"],
            "exp": tokens::now_secs().saturating_add(300),
        }),
        &secret,
    )?;
    let head = |line: &str, headers: &str| {
        format!("{line} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {token}\r\n{headers}\r\n")
    };
    let close = "Connection: close\r\n";
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let anonymous = "POST /v1/graph/invoke HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\n";
    let rows = [
        Row("a head that stops", "GET /v1/threads HTTP/1.1\r\nHost:".to_string(), "HTTP/1.1 408", 0..=3),
        Row("a body of a stranger's that never comes", anonymous.to_string(), "HTTP/1.1 401", 0..=3),
        Row(
            "a body that never comes",
            head("POST /v1/graph/invoke", "Content-Length: 9\r\n"),
            "HTTP/1.1 408",
            1..=4,
        ),
        Row(
            "a body that stops",
            head("POST /v1/graph/invoke", "Content-Length: 9\r\n") + "{",
            "HTTP/1.1 408",
            1..=4,
        ),
        Row(
            "a stream's body that never comes",
            head("POST /v1/graph/stream", "Content-Length: 9\r\n"),
            "HTTP/1.1 408",
            1..=4,
        ),
        Row("a response that never begins", head("GET /v1/threads/silent", close), "HTTP/1.1 504", 1..=5),
        Row("a response that stops", head("GET /v1/threads/stops", close), "HTTP/1.1 200", 1..=5),
        Row("a stream with a pause", head("POST /v1/graph/stream", close), "last", 3..=5),
        Row("a WebSocket with a pause", head("GET /v1/graph/ws", upgrade), "hi", 3..=5),
    ];
    // All at once: they only wait.
    let outcomes = thread::scope(|scope| {
        let sent: Vec<_> = rows
            .iter()
            .map(|row| {
                let address = envoy.address(0);
                scope.spawn(move || {
                    let started = Instant::now();
                    let answer = raw::exchange(address, row.1.as_bytes(), Ending::Wait, PATIENCE)?;
                    anyhow::Ok((String::from_utf8_lossy(&answer).into_owned(), started.elapsed().as_secs()))
                })
            })
            .collect();
        sent.into_iter().map(|sent| sent.join()).collect::<Vec<_>>()
    });
    for (Row(what, _, answer, within), outcome) in rows.iter().zip(outcomes) {
        let Ok(outcome) = outcome else { anyhow::bail!("{what}: the client failed") };
        let (got, took) = outcome?;
        let fine = got.contains(answer) && within.contains(&took);
        summary.count(
            (!fine).then(|| {
                format!("{what}: got {got:?} after {took} s, expected {answer:?} within {within:?} s")
            }),
        );
    }
    expect_access_log(&envoy, summary);
    Ok(())
}

/// Every line of the access log is one JSON object, and those of decisions hold what the gate says.
fn expect_access_log(envoy: &Envoy, summary: &mut Summary) {
    // Envoy writes its access log in batches. Its own log has the decisions too, without `gate`.
    for sign in ["\"gate\":null", "\"gate\":{\"decision\":\"deny\"", "\"gate\":{\"decision\":\"allow\""] {
        envoy.wait_for_sign(&[sign], FLUSH);
    }
    let log = envoy.log();
    let lines: Vec<_> = log.lines().filter(|line| line.starts_with('{')).collect();
    let read: Vec<Option<Value>> = lines.iter().map(|line| serde_json::from_str(line).ok()).collect();
    let broken = lines.iter().zip(&read).find(|(_, read)| read.is_none());
    summary.count(broken.map(|(line, _)| format!("a line of the access log is no JSON: {line}")));
    let with =
        |pointer: &str, value: Value| read.iter().flatten().any(|line| line.pointer(pointer) == Some(&value));
    for (pointer, value) in [
        ("/gate/reason", json!("credential_missing")),
        ("/gate/subject", json!("alice")),
        ("/client", json!("127.0.0.1")),
        ("/status", json!(401)),
        ("/gate", Value::Null),
    ] {
        summary.count(
            (!with(pointer, value.clone())).then(|| format!("no line has {value} at {pointer}: {log}")),
        );
    }
}

/// The example's configuration with shorter times, free ports and this origin.
fn config(artefact: &ProxyWasmArtefact, secret: &str, origin: SocketAddr) -> Result<Value> {
    let yaml = root().join("examples/agentflow/envoy.yaml");
    let mut config = step("read envoy.yaml", |step| node::yaml(step, &yaml))?;
    shorten(&mut config);
    let socket = |port: u16| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    let filter = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config";
    let kept = format!("{filter}/vm_config/environment_variables/key_values/PORTCULLIS_FILTER_STATE");
    let kept = config.pointer(&kept).with_context(|| format!("envoy.yaml has no {kept}"))?.clone();
    for (pointer, value) in [
        ("/admin/address", socket(0)),
        ("/static_resources/listeners/0/name", json!("0")),
        ("/static_resources/listeners/0/address", socket(0)),
        (
            "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address",
            socket(origin.port()),
        ),
        (&format!("{filter}/vm_config/code/local/filename"), json!(artefact.path)),
        (
            &format!("{filter}/vm_config/environment_variables"),
            json!({"key_values": {
                "JWT_SECRET_KEY": secret,
                "ORIGIN_JWT_SECRET": tokens::secret()?,
                // As there.
                "PORTCULLIS_FILTER_STATE": kept,
            }}),
        ),
    ] {
        *config.pointer_mut(pointer).with_context(|| format!("envoy.yaml has no {pointer}"))? = value;
    }
    Ok(config)
}

/// Divides every time of more than a few seconds.
fn shorten(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(shorten),
        Value::Array(elements) => elements.iter_mut().for_each(shorten),
        Value::String(text) => {
            let secs = text.strip_suffix('s').and_then(|number| number.parse::<u64>().ok());
            if let Some(secs) = secs.filter(|secs| *secs >= 10) {
                *text = format!("{}s", (secs / FASTER).max(1));
            }
        }
        _ => {}
    }
}

/// An origin that keeps its clients waiting.
fn origin() -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends it.
            thread::spawn(move || drop(serve(stream)));
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let pause = || thread::sleep(SILENCE);
    if head.starts_with("GET /v1/graph/ws") {
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")?;
        pause();
        return stream.write_all(b"\x81\x02hi");
    }
    if head.starts_with("POST /v1/graph/stream") && !head.contains("content-length: 9") {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")?;
        pause();
        return stream.write_all(b"4\r\nlast\r\n0\r\n\r\n");
    }
    if head.starts_with("GET /v1/threads/stops") {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst")?;
    }
    thread::sleep(PATIENCE + SILENCE);
    Ok(())
}
