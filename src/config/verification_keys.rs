//! The keys of an issuer: secrets, PEM documents, JWKs and JWK Sets.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::document::{IssuerDocument, KeyDocument};
use super::{Findings, Lint, secrets};
use crate::alg::Algorithm;
use crate::json::Value;
use crate::jwk::{Jwk, JwkError, JwkSet, JwkSetError, Source};
use crate::key::{KeySet, PublicKey, VerificationKey};
use crate::limits::KEY_ID_BYTES;
use crate::time::UnixTime;

/// The keys of `issuer`, whose place in the document is `pointer`; nothing if one of them is wrong.
pub(super) fn compile(issuer: &IssuerDocument, pointer: &str, findings: &mut Findings<'_>) -> Option<KeySet> {
    let before = findings.error_count();
    let allowed: &[Algorithm] = issuer.algorithms.as_deref().unwrap_or_default();
    if issuer.algorithms.as_ref().is_some_and(Vec::is_empty) {
        findings.error(format!("{pointer}/algorithms"), "must not be empty; leave it out");
    }
    if issuer.keys.is_empty() && issuer.jwks.is_none() {
        findings.error(format!("{pointer}/keys"), "at least one key is needed to verify a token");
    }
    let mut keys: Vec<VerificationKey> = Vec::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for (index, written) in issuer.keys.iter().enumerate() {
        let place = format!("{pointer}/keys/{index}");
        for key in one(written, allowed, &place, findings).unwrap_or_default() {
            if !allowed.is_empty() && !allowed.contains(&key.algorithm()) {
                findings.error(
                    format!("{place}/alg"),
                    format!("{} is not among \"algorithms\" of this issuer", key.algorithm()),
                );
            }
            keys.push(key);
        }
        if let Some(id) = written.kid.as_deref().or_else(|| jwk_id(written))
            && !ids.insert(id.to_string())
        {
            findings.error(format!("{place}/kid"), "an earlier key has this kid; every key needs its own");
        }
    }
    if let Some(set) = &issuer.jwks {
        let from_set = set_keys(set, allowed, &format!("{pointer}/jwks"), findings).unwrap_or_default();
        if from_set.keys().iter().any(|key| key.id().is_some_and(|id| ids.contains(id))) {
            findings.error(format!("{pointer}/jwks"), "a key of the set has the kid of one under \"keys\"");
        }
        keys.extend_from_slice(from_set.keys());
    }
    (findings.error_count() == before).then(|| KeySet::new(keys))
}

/// One entry of `keys`: a key for each algorithm it may be used with.
fn one(
    written: &KeyDocument,
    allowed: &[Algorithm],
    place: &str,
    findings: &mut Findings<'_>,
) -> Option<Vec<VerificationKey>> {
    if written.kid.as_ref().is_some_and(|id| id.is_empty() || id.len() > KEY_ID_BYTES) {
        findings.error(format!("{place}/kid"), format!("must be 1 to {KEY_ID_BYTES} bytes long"));
    }
    let accepted_until = match &written.accepted_until {
        None => None,
        Some(text) => {
            let time = UnixTime::from_rfc3339(text);
            if time.is_none() {
                findings.error(
                    format!("{place}/accepted_until"),
                    "write an instant in UTC, like \"2026-12-31T23:59:59Z\"",
                );
            }
            time
        }
    };
    let keys = match (&written.secret, &written.pem, &written.jwk) {
        (Some(secret), None, None) => {
            let Some(algorithm) = written.alg else {
                findings.error(format!("{place}/alg"), "a secret needs its algorithm: HS256, HS384 or HS512");
                return None;
            };
            if !algorithm.is_symmetric() {
                findings.error(
                    format!("{place}/alg"),
                    format!(
                        "{algorithm} takes a public key; give it as \"pem\" or \"jwk\" instead of \"secret\""
                    ),
                );
                return None;
            }
            let min_bytes = algorithm.min_secret_bytes();
            let secret = secrets::resolve(secret, min_bytes, &format!("{place}/secret"), findings)?;
            let key = VerificationKey::from_secret(written.kid.clone(), algorithm, secret.expose());
            Vec::from([findings.take(&format!("{place}/secret"), key)?])
        }
        (None, Some(pem), None) => {
            let place_of_key = format!("{place}/pem");
            let key = findings.take(&place_of_key, PublicKey::from_pem(pem))?;
            public_keys(written, Jwk::from_public_key(key), allowed, &place_of_key, findings)?
        }
        (None, None, Some(value)) => {
            let place_of_key = format!("{place}/jwk");
            let key = findings.take(&place_of_key, Jwk::from_value(value))?;
            public_keys(written, key, allowed, &place_of_key, findings)?
        }
        _ => {
            findings.error(place, "write exactly one of \"secret\", \"pem\" and \"jwk\"");
            return None;
        }
    };
    Some(keys.into_iter().map(|key| key.accepted_until(accepted_until)).collect())
}

fn public_keys(
    written: &KeyDocument,
    jwk: Jwk,
    allowed: &[Algorithm],
    pointer: &str,
    findings: &mut Findings<'_>,
) -> Option<Vec<VerificationKey>> {
    if jwk.is_secret() {
        findings.error(
            pointer,
            "a shared secret never stands in the document; name it: {\"alg\": …, \"secret\": {\"env\": \"NAME\", \"encoding\": \"base64url\"}}",
        );
        return None;
    }
    let wanted;
    let allowed = match written.alg {
        Some(algorithm) => {
            wanted = [algorithm];
            wanted.as_slice()
        }
        None => allowed,
    };
    let jwk = match &written.kid {
        Some(id) => jwk.named(id),
        None => jwk,
    };
    match jwk.verification_keys(allowed) {
        Ok(keys) => Some(keys),
        Err(JwkError::AlgorithmNotAllowed) => {
            findings.error(pointer, "the key is for another algorithm than the one asked for here");
            None
        }
        Err(JwkError::AlgorithmNeeded) => {
            findings.error(
                pointer,
                "an RSA key fits six algorithms; name the one in \"alg\", for example \"RS256\" or \"PS256\"",
            );
            None
        }
        Err(error) => {
            findings.error(pointer, error);
            None
        }
    }
}

fn jwk_id(written: &KeyDocument) -> Option<&str> {
    written.jwk.as_ref()?.as_object()?.get("kid")?.as_str()
}

fn set_keys(
    set: &Value,
    allowed: &[Algorithm],
    pointer: &str,
    findings: &mut Findings<'_>,
) -> Option<KeySet> {
    let keys = JwkSet::from_value(set, Source::Public).and_then(|set| {
        for unused in set.unused() {
            findings.notice(
                Lint::KeyUnused,
                format!("{pointer}/keys/{}", unused.index),
                format!("not used: {}", unused.reason),
            );
        }
        set.key_set(allowed)
    });
    match keys {
        Ok(keys) => Some(keys),
        Err(JwkSetError::Key { index, error }) => {
            let remedy = match error {
                JwkError::AlgorithmNeeded => "; or name the issuer's \"algorithms\"",
                _ => "",
            };
            findings.error(format!("{pointer}/keys/{index}"), format!("{error}{remedy}"));
            None
        }
        Err(error) => {
            findings.error(pointer, error);
            None
        }
    }
}
