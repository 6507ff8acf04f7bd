//! What a decision comes back with: a verdict, or a need that goes on where it left off.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::objects::{Asker, AwaitedObjects, Object};
use super::parts::Gate;
use super::refuse::Asked;
use crate::api_key::{PresentedKey, RecordLookup};
use crate::body::Announced;
use crate::call::Call;
use crate::credential::CredentialLocation;
use crate::memory::CredentialDigest;
use crate::policy::binding::Binding;
use crate::principal::Principal;
use crate::request::Request;
use crate::revocation::StoreKeys;
use crate::shared::SharedName;
use crate::sources::FetchId;
use crate::time::UnixTime;
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
///             Step::Need(Need::Revocations(need)) => need.unavailable(),
///             Step::Need(Need::Body(need)) => Step::Verdict(need.supply(body, now)),
///             // A host that calls nobody: see `LiveGate` for one that does.
///             Step::Need(Need::Call(need)) => need.unavailable(),
///             Step::Need(Need::Wait(need)) => need.unavailable(),
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
    /// What the host's store says of revocations of a credential that is otherwise good.
    Revocations(RevocationNeed),
    /// The body of the request, which the caller may send: members of it have to be compared with what the caller is
    /// bound to.
    Body(BodyNeed),
    /// The answer to an HTTP request of the gate's own.
    Call(CallNeed),
    /// What another decision of the same [`LiveGate`](crate::LiveGate) is finding out.
    Wait(WaitNeed),
}

impl Need {
    /// Goes on without what is needed.
    pub(super) fn unavailable(self, now: UnixTime) -> Step {
        match self {
            Self::ApiKeyRecord(need) => need.supply(&RecordLookup::Unavailable, now),
            Self::Revocations(need) => need.unavailable(),
            Self::Body(need) => Step::Verdict(need.unavailable(now)),
            Self::Call(need) => need.unavailable(),
            Self::Wait(need) => need.unavailable(),
        }
    }
}

/// A decision that waits for the record of an API key.
#[derive(Debug)]
pub struct RecordNeed(Box<Waiting<AwaitedRecord>>);

/// A decision that waits for what a store says of revocations.
#[derive(Debug)]
pub struct RevocationNeed(Box<Waiting<AwaitedRevocations>>);

/// A decision that waits for the body of its request.
#[derive(Debug)]
pub struct BodyNeed(Box<Waiting<AwaitedBody>>);

/// A decision that waits for the answer to a call.
#[derive(Debug)]
pub struct CallNeed(Box<Waiting<AwaitedReply>>);

/// A decision that waits for another one.
#[derive(Debug)]
pub struct WaitNeed(Box<Waiting<AwaitedOther>>);

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

/// What is known of a request whose caller is known, unless its credential was taken back.
#[derive(Debug)]
pub(super) struct AwaitedRevocations {
    pub(super) request: Request<'static>,
    pub(super) principal: Arc<Principal>,
    pub(super) location: CredentialLocation,
    pub(super) keys: StoreKeys,
    /// When it asked.
    pub(super) since: UnixTime,
}

/// What is known of a request that is allowed if its body is.
#[derive(Debug)]
pub(super) struct AwaitedBody {
    pub(super) caller: Caller,
    pub(super) handover: Handover,
    pub(super) announced: Announced,
    pub(super) bindings: Vec<Binding>,
    pub(super) known: Diagnostics,
    /// Who asks for objects, if any are to be asked for, and those of the head.
    pub(super) asker: Option<Asker>,
    pub(super) objects: Vec<Object>,
}

/// What is known of a request whose caller cannot be told without an answer.
#[derive(Debug)]
pub(super) struct AwaitedReply {
    pub(super) call: Call,
    pub(super) purpose: Purpose,
    /// How often the decision may still wait for others.
    pub(super) tries: u8,
    /// When it asked.
    pub(super) since: UnixTime,
    /// What the answer is called in a cache that instances share, until somebody has looked.
    pub(super) shared: Option<SharedName>,
}

