//! Cross-origin requests
//! ([Fetch standard, HTTP extensions](https://fetch.spec.whatwg.org/#http-extensions)).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::error::{AuthError, HeaderError, PolicyError};
use crate::request::{Origin, Request};
use crate::verdict::{Response, ResponseChanges};

/// How cross-origin requests are treated.
#[derive(Debug, Clone)]
pub struct Cors {
    /// What becomes of preflights for routes that exist, and who governs what scripts of other origins may do.
    pub preflight: Preflight,
    /// Origins as browsers write them, or `*` for any but `null`. Their scripts may read refusals, and, where the gate
    /// governs, send requests and read the responses.
    pub allowed_origins: Vec<String>,
    /// Whether those scripts may send what the browser keeps for the gate's origin, cookies above all, and read what
    /// comes of it. Never together with `*`.
    pub allow_credentials: bool,
}

/// What becomes of a preflight for a route that exists.
#[derive(Debug, Clone)]
pub enum Preflight {
    /// It goes to the origin server, which governs.
    Forward,
    /// It is refused.
    Refuse,
    /// The gate answers it, and governs.
    Answer(Governance),
}

/// What the gate tells browsers where it governs.
#[derive(Debug, Clone)]
pub struct Governance {
    /// Headers that scripts may send, in lower case.
    pub allowed_headers: Vec<String>,
    /// Headers of responses that scripts may read, in lower case.
    pub exposed_headers: Vec<String>,
    /// How long a browser may remember the answer to a preflight, in seconds.
    pub max_age_secs: u64,
}

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";
const ALLOW_METHODS: &str = "access-control-allow-methods";
const ALLOW_HEADERS: &str = "access-control-allow-headers";
const EXPOSE_HEADERS: &str = "access-control-expose-headers";
const MAX_AGE: &str = "access-control-max-age";

/// Every header by which a server shares a response with scripts of other origins.
const SHARING_HEADERS: &[&str] = &[
    ALLOW_ORIGIN,
    ALLOW_CREDENTIALS,
    ALLOW_METHODS,
    ALLOW_HEADERS,
    EXPOSE_HEADERS,
    MAX_AGE,
    "access-control-allow-private-network",
];

/// Headers of a refusal that scripts can read, or have no use for, without their being exposed
/// ([CORS-safelisted response-header names](https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name)).
const SAFELISTED: &[&str] = &["cache-control", "content-type"];

impl Cors {
    /// Whether the request may be decided about at all, as far as the origin goes that it is from.
    ///
    /// # Errors
    ///
    /// [`HeaderError::SeveralOrigins`]; [`PolicyError::OriginNotAllowed`] where the gate governs.
    pub(super) fn check(&self, request: &Request<'_>) -> Result<(), AuthError> {
        match request.origin() {
            Origin::Several => Err(HeaderError::SeveralOrigins.into()),
            Origin::One(origin) if is_same_origin(request, origin) => Ok(()),
            Origin::One(_) => self.check_listed(request).map_err(AuthError::from),
            Origin::Absent => Ok(()),
        }
    }

    /// Whether `origin` is listed by its name.
    pub(super) fn names(&self, origin: &[u8]) -> bool {
        // SECURITY: `*` is no name, and neither is what every sandboxed frame and every file calls itself.
        let is_name = !matches!(origin, b"*" | b"null");
        is_name && self.allowed_origins.iter().any(|listed| listed.as_bytes() == origin)
    }

    /// Whether the origin is listed, where the gate governs.
    pub(super) fn check_listed(&self, request: &Request<'_>) -> Result<(), PolicyError> {
        let governs = matches!(self.preflight, Preflight::Answer(_));
        match self.allowed(request.origin()) {
            None if governs => Err(PolicyError::OriginNotAllowed),
            _ => Ok(()),
        }
    }

    /// The entry of the list that allows `origin`.
    fn allowed(&self, origin: Origin<'_>) -> Option<&str> {
        match origin {
            // SECURITY: every sandboxed frame and every file has this origin, whoever wrote it.
            Origin::One(b"null") | Origin::Absent | Origin::Several => None,
            Origin::One(origin) => {
                let mut listed = self.allowed_origins.iter().map(String::as_str);
                listed.find(|listed| *listed == "*" || listed.as_bytes() == origin)
            }
        }
    }

    /// The headers that share a response with scripts of the listed origin `allowed`.
    fn grant(&self, allowed: &str) -> Vec<(String, String)> {
        let mut headers = Vec::from([(ALLOW_ORIGIN.to_string(), allowed.to_string())]);
        if self.allow_credentials {
            headers.push((ALLOW_CREDENTIALS.to_string(), "true".to_string()));
        }
        headers
    }

