//! What ends a command that keeps servers running.

use std::io::Result;

use tokio::runtime::{Builder, Runtime};

/// Waits for what ends a program: Ctrl-C, and where there are more signals, those of `kill` and of a terminal that closes.
///
/// Made before servers are started, so that none is left behind by a signal that comes early.
#[derive(Debug)]
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 3],
}

impl Interrupt {
    /// From now on the signals no longer end the program by themselves. Needs a runtime.
    pub(crate) fn listen() -> Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
            let [interrupt, terminate, hangup] = kinds.map(signal);
            Ok(Self { signals: [interrupt?, terminate?, hangup?] })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Returns when one has come.
    pub(crate) async fn wait(&mut self) -> Result<()> {
        #[cfg(unix)]
        {
            let [interrupt, terminate, hangup] = &mut self.signals;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            Ok(())
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await
    }
}

/// A runtime that does nothing but wait.
pub(crate) fn runtime() -> Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
