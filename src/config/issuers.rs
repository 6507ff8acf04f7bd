//! Issuers: their keys and the rules for their tokens.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::document::{Document, IssuerDocument};
use super::{Findings, secrets};
use crate::authenticator::Issuer;
use crate::claims::{ClaimNames, ClaimRules};
use crate::json::Pointer;
use crate::key::{KeySet, VerificationKey};
use crate::limits::{KEY_ID_BYTES, LEEWAY_SECS};
use crate::profile::Profile;
use crate::upstream::CredentialFate;

pub(super) fn compile(
    document: &Document,
    profile: &Profile,
    default_role: Option<&str>,
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
        let keys = keys(issuer, &pointer, findings);
        let rules = rules(document, issuer, profile, &pointer, findings);
        if let (Some(keys), Some(rules)) = (keys, rules) {
            let rules = ClaimRules { default_role: default_role.map(ToString::to_string), ..rules };
            issuers.push(Issuer { keys, rules });
        }
    }
    (issuers.len() == document.issuers.len()).then_some(issuers)
}

fn keys(issuer: &IssuerDocument, pointer: &str, findings: &mut Findings<'_>) -> Option<KeySet> {
    if issuer.keys.is_empty() {
        findings.error(format!("{pointer}/keys"), "at least one key is needed to verify a token");
        return None;
    }
    let mut keys: Vec<VerificationKey> = Vec::new();
    for (index, key) in issuer.keys.iter().enumerate() {
        let place = format!("{pointer}/keys/{index}");
        if let Some(kid) = &key.kid {
            if kid.is_empty() || kid.len() > KEY_ID_BYTES {
                findings.error(format!("{place}/kid"), format!("must be 1 to {KEY_ID_BYTES} bytes long"));
            }
            if keys.iter().any(|earlier| earlier.id() == Some(kid)) {
                findings
                    .error(format!("{place}/kid"), "an earlier key has this kid; every key needs its own");
            }
        }
        let secret =
            secrets::resolve(&key.secret, key.alg.row().min_key_bytes, &format!("{place}/secret"), findings);
        let key =
            secret.and_then(|secret| VerificationKey::from_secret(key.kid.clone(), key.alg, secret.expose()));
        keys.extend(key);
    }
    (keys.len() == issuer.keys.len()).then(|| KeySet::new(keys))
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
    let claims = &issuer.claims;
    let subject = named(&claims.subject, profile.claims.subject)?;
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
        None => profile.claims.roles.iter().filter_map(|place| Pointer::parse(place)).collect(),
    };
    let tenant = claims.tenant.clone().or_else(|| profile.claims.tenant.and_then(Pointer::parse));
    let names = ClaimNames { subject, roles, scopes: named(&claims.scopes, profile.claims.scopes)?, tenant };
    let token_types: Vec<String> = match &issuer.token_types {
        Some(types) => types.clone(),
        None => profile.token_types.iter().map(ToString::to_string).collect(),
    };
    Some(ClaimRules {
        issuer: issuer.issuer.clone(),
        audiences: issuer.audience.0.clone(),
        token_types,
        leeway_secs: issuer.leeway_secs,
        max_age_secs: issuer.max_age_secs,
        required: issuer.required_claims.clone(),
        names,
        default_role: None,
    })
}

fn named(configured: &Option<Pointer>, default: &str) -> Option<Pointer> {
    configured.clone().or_else(|| Pointer::parse(default))
}
