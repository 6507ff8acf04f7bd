//! WebSockets, each of which is answered with one message.

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::answer::authorization;

pub(super) fn asked_for(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Makes `response` the headers that accept the handshake.
pub(super) fn accept(request: &HeaderMap, response: &mut HeaderMap) {
    let key = request.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    response.remove(CONTENT_TYPE);
    response.insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::try_from(derive_accept_key(key)) {
        response.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
}

/// Waits for a message, says what the handshake was, and that it is done.
pub(super) async fn serve(upgraded: OnUpgrade, path: String, headers: HeaderMap) {
    let Ok(upgraded) = upgraded.await else { return };
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    if let Some(Ok(Message::Text(text))) = socket.next().await {
        let data = json!({"status": "done", "path": path, "authorization": authorization(&headers), "said": text.as_str()});
        // Whoever has gone hears nothing.
        let _ = socket.send(Message::text(json!({"data": data}).to_string())).await;
    }
    let _ = socket.close(None).await;
}
