//! A limiter that all instances of a host share: what it counts, and what comes of it.

use alloc::boxed::Box;
use alloc::string::String;

use super::decide::Routed;
use super::live::LiveGate;
use super::refuse::Refused;
use crate::error::{AuthError, WaitError};
use crate::reason::RefusalKind;
use crate::request::{Client, Request, RequestHead};
use crate::time::UnixTime;
use crate::verdict::{Decision, Verdict};

impl LiveGate {
    /// By what a limiter that all instances share knows `client`, if `verdict` is about one more of its failures: the
    /// refusal of a credential that is good for nothing, where failures are limited (`limits.failures`).
    pub fn failure_key(&self, client: &str, verdict: &Verdict) -> Option<String> {
        self.gate().parts().failures?;
        let kind = verdict.diagnostics.reason.map(|reason| reason.refusal().kind);
        let counts = kind == Some(RefusalKind::InvalidCredential);
        let is_refused = matches!(verdict.decision, Decision::Deny(_));
        Client::parse(client).filter(|_| counts && is_refused).map(Client::key)
    }

    /// The refusal of a request whose client has failed too often, as such a limiter says. From now on this gate knows that
    /// by itself, for as long as if it had counted.
    pub fn limited_elsewhere(&mut self, head: &RequestHead<'_>, now: UnixTime) -> Verdict {
        let limit = self.gate().parts().failures;
        if let (Some(limit), Some(client)) = (limit, Client::parse(head.client)) {
            self.fill(limit, client, now);
        }
        let retry_secs = limit.map_or(1, |limit| limit.window_secs);
        let error = AuthError::from(WaitError::RateLimited { retry_secs });
        let gate = self.gate();
        let refused = match Request::parse(head) {
            Ok(request) => {
                let routes = gate.routes(&request, &mut ());
                Routed { request, routes }.refuse(gate, error)
            }
            Err(_) => Refused { error, known: Box::default() },
        };
        gate.refuse(refused, gate.asked(head), now)
    }
}
