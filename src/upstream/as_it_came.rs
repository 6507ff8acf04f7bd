//! Report mode: a request that goes on although it was refused.

use alloc::borrow::ToOwned;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::headers::is_refused_upgrade;
use super::rules::Upstream;
use crate::handling::CredentialHandling;
use crate::request::{Fields, Header, RequestHead, Upgrade};
use crate::verdict::{Forward, REQUEST_ID};

/// What came, without the headers by which a caller could claim an identity. `None` if the target is not text, or an
/// upgrade cannot be taken away, so that it cannot be handed on.
pub(crate) fn forward(upstream: &Upstream, head: &RequestHead<'_>) -> Option<Forward> {
    let fields = Fields::read(head);
    if fields.is_relayed(head) {
        return None;
    }
    let is_removed = |header: &&Header<'_>| {
        upstream.removes(header)
            // SECURITY: behind another upgrade, nobody would take such headers away from what follows.
            || is_refused_upgrade(header.name(), fields.upgrade == Upgrade::WebSocket)
            || (header.is_like(REQUEST_ID) && header.name() != REQUEST_ID)
    };
    let removed = fields.headers.iter().filter(is_removed);
    let mut remove_headers: Vec<_> = removed.map(|header| header.name().to_string()).collect();
    remove_headers.sort_unstable();
    remove_headers.dedup();
    Some(Forward {
        target: core::str::from_utf8(head.target).ok()?.to_owned(),
        remove_headers,
        set_headers: Vec::new(),
        credential: CredentialHandling::Forward,
        remove_response_headers: &[],
        response_headers: Vec::new(),
        append_response_headers: Vec::new(),
    })
}
