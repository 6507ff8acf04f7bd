//! How credentials are written: in a header, and in a query.

use crate::error::CredentialError;

/// Names and values of a query string, still encoded.
pub(super) fn parameters(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    query
        .unwrap_or_default()
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// What follows the scheme in `Bearer <token>`:
/// [RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1). The scheme is case-insensitive
/// ([RFC 9110 section 11.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.1)); spaces may separate, tabs may not.
pub(super) fn bearer(value: &[u8]) -> Result<&str, CredentialError> {
    if value.is_empty() {
        return Err(CredentialError::Malformed);
    }
    let text = visible_ascii_or_space(value)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(CredentialError::Unsupported);
    }
    Ok(token.trim_start_matches(' '))
}

/// `b64token` of RFC 6750 section 2.1.
pub(super) fn b64token(value: &[u8]) -> Result<&str, CredentialError> {
    let text = visible_ascii(value)?;
    let body = text.trim_end_matches('=');
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if body.is_empty() || !body.bytes().all(legal) {
        return Err(CredentialError::Malformed);
    }
    Ok(text)
}

pub(super) fn visible_ascii(value: &[u8]) -> Result<&str, CredentialError> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_graphic) {
        return Err(CredentialError::Malformed);
    }
    core::str::from_utf8(value).map_err(|_| CredentialError::Malformed)
}

fn visible_ascii_or_space(value: &[u8]) -> Result<&str, CredentialError> {
    if !value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Err(CredentialError::Malformed);
    }
    core::str::from_utf8(value).map_err(|_| CredentialError::Malformed)
}
