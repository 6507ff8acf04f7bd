//! Portcullis as a Cloudflare Worker: what `handler.mjs` calls.
//!
//! The handler passes the head of a request in as strings and gets one string back, so that a decision is a single
//! synchronous call without a promise, a wrapper or a copy of the request; the module `frame` describes it. A decision
//! that has to wait for the handler waits here, under a handle.

mod call;
mod environment;
mod frame;
mod ready;
mod signatures;
mod status;
mod target;

use portcullis::api_key::RecordLookup;
use portcullis::limits::WAIT_MILLIS;
use portcullis::{
    CallNeed, Decision, LiveGate, Need, Reason, Refresh, Reply, RevocationLookup, Step, UnixTime, Verdict,
};
use portcullis_pending::{Pending, Refreshes};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::Object;

use crate::call::{Call, head, pairs, seconds};
use crate::environment::Environment;
use crate::ready::Ready;
use crate::signatures::{SignatureHost, verified_by};

/// The gate of one isolate.
///
/// A class with a static factory, not a set of functions: an object remembers the instance of the module that it was
/// made in, and using it after that instance has trapped is an error instead of a decision from broken memory. For the
/// same reason a handle is one of this object: it must not be given to another.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gate {
    /// `None` if there is no usable configuration: every request is refused then.
    ready: Option<Ready>,
    pending: Pending,
    refreshes: Refreshes,
}

#[wasm_bindgen]
impl Gate {
    /// Compiles the configuration found in the Worker's environment. What is wrong with it goes to the log.
    ///
    /// `origin` is the address that `handler.mjs` found in `ORIGIN`, as the URL parser writes it, if it found one; `signatures` is
    /// what verifies signatures faster than this module, if there is something.
    pub fn create(environment: &Object, origin: Option<String>, signatures: Option<SignatureHost>) -> Self {
        let environment = Environment::new(environment);
        let mut problems = Vec::new();
        if origin.is_none() {
            problems.push(
                "ORIGIN: must be the address of the origin, like https://origin.example, without path and query; set it under [vars]"
                    .to_string(),
            );
        }
        let loaded = environment.configuration().and_then(|document| {
            portcullis_config::load(document.as_bytes(), &environment).map_err(|errors| errors.to_string())
        });
        let loaded = loaded.map_err(|problem| problems.push(problem)).ok();
        let on_host = environment.signatures_on_host().map_err(|problem| problems.push(problem)).ok();
        for problem in problems {
            worker::console_error!("portcullis: no request is allowed: {problem}");
        }
        if let Some(loaded) = &loaded {
            worker::console_log!("portcullis: policy {} is loaded", loaded.gate.version());
        }
        for diagnostic in loaded.iter().flat_map(|loaded| &loaded.diagnostics) {
            worker::console_warn!("portcullis: {diagnostic}");
        }
        let ready = loaded.zip(origin).zip(on_host).map(|((loaded, origin), on_host)| {
            let host = signatures.filter(|_| on_host);
            let gate = match host {
                Some(host) => verified_by(host, loaded.gate),
                None => loaded.gate,
            };
            Ready::new(gate, origin)
        });
        Self::of(ready)
    }

    /// Decides about a request. `headers` is `name\0value\0…`, `now` is in milliseconds, as `Date.now()` gives it.
    pub fn decide(
        &mut self,
        method: &str,
        url: &str,
        headers: &str,
        request_id: &str,
        client: &str,
        now: f64,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let Some(ready) = &mut self.ready else { return self.refused(call, Reason::ConfigInvalid) };
        let pairs = pairs(headers);
        let step = ready.live(request_id).begin(&head(call, url, &pairs), call.now);
        self.step(call, step)
    }

    /// Goes on, once, with the decision that waits for a record: its text, `null` if there is none, or anything else if
    /// the store cannot be asked. `method` and `request_id` are those of the request.
    pub fn supply_record(
        &mut self,
        handle: &str,
        method: &str,
        request_id: &str,
        client: &str,
        now: f64,
        record: &JsValue,
    ) -> String {
        let found = match record.as_string() {
            Some(text) => portcullis_config::api_key_record(text.as_bytes()),
            None if record.is_null() => RecordLookup::NotFound,
            None => RecordLookup::Unavailable,
        };
        self.supply_lookup(handle, Call::new(method, request_id, client, now), &found)
    }

    /// Goes on, once, with the decision that waits for revocations: a list of what is under each of their names, `null` where
    /// there is nothing, as JSON; nothing if the store cannot be asked. `method` and `request_id` are those of the request.
    pub fn supply_revocations(
        &mut self,
        handle: &str,
        method: &str,
        request_id: &str,
        client: &str,
        now: f64,
        found: Option<String>,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let need = self.pending.take_revocations(handle);
        let values = found.and_then(|found| serde_json::from_str::<Vec<Option<String>>>(&found).ok());
        let values = values.as_deref().map(|values| values.iter().map(Option::as_deref).collect::<Vec<_>>());
        let found = values.as_deref().map_or(RevocationLookup::Unavailable, RevocationLookup::Found);
        self.go_on(call, need, |live, need| live.supply_revocations(need, &found, call.now))
    }

