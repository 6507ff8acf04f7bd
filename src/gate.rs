//! The gate: from a request head to a verdict, without I/O, clock or randomness.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;

use crate::api_key::{ApiKeys, Checked, RecordAnswer};
use crate::authenticator::{Authenticator, Issuer};
use crate::body;
use crate::challenge::Refusal;
use crate::config::{self, ConfigErrors, ConfigNotice, Severity};
use crate::credential::Places;
use crate::dialect::Dialect;
use crate::error::{ApiKeyError, AuthError, BodyError, HeaderError, PolicyError};
use crate::limits::{BODY_BYTES, HEADER_PAIRS};
use crate::path::Target;
use crate::policy::{
    Binding, CompiledAccess, Parameters, Permission, PermissionIndex, Policy, Route, WEBSOCKET,
};
use crate::principal::Principal;
use crate::reason::Reason;
use crate::request::RequestHead;
use crate::secret::Secrets;
use crate::time::UnixTime;
use crate::upstream::{Caller, Handoff, Upstream};
use crate::verdict::{Answer, Decision, Forward, Record, Verdict};

/// A compiled configuration. Immutable, and free of interior state: the same head at the same time always gets the same
/// verdict.
#[derive(Debug, Clone)]
pub struct Gate {
    pub(crate) dialect: Dialect,
    pub(crate) realm: String,
    pub(crate) places: Places,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) api_keys: Option<ApiKeys>,
    pub(crate) policy: Policy,
    pub(crate) upstream: Upstream,
    pub(crate) token_bytes: usize,
    pub(crate) cors: Cors,
    pub(crate) reason_header: bool,
    pub(crate) mode: Mode,
    pub(crate) notices: Vec<ConfigNotice>,
}

/// What becomes of a refusal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// The caller gets it.
    #[default]
    Enforce,
    /// It is only written down: the request goes on as it came, but for headers that claim an identity.
    Report,
}

/// How cross-origin requests are treated.
#[derive(Debug, Clone)]
pub(crate) struct Cors {
    /// Whether preflights for routes that exist go to the origin.
    pub(crate) forward_preflight: bool,
    /// Origins whose scripts may read refusals.
    pub(crate) allowed_origins: Vec<String>,
}

/// What [`Gate::begin`] comes back with.
#[derive(Debug, Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "a need is rare; boxing the verdict would cost every decision an allocation"
)]
pub enum Step {
    /// The decision is made.
    Verdict(Verdict),
    /// The host has to find something out and call [`Gate::resume`].
    Need(Need),
}

/// Something only the host can get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The record of an API key that is not in the configuration, by its public identifier.
    ApiKeyRecord {
        /// 1 to 64 ASCII letters and digits.
        id: String,
    },
    /// The body of the request, which the caller may send: members of it have to be compared with what the caller is
    /// bound to. A host reads at most one byte more than `limit`, and must hand the very same bytes on if the request is
    /// let in.
    Body {
        /// The greatest length that is of use, in bytes.
        limit: usize,
    },
}

