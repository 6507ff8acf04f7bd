//! JWKs and JWK Sets at the moment they are loaded: which are used, which are passed over, and which are refused.

use portcullis::jose::{Algorithm, KeyError};
use portcullis::jwk::{Jwk, JwkError, JwkSet, JwkSetError, Source};
use portcullis::{base64url, limits};
use portcullis_tests::hex;
use serde_json::{Value, json};

/// The public keys of RFC 7515 appendix A.1 to A.4 and RFC 8037 appendix A.2.
fn key(kty: &str, algorithm: &str) -> Value {
    let examples: Value = serde_json::from_str(include_str!("examples/rfc.json")).unwrap();
    let signatures = examples["signatures"].as_array().unwrap();
    let with = signatures.iter().find(|example| example["key"]["kty"] == kty && example["alg"] == algorithm);
    with.unwrap()["key"].clone()
}

fn rsa() -> Value {
    key("RSA", "RS256")
}

fn ec() -> Value {
    key("EC", "ES256")
}

fn okp() -> Value {
    key("OKP", "EdDSA")
}

fn oct() -> Value {
    json!({"kty": "oct", "k": base64url::encode(&[0x5a; 64])})
}

fn with(mut key: Value, name: &str, value: impl Into<Value>) -> Value {
    key.as_object_mut().unwrap().insert(name.to_owned(), value.into());
    key
}

fn without(mut key: Value, name: &str) -> Value {
    key.as_object_mut().unwrap().remove(name).unwrap();
    key
}

/// Why a key cannot be read, or cannot be fixed to `algorithm`.
fn refusal(key: &Value, algorithm: Algorithm) -> Option<JwkError> {
    let jwk = Jwk::parse(key.to_string().as_bytes());
    jwk.and_then(|jwk| jwk.verification_keys(&[algorithm])).err()
}

fn numbers(bytes: &[u8]) -> String {
    base64url::encode(bytes)
}

#[test]
fn the_keys_all_others_are_made_from_are_good() {
    for (key, algorithm) in [
        (rsa(), Algorithm::RS256),
        (rsa(), Algorithm::PS512),
        (ec(), Algorithm::ES256),
        (key("EC", "ES512"), Algorithm::ES512),
        (okp(), Algorithm::EdDSA),
        (okp(), Algorithm::Ed25519),
        (oct(), Algorithm::HS512),
        (with(with(rsa(), "use", "sig"), "key_ops", json!(["verify"])), Algorithm::RS384),
        (with(ec(), "key_ops", json!(["verify", "sign"])), Algorithm::ES256),
        // Nothing hangs on these: a certificate is a statement about a key, not the key.
        (with(with(rsa(), "x5c", json!(["AAAA"])), "x5t", "AAAA"), Algorithm::RS256),
        (with(ec(), "https://example.com/more", json!({"a": [1]})), Algorithm::ES256),
    ] {
        assert_eq!(refusal(&key, algorithm), None, "{key}");
    }
}

#[test]
fn rsa_moduli() {
    let sized = |bits: usize| {
        let mut bytes: Vec<u8> =
            (0..bits.div_ceil(8)).map(|at| u8::try_from(at * 37 % 251).unwrap()).collect();
        let spare = bytes.len() * 8 - bits;
        bytes[0] = 0x80 >> spare;
        *bytes.last_mut().unwrap() |= 1;
        with(rsa(), "n", numbers(&bytes))
    };
    for bits in [512, 1024, 2040, 2047, 8193, 8200, 16_384] {
        let expected = JwkError::Key(KeyError::ModulusSize { bits });
        assert_eq!(refusal(&sized(bits), Algorithm::RS256), Some(expected));
    }
    for bits in [2048, 2049, 3072, 4096, 8191, 8192] {
        assert_eq!(refusal(&sized(bits), Algorithm::PS384), None, "{bits}");
    }
    let modulus = base64url::decode(rsa()["n"].as_str().unwrap()).unwrap();
    let mut even = modulus.clone();
    *even.last_mut().unwrap() &= 0xfe;
    // The modulus of Wycheproof's json_web_key_test 7, made by the generator of CVE-2017-15361.
    let roca = "AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16HGaTDUHqPrId7fe4r11CqRw09yBFuW79V8sYIwHdzCaWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mwZM9wREPXoDPgOoIWl6q_MPsp7n0zs3Z5ZaiQWOOzl1S9OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7NaFka8Dx9U7YqXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wSyHQg_c_qHRtKUsNSGCT7OZg0hzm2KphtjnayKJvC64vAbROBR4Ubg6Bxg9IQVZ-QYyE";
    for weak in [numbers(&even), roca.to_owned()] {
        let expected = JwkError::Key(KeyError::ModulusWeak);
        assert_eq!(refusal(&with(rsa(), "n", weak), Algorithm::RS256), Some(expected));
    }
    for spelling in [
        numbers(&[&[0], modulus.as_slice()].concat()),
        String::new(),
        format!("{}=", rsa()["n"].as_str().unwrap()),
        rsa()["n"].as_str().unwrap().replace('_', "/").replace('-', "+"),
        format!(" {}", rsa()["n"].as_str().unwrap()),
    ] {
        let key = with(rsa(), "n", spelling);
        assert_eq!(refusal(&key, Algorithm::RS256), Some(JwkError::Member("n")), "{}", key["n"]);
    }
}

