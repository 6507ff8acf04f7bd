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
    /// Takes the pseudo-headers out of the pairs that Envoy gave. A request without path, like `CONNECT`, has an empty
    /// target, which the core refuses.
    pub(crate) fn new(pairs: &'a [(String, Vec<u8>)]) -> Self {
        let value = |wanted: &str| {
            let pair = pairs.iter().find(|(name, _)| name == wanted);
            pair.map(|(_, value)| value.as_slice()).unwrap_or_default()
        };
        Self {
            method: value(":method"),
            target: value(":path"),
            request_id: core::str::from_utf8(value("x-request-id")).unwrap_or_default(),
            headers: pairs
                .iter()
                .filter(|(name, _)| !name.starts_with(':'))
                .map(|(name, value)| HeaderPair::new(name, value))
                .collect(),
        }
    }

    /// What the core decides about.
    pub(crate) fn head(&self) -> RequestHead<'_> {
        RequestHead::new(self.method, self.target, &self.headers).with_request_id(self.request_id)
    }
}
