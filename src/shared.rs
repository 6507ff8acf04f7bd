//! Answers that the instances of a host share through a cache in which others can write as well: what an answer is called
//! there, and how it is sealed.
//!
//! SECURITY: nothing that stands in such a cache is believed. An entry is encrypted and authenticated under keys that follow
//! from a secret and from the whole configuration; what cannot be opened, under the very name it was sealed for, is as if it
//! were not there.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use aes_gcm::aead::array::Array;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;

use crate::base64url;
use crate::call::Reply;
use crate::limits::{REPLY_BYTES, SHARED_BYTES};
use crate::memory::CredentialDigest;
use crate::request::HeaderPair;
use crate::secret::SecretBytes;
use crate::time::UnixTime;

/// Begins what keys are derived from: entries of another version of the gate are none.
const VERSION: &[u8] = concat!("portcullis ", env!("CARGO_PKG_VERSION"), " shared answers").as_bytes();

/// How many bytes tell one entry of a name from another.
const SALT_BYTES: usize = 16;

/// The keys under which answers are shared. `Debug` shows none.
#[derive(Clone)]
pub struct SharedAnswers {
    names: SecretBytes,
    seals: SecretBytes,
}

/// What an answer is called in the cache: 64 hexadecimal digits. They are a keyed MAC, and tell nothing to whoever does not
/// know the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SharedName(pub(crate) String);

/// An answer as it was given, and when.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) at: UnixTime,
    status: u16,
    is_json: bool,
    body: Vec<u8>,
}

/// A sealed answer, for the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedAnswer {
    /// What it is called there: 64 hexadecimal digits.
    pub name: String,
    /// For how many seconds it is of use to anybody.
    pub secs: u64,
    /// Its text: letters, digits, `-` and `_`.
    pub sealed: String,
}

/// How often a shared cache was of use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SharedCounters {
    /// Answers that were there and counted.
    pub hits: u64,
    /// Looks that found nothing of use.
    pub misses: u64,
}

impl SharedAnswers {
    /// The keys that follow from `secret` and from the text of the configuration, `document`: gates with another one of
    /// either have nothing in common.
    pub fn new(secret: &SecretBytes, document: &[u8]) -> Option<Self> {
        let derived =
            |purpose: &[u8]| Some(SecretBytes::new(mac(secret, &[VERSION, purpose, document])?.into()));
        Some(Self { names: derived(b"names")?, seals: derived(b"seals")? })
    }

    /// The name of the answer to the question `digest`. `place` is what answers depend on that no configuration says.
    pub(crate) fn name(&self, place: &str, digest: &CredentialDigest) -> Option<SharedName> {
        let digits = base16ct::lower::encode_string(&mac(&self.names, &[place.as_bytes(), digest])?);
        Some(SharedName(digits))
    }

    /// Seals `given` for the name. `random` is any text that other instances do not have.
    pub(crate) fn seal(&self, name: &SharedName, given: &Given, random: &str) -> Option<String> {
        let content = given.to_bytes();
        // Even if a host had no random numbers, another content would have another salt.
        let salt = mac(&self.seals, &[b"salt", random.as_bytes(), &content])?;
        let salt = salt.get(..SALT_BYTES)?;
        let payload = Payload { msg: &content, aad: name.0.as_bytes() };
        let sealed = self.cipher(name, salt)?.encrypt(&Nonce::default(), payload).ok()?;
        Some(base64url::encode(&[salt, &sealed].concat()))
    }

    /// The answer that was sealed for the name.
    pub(crate) fn open(&self, name: &SharedName, sealed: &[u8]) -> Option<Given> {
        if sealed.len() > SHARED_BYTES {
            return None;
        }
        let bytes = base64url::decode(core::str::from_utf8(sealed).ok()?).ok()?;
        let (salt, sealed) = bytes.split_at_checked(SALT_BYTES)?;
        let payload = Payload { msg: sealed, aad: name.0.as_bytes() };
        let content = self.cipher(name, salt)?.decrypt(&Nonce::default(), payload).ok()?;
        Given::from_bytes(&content)
    }

    /// The cipher of one entry.
    ///
    /// SECURITY: under a key of its own, with which nothing else is ever encrypted, so that the nonce need not differ. Random
    /// nonces under one key would be too few for a gate that runs for months.
    fn cipher(&self, name: &SharedName, salt: &[u8]) -> Option<Aes256Gcm> {
        let key = mac(&self.seals, &[b"key", name.0.as_bytes(), salt])?;
        Some(Aes256Gcm::new(&Array::from(key)))
    }
}

impl fmt::Debug for SharedAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedAnswers(..)")
    }
}

/// The HMAC-SHA256 of `parts`, each behind its length, so that none can take in a piece of the next.
fn mac(key: &SecretBytes, parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose()).ok()?;
    for part in parts {
        mac.update(&u64::try_from(part.len()).ok()?.to_be_bytes());
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}

impl Given {
    /// `reply`, which was given at `at`, as far as anybody reads it; with its body if that says something.
    pub(crate) fn new(reply: &Reply<'_>, has_body: bool, at: UnixTime) -> Self {
        let body = if has_body { reply.body.to_vec() } else { Vec::new() };
        Self { at, status: reply.status, is_json: reply.is_json(), body }
    }

    /// Reads it as the reply that it was.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Reply<'_>) -> T) -> T {
        let json = [HeaderPair::new("content-type", "application/json")];
        let headers = if self.is_json { &json[..] } else { &[] };
        read(&Reply { status: self.status, headers, body: &self.body })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::from(self.at.as_secs().to_be_bytes());
        bytes.extend(self.status.to_be_bytes());
        bytes.push(u8::from(self.is_json));
        bytes.extend(&self.body);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (at, rest) = bytes.split_first_chunk()?;
        let (status, rest) = rest.split_first_chunk()?;
        let (is_json, body) = rest.split_first()?;
        (body.len() <= REPLY_BYTES).then(|| Self {
            at: UnixTime::from_secs(u64::from_be_bytes(*at)),
            status: u16::from_be_bytes(*status),
            is_json: *is_json == 1,
            body: body.to_vec(),
        })
    }
}

// Not the body: it says who somebody is.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("at", &self.at).field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
