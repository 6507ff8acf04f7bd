//! The request as it is decided about: each part of it read once, here.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;

use super::client::Client;
use super::connection::Connection;
use super::head::RequestHead;
use super::headers::Headers;
use super::origin::Origin;
use crate::error::{AuthError, HeaderError};
use crate::limits::HEADER_PAIRS;
use crate::path::Target;

/// What a request wants its connection to become
/// ([RFC 9110 section 7.8](https://www.rfc-editor.org/rfc/rfc9110#section-7.8)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrade {
    /// Nothing else.
    No,
    /// A WebSocket, and nothing besides
    /// ([RFC 6455 section 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1)).
    WebSocket,
    /// Something that is not understood here: the headers which say so go, and the request is decided about without.
    Other,
}

/// A request, parsed.
///
/// Its headers are grouped by [`Headers`], its path is in normal form ([`Target`]), and what it wants to be upgraded to
/// is known. Everything that is decided later is decided about this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'r> {
    method: Cow<'r, [u8]>,
    path: Cow<'r, str>,
    query: Option<Cow<'r, str>>,
    fields: Fields<'r>,
    id: Cow<'r, str>,
    client: Option<Client>,
}

impl<'r> Request<'r> {
    /// Reads `head`.
    ///
    /// # Errors
    ///
    /// A [`HeaderError`], or a [`PathError`](crate::PathError) if the target has no single safe reading.
    pub fn parse(head: &RequestHead<'r>) -> Result<Self, AuthError> {
        if head.headers.len() > HEADER_PAIRS {
            return Err(HeaderError::TooMany.into());
        }
        let Target { path, query } = Target::parse(head.target)?;
        let fields = Fields::read(head);
        if fields.is_relayed(head) {
            return Err(HeaderError::Upgrade.into());
        }
        Ok(Self {
            method: Cow::Borrowed(head.method),
            path,
            query: query.map(Cow::Borrowed),
            fields,
            id: Cow::Borrowed(head.request_id),
            client: Client::parse(head.client),
        })
    }

    /// The method as on the wire.
    pub fn method(&self) -> &[u8] {
        &self.method
    }

    /// The path in normal form; begins with a slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query as it came, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The header lines.
    pub fn headers(&self) -> &Headers<'r> {
        &self.fields.headers
    }

    /// What it wants to be upgraded to.
    pub fn upgrade(&self) -> Upgrade {
        self.fields.upgrade
    }

    /// Whether it asks for a WebSocket.
    pub fn is_websocket(&self) -> bool {
        self.fields.upgrade == Upgrade::WebSocket
    }

    /// By what the host knows it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who sends it, if the host knows.
    pub(crate) fn client(&self) -> Option<Client> {
        self.client
    }

    /// What `Connection` says.
    pub(crate) fn connection(&self) -> Connection {
        self.fields.connection
    }

    /// The origin whose script it is from.
    pub fn origin(&self) -> Origin<'_> {
        Origin::read(self.fields.headers.lines("origin"))
    }

    /// The method a CORS preflight asks about, if this has the form of one
    /// ([Fetch standard, CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request)).
    pub fn preflight_method(&self) -> Option<&[u8]> {
        let asks = *self.method == *b"OPTIONS" && matches!(self.origin(), Origin::One(_));
        // SECURITY: a preflight needs no credential. One with a body is none, and the body needs a credential.
        if !asks || self.has_body() {
            return None;
        }
        self.fields.headers.only("access-control-request-method")
    }

    /// Whether a body follows
    /// ([RFC 9112 section 6](https://www.rfc-editor.org/rfc/rfc9112#section-6)).
    fn has_body(&self) -> bool {
        let headers = &self.fields.headers;
        headers.lines("transfer-encoding").next().is_some()
            || headers.list("content-length").any(|length| length != b"0")
    }

    /// Whether the request is for one of `hosts`, in lower case
    /// ([RFC 9110 section 7.2](https://www.rfc-editor.org/rfc/rfc9110#section-7.2)). A port counts if the host is
    /// written with one. A request without `Host`, or with more than one, is for none.
    pub(crate) fn is_for(&self, hosts: &[String]) -> bool {
        let Some(Ok(host)) = self.fields.headers.sole("host").map(core::str::from_utf8) else { return false };
        let name = match host.rsplit_once(':') {
            // The colons of an address stand in brackets.
            Some((name, port))
                if port.bytes().all(|byte| byte.is_ascii_digit())
                    && (name.ends_with(']') || !name.contains(':')) =>
            {
                name
            }
            _ => host,
        };
        hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host) || listed.eq_ignore_ascii_case(name))
    }

    /// The same request, independent of the head it was read from.
    pub(crate) fn into_owned(self) -> Request<'static> {
        Request {
            method: Cow::Owned(self.method.into_owned()),
            path: Cow::Owned(self.path.into_owned()),
            query: self.query.map(|query| Cow::Owned(query.into_owned())),
            fields: self.fields.into_owned(),
            id: Cow::Owned(self.id.as_ref().to_owned()),
            client: self.client,
        }
    }
}

/// The header lines, and what the headers about the connection mean together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields<'r> {
    pub(crate) headers: Headers<'r>,
    pub(crate) connection: Connection,
    pub(crate) upgrade: Upgrade,
}

impl<'r> Fields<'r> {
    pub(crate) fn read(head: &RequestHead<'r>) -> Self {
        let headers = Headers::new(head.headers);
        let connection = Connection::parse(&headers);
        // Where the host hides the header, nothing follows from its absence.
        let listed = connection.upgrade || !(connection.is_there || head.shows_connection);
        let upgrade = upgrade(head.method, &headers, listed);
        Self { headers, connection, upgrade }
    }

    /// SECURITY: without its upgrade, such a request would end where its length says, but the host relays what comes
    /// after that as well: the origin would take it for a request of its own, which nobody has decided about.
    pub(crate) fn is_relayed(&self, head: &RequestHead<'_>) -> bool {
        head.relays_upgrades && self.connection.upgrade && self.upgrade == Upgrade::Other
    }

    fn into_owned(self) -> Fields<'static> {
        Fields { headers: self.headers.into_owned(), connection: self.connection, upgrade: self.upgrade }
    }
}

/// SECURITY: servers disagree about a list of protocols, about an upgrade that `Connection` does not name, and about one of
/// another method than GET. Only what all of them take for a WebSocket is decided about as one.
fn upgrade(method: &[u8], headers: &Headers<'_>, listed: bool) -> Upgrade {
    let mut protocols = headers.list("upgrade");
    match (protocols.next(), protocols.next()) {
        (None, _) => Upgrade::No,
        (Some(only), None) if only.eq_ignore_ascii_case(b"websocket") && method == b"GET" && listed => {
            Upgrade::WebSocket
        }
        _ => Upgrade::Other,
    }
}
