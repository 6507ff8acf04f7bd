//! The target `jwk_set`: any bytes as a JWK Set, of the operator's or of the public.
//!
//! Input: three bytes, then the set. The first is odd for a public source; the others choose the allowed algorithms, one
//! bit for each, most significant byte first.

use data_encoding::BASE64URL_NOPAD;
use num_bigint::BigUint;
use portcullis::jose::{Algorithm, KeySet, UnverifiedToken, VerificationKey};
use portcullis::jwk::{Jwk, JwkSet, JwkSetError, Source};
use portcullis::{UnixTime, limits};
use serde_json::{Map, Value};

use crate::json::{strict, survey};

/// The members of a private key.
const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth"];
/// Members whose values must not be repeated, of secrets and of private keys.
const SECRET: &[&str] = &["k", "d", "p", "q", "dp", "dq", "qi"];

/// Checks one input.
///
/// # Panics
///
/// If a property does not hold.
pub fn check(input: &[u8]) {
    let Some(([source, allowed @ ..], document)) = input.split_first_chunk::<3>() else { return };
    let source = if source % 2 == 0 { Source::Local } else { Source::Public };
    let allowed = u16::from_be_bytes(*allowed);
    let chosen = |(index, _): &(usize, &Algorithm)| allowed >> index & 1 == 1;
    let allowed: Vec<_> = Algorithm::ALL.iter().enumerate().filter(chosen).map(|(_, name)| *name).collect();

    let outcome = JwkSet::parse(document, source);
    assert_eq!(summary(&outcome), summary(&JwkSet::parse(document, source)), "two outcomes of one set");
    let value = strict(document);
    match (&outcome, &value) {
        (Ok(set), Some(value)) => {
            assert!(document.len() <= limits::JWK_SET_BYTES, "a set over the limit");
            // How it is spelled makes no difference.
            let again = JwkSet::parse(value.to_string().as_bytes(), source);
            assert_eq!(summary(&outcome), summary(&again), "another outcome for the same set");
            parsed(set, value, source);
            fixed(set, value, &allowed);
        }
        (Ok(_), None) => panic!("parsed, although it is no strict JSON"),
        (Err(error), _) => assert_discreet(error, document),
    }
}

/// Everything that can be seen of an outcome.
fn summary(outcome: &Result<JwkSet, JwkSetError>) -> String {
    match outcome {
        Ok(set) => {
            let key = |jwk: &Jwk| format!("{:?} {:?} {}", jwk.id(), jwk.algorithm(), jwk.thumbprint());
            format!("{:?} {:?}", set.keys().iter().map(key).collect::<Vec<_>>(), set.unused())
        }
        // Of JSON that is wrong, spelling decides where.
        Err(error) => format!("{error:?}"),
    }
}

/// Every key of the array was taken over as it is written or passed over for a reason, and none may not be there.
fn parsed(set: &JwkSet, document: &Value, source: Source) {
    let written = document["keys"].as_array().expect("a set has an array of keys");
    assert!(written.len() <= limits::JWK_SET_KEYS, "a set with too many keys");
    assert_eq!(set.keys().len() + set.unused().len(), written.len(), "a key is lost");
    assert!(set.unused().iter().all(|unused| unused.reason.is_ignorable()), "a wrong key was passed over");
    let mut ids: Vec<&str> = written.iter().filter_map(|jwk| jwk["kid"].as_str()).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "two keys with one kid");

    let used = |(index, _): &(usize, &Value)| set.unused().iter().all(|unused| unused.index != *index);
    let used: Vec<_> = written.iter().enumerate().filter(used).map(|(_, jwk)| jwk).collect();
    for (jwk, written) in set.keys().iter().zip(&used) {
        assert_eq!(jwk.id(), written.get("kid").and_then(Value::as_str), "another kid");
        assert_eq!(jwk.algorithm().map(|name| name.name()), written.get("alg").and_then(Value::as_str));
        assert!(
            written.get("use").is_none_or(|purpose| purpose == "sig"),
            "a key for another use: {written}"
        );
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|operations| operations.contains(&"verify".into()))
        };
        assert!(written.get("key_ops").is_none_or(verifies), "a key that does not verify: {written}");
        let secret = written["kty"] == "oct";
        assert_eq!(jwk.is_secret(), secret, "{written}");
        let private = PRIVATE.iter().any(|name| written.get(name).is_some());
        assert!(secret || !private, "a private key was taken for a public one");
        assert_eq!(jwk.thumbprint(), thumbprint(written), "another thumbprint: {written}");
    }
    let secrets = set.keys().iter().filter(|jwk| jwk.is_secret()).count();
    assert!(secrets == 0 || source == Source::Local, "a secret from the public");
    assert!(secrets == 0 || secrets == set.keys().len(), "secrets and public keys in one set");
}

