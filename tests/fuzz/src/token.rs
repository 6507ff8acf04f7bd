//! The target `token`: a bearer token, as bytes or as the texts of its header and claims.
//!
//! Input: the setting, then either the token itself, or header and claims around a group separator, which are signed
//! here with the secret of the setting: a fuzzer makes no signatures, and what lies behind them must be reached.

use portcullis::jose::{Algorithm, KeySet, UnverifiedToken, VerificationKey};
use portcullis::limits::{TOKEN_BYTES, TOKEN_BYTES_MAX};
use portcullis::{AuthError, Principal, UnixTime};
use serde_json::Value;

use crate::input::{GROUP, split};
use crate::setting::{Configuration, Issuer, Setting, secrets};
use crate::signature::{Key, Parts, sign};

/// Checks one input.
///
/// # Panics
///
/// If a property does not hold.
pub fn check(input: &[u8]) {
    let Some((setting, rest)) = Setting::read(input) else { return };
    let token = match split(rest, GROUP, 2).as_slice() {
        [header, claims] => sign(header, claims, setting.secret),
        _ => match str::from_utf8(rest) {
            Ok(text) => text.to_owned(),
            Err(_) => return,
        },
    };
    parsing(&token);
    signatures(&token, setting.secret);
    decision(&token, setting);
}

/// A token parses exactly if another implementation can take it apart, to the same parts, and every time alike.
fn parsing(token: &str) {
    let parsed = UnverifiedToken::parse(token, TOKEN_BYTES_MAX);
    let again = UnverifiedToken::parse(token, TOKEN_BYTES_MAX);
    let oracle = Parts::parse(token).filter(|_| token.len() <= TOKEN_BYTES_MAX);
    match (&parsed, &again) {
        (Ok(parsed), Ok(again)) => {
            assert_eq!(parsed.unverified_header(), again.unverified_header());
            assert_eq!(parsed.unverified_payload(), again.unverified_payload());
        }
        (Err(error), Err(again)) => assert_eq!(error, again),
        _ => panic!("parsed once and refused once"),
    }
    match (parsed, oracle) {
        (Ok(parsed), Some(oracle)) => {
            let header = parsed.unverified_header();
            assert_eq!(header.algorithm().name(), oracle.algorithm());
            assert_eq!(header.key_id(), oracle.header.get("kid").and_then(Value::as_str));
            assert_eq!(parsed.unverified_payload(), oracle.payload);
            assert!(UnverifiedToken::parse(token, token.len()).is_ok(), "refused at a limit it is not over");
            assert!(UnverifiedToken::parse(token, token.len() - 1).is_err(), "accepted over the limit");
        }
        (Err(_), None) => {}
        (Ok(_), None) => panic!("parsed, although it is no token: {token:?}"),
        (Err(error), Some(_)) => panic!("{error:?}, although nothing is wrong with it: {token:?}"),
    }
}

/// A key verifies a token exactly if it is fixed to the token's algorithm and another HMAC gives the same signature.
fn signatures(token: &str, secret: &str) {
    let oracle = Parts::parse(token);
    for algorithm in Algorithm::ALL {
        let Ok(key) = VerificationKey::from_secret(None, *algorithm, secret.as_bytes()) else { continue };
        let verified = UnverifiedToken::parse(token, TOKEN_BYTES_MAX).and_then(|token| {
            token.verify(&KeySet::new([key].into()).expect("one key is a set"), UnixTime::from_secs(0))
        });
        let key =
            Key { id: None, algorithm: algorithm.name().to_owned(), secret: secret.as_bytes().to_vec() };
        let expected =
            oracle.as_ref().filter(|oracle| token.len() <= TOKEN_BYTES_MAX && oracle.is_signed_by(&key));
        match (verified, expected) {
            (Ok(verified), Some(oracle)) => assert_eq!(verified.payload(), oracle.payload),
            (Err(_), None) => {}
            (Ok(_), None) => panic!("{algorithm:?}: verified, but not signed: {token:?}"),
            (Err(error), Some(_)) => panic!("{algorithm:?}: signed, but {error:?}: {token:?}"),
        }
    }
}

/// A gate accepts only tokens that one of its issuers signed and whose claims keep that issuer's rules, and its errors
/// tell neither secrets nor tokens.
fn decision(token: &str, setting: Setting) {
    let gate = &setting.configuration.gate;
    let outcome = gate.verify(token, setting.now);
    assert_eq!(outcome, gate.verify(token, setting.now), "two answers to one token");
    match outcome {
        Ok(principal) => {
            let limit = &setting.configuration.document["limits"]["token_bytes"];
            let limit = limit.as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(TOKEN_BYTES);
            assert!(token.len() <= limit, "accepted over the configured limit");
            assert_justified(&principal, token, setting.configuration, setting.now);
        }
        Err(error) => assert_discreet(&error, token),
    }
}

