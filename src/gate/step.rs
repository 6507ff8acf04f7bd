//! What a decision comes back with: a verdict, or a need that goes on where it left off.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::parts::Gate;
use super::refuse::Asked;
use crate::api_key::PresentedKey;
use crate::body::Announced;
use crate::credential::CredentialLocation;
use crate::limits::BODY_BYTES;
use crate::policy::binding::Binding;
use crate::request::Request;
use crate::upstream::caller::Caller;
use crate::upstream::handover::Handover;
use crate::verdict::{Diagnostics, Verdict};

/// What [`Gate::begin`] comes back with.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a need is rare; boxing the verdict would cost every decision an allocation"
)]
pub enum Step {
    /// The decision is made.
    Verdict(Verdict),
    /// The host has to find something out.
    Need(Need),
}

/// Something only the host can get, and the decision that waits for it.
///
/// Each kind of need is a type of its own that takes its own kind of answer, once, and owns all that is known about its
/// request: an answer to another need, or about another request, cannot be given.
///
/// ```
/// use portcullis::api_key::RecordLookup;
/// use portcullis::{Gate, Need, RequestHead, Step, UnixTime, Verdict};
///
/// fn decide(gate: &Gate, head: &RequestHead<'_>, now: UnixTime, body: &[u8]) -> Verdict {
///     let mut step = gate.begin(head, now);
///     loop {
///         step = match step {
///             Step::Verdict(verdict) => return verdict,
///             // A host without a store.
///             Step::Need(Need::ApiKeyRecord(need)) => need.supply(&RecordLookup::Unavailable, now),
///             Step::Need(Need::Body(need)) => Step::Verdict(need.supply(body, now)),
///         };
///     }
/// }
/// ```
///
/// A body is no record:
///
/// ```compile_fail
/// fn go_on(need: portcullis::RecordNeed, body: &[u8], now: portcullis::UnixTime) {
///     need.supply(body, now);
/// }
/// ```
///
/// And an answer is given once:
///
/// ```compile_fail
/// fn go_on(need: portcullis::BodyNeed, body: &[u8], now: portcullis::UnixTime) {
///     need.supply(body, now);
///     need.supply(body, now);
/// }
/// ```
#[derive(Debug)]
pub enum Need {
    /// The record of an API key that is not in the configuration.
    ApiKeyRecord(RecordNeed),
    /// The body of the request, which the caller may send: members of it have to be compared with what the caller is
    /// bound to.
    Body(BodyNeed),
}

/// A decision that waits for the record of an API key.
#[derive(Debug)]
pub struct RecordNeed(Box<Waiting<AwaitedRecord>>);

/// A decision that waits for the body of its request.
#[derive(Debug)]
pub struct BodyNeed(Box<Waiting<AwaitedBody>>);

/// What waits, by which gate it goes on, and what a refusal of it depends on.
#[derive(Debug)]
struct Waiting<A> {
    gate: Gate,
    asked: Asked,
    awaited: A,
}

/// What is known of a request whose key is compared with a record.
#[derive(Debug)]
pub(super) struct AwaitedRecord {
    pub(super) request: Request<'static>,
    pub(super) key: PresentedKey,
    pub(super) location: CredentialLocation,
}

/// What is known of a request that is allowed if its body is.
#[derive(Debug)]
pub(super) struct AwaitedBody {
    pub(super) caller: Caller,
    pub(super) handover: Handover,
    pub(super) announced: Announced,
    pub(super) bindings: Vec<Binding>,
    pub(super) known: Diagnostics,
}

impl RecordNeed {
    pub(super) fn new(gate: Gate, asked: Asked, awaited: AwaitedRecord) -> Self {
        Self(Box::new(Waiting { gate, asked, awaited }))
    }

    pub(super) fn into_parts(self) -> (Gate, Asked, AwaitedRecord) {
        let Waiting { gate, asked, awaited } = *self.0;
        (gate, asked, awaited)
    }

    /// The public identifier of the record: 1 to 64 ASCII letters and digits.
    pub fn id(&self) -> &str {
        &self.0.awaited.key.id
    }
}

impl BodyNeed {
    pub(super) fn new(gate: Gate, asked: Asked, awaited: AwaitedBody) -> Self {
        Self(Box::new(Waiting { gate, asked, awaited }))
    }

    pub(super) fn into_parts(self) -> (Gate, Asked, AwaitedBody) {
        let Waiting { gate, asked, awaited } = *self.0;
        (gate, asked, awaited)
    }

    /// The greatest length that is of use, in bytes. A host reads at most one byte more, and must hand the very same bytes
    /// on if the request is allowed.
    pub fn limit(&self) -> usize {
        BODY_BYTES
    }
}
