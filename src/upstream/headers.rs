//! Headers that only the gate may write, and those that end at this hop.

use alloc::string::String;
use alloc::vec::Vec;

use super::Caller;
use crate::credential::AUTHORIZATION;
use crate::error::HeaderError;
use crate::path::push_escape;
use crate::request::RequestHead;

const SUBJECT: &str = "x-auth-subject";
const ROLES: &str = "x-auth-roles";
const SCOPES: &str = "x-auth-scopes";
const TENANT: &str = "x-auth-tenant";

/// Header families by which origins and proxies pass identities on.
const OWNED_PREFIXES: &[&str] =
    &["x-auth-", "x-authenticated-", "x-portcullis-", "x-user-", "x-remote-", "x-spiffe-"];

/// Single headers that pass on an identity, or another path or method than the one decided on.
const OWNED_NAMES: &[&str] = &[
    "remote-user",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-envoy-original-path",
    "x-forwarded-path",
    "x-forwarded-uri",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// Whether a client must not be able to set the header `name` (lower case). An underscore counts as a hyphen: servers
/// that build variables from header names cannot tell them apart.
pub(crate) fn is_owned(name: &str) -> bool {
    let name = name.replace('_', "-");
    OWNED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || OWNED_NAMES.contains(&name.as_str())
}

/// Whether `name` belongs to an upgrade, which only a WebSocket may ask for: `Upgrade: h2c` would open a channel past
/// the gate.
pub(super) fn is_upgrade(name: &str) -> bool {
    matches!(name, "upgrade" | "http2-settings")
}

/// The headers that `Connection` nominates to end here
/// ([RFC 9110 section 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)), in lower case.
///
/// # Errors
///
/// [`HeaderError::HopByHop`] if that would take away what the origin decides by.
pub(super) fn hop_by_hop(
    head: &RequestHead<'_>,
    api_key_header: Option<&str>,
) -> Result<Vec<String>, HeaderError> {
    let mut nominated = Vec::new();
    for option in head.list("connection") {
        let option = String::from_utf8_lossy(option).to_ascii_lowercase();
        match option.as_str() {
            "" | "close" | "keep-alive" | "upgrade" | "te" => {}
            name if is_end_to_end(name) || api_key_header == Some(name) => return Err(HeaderError::HopByHop),
            _ => nominated.push(option),
        }
    }
    Ok(nominated)
}

fn is_end_to_end(name: &str) -> bool {
    let essential =
        [AUTHORIZATION, "content-length", "content-type", "cookie", "host", "origin", "transfer-encoding"];
    essential.contains(&name)
        || is_owned(name)
        || ["access-control-", "sec-", "x-forwarded-"].iter().any(|prefix| name.starts_with(prefix))
}

/// Tells the origin who the caller is, in headers no caller can set.
pub(super) fn set_identity(caller: &Caller<'_>, set: &mut Vec<(String, String)>) {
    let principal = caller.principal;
    let mut push = |name: &str, value: String| set.push((String::from(name), value));
    push(SUBJECT, encode(&principal.subject));
    push(ROLES, join(&caller.roles, ","));
    if let Some(scopes) = &principal.scopes {
        push(SCOPES, join(scopes, " "));
    }
    if let Some(tenant) = &principal.tenant {
        push(TENANT, encode(tenant));
    }
}

fn join<S: AsRef<str>>(names: &[S], separator: &str) -> String {
    let encoded: Vec<String> = names.iter().map(|name| encode(name.as_ref())).collect();
    encoded.join(separator)
}

/// Percent-encodes what cannot stand in a header value, the percent sign, and the separators of lists.
fn encode(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_graphic() && octet != b'%' && octet != b',' {
            value.push(char::from(octet));
        } else {
            push_escape(&mut value, octet);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{encode, hop_by_hop, is_owned};
    use crate::error::HeaderError;
    use crate::request::{HeaderPair, RequestHead};

    #[test]
    fn identity_headers_in_any_spelling() {
        for name in [
            "x-auth-subject",
            "x_auth_subject",
            "x-auth_roles",
            "x-user-uuid",
            "x-authenticated-user",
            "remote_user",
        ] {
            assert!(is_owned(name), "{name}");
        }
        for name in ["authorization", "x-request-id", "x-authority", "user-agent", "x-forwarded-for"] {
            assert!(!is_owned(name), "{name}");
        }
    }

    #[test]
    fn connection_cannot_take_the_identity_away() {
        let nominate = |value: &str| {
            let pairs = [HeaderPair::new("Connection", value)];
            hop_by_hop(&RequestHead::new("GET", "/", &pairs), Some("x-api-key"))
        };
        for bad in [
            "x-auth-subject",
            "keep-alive, X_Auth_Roles",
            "Authorization",
            "x-api-key",
            "host",
            "sec-websocket-protocol",
        ] {
            assert_eq!(nominate(bad), Err(HeaderError::HopByHop), "{bad}");
        }
        assert_eq!(nominate("keep-alive, Upgrade, TE, close,"), Ok([].into()));
        assert_eq!(nominate("X-Trace"), Ok(["x-trace".into()].into()));
    }

    #[test]
    fn values_fit_a_header_and_stay_apart() {
        assert_eq!(encode("José, 100%\r\nX: y"), "Jos%C3%A9%2C%20100%25%0D%0AX:%20y");
    }
}
