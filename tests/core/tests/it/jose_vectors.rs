//! Third-party vectors of signatures, where they are at hand: beside the repository, in `../shared/vectors`.

use crate::exceptions::Tally;
use portcullis::UnixTime;
use portcullis::jose::{Algorithm, UnverifiedToken};
use portcullis::jwk::{Jwk, JwkSet, Source};
use portcullis_tests::vectors;
use serde_json::{Value, json};

/// Why the token is refused, or its payload.
fn verify(case: &Value) -> Result<Vec<u8>, String> {
    let names = case["algs"].as_array().unwrap().iter().filter_map(Value::as_str);
    let allowed: Vec<Algorithm> = names.filter_map(Algorithm::from_name).collect();
    let set = serde_json::to_vec(&json!({ "keys": case["keys"] })).unwrap();
    let set = JwkSet::parse(&set, Source::Local).map_err(|error| error.to_string())?;
    let keys = set.key_set(&allowed).map_err(|error| error.to_string())?;
    let token = UnverifiedToken::parse(case["token"].as_str().unwrap(), 64 * 1024);
    let verified = token.and_then(|token| token.verify(&keys, UnixTime::from_secs(0)));
    verified.map(|token| token.payload().to_vec()).map_err(|error| error.to_string())
}

#[test]
fn jws_cases() {
    let Some(cases) = vectors("jws_cases.json") else { return };
    let mut tally = Tally::of("jws_cases");
    for case in cases.as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let algorithms: Vec<_> = case["algs"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let verdict = verify(case);
        let note = format!("{}: {verdict:?}", text("comment"));
        tally.record(&algorithms.join("/"), text("id"), text("expect"), verdict.is_ok(), &note);
    }
    let counts = tally.finish();
    assert!(counts.values().map(|counts| counts.run).sum::<usize>() >= 244);
}

#[test]
fn raw_signatures() {
    let Some(cases) = vectors("raw_signature_cases.json") else { return };
    let hex = |text: &Value| portcullis_tests::hex(text.as_str().unwrap());
    let mut tally = Tally::of("raw_signature_cases");
    for case in cases.as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let algorithm = Algorithm::from_name(text("alg")).unwrap();
        let accepted = Jwk::parse(case["key"].to_string().as_bytes())
            .and_then(|jwk| jwk.verification_keys(&[algorithm]))
            .is_ok_and(|keys| keys[0].verify(&hex(&case["msg"]), &hex(&case["sig"])).is_ok());
        let note = format!("{}: {}", text("comment"), case["flags"]);
        tally.record(text("alg"), text("id"), text("expect"), accepted, &note);
    }
    let counts = tally.finish();
    assert_eq!(counts.len(), 13);
    assert!(counts.values().map(|counts| counts.run).sum::<usize>() >= 1276);
}
