//! Project Wycheproof's vectors of the primitives, through the same keys as everything else: a JWK made of each group's
//! numbers, and the group's own PEM document.

use crate::exceptions::Tally;
use portcullis::base64url;
use portcullis::jose::{Algorithm, PublicKey, VerificationKey};
use portcullis::jwk::Jwk;
use serde_json::{Value, json};
use wycheproof::{EdwardsCurve, EllipticCurve, HashFunction, Mgf, TestResult};
use wycheproof::{ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// One vector: its identifier in the set, the message, the signature, and what is said of it.
struct Vector {
    id: usize,
    message: Vec<u8>,
    signature: Vec<u8>,
    result: TestResult,
    note: String,
}

/// The fields have the same names in every module of the crate, but no common type.
macro_rules! vectors {
    ($tests:expr, $signature:ident) => {
        $tests
            .iter()
            .map(|test| Vector {
                id: test.tc_id,
                message: test.msg.to_vec(),
                signature: test.$signature.to_vec(),
                result: test.result,
                note: format!("{}: {:?}", test.comment, test.flags),
            })
            .collect::<Vec<_>>()
    };
}

fn text(result: TestResult) -> &'static str {
    match result {
        TestResult::Valid => "valid",
        TestResult::Invalid => "invalid",
        TestResult::Acceptable => "acceptable",
    }
}

fn from_jwk(jwk: &Value, algorithm: Algorithm) -> Result<VerificationKey, String> {
    let jwk = Jwk::parse(jwk.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let mut keys = jwk.verification_keys(&[algorithm]).map_err(|error| error.to_string())?;
    assert_eq!(keys.len(), 1);
    Ok(keys.remove(0))
}

fn from_pem(pem: &str, algorithm: Algorithm) -> Result<VerificationKey, String> {
    let key = PublicKey::from_pem(pem).map_err(|error| error.to_string())?;
    VerificationKey::from_public_key(None, algorithm, &key).map_err(|error| error.to_string())
}

/// A big-endian number as RFC 7518 section 2 has it: no leading zeros.
fn number(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    base64url::encode(&bytes[zeros..])
}

/// A coordinate as RFC 7518 section 6.2.1.2 has it: as long as the field.
fn coordinate(bytes: &[u8], length: usize) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros..];
    base64url::encode(&[vec![0; length - digits.len()].as_slice(), digits].concat())
}

/// Runs the vectors of one group. `pem` is the same key; where there is one, both must be accepted or both refused, and
/// both must say the same of the first vector.
fn run(
    tally: &mut Tally,
    set: &str,
    algorithm: Algorithm,
    jwk: &Value,
    pem: Option<&str>,
    vectors: &[Vector],
) {
    let key = from_jwk(jwk, algorithm);
    let from_pem = pem.map(|pem| from_pem(pem, algorithm));
    if let Some(from_pem) = &from_pem {
        assert_eq!(key.as_ref().err(), from_pem.as_ref().err(), "{set}: the JWK and the PEM document");
    }
    let mut valid = None;
    for (index, vector) in vectors.iter().enumerate() {
        let accepts = |key: &Result<VerificationKey, String>| {
            key.as_ref().is_ok_and(|key| key.verify(&vector.message, &vector.signature).is_ok())
        };
        let (id, accepted) = (format!("{set}/{}", vector.id), accepts(&key));
        if let (0, Some(from_pem)) = (index, &from_pem) {
            assert_eq!(accepted, accepts(from_pem), "{id}: the JWK and the PEM document");
        }
        let note = format!("{} ({:?})", vector.note, key.as_ref().err());
        tally.record(algorithm.name(), &id, text(vector.result), accepted, &note);
        valid = valid.or(accepted.then_some(vector));
    }
    if let (Ok(key), Some(valid)) = (&key, valid) {
        used_often(set, jwk, algorithm, key, valid, vectors);
    }
}

