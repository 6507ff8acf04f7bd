//! Changes of headers.

use alloc::string::String;

use crate::bindings::wasi::http::types::{Fields, HeaderError};

/// The host cannot express what the verdict asks for.
#[derive(Debug)]
pub(crate) struct Inexpressible;

/// Takes the headers `remove` away, puts those of `set` in the place of any of their names, and adds `append`.
///
/// # Errors
///
/// If the host refuses any of it. What has been done by then is of no use.
pub(crate) fn change<'a>(
    fields: &Fields,
    remove: impl Iterator<Item = &'a str>,
    set: &'a [(String, String)],
    append: &[(String, String)],
) -> Result<(), Inexpressible> {
    let replaced = set.iter().map(|(name, _)| name.as_str());
    for name in remove.chain(replaced) {
        match fields.delete(name) {
            // Headers of the connection are the host's own business: none of them is among these.
            Ok(()) | Err(HeaderError::Forbidden) => {}
            Err(_) => return Err(Inexpressible),
        }
        // SECURITY: one that is still there would tell the service, or the caller, what it must not.
        if fields.has(name) {
            return Err(Inexpressible);
        }
    }
    for (name, value) in set.iter().chain(append) {
        // SECURITY: an identity that cannot be told must not become one that is missing.
        fields.append(name, value.as_bytes()).map_err(|_| Inexpressible)?;
    }
    Ok(())
}
