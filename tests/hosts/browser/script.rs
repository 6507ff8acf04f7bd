//! What pages ask for, and what must come of it.

use std::fmt;

use serde_json::{Value, json};

use super::origin::Kind;

/// Whose page sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// One whose origin is listed.
    Listed,
    /// One whose origin is not.
    Unlisted,
    /// One in a sandbox, whose origin is `null`.
    Sandboxed,
    /// One that came from the gate.
    Own,
}

/// With what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Nothing, on a public route: no preflight is needed.
    Nothing,
    /// A token that is good.
    Token,
    /// A token that is not.
    BadToken,
    /// A good token and the browser's cookies, on a request that changes something.
    TokenAndCookies,
    /// A WebSocket.
    Socket,
}

/// How a gate treats cross-origin requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It leaves them to the server.
    Forward,
    /// It governs.
    Answer,
    /// It governs, and allows credentials.
    AnswerWithCredentials,
}

impl Mode {
    /// The document's `cors`.
    pub(crate) fn cors(self, listed: &str) -> Value {
        match self {
            Self::Forward => json!({"allowed_origins": [listed]}),
            Self::Answer => json!({"preflight": "answer", "allowed_origins": [listed]}),
            Self::AnswerWithCredentials => json!({
                "preflight": "answer", "allowed_origins": [listed], "allow_credentials": true,
                "expose_headers": ["X-Total"],
            }),
        }
    }
}

/// What comes of a request, as the script sees it and as the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The script reads the response of the server, with the header that is exposed.
    Read,
    /// It reads the response of the server, and not the header.
    ReadWithoutHeader,
    /// It reads a refusal of the gate, and its challenge.
    ReadRefusal,
    /// It reads nothing, and nothing but a preflight has arrived at the server.
    Blocked,
    /// It reads nothing, and the request has arrived all the same.
    BlockedTooLate,
    /// The server has got the handshake of a WebSocket (and knows none).
    Handshake,
}

impl Outcome {
    /// In the table.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Read | Self::ReadWithoutHeader => "reads 200",
            Self::ReadRefusal => "reads 401",
            Self::Blocked => "blocked",
            Self::BlockedTooLate => "blocked, but it arrived",
            Self::Handshake => "reaches the server",
        }
    }
}

/// One row: a gate, a page, what it sends, and what must come of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) mode: Mode,
    pub(crate) server: Kind,
    pub(crate) page: Page,
    pub(crate) credentials: Credentials,
    pub(crate) expected: Outcome,
}

/// The gates, by what they do and what is behind them. The first two are there to show that the browser would tell.
pub(crate) const GATES: [(Mode, Kind); 5] = [
    (Mode::Forward, Kind::RagModulo),
    (Mode::Forward, Kind::AgentFlow),
    (Mode::Answer, Kind::AgentFlow),
    (Mode::AnswerWithCredentials, Kind::RagModulo),
    (Mode::AnswerWithCredentials, Kind::AgentFlow),
];

/// Every row.
pub(crate) fn rows() -> Vec<Row> {
    use Credentials::{BadToken, Nothing, Socket, Token, TokenAndCookies};
    use Outcome::{Blocked, BlockedTooLate, Handshake, Read, ReadRefusal, ReadWithoutHeader};
    use Page::{Listed, Own, Sandboxed, Unlisted};
    let mut rows = Vec::new();
    let mut add = |mode, server, page, credentials, expected| {
        rows.push(Row { mode, server, page, credentials, expected });
    };
    // What comes of it where the gate does not govern.
    add(Mode::Forward, Kind::RagModulo, Listed, Token, Blocked);
    add(Mode::Forward, Kind::RagModulo, Unlisted, Nothing, BlockedTooLate);
    add(Mode::Forward, Kind::AgentFlow, Unlisted, Token, ReadWithoutHeader);
    add(Mode::Forward, Kind::AgentFlow, Unlisted, TokenAndCookies, ReadWithoutHeader);
    for server in [Kind::RagModulo, Kind::AgentFlow] {
        let mode = Mode::AnswerWithCredentials;
        for credentials in [Nothing, Token, TokenAndCookies] {
            add(mode, server, Listed, credentials, Read);
            add(mode, server, Unlisted, credentials, Blocked);
            add(mode, server, Sandboxed, credentials, Blocked);
            add(mode, server, Own, credentials, Read);
        }
        add(mode, server, Listed, BadToken, ReadRefusal);
        add(mode, server, Unlisted, BadToken, Blocked);
        add(mode, server, Listed, Socket, Handshake);
        add(mode, server, Unlisted, Socket, Blocked);
        add(mode, server, Own, Socket, Handshake);
    }
    // Credentials that are not allowed: a script may not send cookies, and needs none.
    add(Mode::Answer, Kind::AgentFlow, Listed, Token, ReadWithoutHeader);
    add(Mode::Answer, Kind::AgentFlow, Listed, TokenAndCookies, Blocked);
    add(Mode::Answer, Kind::AgentFlow, Unlisted, Token, Blocked);
    rows
}

impl Row {
    /// Whether it is tried on `host`: what is not governed on one of them, WebSockets on those that know them.
    pub(crate) fn is_on(&self, host: &str) -> bool {
        (self.mode != Mode::Forward || host == "Envoy")
            && (self.credentials != Credentials::Socket || host != "component")
    }

    /// Gate, server, page and what it sends, in words.
    pub(crate) fn parts(&self) -> [&'static str; 4] {
        [
            match self.mode {
                Mode::Forward => "forward",
                Mode::Answer => "answer",
                Mode::AnswerWithCredentials => "answer, with credentials",
            },
            match self.server {
                Kind::RagModulo => "RAG Modulo",
                Kind::AgentFlow => "AgentFlow",
                Kind::Page => "none",
            },
            match self.page {
                Page::Listed => "listed",
                Page::Unlisted => "unlisted",
                Page::Sandboxed => "sandboxed (null)",
                Page::Own => "the gate's own",
            },
            match self.credentials {
                Credentials::Nothing => "nothing",
                Credentials::Token => "a token",
                Credentials::BadToken => "a bad token",
                Credentials::TokenAndCookies => "a token and cookies",
                Credentials::Socket => "a WebSocket",
            },
        ]
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts().join(", "))
    }
}