/// A key says the same of each vector when it is used for the first time and when it has been used so often that it has a
/// table.
fn used_often(
    set: &str,
    jwk: &Value,
    algorithm: Algorithm,
    key: &VerificationKey,
    valid: &Vector,
    vectors: &[Vector],
) {
    for _ in 0..8 {
        key.verify(&valid.message, &valid.signature).unwrap();
    }
    for vector in vectors {
        let says = |key: &VerificationKey| key.verify(&vector.message, &vector.signature).is_ok();
        let first = from_jwk(jwk, algorithm).is_ok_and(|key| says(&key));
        assert_eq!(first, says(key), "{set}/{}: {}", vector.id, vector.note);
    }
}

fn algorithm(family: &str, hash: HashFunction) -> Algorithm {
    let bits = match hash {
        HashFunction::Sha2_256 => 256,
        HashFunction::Sha2_384 => 384,
        HashFunction::Sha2_512 => 512,
        other => panic!("no algorithm here uses {other:?}"),
    };
    Algorithm::from_name(&format!("{family}{bits}")).unwrap()
}

fn salt_bytes(hash: HashFunction) -> usize {
    match hash {
        HashFunction::Sha2_256 => 32,
        HashFunction::Sha2_384 => 48,
        HashFunction::Sha2_512 => 64,
        other => panic!("no algorithm here uses {other:?}"),
    }
}

fn ecdsa_vectors(tally: &mut Tally, set: &str, algorithm: Algorithm) {
    let groups = ecdsa::TestSet::load(set.parse().unwrap()).unwrap().test_groups;
    for group in groups {
        let (curve, bytes) = match group.key.curve {
            EllipticCurve::Secp256r1 => ("P-256", 32),
            EllipticCurve::Secp384r1 => ("P-384", 48),
            EllipticCurve::Secp521r1 => ("P-521", 66),
            other => panic!("no algorithm here uses {other:?}"),
        };
        let (x, y) = (coordinate(&group.key.affine_x, bytes), coordinate(&group.key.affine_y, bytes));
        let jwk = json!({"kty": "EC", "crv": curve, "x": x, "y": y});
        run(tally, set, algorithm, &jwk, Some(&group.pem), &vectors!(group.tests, sig));
    }
}

fn rsa_jwk(key: &wycheproof::RsaPublic) -> Value {
    json!({"kty": "RSA", "n": number(&key.n), "e": number(&key.e)})
}

const PKCS1_SETS: [&str; 9] = [
    "rsa_signature_2048_sha256",
    "rsa_signature_2048_sha384",
    "rsa_signature_2048_sha512",
    "rsa_signature_3072_sha256",
    "rsa_signature_3072_sha384",
    "rsa_signature_3072_sha512",
    "rsa_signature_4096_sha256",
    "rsa_signature_4096_sha384",
    "rsa_signature_4096_sha512",
];

