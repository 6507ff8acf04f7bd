//! Cross-origin requests.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::request::RequestHead;

/// How cross-origin requests are treated.
#[derive(Debug, Clone)]
pub struct Cors {
    /// Whether preflights for routes that exist go to the origin.
    pub forward_preflight: bool,
    /// Origins whose scripts may read refusals.
    pub allowed_origins: Vec<String>,
}

const REQUEST_ID: &str = "x-request-id";

impl Cors {
    /// Headers that let a script of an allowed origin read a refusal
    /// ([Fetch standard, HTTP responses](https://fetch.spec.whatwg.org/#http-responses)).
    pub(super) fn headers(&self, head: &RequestHead<'_>) -> Vec<(String, String)> {
        if self.allowed_origins.is_empty() {
            return Vec::new();
        }
        let mut headers = Vec::from([("vary".to_string(), "origin".to_string())]);
        let is_origin = |name: &[u8]| name.eq_ignore_ascii_case(b"origin");
        let mut lines = head.headers.iter().filter(|pair| is_origin(pair.name)).map(|pair| pair.value);
        if let (Some(origin), None) = (lines.next(), lines.next())
            && let Some(allowed) =
                self.allowed_origins.iter().find(|allowed| *allowed == "*" || allowed.as_bytes() == origin)
        {
            headers.push(("access-control-allow-origin".to_string(), allowed.clone()));
            headers.push((
                "access-control-expose-headers".to_string(),
                format!("www-authenticate, {REQUEST_ID}"),
            ));
        }
        headers
    }
}
