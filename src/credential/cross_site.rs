//! Requests that another site makes a browser send. A browser adds cookies to them; only a cookie speaks for its caller
//! without the caller's doing ([RFC 6265 section 8.2](https://www.rfc-editor.org/rfc/rfc6265#section-8.2)).

use crate::error::CredentialError;
use crate::request::{Headers, Request};

/// Whether a request whose credential is a cookie is the caller's own, which one that changes something has to prove, and
/// one that opens a WebSocket: its answer can be read from anywhere.
///
/// The proof is what a page cannot write: `Sec-Fetch-Site`
/// ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)), or the `Origin` of the gate's own host or
/// of one that `is_allowed`. Another origin of the same site is none: it may be anybody's page.
///
/// # Errors
///
/// [`CredentialError::CrossSite`] without such a proof.
pub(crate) fn check(
    request: &Request<'_>,
    is_allowed: impl Fn(&[u8]) -> bool,
) -> Result<(), CredentialError> {
    if matches!(request.method(), b"GET" | b"HEAD" | b"OPTIONS") && !request.is_websocket() {
        return Ok(());
    }
    let headers = request.headers();
    let origin = headers.sole("origin");
    let is_own = if headers.lines("sec-fetch-site").next().is_some() {
        matches!(headers.sole("sec-fetch-site"), Some(b"same-origin" | b"none"))
    } else {
        origin.is_some_and(|origin| is_own_host(origin, headers))
    };
    if is_own || origin.is_some_and(is_allowed) { Ok(()) } else { Err(CredentialError::CrossSite) }
}

/// Whether `origin` is that of the host the request is for. The scheme is not known here.
fn is_own_host(origin: &[u8], headers: &Headers<'_>) -> bool {
    let authority = origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"));
    match (authority, headers.sole("host")) {
        (Some(authority), Some(host)) => !host.is_empty() && authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::request::{HeaderPair, Request, RequestHead};
    use alloc::vec::Vec;

    fn passes(method: &str, headers: &[(&str, &str)]) -> bool {
        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
        let request = Request::parse(&RequestHead::new(method, "/", &pairs)).unwrap();
        check(&request, |origin| origin == b"https://app.example").is_ok()
    }

    #[test]
    fn what_changes_something_proves_where_it_is_from() {
        let host = ("host", "api.example:8443");
        for headers in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("sec-fetch-site", "none")],
            &[host, ("origin", "https://api.example:8443")],
            &[host, ("origin", "http://API.example:8443")],
            &[host, ("origin", "https://app.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")],
        ] {
            assert!(passes("POST", headers), "{headers:?}");
        }
        for headers in [
            &[][..],
            &[host],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "cross-site"), ("origin", "https://api.example:8443")],
            &[host, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "same-origin, cross-site")],
            &[host, ("origin", "https://api.example")],
            &[host, ("origin", "https://evil.example")],
            &[host, ("origin", "null")],
            &[host, ("origin", "https://app.example"), ("origin", "https://evil.example")],
            &[host, ("host", "evil.example"), ("origin", "https://evil.example")],
            &[("host", ""), ("origin", "https://")],
        ] {
            assert!(!passes("POST", headers), "{headers:?}");
            assert!(passes("GET", headers), "{headers:?}");
            let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
            assert!(!passes("GET", &[headers, &upgrade].concat()), "{headers:?}");
        }
    }
}
