//! What a caller who is not there could use: the gate is asked.

use portcullis::api_key::RecordLookup;
use portcullis::parts::{Route, WEBSOCKET};
use portcullis::trace::{Event, HypotheticalCaller, Trace};
use portcullis::{AuthError, Gate, Need, PolicyError, RequestHead, Step, UnixTime, Verdict};

use crate::request::SampleRequest;

/// The time of decisions about callers whose proof never ends.
const ANY_TIME: UnixTime = UnixTime::from_secs(0);

/// Decides about a request of a hypothetical caller, everything but the credential included.
///
/// # Errors
///
/// [`AuthError`] as such a request would get it, whether refusals are enforced or only reported.
pub fn check_access(
    gate: &Gate,
    caller: &HypotheticalCaller,
    request: &SampleRequest,
) -> Result<(), AuthError> {
    let verdict = decide_as(gate, caller, request, &mut ());
    verdict.diagnostics.error.map_or(Ok(()), Err)
}

/// Whether `caller` may use `route` for some request with the path `path`, bindings aside.
///
/// Of a WebSocket a request is made up: the GET route of the same path has to allow it as well.
///
/// # Errors
///
/// [`AuthError`] as a request of this caller would get it.
pub fn permits(gate: &Gate, route: &Route, path: &str, caller: &HypotheticalCaller) -> Result<(), AuthError> {
    if route.method != WEBSOCKET {
        return gate.would_permit(route, caller);
    }
    let mut request = SampleRequest::for_route(WEBSOCKET, path);
    if let Some(host) = route.hosts.first() {
        request = request.with_header("host", host);
    }
    let mut served = FirstRoute::default();
    let verdict = decide_as(gate, caller, &request, &mut served);
    if served.0.as_ref() != Some(&route.text) {
        // No request gets to the route.
        return gate.would_permit(route, caller);
    }
    match verdict.diagnostics.error {
        // Bindings are looked at when everything else is well.
        // As is the key for the origin, which need not depend on roles.
        None
        | Some(
            AuthError::Policy(PolicyError::OriginKeyMissing | PolicyError::BindingMismatch)
            | AuthError::Body(_),
        ) => Ok(()),
        Some(error) => Err(error),
    }
}

/// The verdict about a request of a hypothetical caller.
fn decide_as(
    gate: &Gate,
    caller: &HypotheticalCaller,
    request: &SampleRequest,
    trace: &mut impl Trace,
) -> Verdict {
    let pairs = request.pairs();
    let head = RequestHead::new(&request.method, &request.target, &pairs);
    let mut step = gate.begin_as(caller, &head, ANY_TIME, trace);
    loop {
        step = match step {
            Step::Verdict(verdict) => return verdict,
            Step::Need(Need::Body(need)) => {
                return need.supply_traced(request.body(), ANY_TIME, trace);
            }
            // Nobody is asked about a caller who is not there.
            Step::Need(Need::Call(need)) => need.unavailable(),
            Step::Need(Need::Wait(need)) => need.unavailable(),
            Step::Need(Need::Revocations(need)) => need.unavailable(),
            // A hypothetical caller presents no key that could have a record.
            Step::Need(Need::ApiKeyRecord(need)) => need.supply(&RecordLookup::Unavailable, ANY_TIME),
        };
    }
}

/// The route that serves a request, as it is written.
#[derive(Default)]
struct FirstRoute(Option<String>);

impl Trace for FirstRoute {
    fn event<'e>(&mut self, make: impl FnOnce() -> Event<'e>) {
        if let (None, Event::Route(route)) = (&self.0, make()) {
            self.0 = Some(route.text.clone());
        }
    }
}
