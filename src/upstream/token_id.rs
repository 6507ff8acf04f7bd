//! Identifiers of minted tokens: the `jti` claim
//! ([RFC 7519 section 4.1.7](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.7)).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};

use crate::base64url;
use crate::credential::CredentialLocations;
use crate::crypto::HmacKey;
use crate::request::Request;
use crate::time::UnixTime;

/// What the identifiers are a MAC of begins so. No JWS signing input does, so that none of them is part of a signature.
const LABEL: &[u8] = b"portcullis jti\0";

/// How much of the MAC is kept, in bytes.
const BYTES: usize = 16;

/// What tells a request from every other: who knows it by what, what it asks for, and by whose credential.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TokenSeed([u8; 32]);

impl TokenSeed {
    pub(crate) fn of(request: &Request<'_>, locations: &CredentialLocations) -> Self {
        let credential = locations.find(request).ok();
        let credential = credential.as_ref().map_or("", |(credential, _)| credential.text());
        let query = request.query().unwrap_or_default();
        let mut digest = Sha256::new();
        // A host need not have an identifier for each request: what is asked for then tells most of them apart.
        for part in [request.id().as_bytes(), request.method(), request.path().as_bytes(), query.as_bytes()] {
            update(&mut digest, part);
        }
        update(&mut digest, credential.as_bytes());
        Self(digest.finalize().into())
    }

    /// The identifier of the token minted under `key` for this request at `now`. Without the key nobody can tell it
    /// beforehand.
    pub(super) fn identifier(&self, key: &HmacKey, now: UnixTime) -> String {
        let message = [LABEL, &self.0, &now.as_secs().to_be_bytes()].concat();
        let kept: Vec<u8> = key.sign(&message).into_iter().take(BYTES).collect();
        base64url::encode(&kept)
    }
}

/// Behind its length, so that no two lists of parts are the same bytes.
fn update(digest: &mut Sha256, part: &[u8]) {
    digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
    digest.update(part);
}

impl fmt::Debug for TokenSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSeed(..)")
    }
}
