//! A variant: the bytes of one connection, and what must not come of them.

use crate::callers::Caller;
use crate::draft::Draft;

/// What has to happen, besides that nothing gets past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The origin judges what arrives, if anything does.
    Judged,
    /// It is an ordinary request of a caller who may: it arrives, and is answered with 2xx or 101.
    Served,
    /// Nothing with this marker reaches the origin.
    Stopped,
}

/// What is spoken on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// One connection to a gate.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) class: &'static str,
    pub(crate) caller: &'static str,
    /// Whose credentials stand in it.
    pub(crate) subjects: Vec<String>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Expected,
    pub(crate) protocol: Protocol,
    /// How many responses are waited for.
    pub(crate) responses: usize,
    /// Whether what comes after them is of interest: a second request hidden in the first.
    pub(crate) lingers: bool,
}

impl Variant {
    /// A request of `caller` on a connection of its own.
    pub(crate) fn new(caller: &Caller, bytes: Vec<u8>) -> Self {
        Self {
            class: "",
            caller: caller.name,
            subjects: vec![caller.subject.clone()],
            bytes,
            expected: Expected::Judged,
            protocol: Protocol::Http1,
            responses: 1,
            lingers: false,
        }
    }

    pub(crate) fn of(caller: &Caller, draft: &Draft) -> Self {
        Self::new(caller, draft.bytes())
    }
}
