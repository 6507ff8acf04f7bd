//! What the origin receives.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::document::{Document, MintDocument, UpstreamDocument};
use super::{Findings, header_name, secrets};
use crate::alg::Algorithm;
use crate::crypto::HmacKey;
use crate::profile::Profile;
use crate::upstream::{CredentialFate, Mint, OriginKey, Replacement, Upstream};

pub(super) fn compile(
    document: &Document,
    profile: &Profile,
    findings: &mut Findings<'_>,
) -> Option<Upstream> {
    let written = &document.upstream;
    let credential = written.credential.unwrap_or(profile.credential);
    if let (CredentialFate::Strip, Some(why)) = (credential, profile.strip_refused) {
        findings.error("/upstream/credential", format!("{why}; use \"forward\" or \"swap\""));
    }
    if credential == CredentialFate::Forward && !profile.origin_reads_tokens && !document.issuers.is_empty() {
        findings.error(
            "/upstream/credential",
            format!(
                "{} cannot read the tokens of \"issuers\"; use \"swap\", with a key of its own: \"origin_key\": {{\"env\": \"NAME\"}}",
                profile.system
            ),
        );
    }
    let replacement = replacement(written, credential, profile, findings);
    let mut remove_headers: Vec<String> = profile.remove_headers.iter().map(ToString::to_string).collect();
    for (index, name) in written.remove_headers.iter().enumerate() {
        remove_headers.extend(header_name(name, &format!("/upstream/remove_headers/{index}"), findings));
    }
    Some(Upstream {
        credential,
        replacement,
        identity_headers: written.identity_headers.unwrap_or(true),
        remove_headers,
    })
}

/// What takes the place of the caller's credential, if it is swapped.
fn replacement(
    written: &UpstreamDocument,
    credential: CredentialFate,
    profile: &Profile,
    findings: &mut Findings<'_>,
) -> Option<Replacement> {
    let Profile { system, origin_reads_tokens, origin_accepts_api_keys, .. } = profile;
    if credential != CredentialFate::Swap {
        let places = [
            ("/upstream/token", written.token.is_some()),
            ("/upstream/origin_key", written.origin_key.is_some()),
        ];
        for (place, _) in places.iter().filter(|(_, written)| *written) {
            findings.error(place, "is used only if \"credential\" is \"swap\"; set that, or remove this");
        }
        return None;
    }
    match (&written.token, &written.origin_key) {
        (Some(_), Some(_)) => {
            findings.error("/upstream/origin_key", "takes the same place as \"token\"; keep one of them");
            None
        }
        (Some(_), None) if !origin_reads_tokens => {
            findings.error(
                "/upstream/token",
                format!(
                    "{system} reads no token that could be made for it; name a key of its own instead: \"origin_key\": {{\"env\": \"NAME\"}}"
                ),
            );
            None
        }
        (Some(token), None) => mint(token, profile, findings).map(Box::new).map(Replacement::Token),
        (None, Some(_)) if !origin_accepts_api_keys => {
            findings.error("/upstream/origin_key", format!("{system} accepts no API keys; use \"token\""));
            None
        }
        (None, Some(key)) => {
            let secret = secrets::resolve(key, 1, "/upstream/origin_key", findings)?;
            let key = OriginKey::new(secret);
            if key.is_none() {
                findings.error(
                    "/upstream/origin_key/env",
                    "the secret is no API key: it has other than 32 to 512 visible ASCII characters; set it again",
                );
            }
            key.map(Replacement::Key)
        }
        (None, None) if !origin_reads_tokens => {
            findings.error(
                "/upstream/origin_key",
                format!("\"swap\" needs an API key that {system} issued: {{\"env\": \"NAME\"}}"),
            );
            None
        }
        (None, None) => {
            findings.error(
                "/upstream/token",
                "\"swap\" needs the secret the origin verifies with: {\"secret\": {\"env\": \"NAME\"}}",
            );
            None
        }
    }
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
        fixed: profile.minted_claims,
    })
}
