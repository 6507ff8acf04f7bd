//! The form of values in headers, and headers that end at this hop.

use alloc::string::String;
use alloc::vec::Vec;

use crate::percent;

/// Whether `name` belongs to an upgrade that nobody may ask for: any but one to a WebSocket. `Upgrade: h2c` would open a
/// channel past the gate.
pub fn is_refused_upgrade(name: &str, websocket: bool) -> bool {
    match name {
        "upgrade" => !websocket,
        "http2-settings" => true,
        _ => false,
    }
}

/// The names of a list.
pub(super) fn join<S: AsRef<str>>(names: &[S], separator: &str) -> String {
    let encoded: Vec<String> = names.iter().map(|name| encode(name.as_ref())).collect();
    encoded.join(separator)
}

/// Percent-encodes what cannot stand in a header value, the percent sign, and the separators of lists.
pub(super) fn encode(text: &str) -> String {
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
