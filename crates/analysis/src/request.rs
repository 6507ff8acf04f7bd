//! Requests to ask about.

use portcullis::HeaderPair;
use portcullis::parts::WEBSOCKET;

/// A request that is not on any wire: a head and perhaps a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Name and value of each header line, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

impl SampleRequest {
    /// The request as it would be on the wire.
    pub fn new(method: impl Into<String>, target: impl Into<String>) -> Self {
        Self { method: method.into(), target: target.into(), headers: Vec::new(), body: None }
    }

    /// A request for a route of this method: `WEBSOCKET` stands for the upgrade it is
    /// ([RFC 6455 section 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1)).
    pub fn for_route(method: &str, target: impl Into<String>) -> Self {
        if method == WEBSOCKET {
            Self::new("GET", target).with_header("connection", "upgrade").with_header("upgrade", "websocket")
        } else {
            Self::new(method, target)
        }
    }

    /// The same with one more header line.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..self }
    }

    /// The same with this JSON text as its body, announced as such unless a header says what it is.
    #[must_use]
    pub fn with_json(self, text: impl Into<Vec<u8>>) -> Self {
        self.announced("application/json").with_body(text)
    }

    /// The same with a form of these fields as its body, as a browser encodes it
    /// ([URL standard](https://url.spec.whatwg.org/#urlencoded-serializing)), announced as such unless a header says what it
    /// is.
    #[must_use]
    pub fn with_form(self, fields: &[(String, String)]) -> Self {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        self.announced("application/x-www-form-urlencoded").with_body(body.finish())
    }

    /// The same, announced as `media_type` unless a header says what the body is.
    fn announced(self, media_type: &str) -> Self {
        const CONTENT_TYPE: &str = "content-type";
        let is_announced = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE));
        if is_announced { self } else { self.with_header(CONTENT_TYPE, media_type) }
    }

    /// The body as a host reads it; `None` if it is not known. What announces no body has none.
    pub(crate) fn body(&self) -> Option<&[u8]> {
        let announces = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let is_announced = ["content-type", "content-length", "transfer-encoding"].into_iter().any(announces);
        self.body.as_deref().or((!is_announced).then_some(&[]))
    }

    /// The header lines as a request head has them.
    pub fn pairs(&self) -> Vec<HeaderPair<'_>> {
        self.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect()
    }
}
