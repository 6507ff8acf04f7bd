//! Names of headers, as a document writes them.

use alloc::string::String;

use crate::diagnostics::Diagnostics;

/// A header name in lower case, or an error at `pointer`.
pub(crate) fn header_name(name: &str, pointer: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        diagnostics.error(pointer, "not a header name; write one like \"X-API-Key\"");
        return None;
    }
    Some(name.to_ascii_lowercase())
}
