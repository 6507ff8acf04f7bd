//! The request as Envoy describes it.

use portcullis::{HeaderPair, RequestHead};

/// Method, target and headers of a request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a [u8],
    pub(crate) target: &'a [u8],
    /// The header Envoy puts its own identifier in; empty if it is switched off or not text.
    pub(crate) request_id: &'a str,
    headers: Vec<HeaderPair<'a>>,
}

impl<'a> Request<'a> {
    /// Takes the pseudo-headers out of the pairs that Envoy gave, but for `:authority`, which is the `Host` of every version
    /// of HTTP there. A request without path, like `CONNECT`, has an empty target, which the core refuses.
    pub(crate) fn new(pairs: &'a [(String, Vec<u8>)]) -> Self {
        let value = |wanted: &str| {
            let pair = pairs.iter().find(|(name, _)| name == wanted);
            pair.map(|(_, value)| value.as_slice()).unwrap_or_default()
        };
        let mut headers: Vec<_> = pairs
            .iter()
            .filter(|(name, _)| !name.starts_with(':'))
            .map(|(name, value)| HeaderPair::new(name, value))
            .collect();
        let authority = pairs.iter().find(|(name, _)| name == ":authority");
        if let Some((_, authority)) = authority
            && !pairs.iter().any(|(name, _)| name == "host")
        {
            headers.push(HeaderPair::new("host", authority));
        }
        Self {
            method: value(":method"),
            target: value(":path"),
            request_id: core::str::from_utf8(value("x-request-id")).unwrap_or_default(),
            headers,
        }
    }

    /// Adds the header that announces a body, of which HTTP/2 need not have any: a request with a body is no CORS
    /// preflight.
    pub(crate) fn announce_body(&mut self) {
        if self.method == b"OPTIONS" {
            self.headers.push(HeaderPair::new("transfer-encoding", "chunked"));
        }
    }

    /// What the core decides about. Envoy shows `connection: upgrade` of every upgrade that it serves, also where HTTP/2 has
    /// no such header; by then it takes what follows for the upgraded protocol, whatever the filter makes of the headers.
    pub(crate) fn head(&self) -> RequestHead<'_> {
        RequestHead::new(self.method, self.target, &self.headers)
            .with_request_id(self.request_id)
            .with_upgrades_relayed()
    }
}
