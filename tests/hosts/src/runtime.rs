//! A runtime for the tests, most of which wait in a thread of their own.

use anyhow::Result;
use tokio::runtime::{Builder, Runtime};

/// Two threads: the built-in origin answers on one while a client waits on another.
///
/// # Errors
///
/// If the system gives no threads.
pub fn runtime() -> Result<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
