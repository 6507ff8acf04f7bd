//! Checking a key against the records.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use super::form::{PREFIX, ParsedKey};
use super::hash::{Digest256, KeyHash, Pepper};
use super::record::ApiKeyRecord;
use crate::error::ApiKeyError;
use crate::json::Pointer;
use crate::limits::API_KEY_BYTES;
use crate::principal::Principal;
use crate::time::UnixTime;

/// The records a gate was loaded with, and how keys are checked.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    pepper: Option<Pepper>,
    records: Records,
    /// Whether a host can be asked for records that are not here.
    lookup: bool,
    /// Places that bindings of the policy compare with.
    attributes: Vec<Pointer>,
    carried: Vec<Pointer>,
}

/// What a host found out about a record it was asked for.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one of them at a time, and it is not moved about")]
pub enum RecordLookup {
    /// The record.
    Found(ApiKeyRecord),
    /// There is none.
    NotFound,
    /// There is one that cannot be used: what is wrong with it, and where. Holds none of its values.
    Unusable(String),
    /// Nobody could say.
    Unavailable,
}

/// A presented key without its record. Holds what the record is compared with, and not the key.
#[derive(Debug, Clone)]
pub(crate) struct PresentedKey {
    /// By what a store knows the record: the public identifier in the key, or the hash of one of another system.
    store_key: String,
    hash: KeyHash,
}

impl PresentedKey {
    fn own(key: ParsedKey<'_>, pepper: &Pepper) -> Self {
        Self { store_key: key.id.to_owned(), hash: KeyHash::Peppered(pepper.digest(key.whole)) }
    }

    fn of_another_system(digest: Digest256) -> Self {
        let hash = KeyHash::Plain(digest);
        Self { store_key: hash.to_string(), hash }
    }

    /// By what a store knows the record.
    pub(crate) fn store_key(&self) -> &str {
        &self.store_key
    }

    /// What tells the key from all others; it says nothing of the key.
    pub(crate) fn hash(&self) -> &KeyHash {
        &self.hash
    }

    /// The public identifier in the key, if it has the gate's own form.
    pub(crate) fn public_id(&self) -> Option<&str> {
        match self.hash {
            KeyHash::Peppered(_) => Some(&self.store_key),
            KeyHash::Plain(_) => None,
        }
    }

    /// Whether this is the record that was asked for. That of a key of another system goes by an identifier of its own.
    fn is_answered_by(&self, record: &ApiKeyRecord) -> bool {
        self.public_id().is_none_or(|id| record.id == id)
    }

    /// Whether the key is the one that the record knows, in constant time.
    fn matches(&self, record: Option<&ApiKeyRecord>) -> bool {
        // SECURITY: compared whether or not there is a record, so that the time taken does not tell which identifiers exist.
        let (presented, expected) = match (self.hash, record.map(|record| record.hash)) {
            (KeyHash::Peppered(presented), Some(KeyHash::Peppered(expected)))
            | (KeyHash::Plain(presented), Some(KeyHash::Plain(expected))) => (presented, expected),
            // A hash of the other kind is none of this key.
            (KeyHash::Peppered(presented) | KeyHash::Plain(presented), _) => {
                (presented, Digest256::default())
            }
        };
        presented.ct_eq(&expected).into()
    }
}

/// The result of checking a key: a principal, or a key whose record only the host can get.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub(crate) enum CheckedKey {
    Principal(Principal),
    NeedsRecord(PresentedKey),
}

/// Why records cannot be used together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ApiKeysError {
    /// Records, or records to be looked up, that were hashed under a pepper, and no pepper.
    #[error("records hashed under a pepper need it")]
    PepperMissing,
    /// Two records with one identifier or one hash.
    #[error("two records have the same identifier or are for the same key")]
    Duplicate,
    /// Claims of a record that bindings, or the origin, could not be given.
    #[error(
        "the claims of a record have something unusable where bindings, or the origin, are given a claim"
    )]
    Claims,
}

/// Records, indexed for look-up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    // INVARIANT: no two have the same identifier or the same hash.
    /// Sorted by identifier.
    peppered: Vec<ApiKeyRecord>,
    /// Sorted by digest.
    plain: Vec<(Digest256, ApiKeyRecord)>,
}

impl Records {
    /// # Errors
    ///
    /// [`ApiKeysError::Duplicate`] if two of them have the same identifier, or the same hash.
    pub(crate) fn new(records: Vec<ApiKeyRecord>) -> Result<Self, ApiKeysError> {
        let (mut ids, mut hashes) = (BTreeSet::new(), BTreeSet::new());
        if !records.iter().all(|record| ids.insert(record.id.as_str()) && hashes.insert(record.hash)) {
            return Err(ApiKeysError::Duplicate);
        }
        let (mut peppered, mut plain) = (Vec::new(), Vec::new());
        for record in records {
            match record.hash {
                KeyHash::Peppered(_) => peppered.push(record),
                KeyHash::Plain(digest) => plain.push((digest, record)),
            }
        }
        peppered.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        plain.sort_unstable_by_key(|(digest, _)| *digest);
        Ok(Self { peppered, plain })
    }

    /// The records, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ApiKeyRecord> {
        self.peppered.iter().chain(self.plain.iter().map(|(_, record)| record))
    }

    fn need_pepper(&self) -> bool {
        !self.peppered.is_empty()
    }

    /// The record that a key names, or the one with its hash. Whether it is the key of that record is another question.
    fn find(&self, presented: &PresentedKey) -> Option<&ApiKeyRecord> {
        match presented.hash {
            KeyHash::Peppered(_) => {
                let id = presented.store_key();
                let found = self.peppered.binary_search_by(|record| record.id.as_str().cmp(id));
                found.ok().and_then(|index| self.peppered.get(index))
            }
            // The search compares digests: what its time tells about them tells nothing about a key.
            KeyHash::Plain(presented) => {
                let found = self.plain.binary_search_by_key(&presented, |(digest, _)| *digest);
                found.ok().and_then(|index| self.plain.get(index)).map(|(_, record)| record)
            }
        }
    }
}

