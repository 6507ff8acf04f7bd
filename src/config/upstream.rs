//! What the origin receives.

use alloc::format;
use alloc::string::ToString;

use super::document::{Document, MintDocument};
use super::{Findings, header_name, secrets};
use crate::alg::Algorithm;
use crate::crypto::HmacKey;
use crate::profile::Profile;
use crate::upstream::{CredentialFate, Mint, Upstream};

pub(super) fn compile(
    document: &Document,
    profile: &Profile,
    findings: &mut Findings<'_>,
) -> Option<Upstream> {
    let written = &document.upstream;
    let credential = written.credential.unwrap_or(profile.credential);
    let mint = match (&written.token, credential) {
        (Some(token), CredentialFate::Swap) => Some(mint(token, profile, findings)?),
        (None, CredentialFate::Swap) => {
            findings.error(
                "/upstream/token",
                "\"swap\" needs the secret the origin verifies with: {\"secret\": {\"env\": \"NAME\"}}",
            );
            None
        }
        (Some(_), _) => {
            findings.error(
                "/upstream/token",
                "is used only if \"credential\" is \"swap\"; set that, or remove this",
            );
            None
        }
        (None, _) => None,
    };
    let mut remove_headers = alloc::vec::Vec::new();
    for (index, name) in written.remove_headers.iter().enumerate() {
        remove_headers.extend(header_name(name, &format!("/upstream/remove_headers/{index}"), findings));
    }
    Some(Upstream {
        credential,
        mint,
        identity_headers: written.identity_headers.unwrap_or(true),
        remove_headers,
    })
}

fn mint(token: &MintDocument, profile: &Profile, findings: &mut Findings<'_>) -> Option<Mint> {
    for (member, secs, max) in
        [("ttl_secs", token.ttl_secs, 3600), ("websocket_ttl_secs", token.websocket_ttl_secs, 86_400)]
    {
        if !(1..=max).contains(&secs) {
            findings
                .error(format!("/upstream/token/{member}"), format!("must lie between 1 and {max} seconds"));
        }
    }
    let min_bytes = Algorithm::HS256.min_secret_bytes();
    let secret = secrets::resolve(&token.secret, min_bytes, "/upstream/token/secret", findings)?;
    Some(Mint {
        key: HmacKey::new(Algorithm::HS256, secret.expose())?,
        subject_claim: profile.origin_subject.unwrap_or("/sub").trim_start_matches('/').to_string(),
        ttl_secs: token.ttl_secs,
        websocket_ttl_secs: token.websocket_ttl_secs,
        issuer: token.issuer.clone(),
        audience: token.audience.clone(),
    })
}
