//! Who is asked about callers.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64ct::{Base64, Encoding as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis::json::{Pointer, Value};
use portcullis::limits::{CLAIM_LIST, NO_SECS, NO_SECS_MAX, SUBJECT_PREFIX_BYTES, YES_SECS, YES_SECS_MAX};
use portcullis::parts::{
    AnswerRules, Condition, CredentialForm, Identity, Policy, Question, QuestionMethod, RoleReading,
    ScopeVocabulary, ShareTokens, check_url,
};
use portcullis::{CallTarget, CredentialHandling, SecretBytes};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{
    AboutDocument, CredentialFormDocument, EndpointKind, IdentityDocument, IdentityMembers, MethodDocument,
};
use crate::resolve::resolve;
use crate::session;
use crate::system::{ShareTokensFacts, System};

const PLACE: &str = "/identity";

/// What is left as it is in a form.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// What is left out of a member's defaults by each kind of endpoint.
struct Defaults {
    method: QuestionMethod,
    credential: CredentialForm,
    /// Statuses that mean no.
    refusals: &'static [u16],
    /// Where an answer says whether the credential is good, and the subject, the scopes and the end stand.
    is_rfc7662: bool,
}

impl Defaults {
    fn of(kind: EndpointKind) -> Self {
        match kind {
            EndpointKind::WhoAmI => Self {
                method: QuestionMethod::Get,
                credential: CredentialForm::AsSent,
                refusals: &[401, 403],
                is_rfc7662: false,
            },
            // 401 says there that the gate itself is not known (RFC 7662 section 2.3).
            EndpointKind::Introspection => Self {
                method: QuestionMethod::Post,
                credential: CredentialForm::Form("token".to_owned()),
                refusals: &[],
                is_rfc7662: true,
            },
            EndpointKind::Verify => Self {
                method: QuestionMethod::Post,
                credential: CredentialForm::Json("token".to_owned()),
                refusals: &[400, 401, 403, 404],
                is_rfc7662: false,
            },
        }
    }
}

pub(crate) fn compile(
    context: &Context<'_>,
    default_role: Option<&str>,
    policy: Option<&Policy>,
    carried: &[Pointer],
    diagnostics: &mut Diagnostics,
) -> Option<Identity> {
    let session = session::compile(context, diagnostics);
    let written = match context.document.identity.as_ref()? {
        IdentityDocument::Asked(members) => &**members,
        IdentityDocument::Origin => match &context.system.identity {
            Some(members) => members,
            None => {
                diagnostics.error(
                    PLACE,
                    format!(
                        "nothing is known of how {} tells who a caller is; write {{\"ask\": …, \"subject\": …}}",
                        context.system.name
                    ),
                );
                return None;
            }
        },
    };
    if !context.secrets.sends_calls() {
        diagnostics.error(
            PLACE,
            "this host asks nobody while it runs; run the gate on one that does, or leave this out and verify callers with \"issuers\" or \"api_keys\"",
        );
    }
    let defaults = Defaults::of(written.kind);
    let question = question(written, &defaults, context, diagnostics);
    if let Some(question) = &question
        && matches!(question.target, CallTarget::Origin(_))
        && context.secrets.sends_calls()
        && !context.secrets.reaches_origin()
    {
        diagnostics.error(
            at("ask"),
            "this asks the origin, and the host has not been told where that is; give it the address, or write a whole URL here",
        );
    }
    let answer = answer(written, &defaults, default_role, policy, diagnostics);
    let answer = answer.map(|rules| AnswerRules { carried: carried.to_vec(), ..rules });
    match context.document.identity {
        Some(IdentityDocument::Origin) => check_known_roles(written, policy, context.system, diagnostics),
        _ => check_roles(written, policy, diagnostics),
    }
    let about = written.about.as_deref().unwrap_or(&[AboutDocument::Opaque]);
    if about.is_empty() {
        diagnostics.error(at("about"), "must not be empty; leave it out, or write [\"opaque\"]");
    }
    if about.contains(&AboutDocument::Tokens) && context.document.issuers.is_empty() {
        diagnostics.error(
            at("about"),
            "no token is verified here, so that there is nobody of that kind; configure \"issuers\", or write [\"opaque\"]",
        );
    }
    let secs = |name: &str, own: Option<u64>, usual: u64, max: u64, diagnostics: &mut Diagnostics| {
        let secs = own.unwrap_or(usual);
        if secs > max {
            diagnostics.error(
                at(name),
                format!("at most {max} seconds: so long nobody hears of a logout or of a promotion"),
            );
        }
        secs
    };
    let yes_secs = secs("yes_secs", written.yes_secs, YES_SECS, YES_SECS_MAX, diagnostics);
    let no_secs = secs("no_secs", written.no_secs, NO_SECS, NO_SECS_MAX, diagnostics);
    if yes_secs == 0 {
        diagnostics.error(at("yes_secs"), "at least 1 second, or no answer would be good for anything");
    }
    let asks_origin = context.asks_origin();
    let facts = context.system.share_tokens.as_ref().filter(|_| asks_origin);
    Some(Identity {
        session,
        share: facts.map(share),
        api_key_roles: if asks_origin { context.system.api_key_roles.clone() } else { Vec::new() },
        // Its own credentials say to it who the caller is, which the one key that takes the place of others does not.
        handling: (asks_origin && !context.system.reads_tokens).then_some(CredentialHandling::Forward),
        question: question?,
        answer: answer?,
        opaque: about.contains(&AboutDocument::Opaque),
        tokens: about.contains(&AboutDocument::Tokens),
        yes_secs,
        no_secs,
    })
}