    /// Goes on, once, with the decision that waits for a body: its bytes, or `undefined` if it cannot be read. `method` and
    /// `request_id` are those of the request.
    pub fn supply_body(
        &mut self,
        handle: &str,
        method: &str,
        request_id: &str,
        client: &str,
        now: f64,
        body: Option<Vec<u8>>,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let need = self.pending.take_body(handle);
        self.go_on(call, need, |live, need| live.supply_body(need, body.as_deref(), call.now))
    }

    /// Goes on, once, with the decision that waits for the answer to a call: its status, its headers as `decide` takes them,
    /// and its body; without a body there was no answer. Or with the one that waits for what the shared cache has under a name:
    /// the body is that. `method` and `request_id` are those of the request, and no two requests have one identifier.
    #[allow(
        clippy::too_many_arguments,
        reason = "each object that crosses the boundary costs more than all of these"
    )]
    pub fn supply_reply(
        &mut self,
        handle: &str,
        method: &str,
        request_id: &str,
        client: &str,
        now: f64,
        status: u16,
        headers: &str,
        body: Option<Vec<u8>>,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let (need, headers) = (self.pending.take_call(handle), pairs(headers));
        let reply = body.as_deref().map(|body| Reply { status, headers: &headers, body });
        let is_look = need.as_ref().is_some_and(|need| need.shared_name().is_some());
        let frame = self.go_on(call, need, |live, need| match is_look {
            true => live.supply_shared(need, body.as_deref(), call.now),
            false => live.supply_reply(need, reply.as_ref(), call.now),
        });
        self.notice(call.now);
        self.sharing(call, frame)
    }

    /// Looks again, once, whether another decision has found out what the decision under `handle` waits for. `method` and
    /// `request_id` are those of the request.
    pub fn again(&mut self, handle: &str, method: &str, request_id: &str, client: &str, now: f64) -> String {
        let call = Call::new(method, request_id, client, now);
        let need = self.pending.take_wait(handle);
        self.go_on(call, need, |live, need| live.again(need, call.now))
    }

    /// The next fetch that is due, as a frame; empty if there is none. `random` is any text that other isolates do not have.
    pub fn due(&mut self, random: &str, now: f64) -> String {
        let now = seconds(now);
        let due = self.ready.as_mut().and_then(|ready| ready.live(random).due(now));
        self.fetching(due, now)
    }

    /// Takes, once, what the fetch under `handle` has brought: status, headers as `decide` takes them, and body; without a
    /// body there was no answer. Returns the frame of a further one, or nothing.
    pub fn refreshed(
        &mut self,
        handle: &str,
        now: f64,
        status: u16,
        headers: &str,
        body: Option<Vec<u8>>,
    ) -> String {
        let (now, headers) = (seconds(now), pairs(headers));
        let reply = body.as_deref().map(|body| Reply { status, headers: &headers, body });
        let further = self.refreshes.take(handle).and_then(|refresh| {
            let live = self.ready.as_mut()?.live.as_mut()?;
            live.refreshed(&refresh, reply.as_ref(), now)
        });
        self.notice(now);
        self.fetching(further, now)
    }

    /// How the sources of keys are and of how much use the memory was, as a line of JSON for the log; empty if there is
    /// nothing to tell.
    pub fn status(&self, now: f64) -> String {
        let live = self.ready.as_ref().and_then(|ready| ready.live.as_ref());
        live.map(|live| status::line(live, seconds(now))).unwrap_or_default()
    }

    /// Gives up the decision under `handle`, if it still waits.
    pub fn release(&self, handle: &str) {
        self.pending.release(handle);
    }

    /// The response to a request that was allowed when its origin cannot be reached. Not a decision: nothing to log.
    pub fn origin_unreachable(
        &self,
        method: &str,
        url: &str,
        headers: &str,
        request_id: &str,
        client: &str,
        now: f64,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let Some(ready) = &self.ready else { return self.refused(call, Reason::ConfigInvalid) };
        let pairs = pairs(headers);
        let mut response = ready.gate.origin_unreachable(&head(call, url, &pairs), call.now);
        response.set_request_id(call.request_id);
        frame::response("", &response).unwrap_or_else(|_| self.refused(call, Reason::Internal))
    }

    /// The refusal of a request that was allowed, and whose body broke off on its way to the origin.
    pub fn body_broken_off(
        &self,
        method: &str,
        url: &str,
        headers: &str,
        request_id: &str,
        client: &str,
        now: f64,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let Some(ready) = &self.ready else { return self.refused(call, Reason::ConfigInvalid) };
        let pairs = pairs(headers);
        self.verdict(call, ready.gate.body_broken_off(&head(call, url, &pairs), call.now))
    }

    /// The refusal of a request whose client has failed too often, as a limiter says that all isolates share.
    pub fn limited(
        &mut self,
        method: &str,
        url: &str,
        headers: &str,
        request_id: &str,
        client: &str,
        now: f64,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let Some(ready) = &mut self.ready else { return self.refused(call, Reason::ConfigInvalid) };
        let pairs = pairs(headers);
        let verdict = ready.live(request_id).limited_elsewhere(&head(call, url, &pairs), call.now);
        self.verdict(call, verdict)
    }

    fn of(ready: Option<Ready>) -> Self {
        Self { ready, pending: Pending::default(), refreshes: Refreshes::default() }
    }

    fn supply_lookup(&mut self, handle: &str, call: Call<'_>, found: &RecordLookup) -> String {
        let need = self.pending.take_record(handle);
        self.go_on(call, need, |live, need| live.supply_record(need, found, call.now))
    }

    /// Goes on with the decision that waits, if one does.
    fn go_on<N>(
        &mut self,
        call: Call<'_>,
        need: Option<N>,
        supply: impl FnOnce(&mut LiveGate, N) -> Step,
    ) -> String {
        match (&mut self.ready, need) {
            (Some(ready), Some(need)) => {
                let step = supply(ready.live(call.request_id), need);
                self.step(call, step)
            }
            _ => self.refused(call, Reason::Internal),
        }
    }

    /// The frame of a fetch.
    fn fetching(&mut self, fetch: Option<Refresh>, now: UnixTime) -> String {
        let Some(refresh) = fetch else { return String::new() };
        let Some(ready) = &mut self.ready else { return String::new() };
        let Ok(lines) = frame::call_lines(refresh.call(), &ready.origin) else {
            // It cannot be sent. The call after none has no further one.
            let _ = ready.live.as_mut().and_then(|live| live.refreshed(&refresh, None, now));
            return String::new();
        };
        frame::call("refresh", &self.refreshes.keep(refresh), &lines)
    }

    /// The frame, behind the answer that it follows from, if that is to be shared.
    fn sharing(&mut self, call: Call<'_>, frame: String) -> String {
        let live = self.ready.as_mut().and_then(|ready| ready.live.as_mut());
        match live.and_then(|live| live.take_shared(call.request_id)) {
            Some(answer) => frame::share(&answer, &frame),
            None => frame,
        }
    }

    /// The frame that asks for a call, or first for a look into the shared cache.
    fn call(&mut self, call: Call<'_>, need: CallNeed) -> String {
        if let Some(name) = need.shared_name().map(str::to_owned) {
            return frame::shared(&self.pending.keep(Need::Call(need)), &name);
        }
        let origin = self.ready.as_ref().map(|ready| ready.origin.as_str()).unwrap_or_default();
        match frame::call_lines(need.call(), origin) {
            Ok(lines) => frame::call("call", &self.pending.keep(Need::Call(need)), &lines),
            // It cannot be sent.
            Err(_) => self.go_on(call, Some(need), |live, need| live.supply_reply(need, None, call.now)),
        }
    }

    fn notice(&mut self, now: UnixTime) {
        if let Some(ready) = &mut self.ready {
            ready.notice(now);
        }
    }

    fn step(&mut self, call: Call<'_>, step: Step) -> String {
        match step {
            Step::Verdict(verdict) => self.verdict(call, verdict),
            Step::Need(Need::ApiKeyRecord(need)) => {
                let key = need.store_key().to_string();
                frame::need_api_key_record(&self.pending.keep(Need::ApiKeyRecord(need)), &key)
            }
            Step::Need(Need::Revocations(need)) => {
                let keys = need.store_keys().to_vec();
                frame::need_revocations(&self.pending.keep(Need::Revocations(need)), &keys)
            }
            Step::Need(Need::Call(need)) => self.call(call, need),
            Step::Need(Need::Wait(need)) => frame::wait(&self.pending.keep(Need::Wait(need)), WAIT_MILLIS),
            Step::Need(Need::Body(need)) => {
                let limit = need.limit();
                frame::need_body(&self.pending.keep(Need::Body(need)), limit)
            }
        }
    }

    fn verdict(&self, call: Call<'_>, verdict: Verdict) -> String {
        self.framed(call, verdict).unwrap_or_else(|_| self.refused(call, Reason::Internal))
    }

    /// The frame of a refusal that no gate has decided on.
    fn refused(&self, call: Call<'_>, reason: Reason) -> String {
        // The handler fails closed on an empty frame.
        self.framed(call, Verdict::refused(reason, call.request_id, call.now)).unwrap_or_default()
    }

    fn framed(&self, call: Call<'_>, verdict: Verdict) -> Result<String, frame::Unframeable> {
        let client = Some(call.client).filter(|client| !client.is_empty());
        let log = verdict.log_line_with_client(call.method, call.request_id, client);
        let live = self.ready.as_ref().and_then(|ready| ready.live.as_ref());
        let failure = live.zip(client).and_then(|(live, client)| live.failure_key(client, &verdict));
        match (&verdict.with_request_id(call.request_id).decision, &self.ready) {
            (Decision::Allow(forward), Some(ready)) => frame::forward(&log, &ready.origin, forward),
            (Decision::Deny(response) | Decision::Answer(response), _) => match failure {
                Some(key) => frame::failure(&key, &log, response),
                None => frame::response(&log, response),
            },
            // Nothing is allowed without a gate.
            (Decision::Allow(_), None) => Err(frame::Unframeable),
        }
    }
}

#[cfg(test)]
mod tests;