/// What a call is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// The keys of an issuer.
    Keys(FetchId, Box<Request<'static>>),
    /// Who a caller is; what was verified of it, and where its credential stands.
    Identity {
        request: Box<Request<'static>>,
        digest: CredentialDigest,
        verified: Option<Arc<Principal>>,
        location: CredentialLocation,
    },
    /// Whether objects are the caller's.
    Objects(Box<AwaitedObjects>),
}

/// What is known of a request that waits for another.
#[derive(Debug)]
pub(super) struct AwaitedOther {
    pub(super) waits: Waits,
    pub(super) tries: u8,
    pub(super) since: UnixTime,
}

/// How far a request had come when it had to wait for another.
#[derive(Debug)]
pub(super) enum Waits {
    /// To its credential.
    Caller(Box<Request<'static>>),
    /// To the objects that it names.
    Objects(Box<AwaitedObjects>),
    /// To a caller whose credential is good, unless it was taken back.
    Revocations(Box<AwaitedRevocations>),
}

impl CallNeed {
    pub(super) fn new(gate: Gate, asked: Asked, awaited: AwaitedReply) -> Self {
        Self(Box::new(Waiting { gate, asked, awaited }))
    }

    pub(super) fn into_parts(self) -> (Gate, Asked, AwaitedReply) {
        let Waiting { gate, asked, awaited } = *self.0;
        (gate, asked, awaited)
    }

    /// What to send.
    pub fn call(&self) -> &Call {
        &self.0.awaited.call
    }

    /// What the answer is called in the cache that the instances of the host share: 64 hexadecimal digits. A host that has one
    /// ([`LiveGate::with_shared_cache`](crate::LiveGate::with_shared_cache)) looks there before it calls, and gives what it finds to
    /// [`LiveGate::supply_shared`](crate::LiveGate::supply_shared); `None` if there is nothing to look for.
    pub fn shared_name(&self) -> Option<&str> {
        self.0.awaited.shared.as_ref().map(|SharedName(name)| name.as_str())
    }

    pub(super) fn since(&self) -> UnixTime {
        self.0.awaited.since
    }
}

impl WaitNeed {
    pub(super) fn new(gate: Gate, asked: Asked, awaited: AwaitedOther) -> Self {
        Self(Box::new(Waiting { gate, asked, awaited }))
    }

    pub(super) fn into_parts(self) -> (Gate, Asked, AwaitedOther) {
        let Waiting { gate, asked, awaited } = *self.0;
        (gate, asked, awaited)
    }

    pub(super) fn since(&self) -> UnixTime {
        self.0.awaited.since
    }

    pub(super) fn tries(&self) -> u8 {
        self.0.awaited.tries
    }
}

impl RecordNeed {
    pub(super) fn new(gate: Gate, asked: Asked, awaited: AwaitedRecord) -> Self {
        Self(Box::new(Waiting { gate, asked, awaited }))
    }

    pub(super) fn into_parts(self) -> (Gate, Asked, AwaitedRecord) {
        let Waiting { gate, asked, awaited } = *self.0;
        (gate, asked, awaited)
    }

    /// By what the host's store knows the record: the public identifier of a key of the gate's own form, which is 1 to 64
    /// ASCII letters and digits; or, for a key of another system, `sha256:` and the 64 lower-case hexadecimal digits of its
    /// hash, which is then the `hash` of the record.
    pub fn store_key(&self) -> &str {
        self.0.awaited.key.store_key()
    }
}

impl RevocationNeed {
    pub(super) fn new(gate: Gate, asked: Asked, awaited: AwaitedRevocations) -> Self {
        Self(Box::new(Waiting { gate, asked, awaited }))
    }

    pub(super) fn into_parts(self) -> (Gate, Asked, AwaitedRevocations) {
        let Waiting { gate, asked, awaited } = *self.0;
        (gate, asked, awaited)
    }

    /// By what names the host's store knows revocations of the credential: three to five, of lower-case letters, digits,
    /// `_` and one colon. They are hashes: none of them holds the credential, nor anything that it says of itself.
    pub fn store_keys(&self) -> &[String] {
        self.0.awaited.keys.keys()
    }

    pub(super) fn digest(&self) -> CredentialDigest {
        self.0.awaited.keys.digest()
    }

    pub(super) fn since(&self) -> UnixTime {
        self.0.awaited.since
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
        self.0.awaited.announced.limit()
    }
}
