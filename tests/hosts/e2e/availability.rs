//! Origins that are down, slow or patient, and configurations that do not load.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use portcullis_test_support::client::{self, Request};
use portcullis_test_support::origin::tokens;

use crate::lab::{Lab, forward_config};
use crate::report::Report;

/// Longer than a proxy with a hasty default would wait; short enough for a test.
const SLOW: Duration = Duration::from_secs(3);

/// For what takes milliseconds if it happens at all.
const PROMPT: Duration = Duration::from_secs(5);

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

pub(crate) async fn check(lab: &Lab) -> Result<Report> {
    let mut report = Report::default();
    let token = tokens::agentflow("alice", Some("user"), &lab.secrets.origin)?;
    down(lab, &token, &mut report).await?;
    slow(lab, &token, &mut report).await?;
    unread_body(lab, &token, &mut report).await?;
    broken_configurations(lab, &token, &mut report).await?;
    Ok(report)
}

async fn down(lab: &Lab, token: &str, report: &mut Report) -> Result<()> {
    let gate = lab.gate(&forward_config(), nobody_listens().await?, None, "e2e-down")?;
    let response = client::send(gate.address(), &Request::new("GET", "/v1/threads").bearer(token)).await?;
    report.equal("origin down: status", response.status, 502);
    let told = response.json();
    report.equal(
        "origin down: body",
        told.pointer("/error").cloned(),
        Some(json!({"code": "HTTPException", "message": "Bad Gateway", "details": []})),
    );
    let refused = client::send(gate.address(), &Request::new("GET", "/v1/threads")).await?;
    report.equal("origin down, no token: status", refused.status, 401);
    Ok(())
}

async fn slow(lab: &Lab, token: &str, report: &mut Report) -> Result<()> {
    let origin = Patient::start(|mut stream, _| async move {
        let mut head = vec![0; 4096];
        let _ = stream.read(&mut head).await;
        sleep(SLOW).await;
        let _ = stream.write_all(ANSWER).await;
    })
    .await?;
    let gate = lab.gate(&forward_config(), origin.address, None, "e2e-slow")?;
    let response = client::send(gate.address(), &Request::new("GET", "/v1/threads").bearer(token)).await?;
    report.equal("slow origin: status", response.status, 200);
    report.holds("slow origin: it was waited for", response.took >= SLOW, response.took);
    Ok(())
}

/// The origin gets the first half of a body while the second has not been sent.
async fn unread_body(lab: &Lab, token: &str, report: &mut Report) -> Result<()> {
    const HALF: usize = 256 * 1024;
    let origin = Patient::start(|mut stream, received| async move {
        let mut buffer = vec![0; 64 * 1024];
        while received.load(Ordering::Relaxed) < 2 * HALF {
            match stream.read(&mut buffer).await {
                Ok(count @ 1..) => drop(received.fetch_add(count, Ordering::Relaxed)),
                _ => return,
            }
        }
        let _ = stream.write_all(ANSWER).await;
    })
    .await?;
    let gate = lab.gate(&forward_config(), origin.address, None, "e2e-body")?;
    let mut stream = TcpStream::connect(gate.address()).await?;
    let head = format!(
        "POST /v1/graph/invoke HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
        2 * HALF
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&vec![b'x'; HALF]).await?;
    let streamed = async {
        // Some of it may wait in buffers on the way.
        while origin.received.load(Ordering::Relaxed) < HALF / 2 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let streamed = timeout(PROMPT, streamed).await.is_ok();
    report.holds(
        "a body is passed on before it is complete",
        streamed,
        origin.received.load(Ordering::Relaxed),
    );
    stream.write_all(&vec![b'x'; HALF]).await?;
    let mut status = vec![0; "HTTP/1.1 200".len()];
    timeout(PROMPT, stream.read_exact(&mut status)).await.context("no answer to a body sent in halves")??;
    report.equal("a body sent in halves: status", status, b"HTTP/1.1 200".to_vec());
    Ok(())
}

async fn broken_configurations(lab: &Lab, token: &str, report: &mut Report) -> Result<()> {
    let mut unknown_secret = forward_config();
    if let Some(name) = unknown_secret.pointer_mut("/issuers/0/keys/0/secret/env") {
        *name = "FORGOTTEN".into();
    }
    let broken = [
        ("an unknown member", json!({"profile": "agentflow", "isuers": []}), "isuers"),
        ("a secret nobody set", unknown_secret, "wrangler secret put FORGOTTEN"),
        ("not an object", json!("{"), "configuration"),
    ];
    for (index, (what, config, said)) in broken.into_iter().enumerate() {
        let origin = Patient::start(|_, _| async {}).await?;
        let gate = lab.gate(&config, origin.address, None, &format!("e2e-broken-{index}"))?;
        for request in [
            Request::new("GET", "/ping"),
            Request::new("GET", "/v1/threads"),
            Request::new("GET", "/v1/threads").bearer(token),
            Request::new("OPTIONS", "/v1/threads")
                .header("Origin", "https://app.example")
                .header("Access-Control-Request-Method", "GET"),
        ] {
            let response = client::send(gate.address(), &request).await?;
            report.equal(&format!("configuration with {what}: status"), response.status, 503);
        }
        let reached = origin.connections.load(Ordering::Relaxed);
        report.equal(&format!("configuration with {what}: connections to the origin"), reached, 0);
        // Errors come through another pipe than decisions, and perhaps later.
        let logged = async {
            while !gate.log().contains(said) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let logged = timeout(PROMPT, logged).await.is_ok();
        report.holds(&format!("configuration with {what}: the log says {said}"), logged, gate.log());
    }
    Ok(())
}

/// An address whose port was free a moment ago.
async fn nobody_listens() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?)
}

/// An origin on raw TCP.
struct Patient {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// Bytes, as far as the handler counts them.
    received: Arc<AtomicUsize>,
}

impl Patient {
    async fn start<F>(
        handler: impl Fn(TcpStream, Arc<AtomicUsize>) -> F + Send + Sync + 'static,
    ) -> Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (connections, received) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let origin = Self { address, connections: Arc::clone(&connections), received: Arc::clone(&received) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(handler(stream, Arc::clone(&received)));
            }
        });
        Ok(origin)
    }
}
