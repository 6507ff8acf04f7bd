//! How long what runs may take.

use std::time::Duration;

/// How long a check waits for what a host says, or does after it has answered. It goes on as soon as that is there: only a
/// check that fails waits for so long, or one on a machine that is busy with something else.
pub const PATIENCE: Duration = Duration::from_secs(30);
