//! Secrets from the environment and from a file of `NAME=value` lines.

use std::collections::BTreeMap;
use std::path::Path;

use portcullis_analysis::lints;
use portcullis_config::{Configuration, RecordStore, Secrets, Severity};

use crate::document::{self, Document};
use crate::input::shown;
use crate::output::{Failure, printable};

/// Secrets by name; a file given on the command line counts before the environment.
pub(crate) struct Environment {
    file: BTreeMap<String, String>,
}

impl Environment {
    /// Reads `env_file`, if there is one.
    pub(crate) fn read(env_file: Option<&Path>) -> Result<Self, Failure> {
        let mut file = BTreeMap::new();
        if let Some(path) = env_file {
            let lines = dotenvy::from_path_iter(path)
                .map_err(|_| format!("--env-file: cannot read {}", shown(path)))?;
            for line in lines {
                let (name, value) = line.map_err(|error| wrong_line(path, &error))?;
                file.insert(name, value);
            }
        }
        Ok(Self { file })
    }

    /// Compiles the configuration at `path`.
    pub(crate) fn compile(&self, path: &Path) -> Result<Configuration, Failure> {
        let document = Document::read("--config", path)?;
        document.compile(self).map_err(|errors| document.render_errors(errors.iter()))
    }
}

/// What is wrong with a line of the file at `path`. The error of the library quotes the line, which may hold a secret.
fn wrong_line(path: &Path, error: &dotenvy::Error) -> Failure {
    let quoted = match error {
        dotenvy::Error::LineParse(line, _) => Some(line.trim()),
        _ => None,
    };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // It quotes the line from the value on.
    let number = text.lines().position(|line| quoted.is_some_and(|quoted| line.trim().ends_with(quoted)));
    let place = number.map_or_else(String::new, |number| format!(":{}", number.saturating_add(1)));
    format!(
        "--env-file: {}{place}: not `NAME=value`; a value with spaces, quotes or `$` takes quotes around it: NAME='two words'",
        shown(path)
    )
}

impl Secrets for Environment {
    fn get(&self, name: &str) -> Option<String> {
        self.file.get(name).cloned().or_else(|| std::env::var(name).ok())
    }

    fn hint(&self, name: &str) -> String {
        format!("set the environment variable {name}, or add it to the file given with --env-file")
    }

    fn revocation_store(&self) -> RecordStore {
        RecordStore::Available
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

/// What deserves attention in the configuration at `path`, a line each; `config check` has the rest.
pub(crate) fn notes(configuration: &Configuration, path: &Path) -> Vec<String> {
    let advice = lints(configuration);
    let warnings = configuration
        .diagnostics
        .iter()
        .chain(&advice)
        .filter(|diagnostic| diagnostic.lint.severity() == Severity::Warning);
    warnings.map(|warning| printable(&format!("note: {}: {warning}", document::name(path)))).collect()
}
