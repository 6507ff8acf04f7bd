//! From a reason to what the caller is told: status, challenge
//! ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)) and body.

use alloc::format;
use alloc::string::{String, ToString};

use crate::dialect::Dialect;
use crate::dialect::context::ErrorContext;
use crate::policy::permission::Permission;
use crate::reason::{Refusal, RefusalKind};
use crate::verdict::Response;

/// The whole response for what `context` tells, in the language of `dialect`; `realm` is that of the challenge.
pub(crate) fn response(dialect: Dialect, realm: &str, context: &ErrorContext<'_>) -> Response {
    let (mut headers, body) = dialect.body(context);
    headers.push(("cache-control".to_string(), "no-store".to_string()));
    if let Some(challenge) = challenge(context.refusal, realm, context.permission) {
        headers.push(("www-authenticate".to_string(), challenge));
    }
    Response { status: context.refusal.status, headers, body }
}

/// The `WWW-Authenticate` value, where the status has one. `error` is absent when no credential came.
fn challenge(refusal: Refusal, realm: &str, permission: Option<&Permission>) -> Option<String> {
    let base = format!("Bearer realm=\"{realm}\"");
    match (refusal.kind, permission) {
        (RefusalKind::NoCredential, _) => Some(base),
        (RefusalKind::InvalidCredential | RefusalKind::ExpiredToken, _) => {
            Some(format!("{base}, error=\"invalid_token\""))
        }
        (RefusalKind::SeveralCredentials, _) => Some(format!("{base}, error=\"invalid_request\"")),
        (RefusalKind::NotPermitted | RefusalKind::ScopeMissing, Some(permission)) => {
            Some(format!("{base}, error=\"insufficient_scope\", scope=\"{permission}\""))
        }
        _ => None,
    }
}
