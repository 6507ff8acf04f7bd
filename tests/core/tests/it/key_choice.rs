//! Which key a token is verified with: by issuer, by `kid`, by algorithm, by date.

use std::collections::BTreeMap;

use jwt_simple::prelude::*;
use portcullis::{Gate, Proof, UnixTime, limits};
use portcullis_tests::{Env, NOW, raw_token, try_load};
use serde_json::{Value, json};

const NAMES: [&str; 8] = ["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7"];

/// The value of the secret `NAMES[index]`.
fn secret(index: usize) -> String {
    format!("{}{index:016x}", "0123456789abcdef".repeat(3))
}

fn named_secrets() -> Env {
    Env(NAMES.iter().enumerate().map(|(index, name)| (*name, secret(index))).collect::<BTreeMap<_, _>>())
}

fn load_all(issuers: &Value) -> Result<Gate, String> {
    let document = json!({"profile": "generic", "issuers": issuers}).to_string();
    try_load(document.as_bytes(), &named_secrets()).map_err(|errors| errors.to_string())
}

fn load(issuers: &Value) -> Gate {
    load_all(issuers).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Keys for HS256: `(kid, index of the secret, end)`.
fn secrets(keys: &[(Option<&str>, usize, Option<&str>)]) -> Value {
    keys.iter()
        .map(|(id, index, end)| {
            let mut key = json!({"alg": "HS256", "secret": {"env": NAMES[*index]}});
            for (name, value) in [("kid", id), ("accepted_until", end)] {
                if let Some(value) = value {
                    key[name] = json!(value);
                }
            }
            key
        })
        .collect()
}

fn with_keys(keys: &[(Option<&str>, usize, Option<&str>)]) -> Gate {
    load(&json!([{"keys": secrets(keys)}]))
}

/// A token under `kid`, signed with a secret.
fn token(id: Option<&str>, index: usize) -> String {
    let header = match id {
        Some(id) => json!({"alg": "HS256", "kid": id}),
        None => json!({"alg": "HS256"}),
    };
    let claims = json!({"sub": "alice", "exp": NOW + 1_000_000_000});
    raw_token(&header.to_string(), &claims.to_string(), &secret(index))
}

fn reason_at(gate: &Gate, token: &str, now: u64) -> &'static str {
    match gate.verify(token, UnixTime::from_secs(now)) {
        Ok(_) => "-",
        Err(error) => error.reason().code(),
    }
}

fn reason(gate: &Gate, token: &str) -> &'static str {
    reason_at(gate, token, NOW)
}

#[test]
fn a_name_chooses_and_nothing_else_is_tried() {
    let gate = with_keys(&[(Some("one"), 1, None), (Some("two"), 2, None)]);
    for (id, index, expected) in [
        (Some("one"), 1, "-"),
        (Some("two"), 2, "-"),
        (Some("one"), 2, "signature_invalid"),
        (Some("two"), 1, "signature_invalid"),
        (Some("three"), 1, "key_unknown"),
        (Some("One"), 1, "key_unknown"),
        (Some("one "), 1, "key_unknown"),
        (Some(""), 1, "key_unknown"),
        (Some("../../dev/null"), 1, "key_unknown"),
        (Some("' OR 1=1 --"), 1, "key_unknown"),
        // Without a name, those that fit.
        (None, 1, "-"),
        (None, 2, "-"),
        (None, 3, "signature_invalid"),
    ] {
        assert_eq!(reason(&gate, &token(id, index)), expected, "{id:?} {index}");
    }
}

#[test]
fn the_principal_tells_which_key_it_was() {
    let gate = with_keys(&[(Some("one"), 1, None), (Some("two"), 2, None), (None, 3, None)]);
    for (id, index, expected) in
        [(Some("two"), 2, Some("two")), (None, 2, Some("two")), (None, 3, None), (Some("x"), 3, None)]
    {
        let principal = gate.verify(&token(id, index), UnixTime::from_secs(NOW)).unwrap();
        let expected = Proof::Token { issuer: None, key_id: expected.map(str::to_owned) };
        assert_eq!(*principal.proof(), expected, "{id:?} {index}");
    }
}

#[test]
fn a_key_without_a_name_serves_every_name_but_those_of_others() {
    let gate = with_keys(&[(None, 1, None), (Some("two"), 2, None)]);
    for (id, index, expected) in [
        (Some("anything"), 1, "-"),
        (None, 1, "-"),
        (Some("two"), 1, "signature_invalid"),
        (Some("anything"), 2, "signature_invalid"),
        (Some("two"), 2, "-"),
        (None, 2, "-"),
    ] {
        assert_eq!(reason(&gate, &token(id, index)), expected, "{id:?} {index}");
    }
}

