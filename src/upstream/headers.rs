//! Headers by which the gate tells the origin who the caller is, and those that end at this hop.

use alloc::string::String;
use alloc::vec::Vec;

use super::caller::Caller;
use crate::percent;

const SUBJECT: &str = "x-auth-subject";
const ROLES: &str = "x-auth-roles";
const SCOPES: &str = "x-auth-scopes";
const TENANT: &str = "x-auth-tenant";

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
    use super::encode;

    #[test]
    fn values_fit_a_header_and_stay_apart() {
        assert_eq!(encode("José, 100%\r\nX: y"), "Jos%C3%A9%2C%20100%25%0D%0AX:%20y");
    }
}
