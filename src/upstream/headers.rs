//! The form of values in headers, and headers that end at this hop.

use alloc::string::String;

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
    let mut list = String::new();
    for (place, name) in names.iter().map(AsRef::as_ref).enumerate() {
        list.reserve(separator.len().saturating_add(name.len()));
        list.push_str(if place == 0 { "" } else { separator });
        append(&mut list, name);
    }
    list
}

/// Percent-encodes what cannot stand in a header value, the percent sign, and the separators of lists.
pub(super) fn encode(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    append(&mut value, text);
    value
}

fn append(value: &mut String, text: &str) {
    let stands = |byte: u8| byte.is_ascii_graphic() & (byte != b'%') & (byte != b',');
    // As nearly all do.
    if text.bytes().fold(true, |all, byte| all & stands(byte)) {
        return value.push_str(text);
    }
    for byte in text.bytes() {
        if stands(byte) {
            value.push(char::from(byte));
        } else {
            value.push_str(percent::escape(byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{encode, join};

    #[test]
    fn values_fit_a_header_and_stay_apart() {
        assert_eq!(encode("José, 100%\r\nX: y"), "Jos%C3%A9%2C%20100%25%0D%0AX:%20y");
        assert_eq!(join(&["a, b", "c", ""], ","), "a%2C%20b,c,");
        assert_eq!(join::<&str>(&[], ","), "");
    }
}
