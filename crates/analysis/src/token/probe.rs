//! Asking a gate about one member of a token: the gate refuses it or does not, and nothing is decided here.
//!
//! A gate believes no claim before it has verified the signature. So the member is put into a token of ours, signed with a
//! key of ours, that is fine but for it.

use portcullis::jose::UnverifiedToken;
use portcullis::limits::TOKEN_BYTES_MAX;
use portcullis::{AuthError, Gate, UnixTime, base64url};
use portcullis_config::{ConfigErrors, Secrets, load};
use serde_json::{Map, Value, json};

/// A gate with the defaults, and what it takes to have tokens verified by it.
#[derive(Debug)]
pub(crate) struct Probe {
    gate: Gate,
    now: UnixTime,
}

/// The audience that the gate accepts.
pub(crate) const AUDIENCE: &str = "probe";

/// SECURITY: opens nothing. It signs what a gate of our own is asked, which is shown no request.
const KEY: &str = "d41c-7f3a-90be-2586-c1f7-4e0d-b893-6a52";

struct Key;

impl Secrets for Key {
    fn get(&self, _: &str) -> Option<String> {
        Some(KEY.to_owned())
    }

    fn hint(&self, _: &str) -> String {
        String::new()
    }
}

impl Probe {
    /// A gate that decides at `now`.
    pub(crate) fn new(now: UnixTime) -> Result<Self, ConfigErrors> {
        let document = json!({
            "profile": "generic",
            "issuers": [{"audience": AUDIENCE, "keys": [{"alg": "HS256", "secret": {"env": "PROBE"}}]}],
        });
        Ok(Self { gate: load(document.to_string().as_bytes(), &Key)?.gate, now })
    }

    /// Why a token is refused whose header has this member and is fine otherwise.
    pub(crate) fn header_member(&self, name: &str, value: &Value) -> Option<AuthError> {
        let mut header = Map::from_iter([("alg".to_owned(), json!("HS256"))]);
        header.insert(name.to_owned(), value.clone());
        let token = signed(&header, &self.fine_claims());
        match UnverifiedToken::parse(&token, TOKEN_BYTES_MAX) {
            Err(error) => Some(error.into()),
            // That the one key here is of another algorithm is nothing against the token.
            Ok(_) if name == "alg" => None,
            Ok(_) => self.gate.verify(&token, self.now).err(),
        }
    }

    /// Why a token is refused whose header has no `alg` and is fine otherwise.
    pub(crate) fn without_algorithm(&self) -> Option<AuthError> {
        self.gate.verify(&signed(&Map::new(), &self.fine_claims()), self.now).err()
    }

    /// Why a token is refused that has this claim and is fine otherwise.
    pub(crate) fn claim(&self, name: &str, value: &Value) -> Option<AuthError> {
        let mut claims = self.fine_claims();
        claims.insert(name.to_owned(), value.clone());
        self.refusal(&claims)
    }

    /// Why a token is refused that lacks this claim and is fine otherwise.
    pub(crate) fn without_claim(&self, name: &str) -> Option<AuthError> {
        let mut claims = self.fine_claims();
        claims.remove(name);
        self.refusal(&claims)
    }

    fn fine_claims(&self) -> Map<String, Value> {
        let expires_at = self.now.plus(60).as_secs();
        Map::from_iter(
            [("sub", json!("probe")), ("aud", json!(AUDIENCE)), ("exp", json!(expires_at))]
                .map(|(name, value)| (name.to_owned(), value)),
        )
    }

    fn refusal(&self, claims: &Map<String, Value>) -> Option<AuthError> {
        let header = Map::from_iter([("alg".to_owned(), json!("HS256"))]);
        self.gate.verify(&signed(&header, claims), self.now).err()
    }
}

/// A token with these members, signed with our key.
fn signed(header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    let segment =
        |members: &Map<String, Value>| base64url::encode(&serde_json::to_vec(members).unwrap_or_default());
    let input = format!("{}.{}", segment(header), segment(claims));
    let signature = hmac_sha256::HMAC::mac(input.as_bytes(), KEY.as_bytes());
    format!("{input}.{}", base64url::encode(&signature))
}