#[test]
fn rsa_exponents() {
    for (exponent, accepted) in [
        ("03", false),
        ("01", false),
        ("11", false),
        ("ffff", false),
        ("010000", false),
        ("010001", true),
        ("010002", false),
        ("010003", true),
        ("01ffffffff", true),
        ("0200000001", false),
        ("ffffffffffffffff", false),
        // What would be 65537 if only the last eight bytes counted.
        ("010000000000010001", false),
    ] {
        let key = with(rsa(), "e", numbers(&hex(exponent)));
        let expected = if accepted { None } else { Some(JwkError::Key(KeyError::Exponent)) };
        assert_eq!(refusal(&key, Algorithm::RS256), expected, "{exponent}");
    }
    for exponent in ["00010001", "00", ""] {
        let key = with(rsa(), "e", numbers(&hex(exponent)));
        assert_eq!(refusal(&key, Algorithm::RS256), Some(JwkError::Member("e")), "{exponent}");
    }
    // As long as the modulus.
    let key = with(rsa(), "e", rsa()["n"].clone());
    assert_eq!(refusal(&key, Algorithm::RS256), Some(JwkError::Key(KeyError::Exponent)));
}

#[test]
fn points_on_curves() {
    for (algorithm, bytes) in [("ES256", 32), ("ES512", 66)] {
        let good = key("EC", algorithm);
        let algorithm = Algorithm::from_name(algorithm).unwrap();
        for name in ["x", "y"] {
            let coordinate = base64url::decode(good[name].as_str().unwrap()).unwrap();
            let mut moved = coordinate.clone();
            moved[bytes - 1] ^= 1;
            let off_curve = [moved, vec![0; bytes], vec![0xff; bytes]];
            for bytes in off_curve {
                let key = with(good.clone(), name, numbers(&bytes));
                assert_eq!(refusal(&key, algorithm), Some(JwkError::Key(KeyError::NotOnCurve)), "{key}");
            }
            let wrong_length =
                [&coordinate[1..], &coordinate[..bytes - 1], &[&[0], coordinate.as_slice()].concat(), &[]];
            for bytes in wrong_length {
                let key = with(good.clone(), name, numbers(bytes));
                assert_eq!(refusal(&key, algorithm), Some(JwkError::Member(name)), "{key}");
            }
            assert_eq!(refusal(&without(good.clone(), name), algorithm), Some(JwkError::Missing(name)));
        }
        let zero = with(with(good.clone(), "x", numbers(&vec![0; bytes])), "y", numbers(&vec![0; bytes]));
        assert_eq!(refusal(&zero, algorithm), Some(JwkError::Key(KeyError::NotOnCurve)));
        let swapped = with(with(good.clone(), "x", good["y"].clone()), "y", good["x"].clone());
        assert_eq!(refusal(&swapped, algorithm), Some(JwkError::Key(KeyError::NotOnCurve)));
    }
    // x + p, which is the same point to whoever does not look: p = 2^256 - 2^224 + 2^192 + 2^96 - 1, and (0, y) is on it.
    let y = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
    let on_curve = |x: &str| with(with(ec(), "x", numbers(&hex(x))), "y", numbers(&hex(y)));
    assert_eq!(refusal(&on_curve(&"00".repeat(32)), Algorithm::ES256), None);
    let p = on_curve("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    assert_eq!(refusal(&p, Algorithm::ES256), Some(JwkError::Key(KeyError::NotOnCurve)));
}

#[test]
fn ed25519_points() {
    // The eight points of small order, and the other spellings of three of them: for each, anybody can sign.
    for point in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        let key = with(okp(), "x", numbers(&hex(point)));
        assert_eq!(refusal(&key, Algorithm::EdDSA), Some(JwkError::Key(KeyError::NotOnCurve)), "{point}");
    }
    // RFC 8032 section 5.1.3: a y-coordinate of p or more is none, whether or not there is such a point.
    let mut spelled_otherwise = Vec::new();
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (low, high);
            let key = with(okp(), "x", numbers(&bytes));
            if refusal(&key, Algorithm::EdDSA).is_none() {
                spelled_otherwise.push((low, high));
            }
        }
    }
    assert!(spelled_otherwise.is_empty(), "not canonical, and accepted: {spelled_otherwise:x?}");
    // No x-coordinate belongs to y = 2.
    let key = with(okp(), "x", numbers(&[&[2], [0; 31].as_slice()].concat()));
    assert_eq!(refusal(&key, Algorithm::EdDSA), Some(JwkError::Key(KeyError::NotOnCurve)));
    for bytes in [0, 31, 33, 64] {
        let key = with(okp(), "x", numbers(&vec![7; bytes]));
        assert_eq!(refusal(&key, Algorithm::EdDSA), Some(JwkError::Member("x")), "{bytes}");
    }
}