/// What the host found out.
#[derive(Debug, Clone, Copy)]
pub enum Supply<'a> {
    /// The record as stored: one JSON object as in `api_keys.records`; or that there is none.
    ApiKeyRecord(Option<&'a [u8]>),
    /// The body, whole; or more bytes of it than the limit.
    Body(&'a [u8]),
    /// It could not be found out. The request is refused.
    Unavailable,
}

/// What the host has found out and the evaluation has not used yet, in the order it was asked for.
struct Supplies<'s>(core::slice::Iter<'s, Supply<'s>>);

/// How an evaluation ends if nothing is wrong.
enum Ended {
    Forward(Forward),
    Need(Need),
}

impl Gate {
    /// Compiles a configuration document, with secrets from the host.
    ///
    /// # Errors
    ///
    /// [`ConfigErrors`] lists everything that is wrong. A host that gets one must answer every request with
    /// [`Gate::config_invalid`].
    pub fn load(document: &[u8], secrets: &dyn Secrets) -> Result<Self, ConfigErrors> {
        config::load(document, secrets)
    }

    /// What the configuration has that is no error and still worth knowing, such as keys that are of no use here.
    pub fn notices(&self) -> &[ConfigNotice] {
        &self.notices
    }

    /// Those of [`Gate::notices`] that a host logs.
    pub fn warnings(&self) -> impl Iterator<Item = &ConfigNotice> {
        self.notices.iter().filter(|notice| notice.lint.severity() == Severity::Warning)
    }

    /// Decides about a request at the time `now`, or says what is needed to decide.
    pub fn begin(&self, head: &RequestHead<'_>, now: UnixTime) -> Step {
        self.resume(head, now, &[])
    }

    /// Decides about the same request with everything it was found to need so far, in the order of the needs. Every step
    /// either ends with a verdict or with one more need, and there are no more than two.
    ///
    /// A record that cannot be read counts as unavailable, and so does a supply of another kind than was asked for.
    pub fn resume(&self, head: &RequestHead<'_>, now: UnixTime, supplies: &[Supply<'_>]) -> Step {
        let mut record = Record::default();
        let ended = self.evaluate(head, now, &mut Supplies(supplies.iter()), &mut record);
        let decision = match ended {
            Ok(Ended::Need(need)) => return Step::Need(need),
            Ok(Ended::Forward(forward)) => Decision::Allow(forward),
            Err(error) => self.refuse(head, now, error, &mut record),
        };
        Step::Verdict(Verdict { decision, record })
    }

    /// The principal a bearer token proves at the time `now`: everything [`Gate::begin`] does to a token, and nothing
    /// about routes.
    ///
    /// # Errors
    ///
    /// [`AuthError`] from the step that refused it.
    pub fn verify(&self, token: &str, now: UnixTime) -> Result<Principal, AuthError> {
        self.authenticator().token(token, now)
    }

    /// Whether the policy gives `principal` the permission, for a caller that decides about something other than a route.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] says which rule refused.
    pub fn authorize(&self, principal: &Principal, permission: &Permission) -> Result<(), PolicyError> {
        self.policy.permits(principal, permission)
    }

    fn authenticator(&self) -> Authenticator<'_> {
        Authenticator {
            issuers: &self.issuers,
            api_keys: self.api_keys.as_ref(),
            token_bytes: self.token_bytes,
        }
    }

    /// The answer when the origin could not be reached for a request that was let in: 502.
    pub fn origin_unreachable(&self, head: &RequestHead<'_>, now: UnixTime) -> Answer {
        self.answer(Refusal::ORIGIN_UNREACHABLE, None, head, now)
    }

    /// The answer to every request while no configuration could be loaded: 503.
    pub fn config_invalid(request_id: &str, now: UnixTime) -> Answer {
        Refusal::of(Reason::ConfigInvalid).answer(Dialect::Problem, "", None, request_id, now)
    }

    /// The answer when the host itself failed, for example after a trap: 503.
    pub fn internal_error(request_id: &str, now: UnixTime) -> Answer {
        Refusal::of(Reason::Internal).answer(Dialect::Problem, "", None, request_id, now)
    }

    /// What becomes of a request that is refused for `error`.
    fn refuse(
        &self,
        head: &RequestHead<'_>,
        now: UnixTime,
        error: AuthError,
        record: &mut Record,
    ) -> Decision {
        let reason = error.reason();
        let permission = match error {
            AuthError::Policy(
                PolicyError::PermissionMissing | PolicyError::PermissionDenied | PolicyError::ScopeMissing,
            ) => record.permission.as_deref().and_then(Permission::parse),
            _ => None,
        };
        record.reason = Some(reason);
        record.error = Some(error);
        let told = self.reason_header.then(|| ("x-portcullis-reason".to_string(), reason.code().to_string()));
        if self.mode == Mode::Report
            && let Some(mut forward) = self.upstream.forward_as_it_came(head)
        {
            record.reported = true;
            forward.response_headers.extend(told);
            return Decision::Allow(forward);
        }
        let mut answer = self.answer(Refusal::of(reason), permission.as_ref(), head, now);
        answer.headers.extend(told);
        Decision::Deny(answer)
    }

    fn evaluate(
        &self,
        head: &RequestHead<'_>,
        now: UnixTime,
        supplies: &mut Supplies<'_>,
        record: &mut Record,
    ) -> Result<Ended, AuthError> {
        if head.headers.len() > HEADER_PAIRS {
            return Err(HeaderError::TooMany.into());
        }
        let target = Target::parse(head.target)?;
        record.path = Some(target.path.clone());
        let websocket = head.is_websocket_upgrade();
        let handoff = Handoff { head, target: &target, places: &self.places, websocket, now };
        let forward = |caller: Option<&Caller<'_>>| -> Result<Ended, AuthError> {
            Ok(Ended::Forward(self.upstream.forward(&handoff, caller)?))
        };

        // A preflight carries no credential. It is decided on the route it asks about, and nothing else of it passes.
        if let Some(method) = head.preflight_method() {
            let route =
                self.route(method, false, &target.path, head, record).ok_or(PolicyError::RouteUnknown)?;
            if route.access == CompiledAccess::Refused || !self.cors.forward_preflight {
                return Err(PolicyError::RouteRefused.into());
            }
            return forward(None);
        }

        let route = self.route(head.method, websocket, &target.path, head, record);
        match route.map(|route| route.access) {
            Some(CompiledAccess::Public) => return forward(None),
            Some(CompiledAccess::Refused) => return Err(PolicyError::RouteRefused.into()),
            Some(CompiledAccess::Permission(_)) | None => {}
        }

        let (credential, place) = self.places.find(head, target.query, websocket)?;
        record.place = Some(place);
        let authenticator = self.authenticator();
        let mut checked = authenticator.authenticate(&credential, now, &RecordAnswer::NotAsked)?;
        if let Checked::NeedRecord(id) = checked {
            checked = match supplies.api_key_record() {
                RecordAnswer::NotAsked => return Ok(Ended::Need(Need::ApiKeyRecord { id })),
                answer => authenticator.authenticate(&credential, now, &answer)?,
            };
        }
        // An answer of any kind has ended the need.
        let Checked::Principal(principal) = checked else { return Err(ApiKeyError::Unavailable.into()) };
        let principal = record.principal.insert(principal);

        // Who is not authenticated does not learn which routes exist: only now is an unknown one told apart.
        let Some(CompiledAccess::Permission(permission)) = route.map(|route| route.access) else {
            return Err(PolicyError::RouteUnknown.into());
        };
        self.policy.authorize(principal, permission)?;
        let bindings = route.map(|route| route.bindings.as_slice()).unwrap_or_default();
        let mut parameters = Parameters { path: &target.path, query: target.query, head, body: None };
        let mut check = |parameters: &Parameters<'_>, on_body: bool| {
            let mut listed = bindings.iter().filter(|binding| binding.is_on_body() == on_body);
            let broken = listed.find(|binding| !binding.holds(parameters, principal));
            record.binding = broken.map(ToString::to_string);
            if broken.is_some() { Err(PolicyError::BindingMismatch) } else { Ok(()) }
        };
        check(&parameters, false)?;
        // Last of all: a body is read for nobody who may not use the route anyway.
        if bindings.iter().any(Binding::is_on_body) {
            body::check_head(head)?;
            let Some(octets) = supplies.body() else {
                return Ok(Ended::Need(Need::Body { limit: BODY_BYTES }));
            };
            let value = body::parse(octets?)?;
            parameters.body = Some(&value);
            check(&parameters, true)?;
        }
        let roles = self.policy.known_roles(principal).map(|(name, _)| name).collect();
        forward(Some(&Caller { principal, place, roles }))
    }

    fn route(
        &self,
        method: &[u8],
        websocket: bool,
        path: &str,
        head: &RequestHead<'_>,
        record: &mut Record,
    ) -> Option<&Route> {
        let method = if websocket {
            WEBSOCKET
        } else {
            // A method that happens to be called like the notation for an upgrade is not one.
            core::str::from_utf8(method).ok().filter(|method| *method != WEBSOCKET)?
        };
        let route = self.policy.routes.find(method, path)?;
        if !route.hosts.is_empty() && !head.is_for(&route.hosts) {
            return None;
        }
        record.route = Some(route.text.clone());
        if let CompiledAccess::Permission(index) = route.access {
            record.permission = self.permission_text(index);
        }
        Some(route)
    }

    fn permission_text(&self, index: PermissionIndex) -> Option<String> {
        self.policy.routes.permission(index).map(|permission| permission.as_str().to_string())
    }

    /// A refusal, readable by scripts of the origins that may.
    fn answer(
        &self,
        refusal: Refusal,
        permission: Option<&Permission>,
        head: &RequestHead<'_>,
        now: UnixTime,
    ) -> Answer {
        let mut answer = refusal.answer(self.dialect, &self.realm, permission, head.request_id, now);
        answer.headers.extend(self.cors.headers(head));
        answer
    }
}