#[test]
fn at_most_a_few_keys_are_tried() {
    let ids = ["0", "1", "2", "3", "4", "5"];
    let keys: Vec<_> = ids.iter().enumerate().map(|(index, id)| (Some(*id), index, None)).collect();
    let gate = with_keys(&keys);
    assert_eq!(limits::KEYS_TRIED, 4);
    for (index, id) in ids.iter().enumerate() {
        let expected = if index < limits::KEYS_TRIED { "-" } else { "signature_invalid" };
        assert_eq!(reason(&gate, &token(None, index)), expected, "{index}");
        // A name costs nothing to follow.
        assert_eq!(reason(&gate, &token(Some(id), index)), "-", "{index}");
    }
    // Keys that are no longer accepted, or for another algorithm, are not counted.
    let past = Some("2026-01-01T00:00:00Z");
    let mut keys: Vec<_> = (0..4).map(|index| (None, index, past)).collect();
    keys.push((None, 5, None));
    assert_eq!(reason(&with_keys(&keys), &token(None, 5)), "-");
    assert_eq!(reason(&with_keys(&keys), &token(None, 0)), "signature_invalid");
    let other = json!({"alg": "HS512", "secret": {"env": "S0"}});
    let mut keys = vec![other; 5];
    keys.push(json!({"alg": "HS256", "secret": {"env": "S5"}}));
    assert_eq!(reason(&load(&json!([{"keys": keys}])), &token(None, 5)), "-");
}

