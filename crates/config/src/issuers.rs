//! Issuers: their keys and the rules for their tokens.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use portcullis::CredentialHandling;
use portcullis::json::{Pointer, pointer_to};
use portcullis::limits::{CLAIM_BYTES, LEEWAY_SECS};
use portcullis::parts::{ClaimNames, ClaimRules, Issuer, Policy};
use portcullis::token_kind::OTHER_KINDS;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::IssuerDocument;
use crate::names::TokenProfileName;
use crate::roles::no_such_role;
use crate::system::TokenProfile;
use crate::verification_keys;

pub(crate) fn compile(
    context: &Context<'_>,
    default_role: Option<&str>,
    policy: Option<&Policy>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Issuer>> {
    let document = context.document;
    let several = document.issuers.len() > 1;
    let mut seen: Vec<&str> = Vec::new();
    let mut issuers = Vec::new();
    for (index, issuer) in document.issuers.iter().enumerate() {
        let pointer = format!("/issuers/{index}");
        match &issuer.issuer {
            None if several => diagnostics.error(
                &pointer,
                "with several issuers each needs \"issuer\", the `iss` that tells its tokens from the others'",
            ),
            Some(name) if name.is_empty() => diagnostics.error(format!("{pointer}/issuer"), "must not be empty; leave it out"),
            Some(name) if seen.contains(&name.as_str()) => {
                diagnostics.error(format!("{pointer}/issuer"), "an earlier issuer has this name; put all its keys there");
            }
            Some(name) => seen.push(name),
            None => {}
        }
        let keys = verification_keys::compile(issuer, &pointer, context, diagnostics);
        let rules = rules(issuer, &pointer, context, diagnostics);
        if let Some(policy) = policy {
            check_subject_roles(index, issuer, policy, diagnostics);
        }
        if let (Some(keys), Some(rules)) = (keys, rules) {
            let rules = ClaimRules {
                default_role: default_role.map(ToString::to_string),
                attributes: policy.map(|policy| policy.attributes.clone()).unwrap_or_default(),
                ..rules
            };
            issuers.push(Issuer { keys, rules });
        }
    }
    (issuers.len() == document.issuers.len()).then_some(issuers)
}

fn rules(
    issuer: &IssuerDocument,
    pointer: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<ClaimRules> {
    if issuer.leeway_secs > LEEWAY_SECS {
        diagnostics.error(
            format!("{pointer}/leeway_secs"),
            format!("at most {LEEWAY_SECS} seconds; clocks further apart need fixing, not patience"),
        );
    }
    let system = context.system;
    let kind = issuer.token_profile.unwrap_or(system.token_profile);
    if kind == TokenProfileName::AtJwt && (issuer.issuer.is_none() || issuer.audience.0.is_empty()) {
        diagnostics.error(
            format!("{pointer}/token_profile"),
            "\"at+jwt\" (RFC 9068) needs \"issuer\" and \"audience\": its tokens must be checked for both",
        );
    }
    let token = match TokenProfile::read(kind, pointer) {
        Ok(token) => token,
        Err(error) => {
            diagnostics.error(error.pointer, error.message);
            return None;
        }
    };
    let written = &issuer.claims;
    let known = token.claims;
    let subject = written.subject.clone().unwrap_or(known.subject);
    if let (CredentialHandling::Forward, Some(wanted)) = (context.credential(), &system.subject)
        && subject != *wanted
    {
        diagnostics.error(
            format!("{pointer}/claims/subject"),
            format!(
                "{} reads \"{wanted}\" in the token it is given and would refuse this one; use \"{wanted}\", or set upstream.credential to \"swap\"",
                system.name
            ),
        );
    }
    let accept_nonce = issuer.accept_nonce.unwrap_or(token.accept_nonce);
    let names = ClaimNames {
        subject,
        roles: written.roles.as_ref().map_or(known.roles, |places| places.0.clone()),
        scopes: written.scopes.clone().unwrap_or(known.scopes),
        tenant: written.tenant.clone().or(known.tenant),
    };
    let required: Vec<Pointer> =
        token.required_claims.into_iter().chain(issuer.required_claims.iter().cloned()).collect();
    Some(ClaimRules {
        issuer: issuer.issuer.clone(),
        audiences: issuer.audience.0.clone(),
        token_types: issuer.token_types.clone().unwrap_or(token.token_types),
        type_required: token.type_required,
        other_kinds: other_kinds(accept_nonce),
        reserved_subjects: system.reserved_subjects.clone(),
        leeway_secs: issuer.leeway_secs,
        max_age_secs: issuer.max_age_secs,
        required,
        names,
        attributes: Vec::new(),
        subject_roles: issuer.subject_roles.clone(),
        default_role: None,
    })
}

/// Every subject can be one, and every role it is given exists.
fn check_subject_roles(
    index: usize,
    issuer: &IssuerDocument,
    policy: &Policy,
    diagnostics: &mut Diagnostics,
) {
    if issuer.subject_roles.keys().any(|subject| subject.is_empty() || subject.len() > CLAIM_BYTES) {
        diagnostics.error(
            format!("/issuers/{index}/subject_roles"),
            format!("a subject has 1 to {CLAIM_BYTES} bytes, the most a token may carry; fix or remove it"),
        );
        // Pointers repeat the subject: nothing more is said about those.
        return;
    }
    for (subject, roles) in &issuer.subject_roles {
        for (position, role) in roles.iter().enumerate() {
            if policy.roles.get(role).is_none() {
                let place = ["issuers", &index.to_string(), "subject_roles", subject, &position.to_string()];
                diagnostics.error(pointer_to(&place), no_such_role(role, policy.roles.names()));
            }
        }
    }
}

/// The claims that mark a token as one of another kind.
fn other_kinds(accept_nonce: bool) -> Vec<&'static str> {
    let names = OTHER_KINDS.iter().map(|(name, _)| *name);
    names.filter(|name| *name != "nonce" || !accept_nonce).collect()
}