/// [RFC 7638 section 3](https://www.rfc-editor.org/rfc/rfc7638#section-3), from the members as they are written.
fn thumbprint(jwk: &Value) -> String {
    let names: &[&str] = match jwk["kty"].as_str() {
        Some("EC") => &["crv", "kty", "x", "y"],
        Some("OKP") => &["crv", "kty", "x"],
        Some("RSA") => &["e", "kty", "n"],
        _ => &["k", "kty"],
    };
    // Without `preserve_order`, the members come out sorted, as they must.
    let required: Map<_, _> = names.iter().map(|name| ((*name).to_owned(), jwk[name].clone())).collect();
    BASE64URL_NOPAD.encode(&hmac_sha256::Hash::hash(Value::Object(required).to_string().as_bytes()))
}

/// Every key that a set gives is acceptable for the algorithm it is fixed to, which is allowed, and believes no signature
/// that anybody can make.
fn fixed(set: &JwkSet, document: &Value, allowed: &[Algorithm]) {
    let Ok(keys) = set.key_set(allowed) else { return };
    assert!(!keys.keys().is_empty(), "a set without a key");
    for key in keys.keys() {
        let algorithm = key.algorithm();
        assert!(allowed.is_empty() || allowed.contains(&algorithm), "{algorithm} is not allowed");
    }
    let written = document["keys"].as_array().into_iter().flatten();
    for jwk in set.keys() {
        let Ok(keys) = jwk.verification_keys(allowed) else { continue };
        let print = jwk.thumbprint();
        let written = written.clone().find(|written| thumbprint(written) == print).expect("it was written");
        for key in keys {
            assert_eq!(key.id(), jwk.id(), "another kid");
            assert!(jwk.algorithm().is_none_or(|own| own == key.algorithm()), "not the algorithm of the key");
            assert!(acceptable(written, &key), "{} with {written}", key.algorithm());
        }
    }
    for algorithm in Algorithm::ALL {
        for signature in forgeries() {
            let header = BASE64URL_NOPAD.encode(format!("{{\"alg\":\"{}\"}}", algorithm.name()).as_bytes());
            let token = format!("{header}.e30.{}", BASE64URL_NOPAD.encode(&signature));
            assert!(
                !verifies(&token, &keys),
                "{algorithm} believes a signature of {} bytes",
                signature.len()
            );
        }
    }
}

fn verifies(token: &str, keys: &KeySet) -> bool {
    let parsed = UnverifiedToken::parse(token, limits::TOKEN_BYTES).expect("the shape of a token");
    parsed.verify(keys, UnixTime::from_secs(0)).is_ok()
}

/// Signatures that need no secret where a verifier forgets a check: zeros (CVE-2022-21449), one, and for Ed25519 the
/// neutral point.
fn forgeries() -> Vec<Vec<u8>> {
    let mut forgeries: Vec<Vec<u8>> = [32, 48, 64, 96, 132, 256].map(|length| vec![0; length]).into();
    let mut one = vec![0; 256];
    one[255] = 1;
    let mut neutral = vec![0; 64];
    neutral[0] = 1;
    forgeries.extend([one, neutral]);
    forgeries
}

