//! The root context: keeps the plugin, makes a filter for every request, and sends what the gate asks for.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};

use crate::desk::Desk;
use crate::filter::Filter;
use crate::host;
use crate::plugin::Plugin;

/// The root context, one for each configuration of the plugin.
#[derive(Debug)]
pub(crate) struct Root {
    id: u32,
    /// `None` until a configuration has loaded.
    desk: Option<Rc<Desk>>,
}

impl Root {
    /// The root context `id`, before its configuration.
    pub(crate) fn new(id: u32) -> Self {
        Self { id, desk: None }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, _: usize) {
        if let Some(desk) = &self.desk {
            desk.answered(token, headers, body);
        }
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, bytes: usize) -> bool {
        // Whatever goes wrong from here on, nothing is decided by an older configuration.
        if let Some(before) = self.desk.take() {
            before.close();
        }
        match Plugin::load(bytes) {
            Ok(plugin) => self.desk = Some(Rc::new(Desk::new(plugin, self.id))),
            Err(problems) => {
                for problem in problems {
                    host::log(LogLevel::Error, &format!("no request is allowed: {problem}"));
                }
            }
        }
        self.desk.is_some()
    }

    fn on_tick(&mut self) {
        if let Some(desk) = &self.desk {
            desk.tick();
        }
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter::new(id, self.desk.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
