//! The environment of a component, in which its configuration and its secrets stand.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis_config::{Loaded, RecordStore, Secrets};

/// The variable that holds the configuration.
const CONFIG: &str = "PORTCULLIS_CONFIG";

/// The variables, as the host gives them.
pub struct Variables {
    given: Vec<(String, String)>,
}

impl Variables {
    /// These.
    pub fn new(given: Vec<(String, String)>) -> Self {
        Self { given }
    }

    /// The configuration, compiled.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for whoever set the variables.
    pub fn load(&self) -> Result<Loaded, String> {
        self.get(CONFIG)
            .ok_or_else(|| format!("{CONFIG}: must be a variable with the configuration, as text"))
            .and_then(|document| {
                portcullis_config::load(document.as_bytes(), self).map_err(|errors| errors.to_string())
            })
    }
}

// Their values are secrets.
impl core::fmt::Debug for Variables {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.given.iter().map(|(name, _)| name)).finish()
    }
}

impl Secrets for Variables {
    fn get(&self, name: &str) -> Option<String> {
        self.given.iter().find(|(variable, _)| variable == name).map(|(_, value)| value.clone())
    }

    fn hint(&self, name: &str) -> String {
        format!("set the environment variable {name}, for example with `wasmtime serve --env {name}`")
    }

    fn record_store(&self) -> RecordStore {
        RecordStore::Unsupported
    }

    fn sends_calls(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::Variables;

    #[test]
    fn values_are_not_shown() {
        let variables = Variables::new([("SECRET".to_string(), "0123456789abcdef".to_string())].to_vec());
        assert_eq!(format!("{variables:?}"), r#"["SECRET"]"#);
    }

    #[test]
    fn no_configuration_is_an_error_that_names_the_variable() {
        let error = Variables::new([].to_vec()).load().err();
        assert!(error.is_some_and(|error| error.starts_with("PORTCULLIS_CONFIG: ")));
    }
}
