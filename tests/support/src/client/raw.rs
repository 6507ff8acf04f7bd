//! A client that sends any bytes, be they HTTP or not.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a client stays that then leaves.
const STAY: Duration = Duration::from_millis(100);

/// What the client does after the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It waits for the answer.
    Wait,
    /// It says that no more will come, and waits for the answer.
    HalfClose,
    /// It leaves.
    Leave,
}

/// Sends `bytes` on a connection of its own; the status of the final answer, none if there is none.
///
/// # Errors
///
/// If nothing listens on `address`.
pub fn status(address: SocketAddr, bytes: &[u8], ending: Ending) -> Result<Option<u16>> {
    Ok(final_status(&exchange(address, bytes, ending, PATIENCE)?))
}

/// The same; all that is answered before the server closes, or says nothing for `patience`.
///
/// # Errors
///
/// As [`status`].
pub fn exchange(address: SocketAddr, bytes: &[u8], ending: Ending, patience: Duration) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("nothing listens on {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    // A server may have answered and stopped reading before all of it is sent.
    let _ = stream.write_all(bytes);
    match ending {
        Ending::Wait => {}
        // The server may be gone by now.
        Ending::HalfClose => drop(stream.shutdown(Shutdown::Write)),
        Ending::Leave => {
            thread::sleep(STAY);
            return Ok(Vec::new());
        }
    }
    let (mut answer, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        answer.extend(buffer.iter().take(count));
    }
    Ok(answer)
}

/// The status of the first response that is not only informational.
fn final_status(answer: &[u8]) -> Option<u16> {
    let answer = String::from_utf8_lossy(answer);
    let statuses = answer.split("HTTP/1.").skip(1).filter_map(|rest| rest.get(2..5)?.parse().ok());
    statuses.into_iter().find(|status| *status >= 200)
}

#[cfg(test)]
mod tests {
    use super::final_status;

    #[test]
    fn informational_responses_are_passed_over() {
        assert_eq!(
            final_status(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\n\r\n"),
            Some(401)
        );
        assert_eq!(final_status(b"HTTP/1.0 400 Bad Request\r\n\r\n"), Some(400));
        assert_eq!(final_status(b""), None);
        assert_eq!(final_status(b"garbage"), None);
    }
}
