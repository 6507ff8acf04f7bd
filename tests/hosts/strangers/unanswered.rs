//! An origin that takes requests and closes the connection without an answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Result;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::summary::Summary;

use crate::hosts::{Gate, Kind};

/// What an origin that answers says.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// It sees a request once: what it did with it before it went away, nobody can tell. Where the connection had been used
/// before, it may have gone away before the request came, and a host may ask once more (RFC 9112 section 9.3.1).
pub(crate) fn check(kind: Kind, summary: &mut Summary) -> Result<()> {
    let origin = Unanswering::start()?;
    let gate = Gate::start_before(kind, "check-unanswered", Some(origin.address))?;
    for (method, target, body) in [("GET", "/v1/threads", ""), ("POST", "/v1/graph/invoke", "{}")] {
        for (answered, most) in [(0, 1), (1, 2)] {
            origin.answer(answered);
            let request = Request::new(method, target).bearer(&gate.token);
            let request = if body.is_empty() { request } else { request.json(body) };
            for _ in 0..answered {
                gate.runtime.block_on(client::send(gate.address(), &request))?;
            }
            let status = gate.runtime.block_on(client::send(gate.address(), &request))?.status;
            let seen = origin.seen.load(Ordering::SeqCst) - answered;
            let fine = [502, 503].contains(&status) && (1..=most).contains(&seen);
            summary.count((!fine).then(|| {
                format!("{method} after {answered} answers: got {status}, the origin saw it {seen} times")
            }));
        }
    }
    Ok(())
}

struct Unanswering {
    address: SocketAddr,
    /// Requests so far, since the last call of `answer`.
    seen: Arc<AtomicUsize>,
    /// How many of them get an answer.
    answered: Arc<AtomicUsize>,
}

impl Unanswering {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (seen, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let origin = Self { address, seen: Arc::clone(&seen), answered: Arc::clone(&answered) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answered) = (Arc::clone(&seen), Arc::clone(&answered));
                thread::spawn(move || serve(stream, &seen, &answered));
            }
        });
        Ok(origin)
    }

    /// Forgets what it has seen, and answers the next `count` requests.
    fn answer(&self, count: usize) {
        self.answered.store(count, Ordering::SeqCst);
        self.seen.store(0, Ordering::SeqCst);
    }
}

fn serve(mut stream: TcpStream, seen: &AtomicUsize, answered: &AtomicUsize) {
    let mut buffer = [0; 64 * 1024];
    let mut text = Vec::new();
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        text.extend(buffer.iter().take(count));
        let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        // The one body that is sent here.
        let has_body = text.starts_with(b"POST");
        if has_body && !text.windows(2).skip(end).any(|window| window == b"{}") {
            continue;
        }
        let number = seen.fetch_add(1, Ordering::SeqCst);
        if number >= answered.load(Ordering::SeqCst) || stream.write_all(ANSWER).is_err() {
            return;
        }
        text.clear();
    }
}