impl<'s> Supplies<'s> {
    /// The record of an API key. One that cannot be read could not be had.
    fn api_key_record(&mut self) -> RecordAnswer {
        match self.0.next() {
            None => RecordAnswer::NotAsked,
            Some(Supply::ApiKeyRecord(None)) => RecordAnswer::Found(None),
            Some(Supply::ApiKeyRecord(Some(text))) => match config::parse_record(text) {
                Some(record) => RecordAnswer::Found(Some(record)),
                None => RecordAnswer::Unavailable,
            },
            Some(Supply::Body(_) | Supply::Unavailable) => RecordAnswer::Unavailable,
        }
    }

    /// The body, or that it could not be read; `None` if nobody has been asked for it yet.
    fn body(&mut self) -> Option<Result<&'s [u8], BodyError>> {
        self.0.next().map(|supply| match supply {
            Supply::Body(octets) => Ok(*octets),
            Supply::ApiKeyRecord(_) | Supply::Unavailable => Err(BodyError::Unavailable),
        })
    }
}

impl Cors {
    /// Headers that let a script of an allowed origin read a refusal
    /// ([Fetch standard, HTTP responses](https://fetch.spec.whatwg.org/#http-responses)).
    fn headers(&self, head: &RequestHead<'_>) -> Vec<(String, String)> {
        if self.allowed_origins.is_empty() {
            return Vec::new();
        }
        let mut headers = Vec::from([("vary".to_string(), "origin".to_string())]);
        let mut lines = head.lines("origin");
        if let (Some(origin), None) = (lines.next(), lines.next())
            && let Some(allowed) =
                self.allowed_origins.iter().find(|allowed| *allowed == "*" || allowed.as_bytes() == origin)
        {
            headers.push(("access-control-allow-origin".to_string(), allowed.clone()));
            headers.push((
                "access-control-expose-headers".to_string(),
                format!("www-authenticate, {REQUEST_ID}"),
            ));
        }
        headers
    }
}

const REQUEST_ID: &str = "x-request-id";
