//! Third-party vectors, where they are at hand: beside the repository, in `../shared/vectors`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking"
)]

mod common;

use std::path::PathBuf;

use portcullis::json::{Budget, parse};
use portcullis::{Algorithm, KeySet, Target, UnverifiedToken, VerificationKey, base64url};
use serde_json::Value;

/// A file of vectors, or `None` with a note that they were not there.
fn vectors(name: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors").join(name);
    match std::fs::read(&path) {
        Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
        Err(_) => {
            println!("NOT RUN: the vectors {name} are not on this machine");
            None
        }
    }
}

/// The cases this build can speak about: all keys are symmetric.
#[test]
fn jws_with_symmetric_keys() {
    let Some(cases) = vectors("jws_cases.json") else { return };
    let (mut valid, mut invalid) = (0, 0);
    for case in cases.as_array().unwrap() {
        let keys = case["keys"].as_array().unwrap();
        if !keys.iter().all(|key| key["kty"] == "oct") {
            continue;
        }
        let allowed = case["algs"].as_array().unwrap();
        let keys = keys
            .iter()
            .filter_map(|key| {
                let algorithm = key["alg"].as_str().or(allowed[0].as_str()).and_then(Algorithm::from_name)?;
                let secret = base64url::decode(key["k"].as_str()?).ok()?;
                VerificationKey::from_secret(key["kid"].as_str().map(str::to_owned), algorithm, &secret)
            })
            .collect();
        let token = case["token"].as_str().unwrap();
        let verified = UnverifiedToken::parse(token, 16 * 1024)
            .and_then(|token| token.verify(&KeySet::new(keys)))
            .is_ok();
        // Cases marked as disputed are labelled valid upstream although they break RFC 7515.
        let expected = case["expect"] == "valid" && case.get("disputed").is_none_or(Value::is_null);
        assert_eq!(verified, expected, "{}: {}", case["id"], case["comment"]);
        if expected { valid += 1 } else { invalid += 1 }
    }
    println!("{valid} valid and {invalid} invalid cases");
    assert!(valid >= 10 && invalid >= 26);
}

#[test]
fn json_grammar() {
    let Some(cases) = vectors("json_parsing.json") else { return };
    let cases = cases.get("cases").unwrap_or(&cases);
    let cases = cases
        .as_array()
        .unwrap_or_else(|| cases.as_object().unwrap().values().find_map(Value::as_array).unwrap());
    // Legal JSON that is refused here on purpose.
    let refused = [
        // A member twice: the origin might read the other one.
        "y_object_duplicated_key.json",
        "y_object_duplicated_key_and_value.json",
    ];
    let mut compared = 0;
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let standard =
            case["base64"].as_str().unwrap().trim_end_matches('=').replace('+', "-").replace('/', "_");
        let accepted = parse(&base64url::decode(&standard).unwrap(), Budget::REQUEST).is_ok();
        let expected = match case["expect"].as_str().unwrap() {
            "either" => continue,
            _ if refused.contains(&name) => false,
            expect => expect == "accept",
        };
        assert_eq!(accepted, expected, "{name}");
        compared += 1;
    }
    println!("{compared} documents");
    assert!(compared >= 100);
}

/// Envoy's own expectations: the same normal form, or a refusal, but never a third reading.
#[test]
fn path_normalisation() {
    let Some(sections) = vectors("path_normalisation.json") else { return };
    let (mut same, mut refused) = (0, 0);
    for section in ["normalize", "merge_slashes", "remove_query_and_fragment"] {
        for case in sections[section].as_array().unwrap() {
            let path = case["path"].as_str().unwrap();
            match (Target::parse(path.as_bytes()), case["expect"].as_str()) {
                (Err(_), None) => refused += 1,
                (Err(_), Some(_)) => {
                    // Not origin form, a fragment, a backslash, an encoded slash, or octets that are not UTF-8: nothing
                    // a server should see, and nothing two servers agree on.
                    let lower = path.to_ascii_lowercase();
                    let known = ["\\", "%5c", "%2f", "%c0", "#"].iter().any(|mark| lower.contains(mark));
                    assert!(known || !path.starts_with('/'), "{section}: {path} was refused");
                    refused += 1;
                }
                (Ok(target), Some(expected)) => {
                    let expected = expected.split('?').next().unwrap();
                    assert_eq!(target.path, expected, "{section}: {path}");
                    same += 1;
                }
                (Ok(target), None) => panic!("{section}: {path} was read as {}", target.path),
            }
        }
    }
    for case in sections["unescape_slashes"].as_array().unwrap() {
        // Envoy can turn encoded slashes into plain ones; here each is a refusal.
        if case["found"] == true {
            let path = format!("/{}", case["path"].as_str().unwrap().split('?').next().unwrap());
            assert!(Target::parse(path.as_bytes()).is_err(), "{path}");
            refused += 1;
        }
    }
    println!("{same} alike, {refused} refused");
    assert!(same >= 20);
}

/// RFC 7515 appendix A.1, written out so that it runs everywhere.
#[test]
fn rfc_7515_appendix_a_1() {
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let secret = base64url::decode(key).unwrap();
    let set =
        KeySet::new(VerificationKey::from_secret(None, Algorithm::HS256, &secret).into_iter().collect());
    let parsed = UnverifiedToken::parse(token, 16 * 1024).unwrap();
    assert_eq!(parsed.unverified_header().token_type(), Some("JWT"));
    let verified = parsed.verify(&set).unwrap();
    assert_eq!(
        verified.payload(),
        b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
    );
}