#[test]
fn several_issuers() {
    let issuer = |name: &str, index| json!({"issuer": name, "keys": secrets(&[(Some("key"), index, None)])});
    let gate = load(&json!([issuer("https://a.example", 1), issuer("https://b.example", 2)]));
    let token = |iss: Value, index| {
        let mut claims = json!({"sub": "alice", "exp": NOW + 60, "iss": iss});
        if claims["iss"].is_null() {
            claims.as_object_mut().unwrap().remove("iss");
        }
        raw_token(r#"{"alg":"HS256","kid":"key"}"#, &claims.to_string(), &secret(index))
    };
    for (iss, index, expected) in [
        (json!("https://a.example"), 1, "-"),
        (json!("https://b.example"), 2, "-"),
        (json!("https://a.example"), 2, "signature_invalid"),
        (json!("https://b.example"), 1, "signature_invalid"),
        (json!("https://c.example"), 1, "issuer_untrusted"),
        (json!("https://a.example/"), 1, "issuer_untrusted"),
        (json!("https://A.example"), 1, "issuer_untrusted"),
        (json!(""), 1, "issuer_untrusted"),
        (Value::Null, 1, "issuer_untrusted"),
        (json!(["https://a.example"]), 1, "issuer_untrusted"),
        (json!(7), 1, "issuer_untrusted"),
    ] {
        assert_eq!(reason(&gate, &token(iss.clone(), index)), expected, "{iss} {index}");
    }
    let principal = gate.verify(&token(json!("https://b.example"), 2), UnixTime::from_secs(NOW)).unwrap();
    let proof = Proof::Token { issuer: Some("https://b.example".to_owned()), key_id: Some("key".to_owned()) };
    assert_eq!(*principal.proof(), proof);
    for (issuers, place) in [
        (json!([issuer("a", 1), {"keys": secrets(&[(None, 2, None)])}]), "/issuers/1"),
        (json!([issuer("a", 1), issuer("a", 2)]), "/issuers/1/issuer"),
        (json!([issuer("", 1)]), "/issuers/0/issuer"),
    ] {
        assert!(load_all(&issuers).unwrap_err().starts_with(place), "{issuers}");
    }
}

/// Old and new are accepted until a date, and from then on only the new one: to the second, by whatever way it is found.
#[test]
fn rotation() {
    let end = "2026-12-31T23:59:59Z";
    let last = UnixTime::from_rfc3339(end).unwrap().as_secs() - 1;
    let gate = with_keys(&[(Some("old"), 1, Some(end)), (Some("new"), 2, None)]);
    for (id, index, before, after) in [
        (Some("old"), 1, "-", "key_unknown"),
        (None, 1, "-", "signature_invalid"),
        (Some("new"), 2, "-", "-"),
        (None, 2, "-", "-"),
        (Some("old"), 2, "signature_invalid", "key_unknown"),
    ] {
        let token = token(id, index);
        for (now, expected) in [(NOW, before), (last, before), (last + 1, after), (last + 86_400, after)] {
            assert_eq!(reason_at(&gate, &token, now), expected, "{id:?} {index} at {now}");
        }
    }
    // The same under one name is told apart by nothing, so names must differ; without names both are tried.
    let gate = with_keys(&[(None, 1, Some(end)), (None, 2, None)]);
    assert_eq!(reason_at(&gate, &token(Some("any"), 1), last), "-");
    assert_eq!(reason_at(&gate, &token(Some("any"), 1), last + 1), "signature_invalid");
    assert_eq!(reason_at(&gate, &token(Some("any"), 2), last + 1), "-");
    // With every key retired the issuer has none.
    let gate = with_keys(&[(None, 1, Some(end))]);
    assert_eq!(reason_at(&gate, &token(None, 1), last), "-");
    assert_eq!(reason_at(&gate, &token(None, 1), last + 1), "key_unknown");

    let error = load_all(&json!([{"keys": secrets(&[(Some("one"), 1, None), (Some("one"), 2, None)])}]));
    assert!(error.unwrap_err().starts_with("/issuers/0/keys/1/kid"));
    for end in ["2026-12-31", "2026-12-31T23:59:59", "2026-12-31T23:59:59+01:00", "soon", "1798761599", ""] {
        let error = load_all(&json!([{"keys": secrets(&[(None, 1, Some(end))])}])).unwrap_err();
        assert!(error.starts_with("/issuers/0/keys/0/accepted_until: "), "{end}: {error}");
    }
}

/// A key pair of Ed25519 and its public half as a JWK.
fn ed25519(id: Option<&str>) -> (Ed25519KeyPair, Value) {
    let mut key = Ed25519KeyPair::generate();
    if let Some(id) = id {
        key = key.with_key_id(id);
    }
    let mut public = key.public_key();
    if let Some(id) = id {
        public = public.with_key_id(id);
    }
    let jwk = serde_json::from_str(&public.to_jwk()).unwrap();
    (key, jwk)
}

fn signed(key: &Ed25519KeyPair) -> String {
    let mut claims = Claims::create(Duration::from_secs(60)).with_subject("alice");
    claims.issued_at = None;
    claims.invalid_before = None;
    claims.expires_at = Some(UnixTimeStamp::from_secs(NOW + 60));
    key.sign(claims).unwrap()
}

#[test]
fn a_token_without_a_name_is_tried_with_both_halves_of_a_rotation_and_no_more() {
    let (keys, jwks): (Vec<_>, Vec<_>) = ["0", "1", "2"].into_iter().map(|id| ed25519(Some(id))).unzip();
    let with = |ends: &[Option<&str>]| {
        let single = ends.iter().zip(&jwks).map(|(end, jwk)| match end {
            Some(end) => json!({"jwk": jwk, "accepted_until": end}),
            None => json!({"jwk": jwk}),
        });
        let gate = load(&json!([{"keys": single.collect::<Vec<_>>()}]));
        // Signed under its name, and sent without.
        let unnamed = |index: usize| {
            let pair = Ed25519KeyPair::from_bytes(&keys[index].to_bytes()).unwrap();
            reason(&gate, &signed(&pair))
        };
        (0..ends.len()).map(unnamed).collect::<Vec<_>>()
    };
    let (soon, later) = (Some("2026-12-31T00:00:00Z"), Some("2027-12-31T00:00:00Z"));
    assert_eq!(with(&[None]), ["-"]);
    assert_eq!(with(&[soon]), ["-"]);
    assert_eq!(with(&[soon, None]), ["-"; 2]);
    assert_eq!(with(&[None, None]), ["key_unknown"; 2]);
    assert_eq!(with(&[soon, later]), ["key_unknown"; 2]);
    assert_eq!(with(&[soon, later, None]), ["key_unknown"; 3]);
    assert_eq!(with(&[soon, None, None]), ["key_unknown"; 3]);
}

#[test]
fn a_set_and_single_keys_together() {
    let (one, one_jwk) = ed25519(Some("one"));
    let (two, two_jwk) = ed25519(Some("two"));
    let (unnamed, unnamed_jwk) = ed25519(None);
    let (stranger, _) = ed25519(Some("one"));
    let foreign = json!({"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB", "kid": "enc"});
    let mut keys = secrets(&[(Some("secret"), 1, None)]);
    keys.as_array_mut().unwrap().push(json!({"jwk": two_jwk, "kid": "renamed"}));
    let issuers = json!([{"keys": keys, "jwks": {"keys": [foreign, one_jwk, unnamed_jwk]}}]);
    let gate = load(&issuers);
    assert_eq!(reason(&gate, &signed(&one)), "-");
    // Of several public keys a token names the one: a stranger must not choose how many signatures are checked.
    assert_eq!(reason(&gate, &signed(&unnamed)), "key_unknown");
    assert_eq!(reason(&gate, &signed(&unnamed.with_key_id("of nobody"))), "-");
    assert_eq!(reason(&gate, &signed(&two.with_key_id("renamed"))), "-");
    assert_eq!(reason(&gate, &token(Some("secret"), 1)), "-");
    assert_eq!(reason(&gate, &token(None, 1)), "-");
    assert_eq!(reason(&gate, &signed(&stranger)), "signature_invalid");
    // A name decides alone, even where it is that of a key for another algorithm.
    assert_eq!(reason(&gate, &token(Some("one"), 1)), "algorithm_not_allowed");
    assert_eq!(reason(&gate, &signed(&one.with_key_id("secret"))), "algorithm_not_allowed");
    let document = json!({"profile": "generic", "issuers": issuers}).to_string();
    let loaded = portcullis_config::load(document.as_bytes(), &named_secrets()).unwrap();
    let diagnostics: Vec<_> =
        loaded.diagnostics.iter().map(|diagnostic| diagnostic.pointer.as_str()).collect();
    assert_eq!(diagnostics, ["/issuers/0/jwks/keys/0"]);

    let oct = json!({"kty": "oct", "alg": "HS256", "k": "A".repeat(43), "kid": "oct"});
    let mut private = one_jwk.clone();
    private["d"] = json!("AA");
    for (issuer, place, says) in [
        (
            json!({"keys": secrets(&[(Some("one"), 1, None)]), "jwks": {"keys": [one_jwk]}}),
            "/issuers/0/jwks",
            "kid",
        ),
        (json!({"jwks": {"keys": [one_jwk, one_jwk]}}), "/issuers/0/jwks", "keys[1]"),
        (json!({"jwks": {"keys": [oct]}}), "/issuers/0/jwks", "shared secret"),
        (json!({"jwks": {"keys": [private]}}), "/issuers/0/jwks/keys/0", "private member `d`"),
        (json!({"jwks": {"keys": []}}), "/issuers/0/jwks", "no key"),
        (json!({"jwks": []}), "/issuers/0/jwks", "array `keys`"),
        (json!({"jwks": {"keys": [foreign]}}), "/issuers/0/jwks/keys/0", "no key"),
        (json!({"keys": [{"jwk": oct}]}), "/issuers/0/keys/0/jwk", "shared secret"),
        (json!({"keys": [{"jwk": private}]}), "/issuers/0/keys/0/jwk", "private member `d`"),
        (json!({"keys": [{"jwk": one_jwk, "alg": "ES256"}]}), "/issuers/0/keys/0/jwk", "algorithm"),
        (json!({"keys": [{"jwk": one_jwk, "pem": "x"}]}), "/issuers/0/keys/0", "exactly one"),
        (json!({"keys": [{"alg": "EdDSA"}]}), "/issuers/0/keys/0", "exactly one"),
        (json!({"keys": []}), "/issuers/0/keys", "at least one key"),
    ] {
        let error = load_all(&json!([issuer])).unwrap_err();
        assert!(error.starts_with(&format!("{place}: ")) && error.contains(says), "{issuer}: {error}");
    }
}

/// The public key of RFC 7515 appendix A.2, without `alg`, and its private half.
fn rsa() -> (Value, Value) {
    let examples: Value = serde_json::from_str(include_str!("examples/rfc.json")).unwrap();
    (examples["signatures"][1]["key"].clone(), examples["rfc_7515_a2_private_key"].clone())
}

#[test]
fn allowed_algorithms() {
    let (jwk, private) = rsa();
    let private = private.to_string();
    let mut claims = Claims::create(Duration::from_secs(60)).with_subject("alice");
    (claims.issued_at, claims.invalid_before) = (None, None);
    claims.expires_at = Some(UnixTimeStamp::from_secs(NOW + 60));
    let tokens = [
        ("RS256", RS256KeyPair::from_jwk(&private).unwrap().sign(claims.clone()).unwrap()),
        ("RS384", RS384KeyPair::from_jwk(&private).unwrap().sign(claims.clone()).unwrap()),
        ("PS256", PS256KeyPair::from_jwk(&private).unwrap().sign(claims).unwrap()),
        ("HS256", token(None, 1)),
    ];
    let pem = RS256KeyPair::from_jwk(&private).unwrap().public_key().to_pem().unwrap();
    let mut secret_key = secrets(&[(None, 1, None)]);
    secret_key.as_array_mut().unwrap().push(json!({"pem": pem, "alg": "RS384"}));
    let mut fixed = jwk.clone();
    fixed["alg"] = json!("PS256");
    for (issuer, accepted) in [
        (json!({"jwks": {"keys": [jwk]}, "algorithms": ["RS256"]}), vec!["RS256"]),
        (json!({"jwks": {"keys": [jwk]}, "algorithms": ["PS256", "RS384", "ES256"]}), vec!["RS384", "PS256"]),
        (json!({"keys": [{"jwk": jwk}], "algorithms": ["RS256", "PS256"]}), vec!["RS256", "PS256"]),
        (json!({"keys": [{"jwk": jwk, "alg": "RS384"}]}), vec!["RS384"]),
        (json!({"keys": [{"pem": pem, "alg": "PS256"}]}), vec!["PS256"]),
        (json!({"keys": [{"pem": pem}], "algorithms": ["RS256", "PS256"]}), vec!["RS256", "PS256"]),
        (json!({"keys": [{"jwk": fixed}]}), vec!["PS256"]),
        (json!({"keys": secret_key}), vec!["RS384", "HS256"]),
        (json!({"keys": secret_key, "algorithms": ["HS256", "RS384"]}), vec!["RS384", "HS256"]),
    ] {
        let gate = load(&json!([issuer]));
        for (algorithm, token) in &tokens {
            let expected = if accepted.contains(algorithm) { "-" } else { "algorithm_not_allowed" };
            assert_eq!(reason(&gate, token), expected, "{algorithm} for {issuer}");
        }
    }
    for (issuer, place) in [
        (json!({"jwks": {"keys": [jwk]}}), "/issuers/0/jwks/keys/0"),
        (json!({"jwks": {"keys": [jwk]}, "algorithms": ["ES256"]}), "/issuers/0/jwks/keys/0"),
        (json!({"keys": [{"jwk": jwk}]}), "/issuers/0/keys/0/jwk"),
        (json!({"keys": [{"pem": pem}]}), "/issuers/0/keys/0/pem"),
        (json!({"keys": [{"pem": pem, "alg": "ES256"}]}), "/issuers/0/keys/0/pem"),
        (json!({"keys": [{"pem": pem, "alg": "HS256"}]}), "/issuers/0/keys/0/pem"),
        (json!({"keys": [{"pem": pem, "alg": "RS256"}], "algorithms": ["PS256"]}), "/issuers/0/keys/0/alg"),
        (json!({"keys": [{"alg": "RS256", "secret": {"env": "S1"}}]}), "/issuers/0/keys/0/alg"),
        (json!({"keys": [{"secret": {"env": "S1"}}]}), "/issuers/0/keys/0/alg"),
        (json!({"keys": secrets(&[(None, 1, None)]), "algorithms": ["HS512"]}), "/issuers/0/keys/0/alg"),
        (json!({"keys": secrets(&[(None, 1, None)]), "algorithms": []}), "/issuers/0/algorithms"),
        (json!({"keys": secrets(&[(None, 1, None)]), "algorithms": ["none"]}), "/issuers/0/algorithms/0"),
        (json!({"keys": secrets(&[(None, 1, None)]), "algorithms": ["hs256"]}), "/issuers/0/algorithms/0"),
    ] {
        let error = load_all(&json!([issuer])).err().unwrap_or_else(|| panic!("{issuer} loads"));
        assert!(error.starts_with(&format!("{place}: ")), "{issuer}: {error}");
    }
}

/// CVE-2015-9235 and its many successors: what is public about a key as the secret of an HMAC.
#[test]
fn a_public_key_is_no_secret() {
    let (jwk, private) = rsa();
    let pem = RS256KeyPair::from_jwk(&private.to_string()).unwrap().public_key().to_pem().unwrap();
    let claims = json!({"sub": "alice", "exp": NOW + 60}).to_string();
    for issuer in [
        json!({"keys": [{"pem": pem, "alg": "RS256"}]}),
        json!({"jwks": {"keys": [jwk]}, "algorithms": ["RS256", "HS256"]}),
    ] {
        let gate = load(&json!([issuer]));
        let modulus = portcullis::base64url::decode(jwk["n"].as_str().unwrap()).unwrap();
        for known in
            [pem.clone(), format!(" {pem}"), pem.trim_end().to_owned(), jwk.to_string(), String::new()]
        {
            let forged = raw_token(r#"{"alg":"HS256"}"#, &claims, &known);
            assert_eq!(reason(&gate, &forged), "algorithm_not_allowed");
        }
        let key = HS256Key::from_bytes(&modulus);
        let forged = key.authenticate(Claims::create(Duration::from_secs(60)).with_subject("alice")).unwrap();
        assert_eq!(reason(&gate, &forged), "algorithm_not_allowed");
    }
}
