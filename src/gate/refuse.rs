//! From an error to a refusal, or to a request that goes on all the same in report mode.

use alloc::boxed::Box;
use alloc::string::{String, ToString};

use super::cors::Sharing;
use super::parts::{Gate, Mode};
use crate::challenge;
use crate::dialect::Dialect;
use crate::dialect::context::ErrorContext;
use crate::error::{AuthError, BodyError, PolicyError};
use crate::policy::binding::Binding;
use crate::policy::permission::Permission;
use crate::reason::{Reason, Refusal};
use crate::request::{Origin, RequestHead};
use crate::time::UnixTime;
use crate::upstream::as_it_came;
use crate::verdict::{Decision, Diagnostics, Forward, Response, Verdict};

/// What a refusal depends on besides its reason: who asked, and how.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    request_id: String,
    sharing: Sharing,
    /// In report mode, how the request goes on although it is refused.
    as_it_came: Option<Forward>,
}

/// Why a request is refused, and what was known of it by then.
pub(super) struct Refused {
    pub(super) error: AuthError,
    pub(super) known: Box<Diagnostics>,
}

/// A binding that does not hold, as it is written.
pub(super) struct Broken(String);

impl Broken {
    pub(super) fn by(binding: &Binding) -> Self {
        Self(binding.to_string())
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

impl Gate {
    pub(super) fn asked(&self, head: &RequestHead<'_>) -> Asked {
        let parts = self.parts();
        let reports = parts.mode == Mode::Report;
        Asked {
            request_id: head.request_id.to_string(),
            sharing: parts.cors.sharing(Origin::of(head)),
            as_it_came: if reports { as_it_came::forward(&parts.upstream, head) } else { None },
        }
    }

    /// What becomes of a request that is refused.
    pub(super) fn refuse(&self, refused: Refused, asked: Asked, now: UnixTime) -> Verdict {
        let Refused { error, known } = refused;
        let mut diagnostics = *known;
        let reason = error.reason();
        let permission = match error {
            AuthError::Policy(
                PolicyError::PermissionMissing | PolicyError::PermissionDenied | PolicyError::ScopeMissing,
            ) => diagnostics.permission.as_deref().and_then(Permission::parse),
            _ => None,
        };
        let retry_after = error.retry_secs().map(|secs| ("retry-after".to_string(), secs.to_string()));
        diagnostics.reason = Some(reason);
        diagnostics.error = Some(error);
        diagnostics.policy = Some(self.version());
        let wants_reason = self.parts().reason_header;
        let reason_header =
            wants_reason.then(|| ("x-portcullis-reason".to_string(), reason.code().to_string()));
        // What is no decision is not reported: without a clock, nobody knows what would have become of the request.
        if let Some(mut forward) = asked.as_it_came.filter(|_| reason != Reason::Internal) {
            diagnostics.reported = true;
            forward.response_headers.extend(reason_header);
            return Verdict { decision: Decision::Allow(forward), diagnostics };
        }
        let context = ErrorContext {
            refusal: reason.refusal(),
            permission: permission.as_ref(),
            path: diagnostics.path.as_deref(),
            request_id: &asked.request_id,
            now,
        };
        let mut response = challenge::response(self.parts().dialect, &self.parts().realm, &context);
        response.headers.extend(retry_after);
        response.headers.extend(reason_header);
        asked.sharing.apply(&mut response);
        Verdict { decision: Decision::Deny(response), diagnostics }
    }

    /// The refusal of a request that was allowed, and whose body broke off before the origin had answered: 400, in report
    /// mode too.
    pub fn body_broken_off(&self, head: &RequestHead<'_>, now: UnixTime) -> Verdict {
        let asked = Asked { as_it_came: None, ..self.asked(head) };
        let refused = Refused { error: BodyError::Unavailable.into(), known: Box::default() };
        self.refuse(refused, asked, now)
    }

    /// The answer when the origin could not be reached for a request that was allowed: 502.
    pub fn origin_unreachable(&self, head: &RequestHead<'_>, now: UnixTime) -> Response {
        let parts = self.parts();
        let refusal = Refusal::ORIGIN_UNREACHABLE;
        let context =
            ErrorContext { refusal, permission: None, path: None, request_id: head.request_id, now };
        let mut response = challenge::response(parts.dialect, &parts.realm, &context);
        parts.cors.sharing(Origin::of(head)).apply(&mut response);
        response
    }
}

impl Verdict {
    /// The refusal of a request that no gate has decided about: there is none ([`Reason::ConfigInvalid`]), or the host
    /// itself failed ([`Reason::Internal`]).
    ///
    /// ```
    /// use portcullis::{Decision, Reason, UnixTime, Verdict};
    ///
    /// let verdict = Verdict::refused(Reason::ConfigInvalid, "request-1", UnixTime::from_secs(0));
    /// assert!(matches!(verdict.decision, Decision::Deny(response) if response.status == 503));
    /// ```
    pub fn refused(reason: Reason, request_id: &str, now: UnixTime) -> Self {
        let context =
            ErrorContext { refusal: reason.refusal(), permission: None, path: None, request_id, now };
        Self {
            decision: Decision::Deny(challenge::response(Dialect::Problem, "", &context)),
            diagnostics: Diagnostics { reason: Some(reason), ..Diagnostics::default() },
        }
    }
}
