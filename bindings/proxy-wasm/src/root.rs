//! The plugin: loads the configuration and makes a filter for every request.

use std::rc::Rc;

use portcullis::Gate;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};

use crate::document;
use crate::environment::Environment;
use crate::filter::Filter;
use crate::host;
use crate::metrics::Metrics;

/// What it takes to decide about requests.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) gate: Gate,
    pub(crate) metrics: Metrics,
}

/// The root context, one for each configuration of the plugin.
#[derive(Debug, Default)]
pub(crate) struct Root {
    /// `None` until a configuration has loaded.
    plugin: Option<Rc<Plugin>>,
}

impl Root {
    fn configure(&mut self, octets: usize) -> Result<(), Vec<String>> {
        // Whatever goes wrong from here on, nothing is decided by an older configuration.
        self.plugin = None;
        let failed = |status| vec![format!("the host cannot do what the plugin needs: {status:?}")];
        let document = document::json(host::plugin_configuration(octets).map_err(failed)?);
        let gate = Gate::load(&document, &Environment::read())
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        for notice in gate.warnings() {
            host::log(LogLevel::Warn, &notice.to_string());
        }
        let metrics = Metrics::define().map_err(failed)?;
        self.plugin = Some(Rc::new(Plugin { gate, metrics }));
        Ok(())
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, octets: usize) -> bool {
        let configured = self.configure(octets);
        for problem in configured.as_ref().err().into_iter().flatten() {
            host::log(LogLevel::Error, &format!("no request is let in: {problem}"));
        }
        configured.is_ok()
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter::new(self.plugin.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
