//! Answers with 5xx. No stranger should bring one about: it wakes whoever looks after the gate.

use crate::variant::Variant;

/// What a host's own server answers before the gate is asked, and which no configuration of it changes.
struct Own {
    host: &'static str,
    status: u16,
    fits: fn(&Variant) -> bool,
}

const OWN: &[Own] = &[
    // A method that workerd's parser does not know (RFC 9110 section 15.6.2).
    Own { host: "worker", status: 501, fits: |_| true },
    // A transfer coding that Envoy does not know (RFC 9112 section 6.1).
    Own { host: "envoy", status: 501, fits: |_| true },
    // `wasmtime serve` makes no request of one that names no host, and gives up the instance.
    Own { host: "component", status: 500, fits: |variant| !names_a_host(&variant.bytes) },
];

/// The status of an answer that should not have been.
pub(crate) fn find(host: &str, variant: &Variant, statuses: &[u16]) -> Option<u16> {
    let is_own =
        |status: u16| OWN.iter().any(|own| own.host == host && own.status == status && (own.fits)(variant));
    statuses.iter().copied().find(|status| *status >= 500 && !is_own(*status))
}

/// Whether the head, which ends at the first empty line, has a `Host` that can be one.
fn names_a_host(bytes: &[u8]) -> bool {
    let can_be = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.take_while(|line| !line.is_empty()).any(|line| {
        let (name, value) = line.split_at_checked(5).unwrap_or_default();
        let value = value.trim_ascii();
        name.eq_ignore_ascii_case(b"host:") && !value.is_empty() && value.iter().all(|byte| can_be(*byte))
    })
}
