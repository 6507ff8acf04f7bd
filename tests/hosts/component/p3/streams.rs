//! Bodies, events and trailers: all of them, as they come, in both directions.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use portcullis_host_tests::runtime;
use portcullis_test_support::client::raw::{self, Ending};
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::summary::Summary;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::gate::{serve, token};
use super::origin::{CHECKSUM, EVENTS, LONG, Origin, pattern};
use crate::props::Props;

/// How long an event may take to arrive that has been sent.
const EVENT: Duration = Duration::from_secs(10);
/// In how long chunks a body goes out, in bytes: none of the sizes that anything between works with.
const CHUNK: usize = 100_003;

/// 64 MB from the origin, with a length and without.
pub(crate) fn downloads(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let origin = runtime.block_on(Origin::start())?;
    let gate = serve(component, props, origin.address, &[], "check-p3-downloads")?;
    let expected = pattern(0, LONG);
    for coding in ["measured", "chunked"] {
        let request = Request::new("GET", format!("/download/{coding}")).bearer(&token(props, "alice")?);
        let response = runtime.block_on(client::send(gate.address(), &request))?;
        let length = response.header("content-length");
        let due = (coding == "measured").then(|| LONG.to_string());
        summary.count(
            (length != due.as_deref()).then(|| format!("{coding}: announced as {length:?}, not {due:?}")),
        );
        let received: Vec<u8> = response.chunks.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
        summary.count(
            (received != expected)
                .then(|| format!("{coding}: {} of {LONG} bytes, or others", received.len())),
        );
    }
    Ok(())
}

/// 64 MB to the origin, with a length and without.
pub(crate) fn uploads(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let origin = runtime.block_on(Origin::start())?;
    let gate = serve(component, props, origin.address, &[], "check-p3-uploads")?;
    for chunks_of in [None, Some(CHUNK)] {
        let mut request = Request::new("PUT", "/upload").bearer(&token(props, "alice")?);
        request.body = pattern(0, LONG);
        request.chunks_of = chunks_of;
        let response = runtime.block_on(client::send(gate.address(), &request))?.json();
        let announced = chunks_of.is_none().then_some(LONG);
        let due = serde_json::json!({"bytes": LONG, "intact": true, "announced": announced});
        summary.count(
            (response != due).then(|| format!("in chunks of {chunks_of:?}: received {response}, not {due}")),
        );
    }
    Ok(())
}

/// Server-sent events arrive one by one: the origin sends none before its predecessor is here.
pub(crate) fn events(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let origin = runtime.block_on(Origin::start())?;
    let gate = serve(component, props, origin.address, &[], "check-p3-events")?;
    let token = token(props, "alice")?;
    let outcome = runtime.block_on(follow(gate.address(), &token, &origin));
    summary.count(outcome.err().map(|error| format!("{error:#}")));
    Ok(())
}

async fn follow(address: SocketAddr, token: &str, origin: &Origin) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "GET /events HTTP/1.1\r\nHost: gate.example\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut received = String::new();
    for event in 0..EVENTS {
        origin.release_event();
        let due = format!("data: {event}\n\n");
        while !received.contains(&due) {
            let mut buffer = [0; 4096];
            let read = timeout(EVENT, stream.read(&mut buffer)).await;
            let count = read.with_context(|| format!("event {event} does not come: {received}"))??;
            ensure!(count > 0, "the stream ends before event {event}: {received}");
            received.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        let early = format!("data: {}", event + 1);
        ensure!(!received.contains(&early), "event {} comes before it is sent", event + 1);
    }
    let mut rest = String::new();
    timeout(EVENT, stream.read_to_string(&mut rest)).await.context("the stream does not end")??;
    ensure!(rest.contains("0\r\n\r\n") || received.contains("0\r\n\r\n"), "the stream breaks off: {rest:?}");
    Ok(())
}

/// A trailer to the origin and back.
pub(crate) fn trailers(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let origin = runtime.block_on(Origin::start())?;
    let gate = serve(component, props, origin.address, &[], "check-p3-trailers")?;
    let token = token(props, "alice")?;
    let request = format!(
        "POST /trailers HTTP/1.1\r\nHost: gate.example\r\nAuthorization: Bearer {token}\r\nTE: trailers\r\n\
         Trailer: {CHECKSUM}\r\nTransfer-Encoding: chunked\r\nConnection: TE, close\r\n\r\n\
         5\r\nhello\r\n0\r\n{CHECKSUM}: 4711\r\n\r\n"
    );
    let answer = raw::exchange(gate.address(), request.as_bytes(), Ending::Wait, EVENT)?;
    let answer = String::from_utf8_lossy(&answer);
    for (what, due) in [
        ("the trailer of the request", "received 4711".to_string()),
        ("the trailer of the response", format!("0\r\n{CHECKSUM}: 4711\r\n\r\n")),
    ] {
        summary.count((!answer.contains(&due)).then(|| format!("{what} is not there: {answer}")));
    }
    Ok(())
}