#[test]
fn secrets() {
    for (algorithm, min_bytes) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        for bytes in [1, min_bytes - 1] {
            let expected = JwkError::Key(KeyError::SecretTooShort { min_bytes });
            let key = with(oct(), "k", numbers(&vec![7; bytes]));
            assert_eq!(refusal(&key, algorithm), Some(expected), "{algorithm}");
        }
        assert_eq!(refusal(&with(oct(), "k", numbers(&vec![7; min_bytes])), algorithm), None, "{algorithm}");
        assert!(refusal(&with(oct(), "k", ""), algorithm).is_some(), "{algorithm}");
    }
    assert_eq!(refusal(&without(oct(), "k"), Algorithm::HS256), Some(JwkError::Missing("k")));
    for spelling in ["AA==", "A", "AB", "+/+/", "a b"] {
        let key = with(oct(), "k", spelling);
        assert_eq!(refusal(&key, Algorithm::HS256), Some(JwkError::Member("k")), "{spelling}");
    }
    // What another key's text is worth as a secret does not matter: it is of another type.
    for algorithm in [Algorithm::HS256, Algorithm::HS512] {
        for key in [rsa(), ec(), okp()] {
            assert_eq!(refusal(&key, algorithm), Some(JwkError::AlgorithmNotAllowed));
        }
    }
}

#[test]
fn private_members() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        for key in [rsa(), ec(), okp(), json!({"kty": "EC", "crv": "secp256k1"}), json!({"kty": "new"})] {
            for key in [with(key.clone(), name, "AQAB"), with(with(key, name, Value::Null), "use", "enc")] {
                assert_eq!(
                    Jwk::parse(key.to_string().as_bytes()).unwrap_err(),
                    JwkError::Private(name),
                    "{key}"
                );
                let set = json!({"keys": [rsa(), key]}).to_string();
                for source in [Source::Public, Source::Local] {
                    let expected = JwkSetError::Key { index: 1, error: JwkError::Private(name) };
                    assert_eq!(JwkSet::parse(set.as_bytes(), source).unwrap_err(), expected, "{set}");
                }
            }
        }
    }
}

