//! Who sends requests, as far as the host vouches for it.

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;

/// A client's address: all of an IPv4 address, and the first 64 bits of an IPv6 address, which one subscriber has to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Client(u64);

impl Client {
    /// The client at `address`, in its textual form.
    pub(crate) fn parse(address: &str) -> Option<Self> {
        let bits = match address.parse::<IpAddr>().ok()?.to_canonical() {
            IpAddr::V4(address) => u64::from(address.to_bits()),
            // No network of IPv6 in use begins with 32 zero bits.
            IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX),
        };
        Some(Self(bits))
    }

    /// A name for it: 16 hexadecimal digits.
    pub(crate) fn key(self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Client;

    #[test]
    fn addresses_of_one_client() {
        let same = |a: &str, b: &str| Client::parse(a).unwrap() == Client::parse(b).unwrap();
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(same("2001:db8::1", "2001:db8:0:0:ffff::2"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        for bad in ["", "192.0.2.1:80", "[::1]", "localhost", "192.0.2.1, 192.0.2.2", "::1%eth0"] {
            assert_eq!(Client::parse(bad), None, "{bad}");
        }
    }
}
