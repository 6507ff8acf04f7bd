//! Problem details: [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::context::ErrorContext;

#[derive(Serialize)]
struct Problem<'p> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'p str,
}

pub(super) fn body(context: &ErrorContext<'_>) -> (Vec<(String, String)>, String) {
    let status = context.refusal.status;
    let title = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        _ => "Service Unavailable",
    };
    let problem = Problem { r#type: "about:blank", title, status, request_id: context.request_id };
    let headers = Vec::from([("content-type".to_string(), "application/problem+json".to_string())]);
    (headers, serde_json::to_string(&problem).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{ErrorContext, body};
    use crate::reason::{Reason, Refusal};
    use crate::time::UnixTime;
    use alloc::format;

    #[test]
    fn each_status_has_the_title_that_is_registered_for_it() {
        for (refusal, status, title) in [
            (Reason::PathInvalid.refusal(), 400, "Bad Request"),
            (Reason::CredentialMissing.refusal(), 401, "Unauthorized"),
            (Reason::PermissionMissing.refusal(), 403, "Forbidden"),
            (Reason::BodyTooLarge.refusal(), 413, "Content Too Large"),
            (Reason::RateLimited.refusal(), 429, "Too Many Requests"),
            (Refusal::ORIGIN_UNREACHABLE, 502, "Bad Gateway"),
            (Reason::ConfigInvalid.refusal(), 503, "Service Unavailable"),
        ] {
            let now = UnixTime::from_secs(0);
            let (_, text) =
                body(&ErrorContext { refusal, permission: None, path: None, request_id: "", now });
            let expected = format!(r#"{{"type":"about:blank","title":"{title}","status":{status}}}"#);
            assert_eq!(text, expected);
        }
        // And no reason has another.
        for reason in Reason::ALL {
            assert!([400, 401, 403, 413, 429, 503].contains(&reason.status()), "{reason}");
        }
    }
}
