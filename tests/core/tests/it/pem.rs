//! Public keys as PEM documents. Those in `examples/pem.json` and the signatures beside them were made by OpenSSL.

use jwt_simple::prelude::{ES256KeyPair, Ed25519KeyPair, RS256KeyPair};
use portcullis::base64url;
use portcullis::jose::{Algorithm, KeyError, PemError, PublicKey, VerificationKey};
use portcullis_tests::hex;
use serde_json::Value;

fn examples() -> Value {
    serde_json::from_str(include_str!("examples/pem.json")).unwrap()
}

/// The document of the accepted example called `what`.
fn accepted(what: &str) -> String {
    let examples = examples();
    let example = examples["accepted"].as_array().unwrap().iter().find(|example| example["what"] == what);
    example.unwrap()["pem"].as_str().unwrap().to_owned()
}

#[test]
fn keys_verify_the_signatures_beside_them() {
    let examples = examples();
    let message = examples["message"].as_str().unwrap().as_bytes();
    let mut verified = 0;
    for example in examples["accepted"].as_array().unwrap() {
        let key = PublicKey::from_pem(example["pem"].as_str().unwrap()).unwrap();
        let signatures = example["signatures"].as_object().unwrap();
        for algorithm in Algorithm::ALL.iter().copied() {
            let fixed = VerificationKey::from_public_key(None, algorithm, &key);
            let Some(signature) = signatures.get(algorithm.name()) else {
                assert_eq!(fixed.unwrap_err(), KeyError::WrongType, "{algorithm} {}", example["what"]);
                continue;
            };
            let signature = base64url::decode(signature.as_str().unwrap()).unwrap();
            let fixed = fixed.unwrap();
            assert!(fixed.verify(message, &signature).is_ok(), "{algorithm} {}", example["what"]);
            assert!(fixed.verify(b"portcullus", &signature).is_err(), "{algorithm} {}", example["what"]);
            verified += 1;
        }
    }
    assert_eq!(verified, 6 + 6 + 3 + 2);
}

#[test]
fn the_only_algorithm_of_a_key() {
    for (what, algorithm) in [
        ("RSA, SubjectPublicKeyInfo", None),
        ("RSA, PKCS#1", None),
        ("P-256", Some(Algorithm::ES256)),
        ("P-384", Some(Algorithm::ES384)),
        ("P-521", Some(Algorithm::ES512)),
        ("Ed25519", Some(Algorithm::EdDSA)),
    ] {
        assert_eq!(PublicKey::from_pem(&accepted(what)).unwrap().only_algorithm(), algorithm, "{what}");
    }
}

#[test]
fn both_forms_of_an_rsa_key_are_the_same_key() {
    let (spki, pkcs1) = (accepted("RSA, SubjectPublicKeyInfo"), accepted("RSA, PKCS#1"));
    assert_eq!(PublicKey::from_pem(&spki).unwrap(), PublicKey::from_pem(&pkcs1).unwrap());
}

#[test]
fn line_ends_and_space_around_do_not_matter() {
    let pem = accepted("P-256");
    let key = PublicKey::from_pem(&pem).unwrap();
    for same in [pem.trim_end().to_owned(), pem.replace('\n', "\r\n"), format!("\n  {pem}\n\n")] {
        assert_eq!(PublicKey::from_pem(&same), Ok(key.clone()), "{same:?}");
    }
}

#[test]
fn other_documents() {
    let examples = examples();
    for example in examples["refused"].as_array().unwrap() {
        let error = PublicKey::from_pem(example["pem"].as_str().unwrap()).unwrap_err();
        assert_eq!(format!("{error:?}"), example["error"].as_str().unwrap(), "{}", example["what"]);
    }
}

