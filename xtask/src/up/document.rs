//! The document, checked before any host is started with it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use portcullis_config::{RecordStore, Secrets};
use serde_json::Value;

/// A document that loads, and the secrets that it names.
pub(super) struct Document {
    pub(super) text: String,
    pub(super) secrets: BTreeMap<String, String>,
}

/// The secrets of the environment.
struct Environment;

impl Secrets for Environment {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn hint(&self, name: &str) -> String {
        format!("set the environment variable {name}")
    }

    /// None of the hosts is given one.
    fn record_store(&self) -> RecordStore {
        RecordStore::Unsupported
    }

    fn sends_calls(&self) -> bool {
        true
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn shares_cache(&self) -> bool {
        true
    }
}

impl Document {
    /// Reads `file` as the gate will.
    ///
    /// # Errors
    ///
    /// What the gate would say, before it answers 503 to everybody.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("--config: cannot read {shown}"))?;
        if let Err(errors) = portcullis_config::load(text.as_bytes(), &Environment) {
            bail!("--config: the gate does not load {shown}\n{errors}");
        }
        let document =
            serde_json::from_str(&text).with_context(|| format!("--config: {shown} is not JSON"))?;
        Ok(Self { secrets: secrets(&document), text })
    }
}

/// The secrets that the document names, from the environment.
fn secrets(document: &Value) -> BTreeMap<String, String> {
    let mut names = Vec::new();
    collect_names(document, &mut names);
    names.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?))).collect()
}

fn collect_names<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| collect_names(element, names)),
        Value::Object(members) => {
            names.extend(members.get("env").and_then(Value::as_str));
            members.values().for_each(|member| collect_names(member, names));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::collect_names;

    #[test]
    fn secrets_are_found_wherever_they_are_named() {
        let document =
            json!({"issuers": [{"keys": [{"secret": {"env": "A"}}]}], "api_keys": {"pepper": {"env": "B"}}});
        let mut names = Vec::new();
        collect_names(&document, &mut names);
        names.sort_unstable();
        assert_eq!(names, ["A", "B"]);
    }
}
