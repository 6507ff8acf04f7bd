//! JWS compact serialisation: [RFC 7515 section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1).
//!
//! Three dot-separated segments of canonical base64url, the first a JSON object. [`UnverifiedToken`] and
//! [`VerifiedToken`] are different types, and the only way from one to the other is [`UnverifiedToken::verify`].
//!
//! Refused: every header with `crit` ([section 4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11)), since
//! no extension is implemented; `b64`, `enc` and `zip`, which belong to formats that are not; nested tokens. Ignored:
//! `jwk`, `jku`, `x5u`, `x5c` and every other member; a key never comes out of a token.

use alloc::string::String;
use alloc::vec::Vec;

use crate::alg::Algorithm;
use crate::base64url;
use crate::crypto::Arithmetic;
use crate::error::TokenError;
use crate::json::{self, Budget, Value};
use crate::key::{KeySet, Means, VerificationKey};
use crate::limits::{JOSE_HEADER_CHARS, KEY_ID_BYTES};
use crate::time::UnixTime;

/// The members of a JOSE header that a verifier acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoseHeader {
    algorithm: Algorithm,
    key_id: Option<String>,
    /// Without `application/`.
    token_type: Option<String>,
}

impl JoseHeader {
    fn parse(bytes: &[u8]) -> Result<Self, TokenError> {
        let document = json::parse(bytes, Budget::REQUEST).map_err(|_| TokenError::HeaderNotJson)?;
        let members = document.as_object().ok_or(TokenError::HeaderNotJson)?;
        if members.contains_key("crit") {
            return Err(TokenError::CriticalHeader);
        }
        if ["b64", "enc", "zip"].iter().any(|other| members.contains_key(other)) {
            return Err(TokenError::UnsupportedFormat);
        }
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_ref())),
            Some(_) => Err(TokenError::HeaderMember),
        };
        if text("cty")?.is_some_and(|content| without_application(content).eq_ignore_ascii_case("jwt")) {
            return Err(TokenError::UnsupportedFormat);
        }
        let name = text("alg")?.ok_or(TokenError::HeaderMember)?;
        let key_id = text("kid")?;
        if key_id.is_some_and(|id| id.len() > KEY_ID_BYTES) {
            return Err(TokenError::HeaderMember);
        }
        Ok(Self {
            algorithm: Algorithm::from_name(name).ok_or(TokenError::AlgorithmNotAllowed)?,
            key_id: key_id.map(String::from),
            token_type: text("typ")?.map(without_application).map(String::from),
        })
    }

    /// The algorithm the token claims to be signed with. It selects no key by itself.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid` header: untrusted, compared with configured identifiers only.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The `typ` header without `application/` ([RFC 7515 section 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }
}

/// Whether `text` begins with the header of a JWS, whatever follows.
pub(crate) fn has_header(text: &str) -> bool {
    let header = text.split('.').next().filter(|header| header.len() <= JOSE_HEADER_CHARS);
    let header = header.and_then(|header| base64url::decode(header).ok());
    let header = header.as_deref().and_then(|header| json::parse(header, Budget::REQUEST).ok());
    header.is_some_and(|header| header.as_object().is_some_and(|members| members.contains_key("alg")))
}

fn without_application(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => media_type,
    }
}

