//! Headers that only the gate may write, and those that end at this hop.

use alloc::string::String;
use alloc::vec::Vec;

use super::caller::Caller;
use crate::percent;
use crate::request::fold;

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
pub fn is_owned(name: &str) -> bool {
    let name = fold(name);
    OWNED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || OWNED_NAMES.contains(&name.as_ref())
}

/// Whether `name` belongs to an upgrade that nobody may ask for: any but one to a WebSocket. `Upgrade: h2c` would open a
/// channel past the gate.
pub fn is_refused_upgrade(name: &str, websocket: bool) -> bool {
    match name {
        "upgrade" => !websocket,
        "http2-settings" => true,
        _ => false,
    }
}

/// Tells the origin who the caller is, in headers no caller can set.
pub(super) fn set_identity(caller: &Caller, set: &mut Vec<(String, String)>) {
    let principal = &caller.principal;
    let mut push = |name: &str, value: String| set.push((String::from(name), value));
    push(SUBJECT, encode(principal.subject()));
    push(ROLES, join(&caller.roles, ","));
    if let Some(scopes) = principal.scopes() {
        push(SCOPES, join(scopes, " "));
    }
    if let Some(tenant) = principal.tenant() {
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
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' && byte != b',' {
            value.push(char::from(byte));
        } else {
            value.push_str(percent::escape(byte));
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{encode, is_owned};

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
    fn values_fit_a_header_and_stay_apart() {
        assert_eq!(encode("José, 100%\r\nX: y"), "Jos%C3%A9%2C%20100%25%0D%0AX:%20y");
    }
}
