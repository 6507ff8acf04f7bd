//! What a host hands over, and says of itself, while a configuration loads.

use alloc::string::String;

/// The secrets of a host, by name.
///
/// A configuration only ever names a secret (`{ "env": "JWT_SECRET_KEY" }`); the host knows the value.
pub trait Secrets {
    /// The value of the secret `name`, or `None` if this host has none by that name.
    fn get(&self, name: &str) -> Option<String>;

    /// One sentence that tells how to set the secret `name` on this host.
    fn hint(&self, name: &str) -> String;

    /// Where this host finds records of API keys that the document does not list.
    ///
    /// A document with `api_keys.lookup` loads only where there is a store: every key that is not listed would be refused
    /// with `records_unavailable`, from the first request on.
    fn record_store(&self) -> RecordStore {
        RecordStore::Available
    }

    /// Where this host finds revocations that the document does not list.
    ///
    /// A document with `revoked.lookup` loads only where there is a store: every credential would be refused with
    /// `revocations_unavailable` otherwise.
    fn revocation_store(&self) -> RecordStore {
        RecordStore::Unsupported
    }

    /// Whether this host sends the gate's own calls while it runs: to fetch keys, and to ask who a caller is.
    ///
    /// A document that needs them loads only where there is somebody to send them.
    fn sends_calls(&self) -> bool {
        false
    }

    /// Whether such calls can go to the origin behind the gate.
    fn reaches_origin(&self) -> bool {
        self.sends_calls()
    }

    /// Whether this host has a cache that its instances share.
    ///
    /// A document that has answers shared loads only where there is one.
    fn shares_cache(&self) -> bool {
        false
    }

    /// Whether this host knows the addresses of clients, and vouches for them.
    ///
    /// A document that limits what one client may do loads only where clients can be told apart.
    fn knows_clients(&self) -> bool {
        false
    }
}

/// Whether a host has a store: of API-key records, or of revocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordStore {
    /// It has one, or its caller may.
    Available,
    /// It is a host that cannot have one.
    Unsupported,
    /// It has been given none. The text tells how, in the imperative and without a full stop.
    Missing(&'static str),
}