/// A token whose signature has not been checked. Nothing in it may be believed.
#[derive(Debug, Clone)]
pub struct UnverifiedToken<'a> {
    signing_input: &'a str,
    header: JoseHeader,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> UnverifiedToken<'a> {
    /// Parses a compact JWS of at most `max_bytes`. The payload may be empty, which no claims set is.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if it is too long, is not three segments of canonical base64url, or has a header that is refused.
    pub fn parse(token: &'a str, max_bytes: usize) -> Result<Self, TokenError> {
        if token.len() > max_bytes {
            return Err(TokenError::TooLarge);
        }
        // At most four parts are looked at, however many dots there are.
        let mut segments = token.splitn(4, '.');
        let (Some(header), Some(payload), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(TokenError::NotThreeSegments);
        };
        if header.len() > JOSE_HEADER_CHARS {
            return Err(TokenError::TooLarge);
        }
        if header.is_empty() {
            return Err(TokenError::NotThreeSegments);
        }
        let decode = |segment| base64url::decode(segment).map_err(|_| TokenError::NotBase64Url);
        // The header first: a token without a signature is told by its `alg`, not by what is missing.
        let header = JoseHeader::parse(&decode(header)?)?;
        if signature.is_empty() {
            return Err(TokenError::NotThreeSegments);
        }
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        let signing_input =
            token.rsplit_once('.').map(|(input, _)| input).ok_or(TokenError::NotThreeSegments)?;
        Ok(Self { signing_input, header, payload, signature })
    }

    /// The header: untrusted until the token is verified.
    pub fn unverified_header(&self) -> &JoseHeader {
        &self.header
    }

    /// The payload bytes: untrusted until the token is verified.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Checks the signature with the keys of `keys` that fit the header and are accepted at `now`.
    ///
    /// # Errors
    ///
    /// [`TokenError::AlgorithmNotAllowed`], [`TokenError::KeyUnknown`], [`TokenError::KeyRetired`], or
    /// [`TokenError::SignatureInvalid`].
    ///
    /// ```
    /// use portcullis::jose::{Algorithm, KeySet, UnverifiedToken, VerificationKey};
    /// use portcullis::{TokenError, UnixTime};
    ///
    /// let secret = b"0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    /// let key = VerificationKey::from_secret(None, Algorithm::HS256, secret)?;
    /// let keys = KeySet::new([key].into())?;
    /// // Signed by somebody else.
    /// let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.AAAA";
    /// let verified = UnverifiedToken::parse(token, 1024)?.verify(&keys, UnixTime::from_secs(0));
    /// assert_eq!(verified.err(), Some(TokenError::SignatureInvalid));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(self, keys: &KeySet, now: UnixTime) -> Result<VerifiedToken, TokenError> {
        let candidates = self.candidates(keys, now)?;
        self.verify_with(candidates, Means { host: None, arithmetic: Arithmetic::Own })
            .map(|(token, _)| token)
    }

    /// The keys that fit the header and are accepted at `now`, with the position of each in `keys`.
    pub(crate) fn candidates<'k>(
        &self,
        keys: &'k KeySet,
        now: UnixTime,
    ) -> Result<Vec<(usize, &'k VerificationKey)>, TokenError> {
        keys.candidates(self.header.algorithm(), self.header.key_id(), now)
    }

    /// Checks the signature with each of `candidates`, by the `means` that there are; and the position of the one that verified it.
    pub(crate) fn verify_with(
        self,
        candidates: Vec<(usize, &VerificationKey)>,
        means: Means<'_>,
    ) -> Result<(VerifiedToken, usize), TokenError> {
        let (position, key) = candidates
            .into_iter()
            .find(|(_, key)| key.verify_with(means, self.signing_input.as_bytes(), &self.signature).is_ok())
            .ok_or(TokenError::SignatureInvalid)?;
        let token = VerifiedToken {
            key_id: key.id().map(String::from),
            key_end: key.end(),
            token_type: self.header.token_type,
            payload: self.payload,
        };
        Ok((token, position))
    }
}

/// A token whose signature was valid under one of the issuer's keys. Its claims have not been validated yet.
#[derive(Debug, Clone)]
pub struct VerifiedToken {
    // INVARIANT: only `UnverifiedToken::verify_with` makes one.
    key_id: Option<String>,
    /// The instant from which that key is no longer accepted.
    key_end: Option<UnixTime>,
    token_type: Option<String>,
    payload: Vec<u8>,
}

impl VerifiedToken {
    /// The identifier of the key that verified it, if the key has one.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The instant from which that key is no longer accepted.
    pub(crate) fn key_end(&self) -> Option<UnixTime> {
        self.key_end
    }

    /// The `typ` header without `application/`.
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }

    /// The signed bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

#[cfg(test)]
mod tests {
    use super::without_application;

    #[test]
    fn media_types_may_leave_application_out() {
        for (written, meant) in [
            ("application/at+jwt", "at+jwt"),
            ("APPLICATION/JWT", "JWT"),
            ("application/", ""),
            ("at+jwt", "at+jwt"),
            ("", ""),
            // Not before another slash, and nothing else of its length.
            ("application/a/b", "application/a/b"),
            ("applications/jwt", "applications/jwt"),
            ("multipart/xyjwt", "multipart/xyjwt"),
            ("aaaaaaaaaaaajwt", "aaaaaaaaaaaajwt"),
        ] {
            assert_eq!(without_application(written), meant, "{written}");
        }
    }
}
