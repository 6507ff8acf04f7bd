//! HTTP requests as values: what only the host can send, and what came back.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::request::HeaderPair;

/// Where a call goes. Every address comes from the configuration, or from the metadata of an issuer that it names; never
/// from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallTarget {
    /// The origin behind the gate: path and query.
    Origin(String),
    /// An absolute URL: `https`, or `http` to a loopback address.
    Url(String),
}

/// An HTTP request that a decision, or a refresh, needs an answer to.
///
/// A host sends it as it is, follows no redirect, gives up after [`Call::timeout_secs`], and reads at most one byte more than
/// [`REPLY_BYTES`](crate::limits::REPLY_BYTES).
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    pub(crate) method: &'static str,
    pub(crate) target: CallTarget,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) timeout_secs: u64,
}

impl Call {
    /// A GET of a JSON document.
    pub(crate) fn get(url: &str, accept: &str, timeout_secs: u64) -> Self {
        Self {
            method: "GET",
            target: CallTarget::Url(url.into()),
            headers: Vec::from([("accept".into(), accept.into())]),
            body: String::new(),
            timeout_secs,
        }
    }

    /// `GET` or `POST`.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Where it goes.
    pub fn target(&self) -> &CallTarget {
        &self.target
    }

    /// Its headers; names in lower case. They may carry a credential: keep them out of outputs.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Its body; empty for none. It may carry a credential: keep it out of outputs.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// For how long its answer is waited for, in seconds.
    pub fn timeout_secs(&self) -> u64 {
        self.timeout_secs
    }
}

// Neither headers nor body: a credential may stand in either.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// The answer to a [`Call`], as far as the host has read it. Where there is none (refused, timed out, cut off) the host has
/// no reply to give.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// The status code.
    pub status: u16,
    /// Its header lines.
    pub headers: &'a [HeaderPair<'a>],
    /// Its body, whole, or more bytes of it than are of use.
    pub body: &'a [u8],
}

impl<'a> Reply<'a> {
    /// The value of the header `name` (lower case), if it has exactly one line in UTF-8.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        let is_named = |pair: &&HeaderPair<'_>| pair.name.eq_ignore_ascii_case(name.as_bytes());
        let mut lines = self.headers.iter().filter(is_named);
        match (lines.next(), lines.next()) {
            (Some(line), None) => core::str::from_utf8(line.value).ok(),
            _ => None,
        }
    }

    /// Whether it announces JSON: `application/json`, or a type with the suffix `+json`
    /// ([RFC 6839 section 3.1](https://www.rfc-editor.org/rfc/rfc6839#section-3.1)).
    pub(crate) fn is_json(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some(subtype) = essence.strip_prefix("application/") else { return false };
        subtype == "json" || subtype.ends_with("+json")
    }

    /// For how long it says it may be used, in seconds: `max-age`
    /// ([RFC 9111 section 5.2.2.1](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.1)); 0 if it may not be kept.
    pub(crate) fn max_age_secs(&self) -> Option<u64> {
        let control = self.header("cache-control")?.to_ascii_lowercase();
        let mut directives = control.split(',').map(str::trim);
        if directives.clone().any(|directive| directive == "no-store" || directive == "no-cache") {
            return Some(0);
        }
        directives.find_map(|directive| directive.strip_prefix("max-age=")?.trim_matches('"').parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Reply};
    use crate::request::HeaderPair;
    use alloc::format;

    fn with_header(name: &str, value: &str, check: impl FnOnce(&Reply<'_>)) {
        let headers = [HeaderPair::new(name, value)];
        check(&Reply { status: 200, headers: &headers, body: b"" });
    }

    #[test]
    fn json_is_told_by_its_media_type() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/jwk-set+json"] {
            with_header("Content-Type", kind, |reply| assert!(reply.is_json(), "{kind}"));
        }
        for kind in ["text/html", "text/json", "application/jsonp", "json", "", "application/x-json-not"] {
            with_header("content-type", kind, |reply| assert!(!reply.is_json(), "{kind}"));
        }
    }

    #[test]
    fn max_age_is_read_and_refusals_to_keep_are_heard() {
        for (value, secs) in [
            ("max-age=600", Some(600)),
            ("public, Max-Age=86400, must-revalidate", Some(86_400)),
            ("max-age=600, no-store", Some(0)),
            ("no-cache", Some(0)),
            ("s-maxage=5", None),
            ("max-age=-1", None),
            ("max-age=99999999999999999999999", None),
        ] {
            with_header("cache-control", value, |reply| assert_eq!(reply.max_age_secs(), secs, "{value}"));
        }
        let twice =
            [HeaderPair::new("cache-control", "max-age=1"), HeaderPair::new("cache-control", "max-age=2")];
        assert_eq!(Reply { status: 200, headers: &twice, body: b"" }.max_age_secs(), None);
    }

    #[test]
    fn debug_shows_no_credential() {
        let mut call = Call::get("https://idp.example/keys", "application/json", 5);
        call.headers.push(("authorization".into(), "Bearer hunter2".into()));
        call.body = "token=hunter2".into();
        assert!(!format!("{call:?}").contains("hunter2"));
    }
}
