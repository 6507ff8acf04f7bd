//! JWK Sets at the moment they are loaded: what is passed over, and what makes the whole set wrong.

use portcullis::jose::{Algorithm, KeyError};
use portcullis::jwk::{JwkError, JwkSet, JwkSetError, Source, UnusedKey};
use portcullis::{base64url, limits};
use serde_json::{Value, json};

fn rsa(id: &str) -> Value {
    let examples: Value = serde_json::from_str(include_str!("examples/rfc.json")).unwrap();
    let mut key = examples["signatures"][1]["key"].clone();
    key["kid"] = json!(id);
    key["alg"] = json!("RS256");
    key
}

fn okp(id: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": id})
}

fn oct(id: &str) -> Value {
    json!({"kty": "oct", "alg": "HS256", "k": base64url::encode(&[0x5a; 32]), "kid": id})
}

fn with(mut key: Value, name: &str, value: impl Into<Value>) -> Value {
    key.as_object_mut().unwrap().insert(name.to_owned(), value.into());
    key
}

fn parse(keys: &[Value], source: Source) -> Result<JwkSet, JwkSetError> {
    JwkSet::parse(json!({ "keys": keys }).to_string().as_bytes(), source)
}

#[test]
fn keys_for_somebody_else_are_passed_over_and_named() {
    let keys = [
        with(rsa("encryption"), "use", "enc"),
        rsa("one"),
        json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "bitcoin"}),
        json!({"kty": "OKP", "crv": "X25519", "x": "AA"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
        with(rsa("wrapping"), "alg", "RSA-OAEP-256"),
        with(rsa("signing"), "key_ops", json!(["sign"])),
        with(rsa("nothing"), "key_ops", json!([])),
        okp("two"),
        with(okp("none"), "alg", "none"),
    ];
    let expected = [
        (0, JwkError::OtherUse),
        (2, JwkError::UnknownType),
        (3, JwkError::UnknownType),
        (4, JwkError::UnknownAlgorithm),
        (5, JwkError::UnknownAlgorithm),
        (6, JwkError::OtherUse),
        (7, JwkError::OtherUse),
        (9, JwkError::UnknownAlgorithm),
    ];
    for source in [Source::Public, Source::Local] {
        let set = parse(&keys, source).unwrap();
        let unused: Vec<_> = set.unused().iter().map(|key| (key.index, key.reason.clone())).collect();
        assert_eq!(unused, expected);
        assert_eq!(set.keys().iter().map(|key| key.id().unwrap()).collect::<Vec<_>>(), ["one", "two"]);
        let algorithms: Vec<_> = set
            .key_set(&[])
            .unwrap()
            .keys()
            .iter()
            .map(|key| (key.id().unwrap().to_owned(), key.algorithm()))
            .collect();
        let expected = [("one".to_owned(), Algorithm::RS256), ("two".to_owned(), Algorithm::EdDSA)];
        assert_eq!(algorithms, expected);
    }
    // Those that fit none of the allowed algorithms are left out, too.
    let set = parse(&keys, Source::Public).unwrap();
    assert_eq!(set.key_set(&[Algorithm::EdDSA]).unwrap().keys().len(), 1);
    assert_eq!(set.key_set(&[Algorithm::ES512]).unwrap_err(), JwkSetError::Empty);
}

/// The place is that in the document, also when earlier keys were passed over.
#[test]
fn a_wrong_key_is_named_by_its_place() {
    let ignored = with(rsa("encryption"), "use", "enc");
    let mut nameless = rsa("nameless");
    nameless.as_object_mut().unwrap().remove("alg");
    let set = parse(&[ignored.clone(), rsa("one"), nameless], Source::Public).unwrap();
    let expected = JwkSetError::Key { index: 2, error: JwkError::AlgorithmNeeded };
    assert_eq!(set.key_set(&[]).unwrap_err(), expected);
    let private = with(okp("private"), "d", "AAAA");
    let expected = JwkSetError::Key { index: 2, error: JwkError::Private("d") };
    assert_eq!(parse(&[ignored, rsa("one"), private], Source::Public).unwrap_err(), expected);
}

/// RFC 7517 section 5: what is wrong with one key is nothing against the others.
#[test]
fn weak_and_malformed_keys_are_passed_over_and_named() {
    let ignored = with(rsa("encryption"), "use", "enc");
    let weak = with(rsa("weak"), "e", "Aw");
    let damaged = with(okp("damaged"), "x", "AAAA");
    let set = parse(&[ignored, ignored_again(), weak.clone(), damaged, json!(7), rsa("one")], Source::Public)
        .unwrap();
    let unused: Vec<_> = set.unused().iter().map(|key| (key.index, key.reason.clone())).collect();
    let expected = [
        (0, JwkError::OtherUse),
        (1, JwkError::UnknownType),
        (3, JwkError::Member("x")),
        (4, JwkError::NotAnObject),
    ];
    assert_eq!(unused, expected);
    let left_out: Vec<_> = set.left_out(&[]).into_iter().map(|key| (key.index, key.reason)).collect();
    assert_eq!(left_out, [(2, JwkError::Key(KeyError::Exponent))]);
    let keys = set.key_set(&[]).unwrap();
    assert_eq!(keys.keys().iter().map(|key| key.id()).collect::<Vec<_>>(), [Some("one")]);
    assert_eq!(parse(&[weak], Source::Public).unwrap().key_set(&[]).unwrap_err(), JwkSetError::Empty);
    // What must not be public is told of, whatever else is wrong with it.
    for (member, error) in [
        (json!({"kid": "a", "d": "AQAB"}), JwkSetError::Key { index: 1, error: JwkError::Private("d") }),
        (json!({"kty": 7, "p": "AQAB"}), JwkSetError::Key { index: 1, error: JwkError::Private("p") }),
        (json!({"kid": "a", "k": "AQAB"}), JwkSetError::Secret { index: 1 }),
    ] {
        assert_eq!(parse(&[rsa("one"), member], Source::Public).unwrap_err(), error);
    }
}

