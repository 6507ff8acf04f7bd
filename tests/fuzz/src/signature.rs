//! Signatures by another implementation: signing for the fuzzer, which cannot, and checking behind the core.

use data_encoding::BASE64URL_NOPAD;
use portcullis::jose::Algorithm;
use serde_json::Value;

/// A key as a configuration names it.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    pub(crate) algorithm: String,
    pub(crate) secret: Vec<u8>,
}

/// The MAC of `message`, if `algorithm` is an HMAC.
pub(crate) fn mac(algorithm: &str, secret: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        "HS256" => Some(hmac_sha256::HMAC::mac(message, secret).to_vec()),
        "HS384" => Some(hmac_sha512::sha384::HMAC::mac(message, secret).to_vec()),
        "HS512" => Some(hmac_sha512::HMAC::mac(message, secret).to_vec()),
        _ => None,
    }
}

/// A token over any two texts, signed with the algorithm its header names, or else with HS256.
pub(crate) fn sign(header: &[u8], payload: &[u8], secret: &str) -> String {
    let named = serde_json::from_slice::<Value>(header).ok();
    let named = named.as_ref().and_then(|header| header.get("alg")?.as_str()).unwrap_or_default();
    let input = format!("{}.{}", BASE64URL_NOPAD.encode(header), BASE64URL_NOPAD.encode(payload));
    let tag = mac(named, secret.as_bytes(), input.as_bytes())
        .unwrap_or_else(|| hmac_sha256::HMAC::mac(&input, secret).to_vec());
    format!("{input}.{}", BASE64URL_NOPAD.encode(&tag))
}

/// A token taken apart: three segments, each the one encoding of what it says, and a usable header.
#[derive(Debug)]
pub(crate) struct Parts<'t> {
    pub(crate) header: Value,
    pub(crate) payload: Vec<u8>,
    signature: Vec<u8>,
    signing_input: &'t str,
}

impl<'t> Parts<'t> {
    /// Takes `token` apart, or `None` if the core must refuse it before it looks at a key.
    pub(crate) fn parse(token: &'t str) -> Option<Self> {
        let segments: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = segments.as_slice() else { return None };
        if header.len() > portcullis::limits::JOSE_HEADER_CHARS {
            return None;
        }
        if header.is_empty() || signature.is_empty() {
            return None;
        }
        let decode = |segment: &str| BASE64URL_NOPAD.decode(segment.as_bytes()).ok();
        let header = crate::json::strict(&decode(header)?)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        let end = token.rfind('.')?;
        is_usable(&header).then(|| Self { header, payload, signature, signing_input: &token[..end] })
    }

    /// The `alg` of the header.
    pub(crate) fn algorithm(&self) -> &str {
        self.header["alg"].as_str().unwrap_or_default()
    }

    /// Whether `key` made the signature, and may serve this token at all.
    pub(crate) fn is_signed_by(&self, key: &Key) -> bool {
        let named = self.header.get("kid").and_then(Value::as_str);
        let fits = key.id.is_none() || named.is_none() || key.id.as_deref() == named;
        let message = self.signing_input.as_bytes();
        fits && key.algorithm == self.algorithm()
            && mac(&key.algorithm, &key.secret, message).as_ref() == Some(&self.signature)
    }
}

/// Whether a header is one that the core reads on: RFC 7515 section 4, without any extension.
fn is_usable(header: &Value) -> bool {
    let text_or_absent = |name: &str| header.get(name).is_none_or(Value::is_string);
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let content = text("cty").to_ascii_lowercase();
    header.is_object()
        && ["crit", "b64", "enc", "zip"].iter().all(|name| header.get(name).is_none())
        && ["kid", "typ", "cty"].into_iter().all(text_or_absent)
        && content != "jwt"
        && content != "application/jwt"
        && text("kid").len() <= portcullis::limits::KEY_ID_BYTES
        && Algorithm::ALL.iter().any(|algorithm| header.get("alg") == Some(&algorithm.name().into()))
}
