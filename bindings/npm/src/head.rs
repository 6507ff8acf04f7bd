//! The head of a request as JavaScript describes it.

use core::net::IpAddr;

use portcullis::{HeaderPair, RequestHead};

/// What goes into the log of every decision about a request besides the decision.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) method: String,
    pub(crate) request_id: String,
}

impl Line {
    /// Reads `[method, request_id]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (method, request_id) = serde_json::from_str(text).ok()?;
        Some(Self { method, request_id })
    }
}

/// Target and headers, as bytes.
#[derive(Debug)]
pub(crate) struct Head {
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether the host shows the `Connection` header.
    shows_connection: bool,
    /// The client's address, if the caller of this package vouches for one.
    pub(crate) client: Option<String>,
}

impl Head {
    /// Reads `[target, [[name, value], …], shows_connection, client]`.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let (target, headers, shows_connection, client) =
            serde_json::from_slice::<(String, Vec<(String, String)>, bool, Option<String>)>(text).ok()?;
        if client.as_ref().is_some_and(|client| client.parse::<IpAddr>().is_err()) {
            return None;
        }
        let headers = headers.into_iter().map(|(name, value)| (bytes(name), bytes(value))).collect();
        Some(Self { target: bytes(target), headers, shows_connection, client })
    }

    /// Calls `decide` with the core's view of it.
    pub(crate) fn decide<T>(&self, line: &Line, decide: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let pairs: Vec<_> = self.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        let head = RequestHead::new(&line.method, &self.target, &pairs).with_request_id(&line.request_id);
        let head = match &self.client {
            Some(client) => head.with_client(client),
            None => head,
        };
        decide(&if self.shows_connection { head } else { head.with_connection_hidden() })
    }
}

/// The bytes behind a text.
///
/// Fetch and Node.js show one character for each byte of a header. A text with a character beyond those was decoded by
/// somebody, and can only have been UTF-8.
pub(crate) fn bytes(text: String) -> Vec<u8> {
    if text.is_ascii() {
        return text.into_bytes();
    }
    let each = text.chars().map(|character| u8::try_from(u32::from(character)).ok());
    each.collect::<Option<_>>().unwrap_or_else(|| text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Head, Line, bytes};

    #[test]
    fn a_character_is_a_byte_or_the_text_is_utf8() {
        assert_eq!(bytes("a\u{ff}".to_string()), b"a\xff");
        assert_eq!(bytes("\u{e9}\u{20ac}".to_string()), "\u{e9}\u{20ac}".as_bytes());
    }

    #[test]
    fn only_a_head_is_a_head() {
        assert!(Head::parse(br#"["/",[["a","b"]],true,null]"#).is_some());
        assert!(Head::parse(br#"["/",[],true,"2001:db8::1"]"#).is_some());
        for bad in [
            "",
            "null",
            "[]",
            r#"["/",[["a"]],true,null]"#,
            r#"["/",[["a","\ud800"]],true,null]"#,
            r#"["/",[],1,null]"#,
            r#"["/",[],true,"localhost"]"#,
        ] {
            assert!(Head::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Line::parse(r#"["GET",""]"#).is_some());
        for bad in ["", "null", "[]", r#"["GET"]"#, r#"["GET",null]"#, r#"["GET",1]"#] {
            assert!(Line::parse(bad).is_none(), "{bad}");
        }
    }
}