/// Panics unless an issuer of the configuration stands behind this principal.
pub(crate) fn assert_justified(
    principal: &Principal,
    token: &str,
    configuration: &Configuration,
    now: UnixTime,
) {
    let parts = Parts::parse(token).unwrap_or_else(|| panic!("accepted, but no token: {token:?}"));
    let signers: Vec<&Issuer> =
        configuration.issuers.iter().filter(|issuer| issuer.signed(&parts, now)).collect();
    assert!(!signers.is_empty(), "accepted, but no key of the configuration signed it: {token:?}");
    let claims = crate::json::strict(&parts.payload).filter(Value::is_object);
    let claims = claims.unwrap_or_else(|| panic!("accepted, but its claims are no JSON object: {token:?}"));
    let mut broken: Vec<&str> = Vec::new();
    // The profiles whose tokens have a profile of the same name.
    let own = |system: &&str| ["agentflow", "r2r", "rag-modulo"].contains(system);
    let profile = configuration.document["profile"].as_str().filter(own).unwrap_or("jwt");
    let signer = signers.iter().find(|issuer| {
        let rule = broken_rule(issuer.document, profile, &parts, &claims, now.as_secs());
        broken.extend(rule);
        rule.is_none()
    });
    let signer =
        signer.unwrap_or_else(|| panic!("accepted, but {broken:?} is broken: {} {claims}", parts.header));

    let standard = match signer.document["token_profile"].as_str().unwrap_or(profile) {
        "agentflow" => "/user_id",
        "rag-modulo" => "/uuid",
        _ => "/sub",
    };
    let names = &signer.document["claims"];
    let subject = claims.pointer(names["subject"].as_str().unwrap_or(standard));
    let subject = subject.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    assert_eq!(subject.as_deref(), Some(principal.subject()), "another subject than the token's");
    assert!(principal.valid_until().is_some_and(|end| end > now), "accepted after its end");
    let said = format!("{} {}", claims["roles"], claims["role"]);
    for role in principal.roles() {
        let quoted = Value::from(role.as_str()).to_string();
        let given = one_or_many(signer.document["subject_roles"].get(principal.subject()));
        let standard = ["guest", "user"].contains(&role.as_str());
        assert!(
            said.contains(&quoted) || given.contains(&&Value::from(role.as_str())) || standard,
            "the role {role:?} is neither in the token nor its subject's"
        );
    }
}

/// The rule of an issuer that a token does not keep.
fn broken_rule(
    issuer: &Value,
    profile: &str,
    parts: &Parts<'_>,
    claims: &Value,
    now_secs: u64,
) -> Option<&'static str> {
    let whole_secs = |name: &str| {
        let number = claims.get(name)?;
        number.as_u64().map(|secs| secs as f64).or_else(|| number.as_f64()).map(f64::floor)
    };
    let (now, leeway) = (now_secs as f64, issuer["leeway_secs"].as_u64().unwrap_or(0) as f64);
    let media_type = parts.header.get("typ").and_then(Value::as_str).map(str::to_ascii_lowercase);
    let media_type = media_type.as_deref().map(|name| name.strip_prefix("application/").unwrap_or(name));
    let audience = one_or_many(claims.get("aud"));
    let accepted = one_or_many(issuer.get("audience"));
    let required = issuer["required_claims"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let profile = issuer["token_profile"].as_str().unwrap_or(profile);
    let types: Vec<String> = match (issuer["token_types"].as_array(), profile) {
        (Some(types), _) => types.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect(),
        (None, "at+jwt") => vec!["at+jwt".to_owned()],
        (None, "r2r" | "rag-modulo") => vec!["jwt".to_owned()],
        (None, _) => vec!["jwt".to_owned(), "at+jwt".to_owned()],
    };
    let nonce = profile == "r2r" || issuer["accept_nonce"] == true;
    let marks = ["at_hash", "c_hash", "s_hash", "events"];
    let is_access = |name: &str| {
        let kinds = ["access", "access_token", "bearer", "at+jwt", "jwt"].map(Value::from);
        let kind = claims.get(name).map(|kind| kind.as_str().unwrap_or_default().to_ascii_lowercase().into());
        kind.is_none_or(|kind| kinds.contains(&kind))
    };
    let rules = [
        ("typ", media_type.map_or(profile != "at+jwt", |name| types.iter().any(|known| known == name))),
        ("kind", ["typ", "token_type", "token_use"].into_iter().all(is_access)),
        ("mark", marks.iter().all(|name| claims.get(name).is_none())),
        ("nonce", nonce || claims.get("nonce").is_none()),
        ("iss", issuer.get("issuer").is_none_or(|name| claims.get("iss") == Some(name))),
        (
            "aud",
            if accepted.is_empty() {
                claims.get("aud").is_none()
            } else {
                audience.iter().any(|name| accepted.contains(name))
            },
        ),
        ("exp", whole_secs("exp").is_some_and(|end| end >= 0.0 && now < end + leeway)),
        ("nbf", claims.get("nbf").is_none() || whole_secs("nbf").is_some_and(|start| start <= now + leeway)),
        ("iat", claims.get("iat").is_none() || whole_secs("iat").is_some_and(|start| start <= now + leeway)),
        (
            "max_age",
            issuer["max_age_secs"]
                .as_u64()
                .is_none_or(|age| whole_secs("iat").is_some_and(|start| now - leeway <= start + age as f64)),
        ),
        (
            "required",
            required.into_iter().all(|place| claims.pointer(place).is_some_and(|value| !value.is_null())),
        ),
    ];
    rules.into_iter().find(|(_, kept)| !kept).map(|(name, _)| name)
}

fn one_or_many(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

/// Panics if an error shows a secret, or a part of the token long enough to be used.
fn assert_discreet(error: &AuthError, token: &str) {
    let told = format!("{error} {error:?}");
    assert!(!secrets().any(|secret| told.contains(secret)), "a secret in {told:?}");
    let shown = token.split('.').find(|segment| segment.len() > 40 && told.contains(*segment));
    assert!(shown.is_none(), "a part of the token in {told:?}");
    assert!((400..600).contains(&error.reason().status()), "a refusal that is no error: {told:?}");
}
