//! The request as Envoy describes it.

use portcullis::{HeaderPair, RequestHead};
use proxy_wasm::types::Status;

use crate::pairs;

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
    /// Reads what Envoy gave: takes the pseudo-headers out, but for `:authority`, which is the `Host` of every version of HTTP
    /// there. A request without path, like `CONNECT`, has an empty target, which the core refuses.
    ///
    /// # Errors
    ///
    /// If these are no header pairs.
    pub(crate) fn read(map: &'a [u8]) -> Result<Self, Status> {
        let pairs = pairs::read(map)?;
        let mut headers = Vec::with_capacity(pairs.len());
        let (mut method, mut target, mut authority) = (None, None, None);
        let (mut request_id, mut has_host) = (None, false);
        for (name, value) in pairs {
            match name {
                ":method" => _ = method.get_or_insert(value),
                ":path" => _ = target.get_or_insert(value),
                ":authority" => _ = authority.get_or_insert(value),
                name if name.starts_with(':') => {}
                name => {
                    if name == "x-request-id" {
                        request_id.get_or_insert(value);
                    }
                    has_host |= name == "host";
                    headers.push(HeaderPair::new(name, value));
                }
            }
        }
        if let (Some(authority), false) = (authority, has_host) {
            headers.push(HeaderPair::new("host", authority));
        }
        Ok(Self {
            method: method.unwrap_or_default(),
            target: target.unwrap_or_default(),
            request_id: core::str::from_utf8(request_id.unwrap_or_default()).unwrap_or_default(),
            headers,
        })
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