#[test]
fn members_of_the_wrong_kind() {
    for (key, expected) in [
        (json!([]), JwkError::NotAnObject),
        (json!("AQAB"), JwkError::NotAnObject),
        (json!({}), JwkError::Missing("kty")),
        (with(rsa(), "kty", 7), JwkError::Member("kty")),
        (with(rsa(), "kty", "rsa"), JwkError::UnknownType),
        (with(rsa(), "kid", 7), JwkError::Member("kid")),
        (with(rsa(), "kid", ""), JwkError::Member("kid")),
        (with(rsa(), "kid", "k".repeat(limits::KEY_ID_BYTES + 1)), JwkError::Member("kid")),
        (with(rsa(), "use", json!(["sig"])), JwkError::Member("use")),
        (with(rsa(), "use", Value::Null), JwkError::Member("use")),
        (with(rsa(), "key_ops", "verify"), JwkError::Member("key_ops")),
        (with(rsa(), "key_ops", json!([7])), JwkError::Member("key_ops")),
        (with(rsa(), "key_ops", json!(["verify", "verify"])), JwkError::Member("key_ops")),
        (with(rsa(), "alg", json!(["RS256"])), JwkError::Member("alg")),
        (with(rsa(), "n", 7), JwkError::Member("n")),
        (with(rsa(), "e", 65_537), JwkError::Member("e")),
        (without(rsa(), "n"), JwkError::Missing("n")),
        (without(rsa(), "e"), JwkError::Missing("e")),
        (without(ec(), "crv"), JwkError::Missing("crv")),
        (with(ec(), "crv", 256), JwkError::Member("crv")),
        (with(ec(), "crv", "Ed25519"), JwkError::Member("crv")),
        (with(okp(), "crv", "P-256"), JwkError::Member("crv")),
        (without(okp(), "x"), JwkError::Missing("x")),
        (with(ec(), "crv", "P-384"), JwkError::Member("x")),
        (with(rsa(), "alg", "ES256"), JwkError::Key(KeyError::WrongType)),
        (with(rsa(), "alg", "HS256"), JwkError::Key(KeyError::WrongType)),
        (with(oct(), "alg", "RS256"), JwkError::Key(KeyError::WrongType)),
        (with(ec(), "alg", "ES384"), JwkError::Key(KeyError::WrongType)),
        (with(ec(), "alg", "EdDSA"), JwkError::Key(KeyError::WrongType)),
    ] {
        assert_eq!(Jwk::parse(key.to_string().as_bytes()).unwrap_err(), expected, "{key}");
    }
    for text in ["", "{", "{}x", r#"{"kty":"RSA","kty":"oct"}"#, r#"{"kty":"EC","a":{"b":1,"b":2}}"#] {
        assert!(matches!(Jwk::parse(text.as_bytes()), Err(JwkError::NotJson(_))), "{text}");
    }
    let longest = with(rsa(), "x", " ".repeat(limits::JWK_SET_BYTES)).to_string();
    assert_eq!(Jwk::parse(longest.as_bytes()).unwrap_err(), JwkError::TooLarge);
}

#[test]
fn a_key_is_fixed_to_one_algorithm() {
    let keys = |key: &Value, allowed: &[Algorithm]| {
        let jwk = Jwk::parse(key.to_string().as_bytes()).unwrap();
        let keys = jwk.verification_keys(allowed)?;
        Ok::<_, JwkError>(keys.iter().map(portcullis::jose::VerificationKey::algorithm).collect::<Vec<_>>())
    };
    use Algorithm::{ES256, ES512, Ed25519, EdDSA, HS256, HS512, PS256, RS256};
    let own = |key: &Value| Jwk::parse(key.to_string().as_bytes()).unwrap().algorithm();
    assert_eq!((own(&rsa()), own(&with(rsa(), "alg", "PS256"))), (None, Some(PS256)));
    assert_eq!(keys(&rsa(), &[]), Err(JwkError::AlgorithmNeeded));
    assert_eq!(keys(&oct(), &[]), Err(JwkError::AlgorithmNeeded));
    assert_eq!(keys(&rsa(), &[RS256, ES256, PS256]), Ok(vec![RS256, PS256]));
    assert_eq!(keys(&oct(), &[RS256, HS512]), Ok(vec![HS512]));
    assert_eq!(keys(&rsa(), &[ES256, HS256]), Err(JwkError::AlgorithmNotAllowed));
    assert_eq!(keys(&with(rsa(), "alg", "PS256"), &[]), Ok(vec![PS256]));
    assert_eq!(keys(&with(rsa(), "alg", "PS256"), &[RS256, PS256]), Ok(vec![PS256]));
    assert_eq!(keys(&with(rsa(), "alg", "PS256"), &[RS256]), Err(JwkError::AlgorithmNotAllowed));
    assert_eq!(keys(&ec(), &[]), Ok(vec![ES256]));
    assert_eq!(keys(&ec(), &[ES512]), Err(JwkError::AlgorithmNotAllowed));
    assert_eq!(keys(&okp(), &[]), Ok(vec![EdDSA]));
    assert_eq!(keys(&okp(), &[Ed25519]), Ok(vec![Ed25519]));
    // Both of its names, where both are allowed.
    assert_eq!(keys(&okp(), &[EdDSA, Ed25519]), Ok(vec![EdDSA, Ed25519]));
    assert_eq!(keys(&with(okp(), "alg", "Ed25519"), &[]), Ok(vec![Ed25519]));
    assert_eq!(keys(&with(okp(), "alg", "Ed25519"), &[EdDSA]), Err(JwkError::AlgorithmNotAllowed));
}
