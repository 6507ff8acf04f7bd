//! The payload of a bundle, while it is put together.

use portcullis::UnixTime;
use portcullis::parts::BundleContents;
use portcullis_config::bundle_contents;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use crate::key::Members;
use crate::output::{Failure, printable};

/// The lists of `revoked`.
const REVOKED: [&str; 6] = ["tokens", "sessions", "subjects", "issuers", "api_keys", "credentials"];

/// The members of a payload.
#[derive(Debug, Clone)]
pub(crate) struct Payload(Map<String, Value>);

impl Payload {
    /// An empty one.
    pub(super) fn new(version: u64, issued_at: UnixTime, expires_at: UnixTime) -> Self {
        let mut members = Map::new();
        members.insert("version".to_owned(), version.into());
        members.insert("iat".to_owned(), issued_at.as_secs().into());
        members.insert("exp".to_owned(), expires_at.as_secs().into());
        Self(members)
    }

    /// That of a bundle.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Failure> {
        // What is no payload is not changed either.
        bundle_contents(payload).map_err(|why| printable(&format!("the bundle cannot be used: {why}")))?;
        serde_json::from_slice(payload).map(Self).map_err(|error| error.to_string())
    }

    /// The next version of it, made at `now`.
    pub(super) fn next(mut self, now: UnixTime, expires_at: UnixTime) -> Result<Self, Failure> {
        let version = self.number("version").checked_add(1).ok_or("there is no higher version")?;
        self.0.extend(Self::new(version, now, expires_at).0);
        Ok(self)
    }

    /// For how long it was made, in seconds.
    pub(super) fn lifetime_secs(&self) -> u64 {
        self.number("exp").saturating_sub(self.number("iat"))
    }

    /// Its version.
    pub(crate) fn version(&self) -> u64 {
        self.number("version")
    }

    fn number(&self, name: &str) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// Adds the keys of an issuer.
    pub(super) fn add_keys(&mut self, issuer: &str, set: Value) -> Result<(), Failure> {
        let sets = self.0.entry("jwks").or_insert_with(|| json!({}));
        let sets = sets.as_object_mut().ok_or("`jwks` is no object")?;
        if sets.insert(issuer.to_owned(), set).is_some() {
            return Err(printable(&format!("--jwks: the keys of {issuer} are given twice; give them once")));
        }
        Ok(())
    }

    /// Adds records of API keys.
    pub(super) fn add_records(&mut self, records: Vec<Value>) -> Result<(), Failure> {
        self.records()?.extend(records);
        Ok(())
    }

    /// The records of API keys.
    fn records(&mut self) -> Result<&mut Vec<Value>, Failure> {
        let records = self.0.entry("records").or_insert_with(|| json!([]));
        records.as_array_mut().ok_or_else(|| "`records` is no array".to_owned())
    }

    /// All records, and where the one with this identifier is.
    pub(crate) fn record(&mut self, id: &str) -> Result<(&mut Vec<Value>, usize), Failure> {
        let records = self.records()?;
        let at = records.iter().position(|record| record.get("id").and_then(Value::as_str) == Some(id));
        let at = at.ok_or(
            "ID: the bundle has no record with this id; `portcullis api-key list` shows those it has",
        )?;
        Ok((records, at))
    }

    /// Adds to one of the lists of `revoked`; what is there already is not added again.
    pub(crate) fn revoke(&mut self, list: &str, entry: Value) -> Result<(), Failure> {
        let revoked = self.0.entry("revoked").or_insert_with(|| json!({}));
        let revoked = revoked.as_object_mut().ok_or("`revoked` is no object")?;
        let entries = revoked.entry(list).or_insert_with(|| json!([]));
        let entries = entries.as_array_mut().ok_or_else(|| format!("`revoked.{list}` is no array"))?;
        if !entries.contains(&entry) {
            entries.push(entry);
        }
        Ok(())
    }

    /// Adds everything that a `revoked` of a configuration lists.
    pub(super) fn revoke_all(&mut self, revoked: &Map<String, Value>) -> Result<(), Failure> {
        for (list, entries) in revoked {
            let Some(entries) = entries.as_array().filter(|_| REVOKED.contains(&list.as_str())) else {
                let lists = REVOKED.join(", ");
                return Err(printable(&format!("`{list}` is none of the lists of \"revoked\": {lists}")));
            };
            for entry in entries {
                self.revoke(list, entry.clone())?;
            }
        }
        Ok(())
    }

    /// As it is read by a gate.
    pub(super) fn contents(&self) -> Result<BundleContents, Failure> {
        let text = serde_json::to_vec(&self.0).map_err(|error| error.to_string())?;
        bundle_contents(&text).map_err(|why| printable(&why))
    }

    /// As it is signed.
    pub(super) fn members(&self) -> Result<Members, Failure> {
        let raw = |(name, value): (&String, &Value)| Ok((name.clone(), to_raw_value(value)?));
        let members: serde_json::Result<Members> = self.0.iter().map(raw).collect();
        members.map_err(|error| error.to_string())
    }
}