    /// The answer to a preflight that asks about `method`.
    ///
    /// What else it asks for is not looked at: a browser compares that with the answer by itself.
    pub(super) fn answer(&self, governance: &Governance, request: &Request<'_>, method: &str) -> Response {
        let Governance { allowed_headers, max_age_secs, .. } = governance;
        let mut headers =
            self.allowed(request.origin()).map(|allowed| self.grant(allowed)).unwrap_or_default();
        headers.push((ALLOW_METHODS.to_string(), method.to_string()));
        if !allowed_headers.is_empty() {
            headers.push((ALLOW_HEADERS.to_string(), allowed_headers.join(", ")));
        }
        headers.push((MAX_AGE.to_string(), max_age_secs.to_string()));
        headers.push(("vary".to_string(), "origin, access-control-request-method".to_string()));
        // Not 204, which some hosts and clients treat in their own ways when it comes with a body, be it an empty one.
        Response { status: 200, headers, body: String::new() }
    }

    /// What becomes of the headers of the response to a request that goes on.
    pub(super) fn response_changes(&self, request: &Request<'_>) -> ResponseChanges {
        // A browser lets a script use any WebSocket that is opened to it: what there is to check has been checked.
        let Preflight::Answer(governance) = &self.preflight else { return ResponseChanges::default() };
        if request.is_websocket() {
            return ResponseChanges::default();
        }
        let mut set = Vec::new();
        if let Some(allowed) = self.allowed(request.origin()) {
            set = self.grant(allowed);
            if !governance.exposed_headers.is_empty() {
                set.push((EXPOSE_HEADERS.to_string(), governance.exposed_headers.join(", ")));
            }
        }
        // SECURITY: also where there is no `Origin`. A response that comes out of a browser's cache is shared by what it
        // says, whatever request it was made for.
        ResponseChanges { remove: SHARING_HEADERS, set, append: Vec::from([vary()]) }
    }

    /// How the refusal of a request from `origin` is shared.
    pub(super) fn sharing(&self, origin: Origin<'_>) -> Sharing {
        if self.allowed_origins.is_empty() {
            return Sharing::default();
        }
        let grant = self.allowed(origin).map(|allowed| self.grant(allowed));
        Sharing { varies: true, grant: grant.unwrap_or_default() }
    }
}

/// How a refusal is shared with scripts.
#[derive(Debug, Clone, Default)]
pub(super) struct Sharing {
    varies: bool,
    /// Empty if the script must not read it.
    grant: Vec<(String, String)>,
}

impl Sharing {
    /// Adds the headers that say so.
    pub(super) fn apply(self, response: &mut Response) {
        let own = response.headers.iter().map(|(name, _)| name.as_str());
        let exposed: Vec<_> = own.filter(|name| !SAFELISTED.contains(name)).collect();
        let exposed = (!exposed.is_empty() && !self.grant.is_empty()).then(|| exposed.join(", "));
        if self.varies {
            response.headers.push(vary());
        }
        response.headers.extend(self.grant);
        response.headers.extend(exposed.map(|names| (EXPOSE_HEADERS.to_string(), names)));
    }
}

fn vary() -> (String, String) {
    ("vary".to_string(), "origin".to_string())
}

/// Whether a browser sent the request for a page of the very origin that it asks.
///
/// Browsers say so in a header that no script can set
/// ([Fetch Metadata, `Sec-Fetch-Site`](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)). Where it is missing,
/// `Origin` is compared with `Host`. It is missing for origins without TLS, and browsers have not always agreed on it for
/// WebSockets, so there it is not asked.
fn is_same_origin(request: &Request<'_>, origin: &[u8]) -> bool {
    match request.headers().only("sec-fetch-site") {
        Some(site) if !request.is_websocket() => site == b"same-origin",
        _ => request.headers().only("host").is_some_and(|host| is_of_host(origin, host)),
    }
}

/// Whether `origin` is one of web pages from `host`. The gate cannot tell by which of the schemes it was asked.
fn is_of_host(origin: &[u8], host: &[u8]) -> bool {
    [(b"https://".as_slice(), b":443".as_slice()), (b"http://", b":80")].into_iter().any(|(scheme, port)| {
        let Some(authority) = origin.strip_prefix(scheme) else { return false };
        let without_port = host.strip_suffix(port).unwrap_or(host);
        !authority.is_empty() && authority.eq_ignore_ascii_case(without_port)
    })
}

#[cfg(test)]
mod tests {
    use super::is_of_host;

    #[test]
    fn a_default_port_is_none() {
        for (origin, host, same) in [
            ("https://api.example", "api.example", true),
            ("https://api.example", "API.example:443", true),
            ("http://api.example", "api.example:80", true),
            ("https://api.example:8443", "api.example:8443", true),
            ("https://api.example", "api.example:80", false),
            ("https://api.example", "api.example:8443", false),
            ("https://api.example.evil", "api.example", false),
            ("https://evil-api.example", "api.example", false),
            ("ftp://api.example", "api.example", false),
            ("null", "api.example", false),
            ("https://", "", false),
            ("", "", false),
        ] {
            assert_eq!(is_of_host(origin.as_bytes(), host.as_bytes()), same, "{origin} {host}");
        }
    }
}