/// What is asked about tokens that come with a link.
fn share(facts: &ShareTokensFacts) -> ShareTokens {
    let defaults = Defaults::of(EndpointKind::WhoAmI);
    let condition = |(place, value): (&String, &Value<'static>)| {
        Pointer::parse(place).map(|place| Condition { place, value: value.clone() })
    };
    ShareTokens {
        question: Question {
            method: defaults.method,
            target: CallTarget::Origin(facts.ask.clone()),
            credential: defaults.credential,
            client: None,
        },
        no_statuses: defaults.refusals.to_vec(),
        active: facts.active.iter().filter_map(condition).collect(),
        roles: facts.roles.clone(),
    }
}

fn at(member: &str) -> String {
    format!("{PLACE}/{member}")
}

fn question(
    written: &IdentityMembers,
    defaults: &Defaults,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Question> {
    let target = target(&written.ask, &at("ask"), diagnostics);
    let method = match written.method {
        None => defaults.method,
        Some(MethodDocument::Get) => QuestionMethod::Get,
        Some(MethodDocument::Post) => QuestionMethod::Post,
    };
    let credential = match &written.credential {
        None => defaults.credential.clone(),
        Some(CredentialFormDocument::AsSent) => CredentialForm::AsSent,
        Some(CredentialFormDocument::Form(name)) => CredentialForm::Form(name.clone()),
        Some(CredentialFormDocument::Json(name)) => CredentialForm::Json(name.clone()),
    };
    if method == QuestionMethod::Get && credential != CredentialForm::AsSent {
        diagnostics
            .error(at("method"), "a form or a JSON object is a body, which GET has none of; write \"POST\"");
    }
    let client = match &written.client {
        None => None,
        Some(client) => {
            if credential == CredentialForm::AsSent {
                diagnostics.error(
                    at("client"),
                    "the request carries the caller's credential, and cannot carry the gate's besides; leave one of the two out",
                );
            }
            let secret = resolve(&client.secret, 1, &at("client/secret"), context, diagnostics)?;
            let text = core::str::from_utf8(secret.expose()).unwrap_or_default();
            // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
            let encode = |text: &str| utf8_percent_encode(text, FORM).to_string();
            let joined = format!("{}:{}", encode(&client.id), encode(text));
            Some(SecretBytes::new(Base64::encode_string(joined.as_bytes()).into_bytes()))
        }
    };
    if written.kind == EndpointKind::Introspection && client.is_none() {
        diagnostics.error(
            at("client"),
            "an introspection endpoint tells only who may ask (RFC 7662 section 2.1); name the gate's account: {\"id\": …, \"secret\": {\"env\": \"NAME\"}}",
        );
    }
    Some(Question { method, target: target?, credential, client })
}

/// A path of the origin, or a URL.
pub(crate) fn target(text: &str, place: &str, diagnostics: &mut Diagnostics) -> Option<CallTarget> {
    let is_path = text.starts_with('/') && !text.starts_with("//");
    if is_path && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\') {
        return Some(CallTarget::Origin(text.to_owned()));
    }
    if is_path {
        diagnostics.error(place, "not a path; write it as a request has it, percent-encoded and without #…");
        return None;
    }
    match check_url(text) {
        Ok(()) => Some(CallTarget::Url(text.to_owned())),
        Err(error) => {
            diagnostics.error(place, format!("{error}; a path of the origin begins with \"/\""));
            None
        }
    }
}