#[test]
fn private_keys() {
    for pem in [
        // The library writes the public half behind the private one.
        Ed25519KeyPair::generate()
            .to_pem()
            .split_inclusive("-----END PRIVATE KEY-----")
            .next()
            .unwrap()
            .to_owned(),
        ES256KeyPair::generate().to_pem().unwrap(),
        RS256KeyPair::from_jwk(&rfc_7515_a2_private_key()).unwrap().to_pem().unwrap(),
    ] {
        assert!(pem.contains("PRIVATE KEY-----"));
        assert_eq!(PublicKey::from_pem(&pem), Err(PemError::Private));
        // Nor is one a public key because it is called so.
        let renamed = pem.replace("RSA PRIVATE KEY", "PUBLIC KEY").replace("PRIVATE KEY", "PUBLIC KEY");
        assert_eq!(PublicKey::from_pem(&renamed), Err(PemError::NotDer));
    }
    let body = accepted("P-256").replace("PUBLIC KEY", "LABEL");
    for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        assert_eq!(PublicKey::from_pem(&body.replace("LABEL", label)), Err(PemError::Private), "{label}");
    }
}

fn rfc_7515_a2_private_key() -> String {
    let examples: Value = serde_json::from_str(include_str!("examples/rfc.json")).unwrap();
    examples["rfc_7515_a2_private_key"].to_string()
}

#[test]
fn damaged_documents() {
    let pem = accepted("P-256");
    let lines: Vec<&str> = pem.lines().collect();
    let (first, last) = (lines[0], lines[lines.len() - 1]);
    for damaged in [
        String::new(),
        "not a key".to_owned(),
        first.to_owned(),
        format!("{first}\n{last}\n"),
        lines[1..].join("\n"),
        lines[..lines.len() - 1].join("\n"),
        pem.replace("-----END PUBLIC KEY-----", "-----END RSA PUBLIC KEY-----"),
        pem.replace(first, "----BEGIN PUBLIC KEY----"),
        pem.replacen("M", "*", 1),
        format!("{first}\n\n{}", lines[1..].join("\n")),
        format!("{first}\nProc-Type: 4,ENCRYPTED\n{}", lines[1..].join("\n")),
        // The text of a JWK.
        r#"{"kty":"EC","crv":"P-256"}"#.to_owned(),
        // Two documents, the same or different ones.
        format!("{pem}{pem}"),
        format!("{pem}{}", accepted("Ed25519")),
        format!("# a comment\n{pem}# and one after"),
    ] {
        let error = PublicKey::from_pem(&damaged).unwrap_err();
        assert!(matches!(error, PemError::NotPem | PemError::NotDer), "{error:?}: {damaged}");
    }
}

/// Every byte of the encoding matters: with any of them changed, it is another key or none.
#[test]
fn damaged_encodings() {
    for what in ["RSA, SubjectPublicKeyInfo", "RSA, PKCS#1", "P-256", "P-384", "P-521", "Ed25519"] {
        let pem = accepted(what);
        let key = PublicKey::from_pem(&pem).unwrap();
        let lines: Vec<&str> = pem.lines().collect();
        let body = lines[1..lines.len() - 1].concat();
        let der = decode(&body);
        let rewritten = |der: &[u8]| format!("{}\n{}\n{}\n", lines[0], encode(der), lines[lines.len() - 1]);
        assert_eq!(PublicKey::from_pem(&rewritten(&der)), Ok(key.clone()));
        let unnoticed: Vec<usize> = (0..der.len())
            .filter(|at| {
                let mut damaged = der.clone();
                damaged[*at] ^= 1;
                PublicKey::from_pem(&rewritten(&damaged)) == Ok(key.clone())
            })
            .collect();
        assert!(unnoticed.is_empty(), "{what}: bytes {unnoticed:?} of {der:x?}");
        for end in 0..der.len() {
            assert!(PublicKey::from_pem(&rewritten(&der[..end])).is_err(), "{what}, {end} bytes");
        }
        let longer = [der.as_slice(), &[0]].concat();
        assert_eq!(PublicKey::from_pem(&rewritten(&longer)), Err(PemError::NotDer), "{what}, and one more");
    }
}

/// Standard base64, as PEM has it.
fn decode(body: &str) -> Vec<u8> {
    let text = body.trim_end_matches('=').replace('+', "-").replace('/', "_");
    base64url::decode(&text).unwrap()
}

