//! The keys of an issuer: secrets, PEM documents, JWKs and JWK Sets.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::UnixTime;
use portcullis::jose::{Algorithm, KeySet, PublicKey, VerificationKey};
use portcullis::json::Value;
use portcullis::jwk::{Jwk, JwkError, JwkSet, JwkSetError, Source, UnusedKey};
use portcullis::limits::KEY_ID_BYTES;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{IssuerDocument, KeyDocument};
use crate::hints::KEYS_BY_URL;
use crate::lint::Lint;
use crate::resolve::resolve;
use crate::suggest::one_of;

/// The keys of `issuer`, whose place in the document is `pointer`; nothing if one of them is wrong.
pub(crate) fn compile(
    issuer: &IssuerDocument,
    pointer: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<KeySet> {
    let before = diagnostics.error_count();
    let allowed: &[Algorithm] = issuer.algorithms.as_deref().unwrap_or_default();
    if issuer.algorithms.as_ref().is_some_and(Vec::is_empty) {
        diagnostics.error(format!("{pointer}/algorithms"), "must not be empty; leave it out");
    }
    if issuer.keys.is_empty() && issuer.jwks.is_none() {
        diagnostics.error(format!("{pointer}/keys"), "at least one key is needed to verify a token");
    }
    let mut keys: Vec<VerificationKey> = Vec::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for (index, written) in issuer.keys.iter().enumerate() {
        let place = format!("{pointer}/keys/{index}");
        for key in keys_of_entry(written, allowed, &place, context, diagnostics).unwrap_or_default() {
            if !allowed.is_empty() && !allowed.contains(&key.algorithm()) {
                diagnostics.error(
                    format!("{place}/alg"),
                    format!("{} is not among \"algorithms\" of this issuer", key.algorithm()),
                );
            }
            keys.push(key);
        }
        if let Some(id) = written.kid.as_deref().or_else(|| jwk_id(written))
            && !ids.insert(id.to_string())
        {
            diagnostics.error(format!("{place}/kid"), "an earlier key has this kid; every key needs its own");
        }
    }
    if let Some(set) = &issuer.jwks {
        let from_set = set_keys(set, allowed, &format!("{pointer}/jwks"), diagnostics).unwrap_or_default();
        if from_set.keys().iter().any(|key| key.id().is_some_and(|id| ids.contains(id))) {
            diagnostics
                .error(format!("{pointer}/jwks"), "a key of the set has the kid of one under \"keys\"");
        }
        keys.extend_from_slice(from_set.keys());
    }
    check_choice(&keys, pointer, diagnostics);
    if diagnostics.error_count() > before {
        return None;
    }
    diagnostics.ok_or_report(&format!("{pointer}/keys"), KeySet::new(keys))
}

/// Public keys without a `kid` that no token could choose among: whoever sends a token must not choose how many signatures
/// are checked. One that ends may stand beside one that does not, which is a rotation.
pub(crate) fn check_choice(keys: &[VerificationKey], pointer: &str, diagnostics: &mut Diagnostics) {
    let mut seen: Vec<(Algorithm, bool)> = Vec::new();
    for key in keys.iter().filter(|key| key.id().is_none() && !key.algorithm().is_symmetric()) {
        let entry = (key.algorithm(), key.end().is_some());
        if seen.contains(&entry) {
            diagnostics.error(
                format!("{pointer}/keys"),
                format!(
                    "two keys for {} have no \"kid\", and a token is not tried with both; give each the \"kid\" that its tokens name, or, to rotate, \"accepted_until\" to the old one",
                    key.algorithm()
                ),
            );
            return;
        }
        seen.push(entry);
    }
}

/// One entry of `keys`: a key for each algorithm it may be used with.
pub(crate) fn keys_of_entry(
    written: &KeyDocument,
    allowed: &[Algorithm],
    place: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<VerificationKey>> {
    if written.kid.as_ref().is_some_and(|id| id.is_empty() || id.len() > KEY_ID_BYTES) {
        diagnostics.error(format!("{place}/kid"), format!("must be 1 to {KEY_ID_BYTES} bytes long"));
    }
    let accepted_until = match &written.accepted_until {
        None => None,
        Some(text) => {
            let time = UnixTime::from_rfc3339(text);
            if time.is_none() {
                diagnostics.error(
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
                diagnostics
                    .error(format!("{place}/alg"), "a secret needs its algorithm: HS256, HS384 or HS512");
                return None;
            };
            if !algorithm.is_symmetric() {
                diagnostics.error(
                    format!("{place}/alg"),
                    format!(
                        "{algorithm} verifies with a public key; write that as \"pem\" or \"jwk\" instead of \"secret\""
                    ),
                );
                return None;
            }
            let min_bytes = algorithm.min_secret_bytes();
            let secret = resolve(secret, min_bytes, &format!("{place}/secret"), context, diagnostics)?;
            let key = VerificationKey::from_secret(written.kid.clone(), algorithm, secret.expose());
            Vec::from([diagnostics.ok_or_report(&format!("{place}/secret"), key)?])
        }
        (None, Some(pem), None) => {
            let place_of_key = format!("{place}/pem");
            let key = diagnostics.ok_or_report(&place_of_key, PublicKey::from_pem(pem))?;
            public_keys(written, Jwk::from_public_key(key), allowed, &place_of_key, diagnostics)?
        }
        (None, None, Some(value)) => {
            let place_of_key = format!("{place}/jwk");
            let key = diagnostics.ok_or_report(&place_of_key, Jwk::from_value(value))?;
            public_keys(written, key, allowed, &place_of_key, diagnostics)?
        }
        _ => {
            diagnostics.error(place, "write exactly one of \"secret\", \"pem\" and \"jwk\"");
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
    diagnostics: &mut Diagnostics,
) -> Option<Vec<VerificationKey>> {
    if jwk.is_secret() {
        diagnostics.error(
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
            diagnostics.error(pointer, other_algorithm(&jwk, allowed));
            None
        }
        Err(JwkError::AlgorithmNeeded) => {
            diagnostics.error(
                pointer,
                "an RSA key fits six algorithms; name the one in \"alg\", for example \"RS256\" or \"PS256\"",
            );
            None
        }
        Err(error) => {
            diagnostics.error(pointer, error);
            None
        }
    }
}

/// The message for a key that fits none of the algorithms it is asked for.
fn other_algorithm(jwk: &Jwk, asked: &[Algorithm]) -> String {
    let secret = asked.iter().find(|algorithm| algorithm.is_symmetric());
    let why = match secret {
        // SECURITY: whoever knows a public key could sign with it as a secret (CVE-2022-29217).
        Some(algorithm) => {
            format!("{algorithm} takes a shared secret, and a public key is known to anybody")
        }
        None => "the key is for another algorithm than the one asked for here".to_string(),
    };
    let fitting = jwk.verification_keys(Algorithm::ALL).unwrap_or_default();
    let fitting: Vec<&str> = fitting.iter().map(|key| key.algorithm().name()).collect();
    match fitting.is_empty() {
        true => why,
        false => format!("{why}; write the one the issuer signs with, which is {}", one_of(fitting)),
    }
}

/// What is wrong with a value that is not even the form of a JWK Set, if it is known what it is meant for.
fn not_a_set(set: &Value) -> Option<&'static str> {
    let members = set.as_object();
    let names_address = ["uri", "jwks_uri", "endpoint"];
    let is_address = set.as_str().is_some_and(|text| text.contains("://"))
        || members.is_some_and(|members| names_address.iter().any(|name| members.contains_key(name)));
    if is_address {
        return Some(KEYS_BY_URL);
    }
    let is_key = members.is_some_and(|members| members.contains_key("kty"));
    is_key.then_some("this is one key; write it under \"keys\" of the issuer: [{\"jwk\": {…}}]")
}

fn jwk_id(written: &KeyDocument) -> Option<&str> {
    written.jwk.as_ref()?.as_object()?.get("kid")?.as_str()
}

fn set_keys(
    set: &Value,
    allowed: &[Algorithm],
    pointer: &str,
    diagnostics: &mut Diagnostics,
) -> Option<KeySet> {
    if let Some(message) = not_a_set(set) {
        diagnostics.error(pointer, message);
        return None;
    }
    let mut unused: Vec<UnusedKey> = Vec::new();
    let keys = JwkSet::from_value(set, Source::Public).and_then(|set| {
        unused = [set.unused(), set.left_out(allowed).as_slice()].concat();
        set.key_set(allowed)
    });
    unused.sort_by_key(|key| key.index);
    for UnusedKey { index, reason } in &unused {
        let place = format!("{pointer}/keys/{index}");
        match &keys {
            // Without any key, each tells why it is none.
            Err(JwkSetError::Empty) => diagnostics.error(place, reason),
            _ => diagnostics.report(Lint::KeyUnused, place, format!("not used: {reason}")),
        }
    }
    match keys {
        Ok(keys) => Some(keys),
        Err(JwkSetError::Key { index, error }) => {
            let remedy = match error {
                JwkError::AlgorithmNeeded => "; or name the issuer's \"algorithms\"",
                _ => "",
            };
            diagnostics.error(format!("{pointer}/keys/{index}"), format!("{error}{remedy}"));
            None
        }
        Err(error) => {
            diagnostics.error(pointer, error);
            None
        }
    }
}
