//! Sending a variant's bytes, and reading just enough of what comes back.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::frames;
use crate::variant::{Expected, Protocol, Variant};

/// How long an answer to an ordinary request may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most variants are answered at once; some never, because no server knows where they end.
const IMPATIENCE: Duration = Duration::from_millis(1000);
/// How long a second request hidden in the first may take to reach the origin.
const LINGER: Duration = Duration::from_millis(100);

/// The statuses of the answers to a variant.
pub(crate) async fn send(address: SocketAddr, variant: &Variant) -> Vec<u16> {
    let patience = if variant.expected == Expected::Served { PATIENCE } else { IMPATIENCE };
    let mut answer = Vec::new();
    // No answer is an answer: what counts is what the origin has seen.
    let _ = timeout(patience, exchange(address, variant, &mut answer)).await;
    statuses(variant, &answer)
}

async fn exchange(address: SocketAddr, variant: &Variant, answer: &mut Vec<u8>) -> std::io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut read, mut write) = stream.into_split();
    // A server that refuses may stop reading before everything is sent.
    let upload = async { write.write_all(&variant.bytes).await };
    let download = async {
        let mut buffer = vec![0; 16 * 1024];
        while !complete(variant, answer) {
            match read.read(&mut buffer).await {
                Ok(count) if count > 0 => answer.extend_from_slice(&buffer[..count]),
                _ => break,
            }
        }
        if variant.lingers {
            sleep(LINGER).await;
        }
    };
    let (_, ()) = tokio::join!(upload, download);
    Ok(())
}

fn complete(variant: &Variant, answer: &[u8]) -> bool {
    match variant.protocol {
        Protocol::Http1 => responses(variant, answer).1,
        Protocol::Http2 => frames::answered(answer),
    }
}

fn statuses(variant: &Variant, answer: &[u8]) -> Vec<u16> {
    match variant.protocol {
        Protocol::Http1 => responses(variant, answer).0,
        Protocol::Http2 => frames::status(answer).into_iter().collect(),
    }
}

/// The statuses of the final responses in `answer`, and whether they are all there that the variant waits for.
fn responses(variant: &Variant, mut answer: &[u8]) -> (Vec<u16>, bool) {
    let mut statuses = Vec::new();
    let without_body = variant.bytes.starts_with(b"HEAD ");
    while let Some(end) = find(answer, b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        answer = &answer[end + 4..];
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        statuses.push(status);
        let header = |name: &str| {
            head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
        };
        let length = if without_body || matches!(status, 101 | 204 | 304) {
            Some(0)
        } else if header("transfer-encoding").is_some() {
            find(answer, b"0\r\n\r\n").map(|at| at + 5)
        } else {
            header("content-length").and_then(|length| length.parse().ok())
        };
        match length.and_then(|length| answer.get(length..)) {
            Some(rest) => answer = rest,
            None => return (statuses, false),
        }
        if statuses.len() >= variant.responses {
            return (statuses, true);
        }
    }
    (statuses, false)
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
