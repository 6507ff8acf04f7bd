//! Issuers: their keys and the rules for their tokens.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::document::{Document, IssuerDocument};
use super::policy::no_such_role;
use super::{Findings, verification_keys};
use crate::authenticator::Issuer;
use crate::claims::{ClaimNames, ClaimRules};
use crate::json::{Pointer, pointer_to};
use crate::limits::{CLAIM_BYTES, LEEWAY_SECS};
use crate::policy::Policy;
use crate::profile::{Profile, TokenProfile, TokenProfileName};
use crate::token_kind;
use crate::upstream::CredentialFate;

pub(super) fn compile(
    document: &Document,
    profile: &Profile,
    default_role: Option<&str>,
    policy: Option<&Policy>,
    findings: &mut Findings<'_>,
) -> Option<Vec<Issuer>> {
    let several = document.issuers.len() > 1;
    let mut seen: Vec<&str> = Vec::new();
    let mut issuers = Vec::new();
    for (index, issuer) in document.issuers.iter().enumerate() {
        let pointer = format!("/issuers/{index}");
        match &issuer.issuer {
            None if several => findings.error(
                &pointer,
                "with several issuers each needs \"issuer\", the `iss` that tells its tokens from the others'",
            ),
            Some(name) if name.is_empty() => findings.error(format!("{pointer}/issuer"), "must not be empty; leave it out"),
            Some(name) if seen.contains(&name.as_str()) => {
                findings.error(format!("{pointer}/issuer"), "an earlier issuer has this name; put all its keys there");
            }
            Some(name) => seen.push(name),
            None => {}
        }
        let keys = verification_keys::compile(issuer, &pointer, findings);
        let rules = rules(document, issuer, profile, &pointer, findings);
        if let Some(policy) = policy {
            check_subject_roles(index, issuer, policy, findings);
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
    document: &Document,
    issuer: &IssuerDocument,
    profile: &Profile,
    pointer: &str,
    findings: &mut Findings<'_>,
) -> Option<ClaimRules> {
    if issuer.leeway_secs > LEEWAY_SECS {
        findings.error(
            format!("{pointer}/leeway_secs"),
            format!("at most {LEEWAY_SECS} seconds; clocks further apart need mending, not patience"),
        );
    }
    let token_profile = issuer.token_profile.unwrap_or(profile.token);
    let token = token_profile.get();
    if token_profile == TokenProfileName::AtJwt && (issuer.issuer.is_none() || issuer.audience.0.is_empty()) {
        findings.error(
            format!("{pointer}/token_profile"),
            "\"at+jwt\" (RFC 9068) needs \"issuer\" and \"audience\": its tokens must be checked for both",
        );
    }
    let claims = &issuer.claims;
    let subject = named(&claims.subject, token.claims.subject)?;
    let fate = document.upstream.credential.unwrap_or(profile.credential);
    if let (CredentialFate::Forward, Some(wanted)) = (fate, profile.origin_subject)
        && subject.to_string() != wanted
    {
        findings.error(
            format!("{pointer}/claims/subject"),
            format!(
                "{} reads \"{wanted}\" in the token it is given and would refuse this one; use \"{wanted}\", or set upstream.credential to \"swap\"",
                profile.system
            ),
        );
    }
    let roles = match &claims.roles {
        Some(places) => places.0.clone(),
        None => token.claims.roles.iter().filter_map(|place| Pointer::parse(place)).collect(),
    };
    let tenant = claims.tenant.clone().or_else(|| token.claims.tenant.and_then(Pointer::parse));
    let names = ClaimNames { subject, roles, scopes: named(&claims.scopes, token.claims.scopes)?, tenant };
    let token_types: Vec<String> = match &issuer.token_types {
        Some(types) => types.clone(),
        None => token.token_types.iter().map(ToString::to_string).collect(),
    };
    let required = token.required.iter().filter_map(|place| Pointer::parse(place));
    Some(ClaimRules {
        issuer: issuer.issuer.clone(),
        audiences: issuer.audience.0.clone(),
        token_types,
        type_required: token.type_required,
        foreign: foreign(issuer, token),
        foreign_subjects: profile.foreign_subjects,
        leeway_secs: issuer.leeway_secs,
        max_age_secs: issuer.max_age_secs,
        required: required.chain(issuer.required_claims.iter().cloned()).collect(),
        names,
        attributes: Vec::new(),
        subject_roles: issuer.subject_roles.clone(),
        default_role: None,
    })
}

/// Every subject can be one, and every role it is given exists.
fn check_subject_roles(index: usize, issuer: &IssuerDocument, policy: &Policy, findings: &mut Findings<'_>) {
    if issuer.subject_roles.keys().any(|subject| subject.is_empty() || subject.len() > CLAIM_BYTES) {
        findings.error(
            format!("/issuers/{index}/subject_roles"),
            format!("a subject has 1 to {CLAIM_BYTES} bytes, the most a token may carry; mend or remove it"),
        );
        // Pointers repeat the subject: nothing more is said about those.
        return;
    }
    for (subject, roles) in &issuer.subject_roles {
        for (position, role) in roles.iter().enumerate() {
            if policy.roles.get(role).is_none() {
                let place = ["issuers", &index.to_string(), "subject_roles", subject, &position.to_string()];
                findings.error(pointer_to(&place), no_such_role(role, policy.roles.names()));
            }
        }
    }
}

/// The claims that mark a token as one of another kind.
fn foreign(issuer: &IssuerDocument, token: &TokenProfile) -> Vec<&'static str> {
    let nonce = issuer.accept_nonce.unwrap_or(token.nonce);
    token_kind::FOREIGN.iter().map(|(name, _)| *name).filter(|name| *name != "nonce" || !nonce).collect()
}

fn named(configured: &Option<Pointer>, default: &str) -> Option<Pointer> {
    configured.clone().or_else(|| Pointer::parse(default))
}