fn ignored_again() -> Value {
    json!({"kty": "EC", "crv": "secp256k1"})
}

#[test]
fn what_makes_a_whole_set_wrong() {
    use Source::{Local, Public};
    let duplicate = |index| JwkSetError::DuplicateId { index };
    for (keys, source, expected) in [
        (vec![rsa("one"), rsa("one")], Public, duplicate(1)),
        (vec![rsa("one"), okp("two"), okp("one")], Local, duplicate(2)),
        // Not even with a key that is not used.
        (vec![with(rsa("one"), "use", "enc"), rsa("one")], Public, duplicate(1)),
        (vec![rsa("one"), json!({"kty": "new", "kid": "one"})], Public, duplicate(1)),
        (vec![oct("one")], Public, JwkSetError::Secret { index: 0 }),
        (vec![rsa("one"), oct("two")], Public, JwkSetError::Secret { index: 1 }),
        (vec![rsa("one"), oct("two")], Local, JwkSetError::Mixed),
        (vec![oct("one"), okp("two")], Local, JwkSetError::Mixed),
    ] {
        assert_eq!(parse(&keys, source).unwrap_err(), expected, "{keys:?}");
    }
    assert_eq!(parse(&[oct("one"), oct("two")], Local).unwrap().keys().len(), 2);
    // Without a name there is none to share.
    let nameless = |mut key: Value| {
        key.as_object_mut().unwrap().remove("kid");
        key
    };
    assert_eq!(parse(&[nameless(rsa("")), nameless(okp(""))], Public).unwrap().keys().len(), 2);
}

#[test]
fn documents() {
    let parse = |text: &str| JwkSet::parse(text.as_bytes(), Source::Public);
    for text in [
        "[]",
        "7",
        "{}",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":"AQAB"}"#,
        r#"{"Keys":[]}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    ] {
        assert_eq!(parse(text).unwrap_err(), JwkSetError::NotASet, "{text}");
    }
    let key = okp("one").to_string();
    for text in [
        String::new(),
        "{".to_owned(),
        r#"{"keys":[]}}"#.to_owned(),
        format!(r#"{{"keys":[{key}],"keys":[{key}]}}"#),
        format!(r#"{{"keys":[{}]}}"#, key.replace("\"kid\":", "\"kid\":\"two\",\"kid\":")),
        format!("{}{}", "[".repeat(2000), "]".repeat(2000)),
    ] {
        assert!(matches!(parse(&text).unwrap_err(), JwkSetError::NotJson(_)), "{text}");
    }
    for (element, reason) in [("7", JwkError::NotAnObject), ("{}", JwkError::Missing("kty"))] {
        let text = format!(r#"{{"keys":[{key},{element}]}}"#);
        assert_eq!(parse(&text).unwrap().unused(), [UnusedKey { index: 1, reason }]);
    }
    assert_eq!(parse(r#"{"keys":[]}"#).unwrap().key_set(&[]).unwrap_err(), JwkSetError::Empty);
    // Other members are nobody's business.
    assert_eq!(parse(&format!(r#"{{"version":1,"keys":[{key}]}}"#)).unwrap().keys().len(), 1);
}

#[test]
fn ceilings() {
    let keys = |count: usize| (0..count).map(|index| okp(&index.to_string())).collect::<Vec<_>>();
    assert_eq!(parse(&keys(32), Source::Public).unwrap().key_set(&[]).unwrap().keys().len(), 32);
    assert_eq!(parse(&keys(33), Source::Public).unwrap_err(), JwkSetError::TooMany);
    let ignored = vec![json!({"kty": "new"}); 33];
    assert_eq!(parse(&ignored, Source::Public).unwrap_err(), JwkSetError::TooMany);

    let document = json!({ "keys": keys(2) }).to_string();
    let padded = |bytes: usize| format!("{document}{}", " ".repeat(bytes - document.len()));
    assert_eq!(limits::JWK_SET_BYTES, 65_536);
    assert!(JwkSet::parse(padded(65_536).as_bytes(), Source::Public).is_ok());
    let error = JwkSet::parse(padded(65_537).as_bytes(), Source::Public).unwrap_err();
    assert_eq!(error, JwkSetError::TooLarge);
}