impl ApiKeys {
    /// Indexes `records`; `lookup` says whether a host can be asked for others, `attributes` are the places that
    /// bindings of the policy compare with, and `carried` those that the origin is told of.
    ///
    /// # Errors
    ///
    /// [`ApiKeysError`] if they cannot be used together.
    pub fn new(
        pepper: Option<Pepper>,
        records: Vec<ApiKeyRecord>,
        lookup: bool,
        attributes: Vec<Pointer>,
        carried: Vec<Pointer>,
    ) -> Result<Self, ApiKeysError> {
        let records = Records::new(records)?;
        if pepper.is_none() && (lookup || records.need_pepper()) {
            return Err(ApiKeysError::PepperMissing);
        }
        Ok(Self { pepper, records, lookup, attributes, carried })
    }

    /// The records, in no particular order.
    pub fn records(&self) -> impl Iterator<Item = &ApiKeyRecord> {
        self.records.iter()
    }

    /// Whether keys can be checked against `more` as well.
    ///
    /// # Errors
    ///
    /// [`ApiKeysError`] if they cannot: as in one document, a record that counts in two ways counts in none.
    pub(crate) fn admit(&self, more: &Records) -> Result<(), ApiKeysError> {
        if self.pepper.is_none() && more.need_pepper() {
            return Err(ApiKeysError::PepperMissing);
        }
        for record in more.iter() {
            if self.records().any(|known| known.id == record.id || known.hash == record.hash) {
                return Err(ApiKeysError::Duplicate);
            }
            if record.claims(&self.attributes, &self.carried).is_err() {
                return Err(ApiKeysError::Claims);
            }
        }
        Ok(())
    }

    /// The same with `more` records, which it admits.
    pub(crate) fn with(&self, more: &Records) -> Self {
        let records: Vec<ApiKeyRecord> = self.records().chain(more.iter()).cloned().collect();
        Self { records: Records::new(records).unwrap_or_else(|_| self.records.clone()), ..self.clone() }
    }

    /// The public identifier in `key`, if it has the form of the gate's own keys.
    pub(crate) fn public_id(key: &str) -> Option<&str> {
        Some(key)
            .filter(|key| key.starts_with(PREFIX))
            .and_then(|key| ParsedKey::parse(key).ok())
            .map(|key| key.id)
    }

    /// Checks `key` at `now` against the records, and `more` besides.
    ///
    /// # Errors
    ///
    /// [`ApiKeyError`]. An unknown identifier and a wrong secret are the same error and cost the same work.
    pub(crate) fn check(
        &self,
        key: &str,
        more: Option<&Records>,
        now: UnixTime,
    ) -> Result<CheckedKey, ApiKeyError> {
        let presented = if key.starts_with(PREFIX) { self.own(key)? } else { Self::foreign(key)? };
        let loaded = self.records.find(&presented).or_else(|| more?.find(&presented));
        if loaded.is_none() && self.lookup {
            return Ok(CheckedKey::NeedsRecord(presented));
        }
        self.compare(&presented, loaded, now).map(CheckedKey::Principal)
    }

    /// A key of the gate's own form.
    fn own(&self, key: &str) -> Result<PresentedKey, ApiKeyError> {
        let parsed = ParsedKey::parse(key)?;
        let pepper = self.pepper.as_ref().ok_or(ApiKeyError::Unknown)?;
        Ok(PresentedKey::own(parsed, pepper))
    }

    /// A key of another system.
    fn foreign(key: &str) -> Result<PresentedKey, ApiKeyError> {
        if key.len() > API_KEY_BYTES {
            return Err(ApiKeyError::Malformed);
        }
        Ok(PresentedKey::of_another_system(Sha256::digest(key.as_bytes()).into()))
    }

    /// Checks a key with what the host found out about its record.
    ///
    /// # Errors
    ///
    /// As [`ApiKeys::check`].
    pub(crate) fn check_found(
        &self,
        presented: &PresentedKey,
        found: &RecordLookup,
        now: UnixTime,
    ) -> Result<Principal, ApiKeyError> {
        let record = match found {
            RecordLookup::Found(record) => Some(record).filter(|record| presented.is_answered_by(record)),
            RecordLookup::NotFound => None,
            RecordLookup::Unusable(why) => return Err(ApiKeyError::Unusable(why.clone())),
            RecordLookup::Unavailable => return Err(ApiKeyError::Unavailable),
        };
        self.compare(presented, record, now)
    }

    fn compare(
        &self,
        presented: &PresentedKey,
        record: Option<&ApiKeyRecord>,
        now: UnixTime,
    ) -> Result<Principal, ApiKeyError> {
        let matches = presented.matches(record);
        match record {
            Some(record) if matches => record.principal(now, &self.attributes, &self.carried),
            _ => Err(ApiKeyError::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ApiKeys;
    use crate::api_key::assemble;

    #[test]
    fn only_keys_of_the_own_form_say_whose_they_are() {
        let key = assemble("live", "ci", 0..=255).unwrap();
        assert_eq!(ApiKeys::public_id(&key), Some("ci"));
        for other in ["", "pc_live_ci", "key_abc", key.get(1..).unwrap(), key.get(..key.len() - 1).unwrap()] {
            assert_eq!(ApiKeys::public_id(other), None, "{other}");
        }
    }
}
