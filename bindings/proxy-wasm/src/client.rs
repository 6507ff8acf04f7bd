//! Who is at the other end.

use core::net::{IpAddr, SocketAddr};

/// The address without the port in what Envoy says of the other end; empty for one that has no address.
pub(crate) fn address(endpoint: &str) -> String {
    let with_port = endpoint.parse::<SocketAddr>().map(|address| address.ip());
    with_port.or_else(|_| endpoint.parse::<IpAddr>()).map_or_else(|_| String::new(), |ip| ip.to_string())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_port_goes() {
        for (endpoint, expected) in [
            ("192.0.2.1:4711", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("/run/envoy.sock", ""),
            ("@internal", ""),
            ("", ""),
        ] {
            assert_eq!(address(endpoint), expected, "{endpoint}");
        }
    }
}
