//! Records of API keys in Workers KV, under what the gate looks them up by.

use portcullis::api_key::is_label;
use portcullis::parts::KeyHash;
use serde_json::Value;

use crate::kv::Step;
use crate::output::Failure;

pub(super) use crate::kv::KvOptions;

/// The binding of the namespace that the Worker looks records up in.
const BINDING: &str = "PORTCULLIS_KEYS";

impl KvOptions {
    /// Writes a record.
    fn put(&self, record: &Value) -> Result<Step, Failure> {
        Ok(self.step(BINDING, "put", &[&store_key(record)?, &record.to_string()]))
    }

    /// Removes what is under `key`.
    pub(super) fn delete(&self, key: &str) -> Step {
        self.step(BINDING, "delete", &[key])
    }

    /// Names all records.
    pub(super) fn list(&self) -> Step {
        self.step(BINDING, "list", &[])
    }

    /// Reads what is under `key`.
    pub(super) fn get(&self, key: &str) -> Step {
        self.step(BINDING, "get", &[key, "--text"])
    }

    /// Writes `records`, if they belong there: lines for standard error.
    pub(super) fn put_all<'r>(
        &self,
        records: impl IntoIterator<Item = &'r Value>,
    ) -> Result<Vec<String>, Failure> {
        if !self.is_asked_for() {
            return Ok(Vec::new());
        }
        let steps = records.into_iter().map(|record| self.put(record)).collect::<Result<Vec<_>, _>>()?;
        self.carry_out(&steps)
    }
}

/// By what the gate looks the record up.
pub(super) fn store_key(record: &Value) -> Result<String, Failure> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    match KeyHash::parse(text("hash")) {
        Some(KeyHash::Peppered(_)) => Ok(text("id").to_owned()),
        Some(hash @ KeyHash::Plain(_)) => Ok(hash.to_string()),
        None => Err("the record has no hash of a key".to_owned()),
    }
}

/// Checks what somebody takes for the name of a record there.
pub(super) fn check_store_key(key: &str) -> Result<(), Failure> {
    if is_label(key)
        || matches!(KeyHash::parse(key), Some(hash @ KeyHash::Plain(_)) if hash.to_string() == key)
    {
        return Ok(());
    }
    Err("ID: in Workers KV, a record is under the identifier inside its key, or, for a key of another system, under its \
         \"hash\": `sha256:` and 64 lower-case hexadecimal digits"
        .to_owned())
}
