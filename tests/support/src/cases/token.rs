//! The tokens of the cases: made at run time, of texts that no library would put into one.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use portcullis::base64url;
use portcullis::jose::Algorithm;
use serde::Deserialize;
use serde_json::Value;

use super::signer;

/// A token by the text of its parts, so that it can be what no library would make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSpec {
    header: String,
    /// `{now+600}` is the time ten minutes from now in seconds, `{repeat 100}` a hundred characters.
    claims: String,
    /// Name of the secret it is signed with, HMAC-SHA-256 whatever the header says.
    #[serde(default = "standard_secret")]
    secret: String,
    /// How it is signed instead of that.
    sign: Option<SignatureSpec>,
    /// How `{header}`, `{payload}` and `{signature}` are put together.
    #[serde(default = "compact")]
    shape: String,
}

/// A signature by a private key, or by a text that is no secret.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum SignatureSpec {
    Key {
        /// Name of the private JWK.
        key: String,
        /// The algorithm that signs, whatever the header says.
        alg: Algorithm,
        alter: Option<Alteration>,
    },
    /// HMAC-SHA-256 under what everybody knows.
    Text { secret_text: String },
}

/// What becomes of a signature after it was made.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Alteration {
    /// All its bytes are zero.
    Zero,
    /// It gets one byte more.
    Append,
    /// It loses its last byte.
    Cut,
    /// It is written as DER.
    Der,
}

fn standard_secret() -> String {
    "JWT_SECRET_KEY".to_owned()
}

fn compact() -> String {
    "{header}.{payload}.{signature}".to_owned()
}

impl TokenSpec {
    /// Header, claims at the time `now`, in seconds since the epoch, and the name of the secret; `None` unless the token
    /// is these, signed with the secret and put together as it should be.
    pub fn parts(&self, now: u64) -> Result<Option<(&str, String, &str)>> {
        if self.sign.is_some() || self.shape != compact() {
            return Ok(None);
        }
        Ok(Some((&self.header, fill_in(&self.claims, now)?, &self.secret)))
    }

    /// The token at the time `now`, in seconds since the epoch.
    pub(super) fn text(
        &self,
        secrets: &BTreeMap<String, String>,
        keys: &BTreeMap<String, Value>,
        now: u64,
    ) -> Result<String> {
        let encode = |text: &str| base64url::encode(text.as_bytes());
        let (header, payload) = (encode(&self.header), encode(&fill_in(&self.claims, now)?));
        let signature = self.signature(secrets, keys, format!("{header}.{payload}").as_bytes())?;
        let shape = self.shape.replace("{header}", &header).replace("{payload}", &payload);
        Ok(shape.replace("{signature}", &base64url::encode(&signature)))
    }

    fn signature(
        &self,
        secrets: &BTreeMap<String, String>,
        keys: &BTreeMap<String, Value>,
        message: &[u8],
    ) -> Result<Vec<u8>> {
        let (key, algorithm, alter) = match &self.sign {
            None => {
                let secret = secrets.get(&self.secret);
                let secret = secret.with_context(|| format!("no secret `{}`", self.secret))?;
                return Ok(hmac_sha256::HMAC::mac(message, secret).to_vec());
            }
            Some(SignatureSpec::Text { secret_text }) => {
                return Ok(hmac_sha256::HMAC::mac(message, secret_text).to_vec());
            }
            Some(SignatureSpec::Key { key, alg, alter }) => (key, alg, alter),
        };
        let jwk = keys.get(key).with_context(|| format!("no signing key `{key}`"))?;
        let mut signature = signer::sign(jwk, *algorithm, message).with_context(|| format!("key `{key}`"))?;
        match alter {
            None => {}
            Some(Alteration::Zero) => signature.fill(0),
            Some(Alteration::Append) => signature.push(0),
            Some(Alteration::Cut) => drop(signature.pop()),
            Some(Alteration::Der) => signature = signer::der(&signature)?,
        }
        Ok(signature)
    }
}

/// Replaces `{now…}` and `{repeat …}`.
fn fill_in(text: &str, now: u64) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let inner = after.split_once('}');
        match inner {
            Some((word, tail)) if word.starts_with("now") => {
                let offset: i64 =
                    word.trim_start_matches("now").parse().with_context(|| format!("`{word}`"))?;
                filled.push_str(&now.saturating_add_signed(offset).to_string());
                rest = tail;
            }
            Some((word, tail)) if word.starts_with("repeat ") => {
                let count: usize =
                    word.trim_start_matches("repeat ").parse().with_context(|| format!("`{word}`"))?;
                filled.push_str(&"x".repeat(count));
                rest = tail;
            }
            // An ordinary brace of JSON.
            _ => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    Ok(filled)
}
