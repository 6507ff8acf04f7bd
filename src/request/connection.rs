//! What `Connection` says about other headers
//! ([RFC 9110 section 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)).

use super::headers::Headers;

/// The connection options that may be named: `close`, and the headers that end at this hop whatever they say.
///
/// SECURITY: a server drops what `Connection` names. Any other name could be that of a header which was compared, and
/// which the origin would then not see.
pub const HOP_BY_HOP: &[&str] = &["close", "keep-alive", "te", "upgrade", "http2-settings"];

/// The options of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connection {
    /// Whether there is the header.
    pub(super) is_there: bool,
    /// Whether it names `upgrade`.
    pub(super) upgrade: bool,
    /// Whether it names a header that must reach the origin, or that nobody knows.
    pub(crate) names_another: bool,
}

impl Connection {
    pub(super) fn parse(headers: &Headers<'_>) -> Self {
        let mut parsed = Self { is_there: false, upgrade: false, names_another: false };
        for option in headers.list("connection") {
            parsed.is_there = true;
            parsed.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
            let is_known = |known: &&str| option.eq_ignore_ascii_case(known.as_bytes());
            parsed.names_another |= !option.is_empty() && !HOP_BY_HOP.iter().any(is_known);
        }
        parsed
    }
}
