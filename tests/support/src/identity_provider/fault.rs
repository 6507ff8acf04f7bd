//! The ways in which a server fails.

use std::time::Duration;

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Connections are closed without an answer.
    Down,
    /// 500, in JSON.
    Error,
    /// The right answer comes so late.
    Slow(Duration),
    /// No answer ever comes.
    Hanging,
    /// The answer begins, and no more of it ever comes.
    Stalling,
    /// 200 with a web page.
    Html,
    /// The right answer, and 10 MB of white space.
    TooLong,
    /// 302 to the same path with `?redirected`, where the right answer is.
    Redirect,
    /// The right answer without its last byte: no JSON, and of a bundle no whole signature.
    BadJson,
    /// Metadata that name another issuer; nothing else changes.
    WrongIssuer,
    /// A set without a key; nothing else changes.
    EmptySet,
    /// The right set, with a key that cannot be used in it; nothing else changes.
    OneBadKey,
}
