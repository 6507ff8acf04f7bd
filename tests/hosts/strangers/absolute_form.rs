//! A target in absolute form that names another host than `Host` does.

use anyhow::Result;
use portcullis_test_support::client::raw::{self, Ending};
use portcullis_test_support::summary::Summary;

use crate::hosts::{Gate, Kind};

/// The host of the target counts (RFC 9112 section 3.2.2). workerd shows its Workers the one in `Host` instead, and of the
/// other nothing; on Cloudflare both have been made one before. Nowhere does it decide about one and ask for the other.
pub(crate) fn check(gate: &Gate, summary: &mut Summary) -> Result<()> {
    let (by_target, by_host) = if gate.kind == Kind::Worker { (403, 200) } else { (200, 403) };
    for (target, host, status) in [
        ("/v1/threads/7", "api.example.com", 200),
        ("/v1/threads/7", "other.example.com", 403),
        ("http://api.example.com/v1/threads/7", "api.example.com", 200),
        ("http://other.example.com/v1/threads/7", "other.example.com", 403),
        ("http://api.example.com/v1/threads/7", "other.example.com", by_target),
        ("http://other.example.com/v1/threads/7", "api.example.com", by_host),
    ] {
        let before = gate.origin.arrivals().len();
        let token = &gate.token;
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        let got = raw::status(gate.address(), request.as_bytes(), Ending::Wait)?;
        let arrivals = gate.origin.arrivals().split_off(before);
        let targets: Vec<_> = arrivals.iter().map(|arrival| arrival.target.as_str()).collect();
        let due: &[&str] = if status == 200 { &["/v1/threads/7"] } else { &[] };
        summary.count(((got, targets.as_slice()) != (Some(status), due)).then(|| {
            format!("{target} with Host: {host}: got {got:?} and {targets:?}, expected {status} and {due:?}")
        }));
    }
    Ok(())
}
