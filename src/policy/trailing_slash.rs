//! What a slash at the end of a path is.

use serde::Deserialize;

/// Whether `/a/` and `/a` are two paths to the origin. The path that is forwarded keeps its slash either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrailingSlash {
    /// They are: each has routes of its own.
    #[default]
    Distinct,
    /// They are one, which is decided about without the slash.
    Ignored,
}

impl TrailingSlash {
    /// The path to look up for `path`, which is in normal form.
    pub fn normalized(self, path: &str) -> &str {
        match self {
            Self::Distinct => path,
            // The slash of `/` is at its start.
            Self::Ignored => path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path),
        }
    }
}
