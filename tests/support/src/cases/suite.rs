//! Reading case files and making requests of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::case::{BodySpec, Case, Concrete, TOKEN};
use crate::native::Supply;
use crate::root::root;

/// All cases, with the configurations and secrets they share.
pub struct Suite {
    /// The secrets by name.
    pub secrets: BTreeMap<String, String>,
    /// Private JWKs.
    pub(crate) signing_keys: BTreeMap<String, Value>,
    /// Usable configurations by name.
    pub configurations: BTreeMap<String, Value>,
    /// Texts that are no usable configuration.
    pub broken: BTreeMap<String, String>,
    /// What the store of every host that has one knows, by key: the text of a record, or nothing where nobody can say.
    pub records: BTreeMap<String, Option<String>>,
    /// The cases, file by file.
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    secrets: BTreeMap<String, String>,
    signing_keys: BTreeMap<String, Value>,
    configurations: BTreeMap<String, Value>,
    broken: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: String,
    /// Members of every case of the file that does not say otherwise; see [`with_defaults`].
    #[serde(default)]
    defaults: Value,
    /// Usable configurations of its own, by name; other files may use them too.
    #[serde(default)]
    configurations: BTreeMap<String, Value>,
    /// Records of API keys in the store of every host that has one; `null` where nobody can say.
    #[serde(default)]
    records: BTreeMap<String, Value>,
    cases: Vec<Value>,
}

impl Suite {
    /// The case files of this workspace.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read, or contradicts itself.
    pub fn of_workspace() -> anyhow::Result<Self> {
        Self::load(&root().join("tests/cases")).context("tests/cases")
    }

    /// The same of gates that remember nothing, whatever is expected of them.
    ///
    /// # Errors
    ///
    /// If one of the files cannot be read, or contradicts itself.
    pub fn without_memory() -> anyhow::Result<Self> {
        let mut suite = Self::of_workspace()?;
        for configuration in suite.configurations.values_mut().filter_map(Value::as_object_mut) {
            configuration.entry("memory").or_insert_with(|| json!({"entries": 0}));
        }
        Ok(suite)
    }

