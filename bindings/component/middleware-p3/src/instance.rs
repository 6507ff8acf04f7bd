//! What an instance keeps from one request to the next.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::sync::atomic::{AtomicUsize, Ordering};

use once_cell::race::OnceBox;
use portcullis::Gate;
use portcullis_component_common::Variables;
use portcullis_config::Loaded;

use crate::bindings::wasi::cli::environment;
use crate::log::complain;

/// All that its requests share: made for the first of them, and of no request.
#[derive(Debug)]
pub(crate) struct Instance {
    /// The configuration, compiled once; or what is wrong with it.
    loaded: Result<Loaded, String>,
    /// How many requests it has been given.
    requests: AtomicUsize,
}

static INSTANCE: OnceBox<Instance> = OnceBox::new();

impl Instance {
    /// This one.
    pub(crate) fn get() -> &'static Self {
        INSTANCE.get_or_init(|| {
            let loaded = Variables::new(environment::get_environment()).load();
            Box::new(Self { loaded, requests: AtomicUsize::new(0) })
        })
    }

    /// The gate; none if there is no usable configuration.
    pub(crate) fn gate(&self) -> Option<&Gate> {
        self.loaded.as_ref().ok().map(|loaded| &loaded.gate)
    }

    /// Counts a request. What is wrong with the configuration is said at the first; what is no error and still worth knowing
    /// at the second: a host that makes an instance for every request would hear it with each.
    pub(crate) async fn note_request(&self) {
        match (&self.loaded, self.requests.fetch_add(1, Ordering::Relaxed)) {
            (Err(problem), 0) => complain(&format!("no request is allowed: {problem}")).await,
            (Ok(loaded), 1) => {
                complain(&format!("policy {} is loaded", loaded.gate.version())).await;
                for diagnostic in &loaded.diagnostics {
                    complain(&diagnostic.to_string()).await;
                }
            }
            _ => {}
        }
    }
}
