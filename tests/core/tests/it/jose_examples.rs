//! The examples of the RFCs, as they stand there: `examples/rfc.json`.

use portcullis::jose::{Algorithm, KeySet, UnverifiedToken};
use portcullis::jwk::{Jwk, JwkError, JwkSet, JwkSetError, Source};
use portcullis::{TokenError, UnixTime, base64url};
use serde_json::{Value, json};

fn examples() -> Value {
    serde_json::from_str(include_str!("examples/rfc.json")).unwrap()
}

/// The signed examples, each with its algorithm and its key alone in a set.
fn signatures() -> Vec<(Value, Algorithm, KeySet)> {
    let examples = examples();
    let keyed = |example: &Value| {
        let algorithm = Algorithm::from_name(example["alg"].as_str().unwrap()).unwrap();
        let jwk = Jwk::parse(example["key"].to_string().as_bytes()).unwrap();
        (example.clone(), algorithm, KeySet::new(jwk.verification_keys(&[algorithm]).unwrap()).unwrap())
    };
    examples["signatures"].as_array().unwrap().iter().map(keyed).collect()
}

/// The payload of a token that verifies.
fn verify(token: &str, keys: &KeySet) -> Result<Vec<u8>, TokenError> {
    let verified = UnverifiedToken::parse(token, 16 * 1024)?.verify(keys, UnixTime::from_secs(0))?;
    Ok(verified.payload().to_vec())
}

/// RFC 7515 appendix A.1 to A.4, RFC 7520 sections 4.1 to 4.4, RFC 8037 appendix A.4.
#[test]
fn signed_examples() {
    let signatures = signatures();
    assert_eq!(signatures.len(), 9);
    for (example, _, keys) in &signatures {
        let payload = verify(example["token"].as_str().unwrap(), keys).unwrap();
        assert_eq!(payload, example["payload"].as_str().unwrap().as_bytes(), "{}", example["source"]);
    }
}

#[test]
fn the_type_of_the_first_example_is_jwt() {
    let (example, _, keys) = &signatures()[0];
    let token = UnverifiedToken::parse(example["token"].as_str().unwrap(), 16 * 1024).unwrap();
    assert_eq!(token.unverified_header().token_type(), Some("JWT"));
    assert_eq!(token.verify(keys, UnixTime::from_secs(0)).unwrap().token_type(), Some("JWT"));
}

