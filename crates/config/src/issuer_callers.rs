//! Whom the tokens of an issuer may name, and which roles they may give.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

use portcullis::CredentialHandling;
use portcullis::json::pointer_to;
use portcullis::limits::{CLAIM_BYTES, SUBJECT_PREFIX_BYTES};
use portcullis::parts::{KEY_SUBJECT, Policy};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::IssuerDocument;
use crate::roles::no_such_role;
use crate::system::TokenProfile;

/// What subjects must not begin with: what the system reserves, and the prefixes of issuers, each of which is its own.
/// Reports prefixes that do not keep subjects apart.
pub(crate) fn reserved_subjects(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Arc<[String]> {
    let issuers = context.document.issuers.iter().enumerate();
    let folded = |(index, issuer): (usize, &IssuerDocument)| {
        Some((issuer.subject_prefix.as_ref()?.to_ascii_lowercase(), index))
    };
    let mut by_prefix: BTreeMap<String, usize> = BTreeMap::new();
    by_prefix.extend(issuers.filter_map(folded));
    // Whatever begins with a prefix stands right behind it.
    for ((shorter, _), (longer, index)) in by_prefix.iter().zip(by_prefix.iter().skip(1)) {
        if !shorter.is_empty() && longer.starts_with(shorter.as_str()) {
            diagnostics.error(
                format!("/issuers/{index}/subject_prefix"),
                "begins with the prefix of another issuer, whose tokens could then name the same subjects; write one that does not, like \"partner:\"",
            );
        }
    }
    let reserved = context.system.reserved_subjects.iter().cloned();
    reserved.chain(by_prefix.into_keys().filter(|prefix| !prefix.is_empty())).collect()
}

pub(crate) fn check(
    index: usize,
    issuer: &IssuerDocument,
    token: &TokenProfile,
    context: &Context<'_>,
    policy: Option<&Policy>,
    diagnostics: &mut Diagnostics,
) {
    check_prefix(index, issuer, context, diagnostics);
    if let Some(policy) = policy {
        check_roles(index, issuer, policy, diagnostics);
        check_subject_roles(index, issuer, token, policy, diagnostics);
    }
}

fn check_prefix(index: usize, issuer: &IssuerDocument, context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let Some(prefix) = &issuer.subject_prefix else { return };
    let place = format!("/issuers/{index}/subject_prefix");
    let lower = prefix.to_ascii_lowercase();
    let mut reserved = context.system.reserved_subjects.iter().map(String::as_str).chain([KEY_SUBJECT]);
    if prefix.is_empty() || prefix.len() > SUBJECT_PREFIX_BYTES || prefix.chars().any(char::is_control) {
        diagnostics.error(
            &place,
            format!(
                "must be 1 to {SUBJECT_PREFIX_BYTES} bytes without control characters, like \"partner:\"; leave it out for none"
            ),
        );
    } else if let Some(taken) = reserved.find(|taken| lower.starts_with(&taken.to_ascii_lowercase())) {
        diagnostics.error(
            &place,
            format!("\"{taken}\" begins the subjects of others; write another prefix, like \"partner:\""),
        );
    }
    if context.credential() == CredentialHandling::Forward && context.system.subject.is_some() {
        diagnostics.error(
            &place,
            format!(
                "{} reads the subject in the token it is given, and would know nothing of a prefix; set upstream.credential to \"swap\", or remove the prefix",
                context.system.name
            ),
        );
    }
}

fn check_roles(index: usize, issuer: &IssuerDocument, policy: &Policy, diagnostics: &mut Diagnostics) {
    let Some(roles) = &issuer.roles else { return };
    if roles.is_empty() {
        diagnostics.error(
            format!("/issuers/{index}/roles"),
            "must not be empty, or its tokens could open public routes only; leave it out to let them give any role",
        );
    }
    for (position, role) in roles.iter().enumerate() {
        if policy.roles.get(role).is_none() {
            let message = no_such_role(role, policy.roles.names());
            diagnostics.error(format!("/issuers/{index}/roles/{position}"), message);
        }
    }
}

/// Every subject can be one, and every role it is given exists and may be given.
fn check_subject_roles(
    index: usize,
    issuer: &IssuerDocument,
    token: &TokenProfile,
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
        let place = |rest: &[&str]| {
            pointer_to(&[&["issuers", &index.to_string(), "subject_roles", subject], rest].concat())
        };
        let lower = subject.to_lowercase();
        if token.lower_case_subjects && lower != *subject {
            diagnostics.error(
                place(&[]),
                format!(
                    "its tokens have every subject in lower case, so that nobody is meant; write \"{lower}\""
                ),
            );
        }
        for (position, role) in roles.iter().enumerate() {
            let place = || place(&[&position.to_string()]);
            if policy.roles.get(role).is_none() {
                diagnostics.error(place(), no_such_role(role, policy.roles.names()));
            } else if issuer.roles.as_ref().is_some_and(|permitted| !permitted.contains(role)) {
                let message = format!(
                    "\"{role}\" is not among \"roles\", the only ones its tokens may give; add it there or remove it here"
                );
                diagnostics.error(place(), message);
            }
        }
    }
}
