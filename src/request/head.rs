//! The request head, as the host read it off the wire.

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
    pub(crate) client: &'a str,
    pub(crate) shows_connection: bool,
    pub(crate) relays_upgrades: bool,
}

impl<'a> RequestHead<'a> {
    /// A request head.
    ///
    /// * `method`: as on the wire, case-sensitive.
    /// * `target`: path and query in origin form, for example `/v1/threads?limit=10`.
    /// * `headers`: every header line, in order. A host that has already joined duplicates with a comma gives the
    ///   joined line; the verdict is the same. One that knows of a body which no line announces adds a pair
    ///   `transfer-encoding`.
    pub fn new<M: AsRef<[u8]> + ?Sized, T: AsRef<[u8]> + ?Sized>(
        method: &'a M,
        target: &'a T,
        headers: &'a [HeaderPair<'a>],
    ) -> Self {
        Self {
            method: method.as_ref(),
            target: target.as_ref(),
            headers,
            request_id: "",
            client: "",
            shows_connection: true,
            relays_upgrades: false,
        }
    }

    /// The same head with the identifier by which the host knows this request. It is repeated in logs and in the
    /// bodies of refusals, so it must come from the host and not from the caller.
    #[must_use]
    pub fn with_request_id(self, request_id: &'a str) -> Self {
        Self { request_id, ..self }
    }

    /// The same head with the client's address, without a port, from a host that vouches for it: never one that a client
    /// wrote. Failures are counted by it; without one they are not.
    #[must_use]
    pub fn with_client(self, client: &'a str) -> Self {
        Self { client, ..self }
    }

    /// The same head from a host that never shows the `Connection` header, so that nothing follows from its absence.
    #[must_use]
    pub fn with_connection_hidden(self) -> Self {
        Self { shows_connection: false, ..self }
    }

    /// The same head from a host that relays, byte for byte, whatever follows a request with an upgrade: it is too late
    /// there to take the upgrade out of the request.
    #[must_use]
    pub fn with_upgrades_relayed(self) -> Self {
        Self { relays_upgrades: true, ..self }
    }
}
