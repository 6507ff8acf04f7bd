//! What somebody can cause who has no key: a token that names none of four RSA keys of 4096 bits, with a bad signature.

use std::error::Error;
use std::hash::{BuildHasher as _, RandomState};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use portcullis::{Gate, base64url};
use serde_json::{Value, json};

use crate::sides::{AUDIENCE, ISSUER, Read, gate, now, validation};
use crate::turns::Side;

const KEYS: usize = 4;
const BYTES: usize = 512;

pub(crate) struct Flood {
    token: String,
    gate: Gate,
    keys: Vec<DecodingKey>,
    validation: Validation,
}

/// Random bytes, of which the first makes a number of the full length, and the last an odd one. Whether it is a product of two
/// primes nobody can tell, and the cost is the same.
fn number() -> Vec<u8> {
    let mut bytes: Vec<u8> =
        (0..BYTES / 8).flat_map(|place| RandomState::new().hash_one(place).to_be_bytes()).collect();
    bytes[0] |= 0x80;
    bytes[BYTES - 1] |= 1;
    bytes
}

impl Flood {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let moduli: Vec<String> = (0..KEYS).map(|_| base64url::encode(&number())).collect();
        let jwk = |(kid, n): (usize, &String)| -> Value {
            json!({"alg": "RS256", "jwk": {"kty": "RSA", "alg": "RS256", "kid": format!("key-{kid}"), "n": n, "e": "AQAB"}})
        };
        let part = |value: Value| base64url::encode(value.to_string().as_bytes());
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "mallory", "exp": now().as_secs() + 7200, "role": "user", "scope": ""});
        let mut signature = number();
        // Less than each of the moduli.
        signature[0] = 1;
        let flood = Self {
            token: [part(json!({"alg": "RS256", "typ": "JWT"})), part(claims), base64url::encode(&signature)]
                .join("."),
            gate: gate(moduli.iter().enumerate().map(jwk).collect(), "")?,
            keys: moduli
                .iter()
                .map(|n| DecodingKey::from_rsa_components(n, "AQAB"))
                .collect::<Result<_, _>>()?,
            validation: validation(Algorithm::RS256),
        };
        // Ours tries no key of several that nobody has named; anything else would be another measurement.
        let refused = flood.gate.verify(&flood.token, now()).err().map(|error| error.reason().code());
        if refused != Some("key_unknown") {
            return Err(format!("the bad signature is {refused:?}").into());
        }
        Ok(flood)
    }

    pub(crate) fn all(&self) -> Vec<Side<'_>> {
        let side = |name, once| Side { name, once };
        vec![
            side("Portcullis", Box::new(|_| self.gate.verify(&self.token, now()).is_err())),
            side(
                "jsonwebtoken",
                Box::new(|_| {
                    let decoded =
                        |key| jsonwebtoken::decode::<Read>(&self.token, key, &self.validation).is_ok();
                    !self.keys.iter().any(decoded)
                }),
            ),
        ]
    }
}
