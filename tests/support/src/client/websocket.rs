//! A WebSocket run: handshake, one message out, all messages in.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};

/// A run of the graph takes under a second.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How a handshake ended, and what came after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server refused the upgrade.
    Refused {
        /// Status code.
        status: u16,
        /// The body.
        body: String,
    },
    /// The server accepted; `protocol` is the subprotocol it chose, `frames` its text messages up to the one that
    /// says `done`.
    Ran {
        /// The subprotocol.
        protocol: Option<String>,
        /// The messages.
        frames: Vec<String>,
    },
}

/// Opens a WebSocket at `target` with additional header lines, sends `message`, and reads until a message says that the
/// run is done or the server closes.
pub async fn run(
    address: SocketAddr,
    target: &str,
    headers: &[(&str, String)],
    message: &str,
) -> anyhow::Result<Outcome> {
    tokio::time::timeout(TIMEOUT, exchange(address, target, headers, message))
        .await
        .with_context(|| format!("WebSocket {target}: not done within {TIMEOUT:?}"))?
        .with_context(|| format!("WebSocket {target}"))
}

async fn exchange(
    address: SocketAddr,
    target: &str,
    headers: &[(&str, String)],
    message: &str,
) -> anyhow::Result<Outcome> {
    let mut request = format!("ws://{address}{target}").into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().append(HeaderName::try_from(*name)?, HeaderValue::try_from(value)?);
    }
    let stream =
        TcpStream::connect(address).await.with_context(|| format!("nothing listens on {address}"))?;
    let (mut socket, response) = match tokio_tungstenite::client_async(request, stream).await {
        Ok(open) => open,
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            let body = String::from_utf8_lossy(body).into_owned();
            return Ok(Outcome::Refused { status: response.status().as_u16(), body });
        }
        Err(error) => return Err(error.into()),
    };
    let protocol = response.headers().get("sec-websocket-protocol");
    let protocol = protocol.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    socket.send(Message::text(message)).await?;
    let mut frames = Vec::new();
    while let Some(received) = socket.next().await {
        match received? {
            Message::Text(text) => {
                let frame: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                let done = frame.pointer("/data/status").is_some_and(|status| status == "done");
                frames.push(text.to_string());
                if done {
                    break;
                }
            }
            Message::Close(_) => break,
            _ => {}
        }
    }
    // The run is over; how the other side takes the farewell is not what is tested.
    let _ = socket.close(None).await;
    Ok(Outcome::Ran { protocol, frames })
}
