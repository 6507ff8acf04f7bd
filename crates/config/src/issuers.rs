//! Issuers: their keys and the rules for their tokens.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use portcullis::CredentialHandling;
use portcullis::json::Pointer;
use portcullis::limits::LEEWAY_SECS;
use portcullis::parts::{
    BundledIssuer, ClaimNames, ClaimRules, Issuer, IssuerKeys, KeySource, Policy, ScopeVocabulary,
};
use portcullis::token_kind::OTHER_KINDS;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::IssuerDocument;
use crate::names::TokenProfileName;
use crate::system::TokenProfile;
use crate::{bundle, issuer_callers, key_source, verification_keys};

/// The issuers of a document, and where those of their keys are that the document does not have.
#[derive(Debug, Default)]
pub(crate) struct Issuers {
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) sources: Vec<KeySource>,
    pub(crate) bundled: Vec<BundledIssuer>,
}

pub(crate) fn compile(
    context: &Context<'_>,
    default_role: Option<&str>,
    policy: Option<&Policy>,
    carried: &[Pointer],
    diagnostics: &mut Diagnostics,
) -> Option<Issuers> {
    let document = context.document;
    let several = document.issuers.len() > 1;
    let mut seen: Vec<&str> = Vec::new();
    let Issuers { mut issuers, mut sources, mut bundled } = Issuers::default();
    let reserved = issuer_callers::reserved_subjects(context, diagnostics);
    let vocabulary = policy.map(|policy| {
        let asked = policy.routes.permissions().map(|(_, permission)| permission);
        ScopeVocabulary::new(asked, policy.roles.written_patterns())
    });
    let vocabulary = vocabulary.unwrap_or_default();
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
        let keys = if issuer.bundles_keys() {
            bundle::issuer(issuer, &pointer, context, diagnostics).map(|issuer| {
                bundled.push(issuer);
                IssuerKeys::Bundled(bundled.len().saturating_sub(1))
            })
        } else if issuer.fetches_keys() {
            key_source::compile(issuer, &pointer, context, diagnostics).map(|source| {
                sources.push(source);
                IssuerKeys::Fetched(sources.len().saturating_sub(1))
            })
        } else {
            verification_keys::compile(issuer, &pointer, context, diagnostics).map(IssuerKeys::Fixed)
        };
        let kind = issuer.token_profile.unwrap_or(context.system.token_profile);
        let token = TokenProfile::read(kind, &pointer);
        let token = token.map_err(|error| diagnostics.error(error.pointer, error.message)).ok();
        if let Some(token) = &token {
            issuer_callers::check(index, issuer, token, context, policy, diagnostics);
        }
        let rules = token.map(|token| rules(issuer, token, &reserved, &pointer, context, diagnostics));
        if let (Some(keys), Some(rules)) = (keys, rules) {
            let rules = ClaimRules {
                default_role: default_role.map(ToString::to_string),
                attributes: policy.map(|policy| policy.attributes.clone()).unwrap_or_default(),
                carried: carried.to_vec(),
                vocabulary: vocabulary.clone(),
                ..rules
            };
            issuers.push(Issuer { keys, rules });
        }
    }
    (issuers.len() == document.issuers.len()).then_some(Issuers { issuers, sources, bundled })
}

fn rules(
    issuer: &IssuerDocument,
    token: TokenProfile,
    reserved: &Arc<[String]>,
    pointer: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> ClaimRules {
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
    let written = &issuer.claims;
    let known = token.claims;
    let subject = written.subject.as_ref().map_or_else(|| [known.subject].into(), |places| places.0.clone());
    if subject.is_empty() {
        diagnostics.error(
            format!("{pointer}/claims/subject"),
            "must not be empty, or no token could say whose it is; write a claim, like \"/sub\"",
        );
    } else if let (CredentialHandling::Forward, Some(wanted)) = (context.credential(), &system.subject)
        && subject.iter().any(|place| place != wanted)
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
        scopes: written.scopes.as_ref().map_or(known.scopes, |places| places.0.clone()),
        tenant: written.tenant.clone().or(known.tenant),
    };
    let required: Vec<Pointer> =
        token.required_claims.into_iter().chain(issuer.required_claims.iter().cloned()).collect();
    ClaimRules {
        issuer: issuer.issuer.clone(),
        audiences: issuer.audience.0.clone(),
        token_types: issuer.token_types.clone().unwrap_or(token.token_types),
        type_required: token.type_required,
        other_kinds: other_kinds(accept_nonce),
        reserved_subjects: reserved.clone(),
        subject_prefix: issuer.subject_prefix.clone().unwrap_or_default(),
        leeway_secs: issuer.leeway_secs,
        max_age_secs: issuer.max_age_secs,
        required,
        names,
        attributes: Vec::new(),
        carried: Vec::new(),
        subject_roles: issuer.subject_roles.clone(),
        default_role: None,
        permitted_roles: issuer.roles.clone(),
        vocabulary: ScopeVocabulary::default(),
    }
}

/// The claims that mark a token as one of another kind.
fn other_kinds(accept_nonce: bool) -> Vec<&'static str> {
    let names = OTHER_KINDS.iter().map(|(name, _)| *name);
    names.filter(|name| *name != "nonce" || !accept_nonce).collect()
}
