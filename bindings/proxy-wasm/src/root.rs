//! The root context: keeps the plugin and makes a filter for every request.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};

use crate::filter::Filter;
use crate::host;
use crate::plugin::Plugin;

/// The root context, one for each configuration of the plugin.
#[derive(Debug, Default)]
pub(crate) struct Root {
    /// `None` until a configuration has loaded.
    plugin: Option<Rc<Plugin>>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, bytes: usize) -> bool {
        // Whatever goes wrong from here on, nothing is decided by an older configuration.
        self.plugin = None;
        match Plugin::load(bytes) {
            Ok(plugin) => self.plugin = Some(Rc::new(plugin)),
            Err(problems) => {
                for problem in problems {
                    host::log(LogLevel::Error, &format!("no request is allowed: {problem}"));
                }
            }
        }
        self.plugin.is_some()
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter::new(self.plugin.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