    /// Reads every file of `folder`.
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        let read =
            |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let shared = folder.join("configurations.json");
        let Shared { secrets, signing_keys, mut configurations, broken } =
            serde_json::from_slice(&read(&shared)?).with_context(|| shared.display().to_string())?;
        let mut paths: Vec<_> = std::fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        let mut cases: Vec<Case> = Vec::new();
        let mut records = BTreeMap::new();
        for path in
            paths.iter().filter(|path| **path != shared && path.extension().is_some_and(|end| end == "json"))
        {
            let file: File =
                serde_json::from_slice(&read(path)?).with_context(|| path.display().to_string())?;
            for (name, configuration) in file.configurations {
                let earlier = configurations.insert(name.clone(), configuration);
                ensure!(earlier.is_none(), "{}: a second configuration `{name}`", path.display());
            }
            for (key, record) in file.records {
                let record = Some(record).filter(|record| !record.is_null()).map(|record| record.to_string());
                let earlier = records.insert(key.clone(), record);
                ensure!(earlier.is_none(), "{}: a second record under `{key}`", path.display());
            }
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            for case in file.cases {
                let case = with_defaults(&file.defaults, case);
                let what = || format!("{}: {}", path.display(), case["name"]);
                let case: Case = serde_json::from_value(case.clone()).with_context(what)?;
                cases.push(Case { file: name.clone(), ..case });
            }
        }
        let mut names = BTreeSet::new();
        for case in &cases {
            let Case { file, name, .. } = case;
            ensure!(names.insert((file, name)), "{file}: two cases are called `{name}`");
            let usable = configurations.contains_key(&case.configuration);
            let unusable = broken.contains_key(&case.configuration);
            ensure!(
                usable != unusable,
                "{file}: {name}: no configuration `{}`, or two of this name",
                case.configuration
            );
            ensure!(
                unusable != case.said.is_empty(),
                "{file}: {name}: `said` is what a host says about a broken configuration"
            );
            let on = case.on.values().map(|limit| (&limit.expect, unusable || !limit.said.is_empty()));
            for (expect, refuses) in on.chain([(&case.expect, unusable)]) {
                ensure!(
                    expect.is_sound(),
                    "{file}: {name}: expect either status and reason, or forward, or `starts` false"
                );
                ensure!(
                    refuses || expect.starts,
                    "{file}: {name}: a host that does not start with a usable configuration must say why (`said`)"
                );
            }
        }
        Ok(Self { secrets, signing_keys, configurations, broken, records, cases })
    }

    /// Checks that each case which says something about single hosts says it about some of `hosts`.
    ///
    /// # Errors
    ///
    /// The first case that does not.
    pub fn check_hosts(&self, hosts: &[&str]) -> anyhow::Result<()> {
        for Case { file, name, on, .. } in &self.cases {
            for host in on.keys() {
                ensure!(
                    hosts.contains(&host.as_str()),
                    "{file}: {name}: `on` names `{host}`, which is no host; there are {}",
                    hosts.join(", ")
                );
            }
        }
        Ok(())
    }

    /// Whether the host `host` must start with the configuration `name`.
    pub fn starts_on(&self, host: &str, name: &str) -> bool {
        let mut cases = self.cases.iter().filter(|case| case.configuration == name);
        !self.broken.contains_key(name) && cases.all(|case| case.expected_on(host).starts)
    }

    /// Every configuration as text, usable and broken, by name.
    pub fn documents(&self) -> impl Iterator<Item = (&String, String)> {
        let usable =
            self.configurations.iter().map(|(name, configuration)| (name, configuration.to_string()));
        usable.chain(self.broken.iter().map(|(name, text)| (name, text.clone())))
    }

    /// The configuration `name` as text, usable or broken.
    pub fn text(&self, name: &str) -> Option<String> {
        let usable = self.configurations.get(name).map(Value::to_string);
        usable.or_else(|| self.broken.get(name).cloned())
    }

    /// The configuration `name` as JSON; a broken one as its text.
    pub fn document(&self, name: &str) -> Option<Value> {
        let broken = || self.broken.get(name).map(|text| Value::String(text.clone()));
        self.configurations.get(name).cloned().or_else(broken)
    }

    /// What a host finds out about the record under `key`.
    pub fn record(&self, key: &str) -> Supply<'_> {
        match self.records.get(key) {
            Some(Some(record)) => Supply::ApiKeyRecord(Some(record.as_bytes())),
            Some(None) => Supply::Unavailable,
            None => Supply::ApiKeyRecord(None),
        }
    }

    /// The secret `name`.
    pub fn secret(&self, name: &str) -> anyhow::Result<&str> {
        self.secrets.get(name).map(String::as_str).with_context(|| format!("no secret `{name}`"))
    }

    /// The request of `case` at the time `now`, in seconds since the epoch.
    pub fn concrete(&self, case: &Case, now: u64) -> anyhow::Result<Concrete> {
        let token = case
            .token
            .as_ref()
            .map(|token| token.text(&self.secrets, &self.signing_keys, now))
            .transpose()?
            .unwrap_or_default();
        let fill = |text: &str| text.replace(TOKEN, &token);
        Ok(Concrete {
            method: case.request.method.clone(),
            target: fill(&case.request.target),
            headers: case.request.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect(),
            body: case.request.body.as_ref().map(BodySpec::text),
            now,
            id: "case",
            token: token.clone(),
        })
    }
}

/// A case as it is meant: members of objects are taken from `defaults` unless `case` has them, or takes them away with
/// `null`. Everything else, lists too, `case` has whole.
fn with_defaults(defaults: &Value, case: Value) -> Value {
    let Value::Object(own) = case else { return case };
    let mut merged = defaults.as_object().cloned().unwrap_or_default();
    for (name, value) in own {
        let default = merged.remove(&name).unwrap_or_default();
        if !value.is_null() {
            merged.insert(name, with_defaults(&default, value));
        }
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Suite, with_defaults};

    #[test]
    fn single_hosts_are_hosts() {
        let suite = Suite::of_workspace().unwrap();
        let mut named: Vec<&str> =
            suite.cases.iter().flat_map(|case| case.on.keys()).map(String::as_str).collect();
        suite.check_hosts(&named).unwrap();
        let last = named.pop().unwrap();
        named.retain(|host| *host != last);
        let error = suite.check_hosts(&named).unwrap_err().to_string();
        assert!(error.contains(&format!("`on` names `{last}`, which is no host")), "{error}");
    }

    #[test]
    fn a_case_has_what_it_does_not_take_away() {
        let defaults = json!({"a": {"b": 1, "c": [1, 2]}, "d": {"e": 1}, "f": 1});
        let merged = with_defaults(&defaults, json!({"a": {"c": [3]}, "d": null, "g": {"h": null, "i": 2}}));
        assert_eq!(merged, json!({"a": {"b": 1, "c": [3]}, "f": 1, "g": {"i": 2}}));
    }
}
