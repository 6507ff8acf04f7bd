//! The plugin: what it takes to decide about requests.

use portcullis::Gate;
use proxy_wasm::types::LogLevel;

use crate::document;
use crate::environment::Environment;
use crate::host;
use crate::metrics::Metrics;

/// One configuration, compiled.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) gate: Gate,
    pub(crate) metrics: Metrics,
}

impl Plugin {
    /// Loads the configuration, which has this many bytes.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, or what the host cannot do.
    pub(crate) fn load(bytes: usize) -> Result<Self, Vec<String>> {
        let failed = |status| vec![format!("the host cannot do what the plugin needs: {status:?}")];
        let document = document::json(host::plugin_configuration(bytes).map_err(failed)?);
        let loaded = portcullis_config::load(&document, &Environment::read())
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        host::log(LogLevel::Info, &format!("policy {} is loaded", loaded.gate.version()));
        for diagnostic in &loaded.diagnostics {
            host::log(LogLevel::Warn, &diagnostic.to_string());
        }
        Ok(Self { gate: loaded.gate, metrics: Metrics::define().map_err(failed)? })
    }
}
