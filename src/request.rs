//! The request head, as the host read it off the wire.

use alloc::string::String;
use alloc::vec::Vec;

/// One header line. Neither part is trusted, and neither need be UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderPair<'a> {
    /// The field name, in any case.
    pub name: &'a [u8],
    /// The field value, without the white space around it.
    pub value: &'a [u8],
}

impl<'a> HeaderPair<'a> {
    /// A pair of the given name and value.
    pub fn new<N: AsRef<[u8]> + ?Sized, V: AsRef<[u8]> + ?Sized>(name: &'a N, value: &'a V) -> Self {
        Self { name: name.as_ref(), value: value.as_ref() }
    }

    /// Whether this is the header `name`, which must be given in lower case.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Method, target and header pairs of one request: everything a decision is made from.
///
/// Headers are pairs, never a map: a host that looks headers up by name hides duplicates, and a duplicate is how a
/// second credential gets past a check of the first.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    pub(crate) method: &'a [u8],
    pub(crate) target: &'a [u8],
    pub(crate) headers: &'a [HeaderPair<'a>],
    pub(crate) request_id: &'a str,
}

impl<'a> RequestHead<'a> {
    /// A request head.
    ///
    /// * `method`: as on the wire, case-sensitive.
    /// * `target`: path and query in origin form, for example `/v1/threads?limit=10`.
    /// * `headers`: every header line, in order. A host that has already joined duplicates with a comma gives the
    ///   joined line; the verdict is the same.
    pub fn new<M: AsRef<[u8]> + ?Sized, T: AsRef<[u8]> + ?Sized>(
        method: &'a M,
        target: &'a T,
        headers: &'a [HeaderPair<'a>],
    ) -> Self {
        Self { method: method.as_ref(), target: target.as_ref(), headers, request_id: "" }
    }

    /// The same head with the identifier by which the host knows this request. It is repeated in logs and in the
    /// bodies of refusals, so it must come from the host and not from the caller.
    #[must_use]
    pub fn with_request_id(self, request_id: &'a str) -> Self {
        Self { request_id, ..self }
    }

    /// The elements of the comma-separated list that all lines of the header `name` (lower case) form together
    /// ([RFC 9110 section 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)), trimmed. Two lines and one
    /// joined line give the same elements, so hosts that join cannot reach another verdict.
    pub(crate) fn list(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.lines(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(|element| element.trim_ascii())
    }

    /// The values of the header `name` (lower case), one per line.
    pub(crate) fn lines(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |pair| pair.is(name)).map(|pair| pair.value)
    }

    /// Whether the request is for one of `hosts`, in lower case
    /// ([RFC 9110 section 7.2](https://www.rfc-editor.org/rfc/rfc9110#section-7.2)). A port counts if the host is written
    /// with one. A request without `Host`, or with more than one, is for none.
    pub(crate) fn is_for(&self, hosts: &[String]) -> bool {
        let mut lines = self.lines("host");
        let (Some(host), None) = (lines.next(), lines.next()) else { return false };
        let Ok(host) = core::str::from_utf8(host) else { return false };
        let name = match host.rsplit_once(':') {
            // The colons of an address stand in brackets.
            Some((name, port))
                if port.bytes().all(|octet| octet.is_ascii_digit())
                    && (name.ends_with(']') || !name.contains(':')) =>
            {
                name
            }
            _ => host,
        };
        hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host) || listed.eq_ignore_ascii_case(name))
    }

    /// Whether this asks for a WebSocket
    /// ([RFC 6455 section 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1)).
    pub(crate) fn is_websocket_upgrade(&self) -> bool {
        self.method == b"GET"
            && self.list("upgrade").any(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
    }

    /// The method a CORS preflight asks about, if this is one
    /// ([Fetch standard, CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request)).
    pub(crate) fn preflight_method(&self) -> Option<&'a [u8]> {
        if self.method != b"OPTIONS" || self.lines("origin").count() != 1 {
            return None;
        }
        let asked: Vec<_> = self.lines("access-control-request-method").collect();
        match asked.as_slice() {
            [method] => Some(*method),
            _ => None,
        }
    }
}
