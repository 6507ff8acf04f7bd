//! A key of the origin's own, by which it knows all callers as one.

use crate::limits::API_KEY_BYTES;
use crate::secret::SecretBytes;

/// Fewest characters of a key. The origins' own have 40 and more; what is shorter is something else, or can be guessed.
const MIN_CHARS: usize = 32;

/// An API key that the origin issued. `Debug` shows its length only.
#[derive(Debug, Clone)]
pub(crate) struct OriginKey(SecretBytes);

impl OriginKey {
    /// The key, if `secret` can be one: visible ASCII, 32 to 512 characters.
    pub(crate) fn new(secret: SecretBytes) -> Option<Self> {
        let octets = secret.expose();
        let fits = (MIN_CHARS..=API_KEY_BYTES).contains(&octets.len());
        (fits && octets.iter().all(u8::is_ascii_graphic)).then_some(Self(secret))
    }

    /// The key. Keep it out of errors and logs.
    pub(super) fn expose(&self) -> &str {
        // INVARIANT: `new` accepts ASCII only.
        core::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}