fn answer(
    written: &IdentityMembers,
    defaults: &Defaults,
    default_role: Option<&str>,
    policy: Option<&Policy>,
    diagnostics: &mut Diagnostics,
) -> Option<AnswerRules> {
    let known = |place: &str| if defaults.is_rfc7662 { Pointer::parse(place) } else { None };
    let mut active = Vec::new();
    for (place, value) in written.active.iter().flatten() {
        match Pointer::parse(place) {
            Some(place) if !matches!(value, Value::Array(_) | Value::Object(_)) => {
                active.push(Condition { place, value: value.clone() });
            }
            Some(_) => diagnostics.error(
                at("active"),
                format!("\"{place}\": compare with a text, a number, true, false or null"),
            ),
            None => diagnostics.error(
                at("active"),
                "its members are JSON pointers into the answer, like {\"/active\": true}",
            ),
        }
    }
    if written.active.is_none()
        && let Some(place) = known("/active")
    {
        active.push(Condition { place, value: Value::Bool(true) });
    }
    let Some(subject) = written.subject.clone().or_else(|| known("/sub")) else {
        diagnostics.error(
            at("subject"),
            "say where the answer names the caller, as a JSON pointer like \"/user_id\" or \"/results/id\"",
        );
        return None;
    };
    let prefix = written.subject_prefix.clone().unwrap_or_default();
    if prefix.len() > SUBJECT_PREFIX_BYTES || prefix.bytes().any(|byte| byte.is_ascii_control()) {
        diagnostics.error(
            at("subject_prefix"),
            format!("at most {SUBJECT_PREFIX_BYTES} bytes, and no control characters"),
        );
    }
    if let Some(status) = written.refusals.iter().flatten().find(|status| !(400..500).contains(*status)) {
        diagnostics.error(
            at("refusals"),
            format!("{status} does not say that a credential is bad; list statuses from 400 to 499"),
        );
    }
    let vocabulary = policy.map(|policy| {
        let asked = policy.routes.permissions().map(|(_, permission)| permission);
        ScopeVocabulary::new(asked, policy.roles.written_patterns())
    });
    Some(AnswerRules {
        no_statuses: written.refusals.clone().unwrap_or_else(|| defaults.refusals.to_vec()),
        active,
        subject,
        subject_prefix: prefix,
        roles: written
            .roles
            .iter()
            .map(|reading| RoleReading { place: reading.at.clone(), map: reading.map.clone() })
            .collect(),
        default_role: default_role.map(ToOwned::to_owned),
        permitted_roles: written.permitted_roles.clone(),
        scopes: written.scopes.clone().or_else(|| known("/scope")),
        tenant: written.tenant.clone(),
        expires_at: written.expires_at.clone().or_else(|| known("/exp")),
        issuer: written.issuer.clone(),
        claims: written.claims.clone(),
        attributes: policy.map(|policy| policy.attributes.clone()).unwrap_or_default(),
        carried: Vec::new(),
        vocabulary: vocabulary.unwrap_or_default(),
    })
}

/// The same for answers that are known: their roles may be gone from a policy of the document's own.
fn check_known_roles(
    written: &IdentityMembers,
    policy: Option<&Policy>,
    system: &System,
    diagnostics: &mut Diagnostics,
) {
    let Some(policy) = policy else { return };
    let shared = system.share_tokens.iter().flat_map(|tokens| &tokens.roles);
    let given = written.roles.iter().flat_map(|reading| reading.map.values().flatten());
    let mut given = given.chain(&system.api_key_roles).chain(shared);
    if let Some(role) = given.find(|role| policy.roles.get(role).is_none()) {
        diagnostics.error(
            PLACE,
            format!(
                "what {} answers stands for the role \"{role}\", which the policy does not have; give it one by that name, or write {{\"ask\": …, \"subject\": …}} with roles of your own",
                system.name
            ),
        );
    }
}

/// Roles that an answer is to be given must exist: a slip would take them from everybody, silently.
fn check_roles(written: &IdentityMembers, policy: Option<&Policy>, diagnostics: &mut Diagnostics) {
    let Some(policy) = policy else { return };
    let is_known = |role: &String| policy.roles.get(role).is_some();
    for (index, reading) in written.roles.iter().enumerate() {
        if reading.map.len() > CLAIM_LIST {
            diagnostics.error(at(&format!("roles/{index}/map")), format!("at most {CLAIM_LIST} values"));
        }
        if let Some(role) = reading.map.values().flatten().find(|role| !is_known(role)) {
            diagnostics.error(
                at(&format!("roles/{index}/map")),
                format!("the policy has no role \"{role}\"; write one of its roles"),
            );
        }
    }
    if let Some(role) = written.permitted_roles.iter().flatten().find(|role| !is_known(role)) {
        diagnostics.error(
            at("permitted_roles"),
            format!("the policy has no role \"{role}\"; write one of its roles"),
        );
    }
}
