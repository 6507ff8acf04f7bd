//! Good tokens of one algorithm, and who verifies them.

use std::error::Error;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use jwt_simple::prelude::*;
use portcullis::{Gate, UnixTime};
use portcullis_config::Secrets;
use serde_json::{Value, json};

use crate::turns::Side;

pub(crate) const ALGORITHMS: [&str; 4] = ["HS256", "ES256", "EdDSA", "RS256"];

pub(crate) const ISSUER: &str = "https://login.example.com";
pub(crate) const AUDIENCE: &str = "rag-api";
const TOKENS: usize = 256;

/// What all sides read of a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Read {
    role: String,
    scope: String,
}

/// A secret of a document.
pub(crate) struct Secret(pub(crate) String);

impl Secrets for Secret {
    fn get(&self, _: &str) -> Option<String> {
        Some(self.0.clone())
    }

    fn hint(&self, _: &str) -> String {
        String::new()
    }
}

/// A gate with one issuer, whose keys are these.
pub(crate) fn gate(keys: Value, secret: &str) -> Result<Gate, String> {
    let document = json!({
        "profile": "generic",
        "issuers": [{"issuer": ISSUER, "audience": AUDIENCE, "keys": keys}],
        "policy": {"roles": {}, "routes": {}},
    });
    let loaded = portcullis_config::load(document.to_string().as_bytes(), &Secret(secret.to_owned()));
    loaded.map(|loaded| loaded.gate).map_err(|errors| errors.to_string())
}

/// What jsonwebtoken checks.
pub(crate) fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    (validation.leeway, validation.validate_nbf) = (0, true);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation
}

type Verifier = Box<dyn Fn(&str, VerificationOptions) -> bool>;

/// The three of them, and what they are given.
pub(crate) struct Sides {
    tokens: Vec<String>,
    gate: Gate,
    jsonwebtoken: (DecodingKey, Validation),
    jwt_simple: Verifier,
}

impl Sides {
    pub(crate) fn new(algorithm: &str) -> Result<Self, Box<dyn Error>> {
        let claims = |number: usize| {
            let read = Read { role: "user".to_owned(), scope: "openid profile".to_owned() };
            Claims::with_custom_claims(read, Duration::from_hours(2))
                .with_issuer(ISSUER)
                .with_audience(AUDIENCE)
                .with_subject("5c1e4d1e-0f77-4c52")
                .with_jwt_id(format!("token-{number:08}"))
        };
        let public = |pem: &str| json!([{"alg": algorithm, "pem": pem}]);
        let numbers = 0..TOKENS;
        Ok(match algorithm {
            "HS256" => {
                let secret = Base64UrlSafeNoPadding::encode_to_string(HS256Key::generate().to_bytes())?;
                let key = HS256Key::from_bytes(secret.as_bytes());
                Self {
                    tokens: numbers
                        .map(|number| key.authenticate(claims(number)))
                        .collect::<Result<_, _>>()?,
                    gate: gate(json!([{"alg": "HS256", "secret": {"env": "SECRET"}}]), &secret)?,
                    jsonwebtoken: (DecodingKey::from_secret(secret.as_bytes()), validation(Algorithm::HS256)),
                    jwt_simple: Box::new(move |token, options| {
                        key.verify_token::<Read>(token, Some(options)).is_ok()
                    }),
                }
            }
            "ES256" => {
                let pair = ES256KeyPair::generate();
                let (key, pem) = (pair.public_key(), pair.public_key().to_pem()?);
                Self {
                    tokens: numbers.map(|number| pair.sign(claims(number))).collect::<Result<_, _>>()?,
                    gate: gate(public(&pem), "")?,
                    jsonwebtoken: (DecodingKey::from_ec_pem(pem.as_bytes())?, validation(Algorithm::ES256)),
                    jwt_simple: Box::new(move |token, options| {
                        key.verify_token::<Read>(token, Some(options)).is_ok()
                    }),
                }
            }
            "EdDSA" => {
                let pair = Ed25519KeyPair::generate();
                let (key, pem) = (pair.public_key(), pair.public_key().to_pem());
                Self {
                    tokens: numbers.map(|number| pair.sign(claims(number))).collect::<Result<_, _>>()?,
                    gate: gate(public(&pem), "")?,
                    jsonwebtoken: (DecodingKey::from_ed_pem(pem.as_bytes())?, validation(Algorithm::EdDSA)),
                    jwt_simple: Box::new(move |token, options| {
                        key.verify_token::<Read>(token, Some(options)).is_ok()
                    }),
                }
            }
            _ => {
                let pair = RS256KeyPair::generate(2048)?;
                let (key, pem) = (pair.public_key(), pair.public_key().to_pem()?);
                Self {
                    tokens: numbers.map(|number| pair.sign(claims(number))).collect::<Result<_, _>>()?,
                    gate: gate(public(&pem), "")?,
                    jsonwebtoken: (DecodingKey::from_rsa_pem(pem.as_bytes())?, validation(Algorithm::RS256)),
                    jwt_simple: Box::new(move |token, options| {
                        key.verify_token::<Read>(token, Some(options)).is_ok()
                    }),
                }
            }
        })
    }

    pub(crate) fn all(&self) -> Vec<Side<'_>> {
        let token = |number: usize| &self.tokens[number % self.tokens.len()];
        let (key, validation) = &self.jsonwebtoken;
        let options = VerificationOptions {
            allowed_issuers: Some([ISSUER.to_owned()].into()),
            allowed_audiences: Some([AUDIENCE.to_owned()].into()),
            ..VerificationOptions::default()
        };
        let side = |name, once| Side { name, once };
        vec![
            side("Portcullis", Box::new(move |number| self.gate.verify(token(number), now()).is_ok())),
            side(
                "jsonwebtoken",
                Box::new(move |number| jsonwebtoken::decode::<Read>(token(number), key, validation).is_ok()),
            ),
            side("jwt-simple", Box::new(move |number| (self.jwt_simple)(token(number), options.clone()))),
        ]
    }
}

/// What a clock says: both others read it themselves.
pub(crate) fn now() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixTime::from_secs(since.map_or(0, |since| since.as_secs()))
}
