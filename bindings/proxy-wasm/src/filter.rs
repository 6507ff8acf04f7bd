//! The filter: what the host says about one request, and what it is told to do with it.

use core::cell::RefCell;
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel, Status};

use crate::desk::{Desk, SharedStream};
use crate::host;
use crate::plugin::Plugin;
use crate::stream::{Next, Stream};

/// The context of one request.
#[derive(Debug)]
pub(crate) struct Filter {
    /// `None` if no configuration has loaded: every request is refused then.
    desk: Option<Rc<Desk>>,
    stream: SharedStream,
}

impl Filter {
    /// The filter of the context `id`, which decides by the plugin of `desk`.
    pub(crate) fn new(id: u32, desk: Option<Rc<Desk>>) -> Self {
        Self { desk, stream: Rc::new(RefCell::new(Stream::new(id))) }
    }

    /// Lets the request take a step; where the host fails, it is refused.
    fn step(&self, step: impl FnOnce(&mut Stream, Option<&Plugin>) -> Result<Next, Status>) -> Action {
        let next = {
            let mut stream = self.stream.borrow_mut();
            step(&mut stream, self.desk.as_ref().map(|desk| &desk.plugin)).unwrap_or_else(|_| stream.refuse())
        };
        match (next, &self.desk) {
            (Next::Pass, _) => return Action::Continue,
            (Next::Call(need), Some(desk)) => desk.call(Rc::clone(&self.stream), need),
            (Next::Wait(need), Some(desk)) => desk.wait(Rc::clone(&self.stream), need),
            // Without a plugin nothing is needed.
            (Next::Hold | Next::Call(_) | Next::Wait(_), _) => {}
        }
        Action::Pause
    }
}

impl Context for Filter {}

/// The request is over. A callback of its own for that (`proxy_on_done`) would only come a moment before.
impl Drop for Filter {
    fn drop(&mut self) {
        if self.stream.borrow_mut().leave() {
            host::log(
                LogLevel::Warn,
                "a request ended before anything came of the body that a binding compares: if this happens to every such request, set allow_on_headers_stop_iteration: true beside vm_config, without which Envoy shows no body",
            );
        }
        if let Some(desk) = &self.desk {
            desk.forget(&self.stream);
        }
    }
}

/// SECURITY: `Pause` in a callback for the body keeps the headers back as well, and `Continue` in any of them lets go of
/// everything that is held; so nothing but [`Next::Pass`] may lead to it.
impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, complete: bool) -> Action {
        self.step(|stream, plugin| stream.headers(plugin, complete))
    }

    fn on_http_request_body(&mut self, length: usize, complete: bool) -> Action {
        self.step(|stream, plugin| stream.body(plugin, Some(length), complete))
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.step(|stream, plugin| stream.body(plugin, None, true))
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.step(|stream, _| stream.change_response().map(|()| Next::Pass))
    }
}
