//! A key that is used often has a table, and says what a new one says: of good signatures, and of such as differ from them by
//! a bit, in one half or another, or are of another key or message.

use std::time::{SystemTime, UNIX_EPOCH};

use jwt_simple::prelude::*;
use portcullis::UnixTime;
use portcullis::base64url;
use portcullis::jose::{Algorithm, VerificationKey};
use portcullis::jwk::Jwk;
use serde_json::{Value, json};

fn claims(subject: &str) -> JWTClaims<NoCustomClaims> {
    Claims::create(Duration::from_hours(1)).with_issuer("https://a.example").with_subject(subject)
}

/// Signs a text, and the key that verifies.
struct Signer {
    algorithm: Algorithm,
    jwk: Value,
    sign: Box<dyn Fn(&str) -> String>,
}

macro_rules! signer {
    ($algorithm:ident, $pair:ty) => {{
        let pair = <$pair>::generate();
        let jwk = serde_json::from_str(&pair.public_key().to_jwk()).unwrap();
        let sign = Box::new(move |subject: &str| pair.sign(claims(subject)).unwrap());
        Signer { algorithm: Algorithm::$algorithm, jwk, sign }
    }};
}

fn ed25519() -> Signer {
    let pair = Ed25519KeyPair::generate();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&pair.public_key().to_bytes())});
    let sign = Box::new(move |subject: &str| pair.sign(claims(subject)).unwrap());
    Signer { algorithm: Algorithm::EdDSA, jwk, sign }
}

fn key(signer: &Signer) -> VerificationKey {
    let jwk = Jwk::parse(signer.jwk.to_string().as_bytes()).unwrap();
    jwk.verification_keys(&[signer.algorithm]).unwrap().remove(0)
}

/// What is signed, and the signature.
fn signed(signer: &Signer, subject: &str) -> (Vec<u8>, Vec<u8>) {
    let token = (signer.sign)(subject);
    let (input, signature) = token.rsplit_once('.').unwrap();
    (input.as_bytes().to_vec(), base64url::decode(signature).unwrap())
}

#[test]
fn a_key_with_a_table_says_what_a_new_one_says() {
    let kinds: [fn() -> Signer; 3] =
        [|| signer!(ES256, ES256KeyPair), || signer!(ES384, ES384KeyPair), ed25519];
    for kind in kinds {
        for _ in 0..4 {
            let (signer, stranger) = (kind(), kind());
            let (often, name) = (key(&signer), signer.algorithm.name());
            for number in 0..12 {
                let (message, signature) = signed(&signer, &format!("user {number}"));
                assert_eq!(often.verify(&message, &signature), Ok(()), "{name}: signature {number}");
            }
            let (message, signature) = signed(&signer, "ada");
            let (_, foreign) = signed(&stranger, "ada");
            let (other, _) = signed(&signer, "eve");
            let half = signature.len() / 2;
            let swapped = [&signature[half..], &signature[..half]].concat();
            let mut bad = vec![
                (other, signature.clone()),
                (message.clone(), foreign),
                (message.clone(), swapped),
                (message.clone(), vec![0; signature.len()]),
                (message.clone(), vec![0xff; signature.len()]),
                (message.clone(), [&signature[..half], &vec![0; half][..]].concat()),
                (message.clone(), [&vec![0; half][..], &signature[half..]].concat()),
            ];
            for bit in 0..8 * signature.len() {
                let mut signature = signature.clone();
                signature[bit / 8] ^= 1 << (bit % 8);
                bad.push((message.clone(), signature));
            }
            for (message, signature) in &bad {
                assert!(often.verify(message, signature).is_err(), "{name}: {signature:02x?}");
            }
            // A new key has no table. It takes longer, so that it is not asked about every bit.
            for (message, signature) in bad.iter().step_by(37) {
                assert!(key(&signer).verify(message, signature).is_err(), "{name}: {signature:02x?}");
            }
        }
    }
}

#[test]
fn a_gate_that_remembers_nothing_has_no_tables() {
    for signer in [signer!(ES256, ES256KeyPair), signer!(ES384, ES384KeyPair), ed25519()] {
        let token = (signer.sign)("ada");
        // No earlier than the token.
        let now = UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
        for (entries, expected) in [(0, "Earned(false)"), (1, "Earned(true)")] {
            let gate = portcullis_tests::load(
                &json!({
                    "profile": "generic",
                    "issuers": [{"issuer": "https://a.example", "jwks": {"keys": [signer.jwk]}}],
                    "memory": {"entries": entries},
                })
                .to_string(),
            );
            for _ in 0..8 {
                assert_eq!(gate.verify(&token, now).unwrap().subject(), "ada");
            }
            let keys = format!("{:?}", gate.parts().issuers);
            assert!(keys.contains(expected), "{}: {entries} entries: {keys}", signer.algorithm.name());
        }
    }
}

/// A signature is of one length and its halves are below the order of the curve: no second one is the same to a table.
#[test]
fn a_signature_has_one_spelling() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let signer = ed25519();
    let often = key(&signer);
    let (message, signature) = signed(&signer, "ada");
    for _ in 0..8 {
        assert_eq!(often.verify(&message, &signature), Ok(()));
    }
    let mut carry = 0;
    let more: Vec<u8> = signature[32..]
        .iter()
        .zip(ORDER)
        .map(|(digit, order)| {
            let sum = u16::from(*digit) + u16::from(order) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        })
        .collect();
    let again = [&signature[..32], &more].concat();
    assert!(often.verify(&message, &again).is_err(), "s and s + L");
}
