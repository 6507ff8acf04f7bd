//! The explanation of one decision.

use std::sync::Arc;

use portcullis::api_key::RecordLookup;
use portcullis::{
    Call, CredentialHandling, Decision, Gate, Need, Principal, Reason, Reply, RequestHead, RevocationLookup,
    Step, UnixTime, Verdict,
};
use serde::Serialize;

use super::asked::{Answer, Asked};
use super::decided::Decided;
use super::recording::Recording;
use super::remedy::remedy;
use super::stage::Stage;
use super::stages::stages;
use crate::principal;
use crate::request::SampleRequest;

/// What the gate does with a request, and why. Holds no credential.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// `allow`, `deny`, or `answer` for a preflight that the gate answers; a refusal that is only reported is one.
    pub decision: &'static str,
    /// The status of the refusal or answer.
    pub status: Option<u16>,
    /// Why it is refused.
    pub reason: Option<Reason>,
    /// Whether the refusal is only reported, and the request goes on.
    pub reported: bool,
    /// The caller, if it was authenticated.
    #[serde(serialize_with = "principal::serialize")]
    pub principal: Option<Arc<Principal>>,
    /// The route that matched, as it is written.
    pub route: Option<String>,
    /// The permission it asks for.
    pub permission: Option<String>,
    /// Path and query to ask the origin for.
    pub target: Option<String>,
    /// What becomes of the caller's credential.
    pub credential: Option<CredentialHandling>,
    /// Headers to set.
    pub set_headers: Vec<(String, String)>,
    /// Headers to remove.
    pub remove_headers: Vec<String>,
    /// Headers of the refusal or answer.
    pub response_headers: Vec<(String, String)>,
    /// Body of the refusal or answer.
    pub response_body: Option<String>,
    /// What happened, in order; the step that refused comes last.
    pub steps: Vec<Stage>,
    /// The shortest change by which the request would be allowed.
    pub remedy: Option<String>,
    /// Whether the decision depends on the body.
    #[serde(skip)]
    pub reads_body: bool,
}

impl Explanation {
    /// Decides about `request` at the time `now`, and explains the decision. There is no store to look records of API keys
    /// up in.
    pub fn of(gate: &Gate, request: &SampleRequest, now: UnixTime) -> Self {
        Self::of_asking(gate, request, now, |_| None)
    }

    /// The same, where `send` sends the gate's own calls: the answer, if there is one.
    pub fn of_asking(
        gate: &Gate,
        request: &SampleRequest,
        now: UnixTime,
        mut send: impl FnMut(&Call) -> Option<Answer>,
    ) -> Self {
        let pairs = request.pairs();
        let head = RequestHead::new(&request.method, &request.target, &pairs).with_request_id("explain");
        let mut recording = Recording::new(gate);
        let mut step = gate.begin_traced(&head, now, &mut recording);
        let mut reads_body = false;
        let verdict = loop {
            step = match step {
                Step::Verdict(verdict) => break verdict,
                Step::Need(Need::ApiKeyRecord(need)) => {
                    need.supply_traced(&RecordLookup::Unavailable, now, &mut recording)
                }
                // Hosts refuse what they cannot look up. Here that would explain nothing else, and is told instead.
                Step::Need(Need::Revocations(need)) => {
                    recording.leaves_revocations = true;
                    let none = vec![None; need.store_keys().len()];
                    need.supply_traced(&RevocationLookup::Found(&none), now, &mut recording)
                }
                Step::Need(Need::Call(need)) => {
                    let answer = send(need.call());
                    let pairs = answer.as_ref().map(Answer::pairs).unwrap_or_default();
                    let reply = answer.as_ref().map(|answer| Reply {
                        status: answer.status,
                        headers: &pairs,
                        body: &answer.body,
                    });
                    recording
                        .asked
                        .push(Asked::new(need.call(), answer.as_ref().map(|answer| answer.status)));
                    need.supply_traced(reply.as_ref(), now, &mut recording)
                }
                Step::Need(Need::Wait(need)) => need.unavailable(),
                Step::Need(Need::Body(need)) => {
                    reads_body = true;
                    break need.supply_traced(request.body(), now, &mut recording);
                }
            };
        };
        let decided = Decided { gate, target: &request.target, now, verdict: &verdict, recording };
        let (steps, remedy) = (stages(&decided), remedy(&decided));
        Self { steps, remedy, reads_body, ..Self::of_verdict(verdict) }
    }

    /// What the verdict says by itself.
    fn of_verdict(verdict: Verdict) -> Self {
        let Verdict { decision, diagnostics } = verdict;
        let base = Self {
            decision: match (&decision, diagnostics.reason) {
                (_, Some(_)) | (Decision::Deny(_), None) => "deny",
                (Decision::Allow(_), None) => "allow",
                (Decision::Answer(_), None) => "answer",
            },
            status: diagnostics.reason.map(Reason::status),
            reason: diagnostics.reason,
            reported: diagnostics.reported,
            principal: diagnostics.principal,
            route: diagnostics.route,
            permission: diagnostics.permission,
            target: None,
            credential: None,
            set_headers: Vec::new(),
            remove_headers: Vec::new(),
            response_headers: Vec::new(),
            response_body: None,
            steps: Vec::new(),
            remedy: None,
            reads_body: false,
        };
        match decision {
            Decision::Allow(forward) => Self {
                target: Some(forward.target),
                credential: Some(forward.credential),
                set_headers: forward.set_headers.into_iter().map(hide_credential).collect(),
                remove_headers: forward.remove_headers,
                ..base
            },
            Decision::Deny(response) | Decision::Answer(response) => Self {
                status: Some(response.status),
                response_headers: response.headers,
                response_body: Some(response.body),
                ..base
            },
        }
    }
}

/// A header for the origin. Terminals and logs are kept and shared: a credential is not for them.
fn hide_credential((name, value): (String, String)) -> (String, String) {
    let carries = matches!(name.as_str(), "authorization" | "cookie" | "sec-websocket-protocol");
    let value = if carries { "(a credential for the origin)".to_owned() } else { value };
    (name, value)
}
