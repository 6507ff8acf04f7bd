//! Portcullis as a pure component: the world `gate` of the WIT package `portcullis:auth`.
//!
//! The interface in `wit/auth.wit` mirrors the core's types one to one; `convert` is that mirror. A defect ends in a
//! trap, which a host must treat as a refusal: a trapped instance cannot answer again.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod bindings;
mod convert;
#[cfg(target_family = "wasm")]
mod runtime;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::{BodyNeed, Need, RecordNeed, Step, UnixTime, Verdict};
use portcullis_config::Secrets;

use crate::bindings::exports::portcullis::auth::authorization::{
    self as wit, Guest, GuestGate, GuestPendingBody, GuestPendingRecord,
};
use crate::bindings::exports::portcullis::auth::types;

/// The component.
#[derive(Debug)]
struct Component;

/// What the resource `gate` stands for.
#[derive(Debug)]
struct Gate(portcullis::Gate);

/// What the resource `pending-record` stands for.
#[derive(Debug)]
struct PendingRecord(RecordNeed, Line);

/// What the resource `pending-body` stands for.
#[derive(Debug)]
struct PendingBody(BodyNeed, Line);

/// What the log line of a request takes besides the verdict.
#[derive(Debug)]
struct Line {
    method: String,
    request_id: String,
}

/// The secrets that came with the configuration.
struct Given(Vec<types::Secret>);

impl Guest for Component {
    type Gate = Gate;
    type PendingRecord = PendingRecord;
    type PendingBody = PendingBody;

    fn refused(reason: types::Reason, head: types::RequestHead, now: types::UnixTime) -> types::Verdict {
        let verdict = Verdict::refused(reason.into(), &head.request_id, UnixTime::from_secs(now));
        Line::of(&head).verdict(verdict)
    }
}

impl GuestGate for Gate {
    fn load(document: Vec<u8>, secrets: Vec<types::Secret>) -> Result<wit::Gate, Vec<types::ConfigError>> {
        match portcullis_config::load(&document, &Given(secrets)) {
            Ok(loaded) => Ok(wit::Gate::new(Self(loaded.gate))),
            Err(errors) => Err(errors.iter().map(types::ConfigError::from).collect()),
        }
    }

    fn authorize(&self, head: types::RequestHead, now: types::UnixTime) -> wit::Step {
        let pairs = convert::pairs(&head);
        let step = self.0.begin(&convert::head(&head, &pairs), UnixTime::from_secs(now));
        Line::of(&head).step(step)
    }

    fn origin_unreachable(&self, head: types::RequestHead, now: types::UnixTime) -> types::Response {
        let pairs = convert::pairs(&head);
        self.0.origin_unreachable(&convert::head(&head, &pairs), UnixTime::from_secs(now)).into()
    }
}

impl GuestPendingRecord for PendingRecord {
    fn store_key(&self) -> String {
        self.0.store_key().to_string()
    }

    fn supply(pending: wit::PendingRecord, found: types::RecordLookup, now: types::UnixTime) -> wit::Step {
        let Self(need, line) = pending.into_inner();
        line.step(need.supply(&convert::lookup(&found), UnixTime::from_secs(now)))
    }
}

impl GuestPendingBody for PendingBody {
    fn limit(&self) -> u64 {
        // A limit beyond this type is none.
        u64::try_from(self.0.limit()).unwrap_or(u64::MAX)
    }

    fn supply(pending: wit::PendingBody, body: Option<Vec<u8>>, now: types::UnixTime) -> types::Verdict {
        let (Self(need, line), now) = (pending.into_inner(), UnixTime::from_secs(now));
        line.verdict(match body {
            Some(bytes) => need.supply(&bytes, now),
            None => need.unavailable(now),
        })
    }
}

impl Line {
    fn of(head: &types::RequestHead) -> Self {
        let method = core::str::from_utf8(&head.method).unwrap_or_default();
        Self { method: method.to_string(), request_id: head.request_id.clone() }
    }

    fn step(self, step: Step) -> wit::Step {
        match step {
            Step::Verdict(verdict) => wit::Step::Verdict(self.verdict(verdict)),
            Step::Need(Need::ApiKeyRecord(need)) => {
                let pending = wit::PendingRecord::new(PendingRecord(need, self));
                wit::Step::Need(wit::Need::ApiKeyRecord(pending))
            }
            // No document loads here that looks revocations up.
            Step::Need(Need::Revocations(need)) => self.step(need.unavailable()),
            Step::Need(Need::Call(need)) => self.step(need.unavailable()),
            Step::Need(Need::Wait(need)) => self.step(need.unavailable()),
            Step::Need(Need::Body(need)) => {
                wit::Step::Need(wit::Need::Body(wit::PendingBody::new(PendingBody(need, self))))
            }
        }
    }

    fn verdict(&self, verdict: Verdict) -> types::Verdict {
        let log_line = verdict.log_line(&self.method, &self.request_id);
        convert::verdict(verdict, log_line)
    }
}

impl Secrets for Given {
    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|secret| secret.name == name).map(|secret| secret.value.clone())
    }

    fn hint(&self, name: &str) -> String {
        alloc::format!("pass {name} among the secrets of `gate.load`")
    }
}

/// The functions that the host calls.
mod export {
    #![allow(unsafe_code, reason = "generated: the glue of the canonical ABI")]
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
