//! How a host hands secrets over while a configuration loads.

use alloc::string::String;

/// The secrets of a host, by name.
///
/// A configuration only ever names a secret (`{ "env": "JWT_SECRET_KEY" }`); the host knows the value.
pub trait Secrets {
    /// The value of the secret `name`, or `None` if this host has none by that name.
    fn get(&self, name: &str) -> Option<String>;

    /// One sentence that tells how to set the secret `name` on this host.
    fn hint(&self, name: &str) -> String;
}
