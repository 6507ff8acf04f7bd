//! Secrets from the environment and from a file of `NAME=value` lines.

use std::collections::BTreeMap;
use std::path::Path;

use portcullis_analysis::lints;
use portcullis_config::{ConfigErrors, Configuration, Secrets, Severity, compile};

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
                // The error of the library quotes the line, which may hold a secret.
                let (name, value) = line.map_err(|_| {
                    format!("--env-file: `{}` has a line that is not `NAME=value`", path.display())
                })?;
                file.insert(name, value);
            }
        }
        Ok(Self { file })
    }

    /// Compiles the configuration at `path`.
    pub(crate) fn compile(&self, path: &Path) -> Result<Configuration, Failure> {
        let document = read_document(path)?;
        compile(&document, self).map_err(|errors| render_errors(&errors, &document, path))
    }
}

/// The bytes of the configuration at `path`.
pub(crate) fn read_document(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| format!("--config: cannot read {}: {error}", shown(path)))
}

/// What is wrong with `document`, read from `path`: a line each, with the place in the form that editors know.
pub(crate) fn render_errors(errors: &ConfigErrors, document: &[u8], path: &Path) -> Failure {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| format!("{}:{}: {error}", path.display(), error.position(document)))
        .collect();
    printable(&lines.join("\nerror: "))
}

impl Secrets for Environment {
    fn get(&self, name: &str) -> Option<String> {
        self.file.get(name).cloned().or_else(|| std::env::var(name).ok())
    }

    fn hint(&self, name: &str) -> String {
        format!("set the environment variable {name}, or add it to the file given with --env-file")
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
    warnings.map(|warning| printable(&format!("note: {}: {warning}", path.display()))).collect()
}
