//! How often something may happen.

/// At most `count` times in `window_secs` seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How often, at least once.
    pub count: u32,
    /// In how many seconds, at least one.
    pub window_secs: u64,
}