/// Whether a key is what RFC 7518 asks of its algorithm, and no weaker than the limits say.
fn acceptable(jwk: &Value, key: &VerificationKey) -> bool {
    let name = key.algorithm().name();
    let number = |member: &str| {
        let bytes = BASE64URL_NOPAD.decode(jwk[member].as_str().unwrap_or_default().as_bytes());
        BigUint::from_bytes_be(&bytes.unwrap_or_default())
    };
    let bytes = |member: &str| jwk[member].as_str().map_or(0, |text| text.len() * 3 / 4);
    match (jwk["kty"].as_str().unwrap_or_default(), jwk["crv"].as_str().unwrap_or_default()) {
        ("oct", _) => {
            let bits: Option<usize> = name.strip_prefix("HS").and_then(|bits| bits.parse().ok());
            bits.is_some_and(|bits| bytes("k") >= bits / 8)
        }
        ("RSA", _) => {
            let (modulus, exponent) = (number("n"), number("e"));
            let bits = usize::try_from(modulus.bits()).unwrap_or(usize::MAX);
            (name.starts_with("RS") || name.starts_with("PS"))
                && (limits::RSA_BITS_MIN..=limits::RSA_BITS_MAX).contains(&bits)
                && modulus.bit(0)
                && exponent.bit(0)
                && exponent >= BigUint::from(limits::RSA_EXPONENT_MIN)
                && exponent <= BigUint::from(limits::RSA_EXPONENT_MAX)
        }
        ("EC", curve) => CURVES.iter().any(|known| {
            known.name == curve && known.algorithm == name && known.has(&number("x"), &number("y"))
        }),
        ("OKP", "Ed25519") => ["EdDSA", "Ed25519"].contains(&name) && bytes("x") == 32,
        _ => false,
    }
}

/// A curve y² = x³ - 3x + b over the integers modulo p: FIPS 186-5, SP 800-186 section 3.2.1.
struct Curve {
    name: &'static str,
    algorithm: &'static str,
    p: &'static str,
    b: &'static str,
}

const CURVES: &[Curve] = &[
    Curve {
        name: "P-256",
        algorithm: "ES256",
        p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    },
    Curve {
        name: "P-384",
        algorithm: "ES384",
        p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe\
            ffffffff0000000000000000ffffffff",
        b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a\
            c656398d8a2ed19d2a85c8edd3ec2aef",
    },
    Curve {
        name: "P-521",
        algorithm: "ES512",
        p: "1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
            ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        b: "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109\
            e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    },
];

impl Curve {
    /// Whether the point lies on the curve, with coordinates in their one form.
    fn has(&self, x: &BigUint, y: &BigUint) -> bool {
        let number =
            |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).expect("the constants are hexadecimal");
        let (p, b) = (number(self.p), number(self.b));
        // The coefficient of x, -3, as a number that is not negative.
        let a = &p - 3_u8;
        let right = (x.modpow(&3_u8.into(), &p) + a * x + b) % &p;
        x < &p && y < &p && (y * y) % &p == right
    }
}

/// Panics if an error repeats what a secret or a private key holds.
fn assert_discreet(error: &JwkSetError, document: &[u8]) {
    let told = format!("{error} {error:?}");
    assert!(!error.to_string().is_empty(), "an error that says nothing");
    let (value, survey) = survey(document);
    let mut values = Vec::new();
    value.iter().for_each(|value| secrets(value, &mut values));
    for value in values.iter().filter(|value| value.len() >= 16) {
        let named = survey.names.iter().any(|name| name.contains(*value));
        assert!(named || !told.contains(*value), "a secret in {told:?}");
    }
}

fn secrets<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| secrets(element, found)),
        Value::Object(members) => {
            for (name, value) in members {
                found.extend(value.as_str().filter(|_| SECRET.contains(&name.as_str())));
                secrets(value, found);
            }
        }
        _ => {}
    }
}
