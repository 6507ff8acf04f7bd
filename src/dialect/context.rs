//! What a body may tell the caller.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use crate::policy::permission::Permission;
use crate::reason::Refusal;
use crate::time::UnixTime;

/// What a body may tell the caller.
pub(crate) struct ErrorContext<'t> {
    pub(crate) refusal: Refusal,
    /// The permission that was asked for, where that is why.
    pub(crate) permission: Option<&'t Permission>,
    /// The path of the request in normal form, as far as it is known.
    pub(crate) path: Option<&'t str>,
    pub(crate) request_id: &'t str,
    pub(crate) now: UnixTime,
}

/// `body` as JSON, beside the identifier of the request, for which these bodies have no member.
pub(super) fn json(context: &ErrorContext<'_>, body: &impl Serialize) -> (Vec<(String, String)>, String) {
    let headers = [("content-type", "application/json"), ("x-request-id", context.request_id)];
    let headers = headers.iter().filter(|(_, value)| !value.is_empty());
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_string())).collect();
    (headers, serde_json::to_string(body).unwrap_or_default())
}