/// The sets that belong to an algorithm.
#[test]
fn primitives() {
    let mut tally = Tally::of("wycheproof");
    for (set, algorithm) in [
        ("ecdsa_secp256r1_sha256_p1363", Algorithm::ES256),
        ("ecdsa_secp384r1_sha384_p1363", Algorithm::ES384),
        ("ecdsa_secp521r1_sha512_p1363", Algorithm::ES512),
    ] {
        ecdsa_vectors(&mut tally, set, algorithm);
    }
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        assert_eq!(group.key.curve, EdwardsCurve::Ed25519);
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&group.key.pk)});
        let vectors = vectors!(group.tests, sig);
        run(&mut tally, "ed25519", Algorithm::EdDSA, &jwk, Some(&group.pem), &vectors);
    }
    for set in PKCS1_SETS {
        for group in rsa_pkcs1_verify::TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            let (jwk, vectors) = (rsa_jwk(&group.key), vectors!(group.tests, sig));
            run(&mut tally, set, algorithm("RS", group.hash), &jwk, Some(&group.pem), &vectors);
        }
    }
    for (set, algorithm) in [
        ("hmac_sha256", Algorithm::HS256),
        ("hmac_sha384", Algorithm::HS384),
        ("hmac_sha512", Algorithm::HS512),
    ] {
        for group in mac::TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            // RFC 7518 section 3.2 knows no shortened tags; `shortened_tags` is about those.
            if group.tag_size != tag_bits(algorithm) {
                continue;
            }
            for test in &group.tests {
                let jwk = json!({"kty": "oct", "k": base64url::encode(&test.key)});
                let vectors = vectors!(std::slice::from_ref(test), tag);
                run(&mut tally, set, algorithm, &jwk, None, &vectors);
            }
        }
    }
    for (set, group) in pss_groups() {
        if let Some(algorithm) = pss_algorithm(&group) {
            // A key under the OID of RSASSA-PSS carries parameters of its own and is refused as a PEM document.
            let pem = Some(group.pem.as_str()).filter(|_| !set.ends_with("_params"));
            run(&mut tally, &set, algorithm, &rsa_jwk(&group.key), pem, &vectors!(group.tests, sig));
        }
    }
    let counts = tally.finish();
    let run: Vec<_> = counts.iter().map(|(name, counts)| (name.as_str(), counts.run)).collect();
    // As many as the crate has: a set that was not found would show here.
    let expected = [
        ("ES256", 262),
        ("ES384", 280),
        ("ES512", 318),
        ("EdDSA", 151),
        ("HS256", 87),
        ("HS384", 87),
        ("HS512", 87),
        ("PS256", 542),
        ("PS384", 284),
        ("PS512", 360),
        ("RS256", 776),
        ("RS384", 776),
        ("RS512", 778),
    ];
    assert_eq!(run, expected);
}

fn tag_bits(algorithm: Algorithm) -> usize {
    algorithm.name().trim_start_matches("HS").parse().unwrap()
}

const SHA2: [HashFunction; 3] = [HashFunction::Sha2_256, HashFunction::Sha2_384, HashFunction::Sha2_512];

/// Every group of RSASSA-PSS vectors, with the name of its set.
fn pss_groups() -> Vec<(String, rsa_pss_verify::TestGroup)> {
    let mut groups = Vec::new();
    for set in [
        "rsa_pss_2048_sha256_mgf1_0",
        "rsa_pss_2048_sha256_mgf1_32",
        "rsa_pss_2048_sha256_mgf1_32_params",
        "rsa_pss_2048_sha256_mgf1sha1_20",
        "rsa_pss_2048_sha384_mgf1_48",
        "rsa_pss_2048_sha512_mgf1sha256_32_params",
        "rsa_pss_3072_sha256_mgf1_32",
        "rsa_pss_3072_sha256_mgf1_32_params",
        "rsa_pss_4096_sha256_mgf1_32",
        "rsa_pss_4096_sha384_mgf1_48",
        "rsa_pss_4096_sha512_mgf1_32",
        "rsa_pss_4096_sha512_mgf1_64",
        "rsa_pss_4096_sha512_mgf1_64_params",
        "rsa_pss_misc",
        "rsa_pss_misc_params",
    ] {
        let loaded = rsa_pss_verify::TestSet::load(set.parse().unwrap()).unwrap();
        groups.extend(loaded.test_groups.into_iter().map(|group| (set.to_owned(), group)));
    }
    groups
}

/// The algorithm whose parameters these are (RFC 7518 section 3.5), if there is one.
fn pss_algorithm(group: &rsa_pss_verify::TestGroup) -> Option<Algorithm> {
    let standard = SHA2.contains(&group.hash)
        && group.mgf == Mgf::Mgf1
        && group.mgf_hash == Some(group.hash)
        && group.salt_size == salt_bytes(group.hash);
    standard.then(|| algorithm("PS", group.hash))
}

