//! A key of the origin's own, by which it knows all callers as one.

use crate::limits::{API_KEY_BYTES, ORIGIN_KEY_CHARS_MIN};
use crate::secret::SecretBytes;

/// An API key that the origin issued. `Debug` shows its length only.
#[derive(Debug, Clone)]
pub struct OriginKey(SecretBytes);

impl OriginKey {
    /// The key, if `secret` can be one: visible ASCII, 32 to 512 characters.
    pub fn new(secret: SecretBytes) -> Option<Self> {
        let bytes = secret.expose();
        let fits = (ORIGIN_KEY_CHARS_MIN..=API_KEY_BYTES).contains(&bytes.len());
        (fits && bytes.iter().all(u8::is_ascii_graphic)).then_some(Self(secret))
    }

    /// The key. Keep it out of errors and logs.
    pub(super) fn expose(&self) -> &str {
        // INVARIANT: `new` accepts ASCII only.
        core::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}
