//! Portcullis as a pure component: the world `gate` of the WIT package `portcullis:auth`.
//!
//! The interface in `wit/auth.wit` mirrors the core's types one to one; `convert` is that mirror. A defect ends in a
//! trap, which a host must treat as a refusal: a trapped instance cannot answer again.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod bindings;
mod convert;
mod given;
mod pending;
#[cfg(target_family = "wasm")]
mod runtime;

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::{BodyNeed, CallNeed, RecordNeed, UnixTime, Verdict, WaitNeed};
use portcullis_component_common::Policy;

use crate::bindings::exports::portcullis::auth::authorization::{self as wit, Guest, GuestGate};
use crate::bindings::exports::portcullis::auth::types;
use crate::given::Given;
use crate::pending::{Course, Fetch, Line, Waiting, refresh};

/// The component.
#[derive(Debug)]
struct Component;

/// What the resource `gate` stands for. Decisions that wait for something keep what it learns, too.
#[derive(Debug)]
struct Gate(Rc<Policy>);

impl Guest for Component {
    type Gate = Gate;
    type PendingRecord = Waiting<RecordNeed>;
    type PendingBody = Waiting<BodyNeed>;
    type PendingCall = Waiting<CallNeed>;
    type PendingWait = Waiting<WaitNeed>;
    type Refresh = Fetch;

    fn refused(reason: types::Reason, head: types::RequestHead, now: types::UnixTime) -> types::Verdict {
        let verdict = Verdict::refused(reason.into(), &head.request_id, UnixTime::from_secs(now));
        Line::of(&head).verdict(verdict)
    }
}

impl GuestGate for Gate {
    fn load(
        document: Vec<u8>,
        secrets: Vec<types::Secret>,
        calls: types::CallsSent,
        seed: u64,
    ) -> Result<wit::Gate, Vec<types::ConfigError>> {
        match portcullis_config::load(&document, &Given { secrets, calls }) {
            Ok(loaded) => Ok(wit::Gate::new(Self(Rc::new(Policy::new(loaded, seed))))),
            Err(errors) => Err(errors.iter().map(types::ConfigError::from).collect()),
        }
    }

    fn authorize(&self, head: types::RequestHead, now: types::UnixTime) -> wit::Step {
        let pairs = convert::pairs(&head.headers);
        let (core, now) = (convert::head(&head, &pairs), UnixTime::from_secs(now));
        let step = self.0.with(|gate| gate.begin(&core, now));
        Course { policy: Rc::clone(&self.0), line: Line::of(&head) }.step(step)
    }

    fn due(&self, now: types::UnixTime) -> Option<wit::Refresh> {
        refresh(&self.0, self.0.with(|gate| gate.due(UnixTime::from_secs(now))))
    }

    fn notices(&self, now: types::UnixTime) -> Vec<String> {
        self.0.notices(UnixTime::from_secs(now))
    }

    fn origin_unreachable(&self, head: types::RequestHead, now: types::UnixTime) -> types::Response {
        let pairs = convert::pairs(&head.headers);
        self.0.gate.origin_unreachable(&convert::head(&head, &pairs), UnixTime::from_secs(now)).into()
    }
}

/// The functions that the host calls.
mod export {
    #![allow(unsafe_code, reason = "generated: the glue of the canonical ABI")]
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
