//! One request, from its head to the head of its response.

use alloc::format;

use portcullis::{Forward, Reason, Verdict};
use portcullis_component_common::{Head, Outcome, Policy};
use wit_bindgen::spawn_local;

use crate::bindings::wasi::http::handler as service;
use crate::bindings::wasi::http::types::{ErrorCode, Request, Response};
use crate::fields::{Inexpressible, change};
use crate::incoming::{self, Template};
use crate::instance::{self, Instance, now};
use crate::log::{complain, decision};
use crate::response::{changed, respond};
use crate::upload::{BrokenOff, Upload};

/// Decides on `request` and does what the verdict says.
///
/// # Errors
///
/// If the host refuses the gate's own response; it then answers by itself.
pub(crate) async fn run(request: Request) -> Result<Response, ErrorCode> {
    let instance = Instance::get();
    instance.note_request().await;
    let mut head = incoming::head(&request).telling_id();
    let Some(policy) = instance.policy() else { return refuse(&head, Reason::ConfigInvalid).await };
    let template = Template::of(&request);
    let (verdict, upload) = match decide(policy, &mut head, Upload::open(request)).await {
        Decided::Whole(verdict, upload) => (verdict, Some(upload)),
        Decided::BrokenOff(verdict) => (verdict, None),
    };
    // Nobody waits for it.
    spawn_local(instance.refresh());
    let (forward, log_line) = match head.settle(verdict) {
        Outcome::Allowed { forward, log_line } => (forward, log_line),
        Outcome::Answered { response, log_line } => {
            decision(&log_line).await;
            if let Some(upload) = upload {
                upload.drain();
            }
            return respond(response);
        }
    };
    // Whatever the verdict says of a body that broke off, there is none to send.
    let outgoing = upload.ok_or(Inexpressible).and_then(|upload| outgoing(template, &forward, upload));
    let Ok(outgoing) = outgoing else {
        return refuse_as_failed(&head, "the host refuses the request for the service").await;
    };
    decision(&log_line).await;
    match service::handle(outgoing).await {
        Ok(response) => match changed(response, &forward) {
            Ok(response) => Ok(response),
            Err(Inexpressible) => {
                refuse_as_failed(&head, "the host refuses the response for the caller").await
            }
        },
        Err(code) => {
            complain(&format!("request {}: no response from the service: {code:?}", head.id())).await;
            respond(head.origin_unreachable(&policy.gate, now()))
        }
    }
}

/// A verdict.
enum Decided {
    /// With the body, of which some may have been read.
    Whole(Verdict, Upload),
    /// On a request whose body broke off.
    BrokenOff(Verdict),
}

/// The verdict, which may take some of the request's body.
async fn decide(policy: &Policy, head: &mut Head, mut upload: Upload) -> Decided {
    if head.may_hide_body() {
        upload = match upload.read(1).await {
            Ok(upload) => upload,
            Err(BrokenOff) => return Decided::BrokenOff(head.body_broken_off(&policy.gate, now())),
        };
        if !upload.is_empty() {
            head.announce_body();
        }
    }
    let need = match instance::decide(policy, head).await {
        Ok(verdict) => return Decided::Whole(verdict, upload),
        Err(need) => need,
    };
    match upload.read(need.limit().saturating_add(1)).await {
        Ok(upload) => {
            let verdict = instance::decide_with(policy, need, Some(upload.bytes())).await;
            Decided::Whole(verdict, upload)
        }
        Err(BrokenOff) => Decided::BrokenOff(instance::decide_with(policy, need, None).await),
    }
}

/// The request for the service.
///
/// # Errors
///
/// If the host refuses any part that the verdict asks for.
fn outgoing(template: Template, forward: &Forward, upload: Upload) -> Result<Request, Inexpressible> {
    let Template { method, scheme, authority, options, headers } = template;
    let removed = forward.remove_headers.iter().map(|name| name.as_str());
    change(&headers, removed, &forward.set_headers, &[])?;
    let body = upload.into_body();
    let (outgoing, transmitted) = Request::new(headers, body.contents, body.trailers, options);
    outgoing.set_method(&method).map_err(|()| Inexpressible)?;
    outgoing.set_scheme(scheme.as_ref()).map_err(|()| Inexpressible)?;
    outgoing.set_authority(authority.as_deref()).map_err(|()| Inexpressible)?;
    outgoing.set_path_with_query(Some(&forward.target)).map_err(|()| Inexpressible)?;
    // SECURITY: the host must ask for the very path that was decided on.
    if outgoing.get_path_with_query().as_deref() != Some(&forward.target) {
        return Err(Inexpressible);
    }
    // The caller's side is told what became of the request. A transmission whose outcome nobody waits for may be cut short.
    let outcome = body.outcome;
    spawn_local(async move { outcome.write(transmitted.await).await.is_ok() });
    Ok(outgoing)
}

/// Refuses the request because the verdict cannot be carried out.
async fn refuse_as_failed(head: &Head, why: &str) -> Result<Response, ErrorCode> {
    complain(&format!("request {} refused: {why}", head.id())).await;
    refuse(head, Reason::Internal).await
}

/// Refuses the request without a gate.
async fn refuse(head: &Head, reason: Reason) -> Result<Response, ErrorCode> {
    match head.settle(head.refused(reason, now())) {
        Outcome::Answered { response, log_line } => {
            decision(&log_line).await;
            respond(response)
        }
        // It never is; and if it were, the host answers for want of a response.
        Outcome::Allowed { .. } => Err(ErrorCode::InternalError(None)),
    }
}