fn encode(der: &[u8]) -> String {
    let mut text = base64url::encode(der).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\n")
}

/// The parameters of an algorithm are as much part of the key as its numbers: NULL for RSA (RFC 3279 section 2.3.1), none
/// for Ed25519 (RFC 8410 section 3), a named curve for the others.
#[test]
fn parameters_of_the_algorithm() {
    let key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let bits = [hex("032100").as_slice(), &base64url::decode(key).unwrap()].concat();
    let document = |algorithm: &str| {
        let der = [hex(algorithm).as_slice(), &bits].concat();
        let der = [&[0x30, u8::try_from(der.len()).unwrap()], der.as_slice()].concat();
        PublicKey::from_pem(&format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            encode(&der)
        ))
    };
    assert!(document("300506032b6570").is_ok());
    for with_parameters in ["300706032b65700500", "300a06032b657006032b6570"] {
        assert!(document(with_parameters).is_err(), "Ed25519 with parameters: {with_parameters}");
    }
    let point = hex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    );
    for no_curve in ["", "0500", "0400"] {
        assert_eq!(PublicKey::from_pem(&ec_document(no_curve, &point)), Err(PemError::NotDer), "{no_curve}");
    }
}

fn ec_document(curve: &str, point: &[u8]) -> String {
    // SEQUENCE { SEQUENCE { id-ecPublicKey, curve }, BIT STRING }, with lengths below 128.
    let algorithm = [hex("06072a8648ce3d0201").as_slice(), &hex(curve)].concat();
    let algorithm = [&[0x30, u8::try_from(algorithm.len()).unwrap()], algorithm.as_slice()].concat();
    let bits = [&[0x03, u8::try_from(point.len() + 1).unwrap(), 0], point].concat();
    let length = u8::try_from(algorithm.len() + bits.len()).unwrap();
    let der = [&[0x30, length], algorithm.as_slice(), &bits].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", encode(&der))
}

/// What is no point of the curve is read, and refused as a key.
#[test]
fn points_that_are_none() {
    let p256 = "06082a8648ce3d030107";
    let refusal = |point: &[u8]| {
        let key = PublicKey::from_pem(&ec_document(p256, point)).map_err(|error| format!("{error:?}"))?;
        let key = VerificationKey::from_public_key(None, Algorithm::ES256, &key);
        key.map(|_| ()).map_err(|error| format!("{error:?}"))
    };
    let generator = hex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    );
    assert_eq!(refusal(&generator), Ok(()));
    let mut off_curve = generator.clone();
    off_curve[64] ^= 1;
    for (point, expected) in [
        (off_curve.as_slice(), "NotOnCurve"),
        (&[&[4], [0; 64].as_slice()].concat(), "NotOnCurve"),
        (&generator[..64], "NotOnCurve"),
        (&[generator.as_slice(), &[0]].concat(), "NotOnCurve"),
        (&generator[..20], "NotDer"),
        (&[4], "NotDer"),
        // Infinity, a compressed point, and first bytes that mean nothing.
        (&[0], "Unsupported"),
        (&[&[2], &generator[1..33]].concat(), "Unsupported"),
        (&[&[5], &generator[1..]].concat(), "Unsupported"),
        (&[], "Unsupported"),
    ] {
        assert_eq!(refusal(point), Err(expected.to_owned()), "{point:?}");
    }
}

#[test]
fn weak_keys_are_read_and_refused() {
    let examples = examples();
    for example in examples["weak"].as_array().unwrap() {
        let key = PublicKey::from_pem(example["pem"].as_str().unwrap()).unwrap();
        for algorithm in [Algorithm::RS256, Algorithm::PS512] {
            let error = VerificationKey::from_public_key(None, algorithm, &key).unwrap_err();
            let name = format!("{error:?}");
            assert!(name.starts_with(example["error"].as_str().unwrap()), "{}: {name}", example["what"]);
        }
    }
    assert_eq!(examples["weak"].as_array().unwrap().len(), 2);
}