/// A bit of the payload or of the signature, a shorter and a longer signature, and every other algorithm in the header.
#[test]
fn altered_examples() {
    for (example, algorithm, keys) in &signatures() {
        let segments: Vec<_> = example["token"].as_str().unwrap().split('.').collect();
        let (payload, signature) =
            (base64url::decode(segments[1]).unwrap(), base64url::decode(segments[2]).unwrap());
        let refused = |header: &str, payload: &[u8], signature: &[u8], what: &str| {
            let (payload, signature) = (base64url::encode(payload), base64url::encode(signature));
            let verdict = verify(&format!("{header}.{payload}.{signature}"), keys);
            assert!(verdict.is_err(), "{} with {what}", example["source"]);
        };
        let flipped = |bytes: &[u8], at: usize| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 1 << (at % 8);
            bytes
        };
        for at in [0, payload.len() / 2, payload.len() - 1] {
            refused(segments[0], &flipped(&payload, at), &signature, "another payload");
        }
        let last = signature.len() - 1;
        for at in [0, 1, last / 2, last / 2 + 1, last - 1, last] {
            refused(segments[0], &payload, &flipped(&signature, at), "another signature");
        }
        refused(segments[0], &payload, &signature[..last], "a shorter signature");
        refused(segments[0], &payload, &signature[1..], "a shorter signature");
        refused(segments[0], &payload, &[signature.as_slice(), &[0]].concat(), "a longer signature");
        refused(segments[0], &payload, &[&[0], signature.as_slice()].concat(), "a longer signature");
        refused(segments[0], &payload, &vec![0; signature.len()], "zeros as signature");
        for other in Algorithm::ALL.iter().filter(|other| *other != algorithm) {
            let header = base64url::encode(format!(r#"{{"alg":"{other}"}}"#).as_bytes());
            refused(&header, &payload, &signature, "another algorithm");
        }
    }
}

/// RFC 7515 appendix A.5: valid as an unsecured JWS, and never here.
#[test]
fn the_unsecured_example_is_refused() {
    let token = examples()["unsecured"].as_str().unwrap().to_owned();
    for (_, _, keys) in signatures() {
        // Its last segment is empty, as that of no signed token is.
        assert_eq!(verify(&token, &keys), Err(TokenError::AlgorithmNotAllowed));
        for signature in ["AA", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"] {
            assert_eq!(verify(&format!("{token}{signature}"), &keys), Err(TokenError::AlgorithmNotAllowed));
        }
    }
}

/// RFC 7515 appendix A.6 and A.7: the other two serialisations, with sound signatures.
#[test]
fn json_serialisations_are_refused() {
    let general = examples()["json_serialization"].clone();
    let flattened = json!({"payload": general["payload"], "protected": general["signatures"][1]["protected"],
        "header": general["signatures"][1]["header"], "signature": general["signatures"][1]["signature"]});
    for (_, _, keys) in signatures() {
        for document in [&general, &flattened] {
            assert_eq!(verify(&document.to_string(), &keys), Err(TokenError::NotThreeSegments));
        }
    }
    // What they contain is the token of appendix A.3: nothing but the serialisation was wrong with it.
    let member = |name: &str| flattened[name].as_str().unwrap().to_owned();
    let compact = format!("{}.{}.{}", member("protected"), member("payload"), member("signature"));
    assert!(signatures().iter().any(|(example, _, keys)| {
        example["source"] == "RFC 7515 appendix A.3" && verify(&compact, keys).is_ok()
    }));
}

/// RFC 7638 section 3.1 and RFC 8037 appendix A.3.
#[test]
fn thumbprints() {
    let examples = examples();
    for example in examples["thumbprints"].as_array().unwrap() {
        let mut key = example["key"].clone();
        let thumbprint = |key: &Value| Jwk::parse(key.to_string().as_bytes()).unwrap().thumbprint();
        assert_eq!(thumbprint(&key), example["thumbprint"], "{}", example["source"]);
        // What is not required has no part in it.
        let members = key.as_object_mut().unwrap();
        members.remove("alg");
        members.insert("kid".to_owned(), json!("another"));
        members.insert("use".to_owned(), json!("sig"));
        assert_eq!(thumbprint(&key), example["thumbprint"], "{}", example["source"]);
    }
    assert_eq!(examples["thumbprints"].as_array().unwrap().len(), 2);
}

/// RFC 7517 appendix A.1: one key for encryption, one for signatures.
#[test]
fn the_public_set() {
    let document = examples()["rfc_7517_public"].to_string();
    for source in [Source::Public, Source::Local] {
        let set = JwkSet::parse(document.as_bytes(), source).unwrap();
        assert_eq!(set.unused().len(), 1);
        assert_eq!((set.unused()[0].index, &set.unused()[0].reason), (0, &JwkError::OtherUse));
        let keys = set.key_set(&[]).unwrap();
        assert_eq!(keys.keys().len(), 1);
        assert_eq!((keys.keys()[0].id(), keys.keys()[0].algorithm()), (Some("2011-04-29"), Algorithm::RS256));
    }
}

/// RFC 7517 appendix A.2 and RFC 8037 appendix A.1.
#[test]
fn private_keys_are_refused() {
    let examples = examples();
    for source in [Source::Public, Source::Local] {
        let refused = JwkSet::parse(examples["rfc_7517_private"].to_string().as_bytes(), source);
        let expected = JwkSetError::Key { index: 0, error: JwkError::Private("d") };
        assert_eq!(refused.unwrap_err(), expected);
    }
    for key in ["rfc_8037_private_key", "rfc_7515_a2_private_key"] {
        let refused = Jwk::parse(examples[key].to_string().as_bytes());
        assert_eq!(refused.unwrap_err(), JwkError::Private("d"), "{key}");
    }
}

/// RFC 7517 appendix A.3: one key for wrapping, one for HMAC without `alg`.
#[test]
fn the_symmetric_set() {
    let document = examples()["rfc_7517_symmetric"].to_string();
    let public = JwkSet::parse(document.as_bytes(), Source::Public).unwrap_err();
    assert!(matches!(public, JwkSetError::Secret { .. }), "{public}");
    let set = JwkSet::parse(document.as_bytes(), Source::Local).unwrap();
    assert_eq!((set.unused()[0].index, &set.unused()[0].reason), (0, &JwkError::UnknownAlgorithm));
    // Whose key it is, says its name; which algorithm, nobody: until somebody does, it is none's.
    let error = set.key_set(&[]).unwrap_err();
    assert!(matches!(error, JwkSetError::Key { error: JwkError::AlgorithmNeeded, .. }), "{error}");
    let keys = set.key_set(&[Algorithm::HS256]).unwrap();
    assert_eq!(keys.keys()[0].id(), Some("HMAC key used in JWS A.1 example"));
    let (example, ..) = &signatures()[0];
    assert!(verify(example["token"].as_str().unwrap(), &keys).is_ok());
}
