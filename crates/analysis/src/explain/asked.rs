//! The gate's own calls, as an explanation tells of them.

use portcullis::{Call, CallTarget, HeaderPair};

/// The answer to a call of the gate's own.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header lines.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The header lines, as the gate reads them.
    pub fn pairs(&self) -> Vec<HeaderPair<'_>> {
        self.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect()
    }
}

/// A call that was made, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    /// A URL, or a path of the origin.
    pub(crate) target: String,
    /// The status of the answer, if there was one.
    pub(crate) status: Option<u16>,
}

impl Asked {
    pub(crate) fn new(call: &Call, status: Option<u16>) -> Self {
        let target = match call.target() {
            CallTarget::Origin(path) => format!("{path} of the origin"),
            CallTarget::Url(url) => url.clone(),
        };
        Self { method: call.method(), target, status }
    }
}