/// Sound signatures of another kind by the same key: RFC 7518 fixes the salt, the mask, the encoding and the length.
#[test]
fn other_parameters_are_refused() {
    let mut refused = 0;
    let mut refuse = |jwk: &Value, algorithm: Algorithm, vectors: &[Vector], what: &str| {
        let Ok(key) = from_jwk(jwk, algorithm) else { return };
        for vector in vectors.iter().filter(|vector| vector.result == TestResult::Valid) {
            let verdict = key.verify(&vector.message, &vector.signature);
            assert!(verdict.is_err(), "{what}/{} as {algorithm}: {}", vector.id, vector.note);
            refused += 1;
        }
    };
    for (set, group) in pss_groups() {
        if pss_algorithm(&group).is_none() && group.key_size >= 2048 && SHA2.contains(&group.hash) {
            let vectors = vectors!(group.tests, sig);
            refuse(&rsa_jwk(&group.key), algorithm("PS", group.hash), &vectors, &set);
        }
    }
    for set in ["rsa_signature_2048_sha224", "rsa_signature_2048_sha512_256", "rsa_signature_2048_sha3_256"] {
        for group in rsa_pkcs1_verify::TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            let vectors = vectors!(group.tests, sig);
            refuse(&rsa_jwk(&group.key), Algorithm::RS256, &vectors, set);
            refuse(&rsa_jwk(&group.key), Algorithm::RS512, &vectors, set);
        }
    }
    // DER instead of the two numbers, and another hash.
    for set in ["ecdsa_secp256r1_sha256", "ecdsa_secp256r1_sha512_p1363", "ecdsa_secp256r1_sha3_256"] {
        for group in ecdsa::TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            let (x, y) = (coordinate(&group.key.affine_x, 32), coordinate(&group.key.affine_y, 32));
            let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
            refuse(&jwk, Algorithm::ES256, &vectors!(group.tests, sig), set);
        }
    }
    println!("{refused} sound signatures of another kind, all refused");
    assert!(refused >= 1198, "{refused}");
}

#[test]
fn shortened_tags() {
    let mut refused = 0;
    for (set, algorithm) in [
        ("hmac_sha256", Algorithm::HS256),
        ("hmac_sha384", Algorithm::HS384),
        ("hmac_sha512", Algorithm::HS512),
    ] {
        for group in mac::TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            for test in group.tests.iter().filter(|_| group.tag_size != tag_bits(algorithm)) {
                let jwk = json!({"kty": "oct", "k": base64url::encode(&test.key)});
                if let Ok(key) = from_jwk(&jwk, algorithm) {
                    assert!(key.verify(&test.msg, &test.tag).is_err(), "{set}/{}", test.tc_id);
                    refused += 1;
                }
            }
        }
    }
    println!("{refused} shortened tags, all refused");
    assert!(refused >= 252, "{refused}");
}

/// Curves that no algorithm here uses.
#[test]
fn foreign_curves() {
    for group in eddsa::TestSet::load(eddsa::TestName::Ed448).unwrap().test_groups {
        let jwk = json!({"kty": "OKP", "crv": "Ed448", "x": base64url::encode(&group.key.pk)});
        assert!(from_jwk(&jwk, Algorithm::EdDSA).is_err());
        assert!(from_pem(&group.pem, Algorithm::EdDSA).is_err());
    }
    for set in
        ["ecdsa_secp256k1_sha256_p1363", "ecdsa_secp224r1_sha256_p1363", "ecdsa_brainpoolP256r1_sha256_p1363"]
    {
        for group in ecdsa::TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            assert!(from_pem(&group.pem, Algorithm::ES256).is_err(), "{set}");
            // Nor do its coordinates become a point of a curve that is known.
            let (x, y) = (coordinate(&group.key.affine_x, 32), coordinate(&group.key.affine_y, 32));
            let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
            assert!(from_jwk(&jwk, Algorithm::ES256).is_err(), "{set}");
        }
    }
}
