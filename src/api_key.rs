//! API keys: their form, their records, and checking one against the other.
//!
//! A key is `pc_<env>_<id>_<secret>_<crc>`: a label for the environment, a public identifier to find the record by, 43
//! base62 characters (256 bits) of secret, and a CRC-32 as six base62 characters, so that a typo or a scanner's false
//! positive is refused without a look-up. A record holds HMAC-SHA-256 of the whole key under a pepper that only the
//! host knows: a leaked list of records opens nothing, not even to an offline search.
//!
//! Keys that another system issued are accepted by the plain SHA-256 of the key, by which a store knows their records too.

mod form;
mod hash;
mod record;
mod records;

pub use form::{PREFIX, SECRET_CHARS, assemble, is_key, is_label};
pub use hash::{KeyHash, Pepper, plain_hash};
pub use record::ApiKeyRecord;
pub use records::{ApiKeys, ApiKeysError, RecordLookup};
pub(crate) use records::{CheckedKey, PresentedKey, Records};
