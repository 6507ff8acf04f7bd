//! The keys of `--keys`: which verify, and why the others do not.

use core::fmt;

use portcullis::jose::{Algorithm, KeySet};
use portcullis::json::{self, Budget, Value};
use portcullis::jwk::{Jwk, JwkError, JwkSet, JwkSetError, Source};
use portcullis::limits::{JWK_SET_BYTES, JWK_SET_KEYS};

use serde::Serialize;

use crate::output::printable;

/// What a key file holds.
pub(super) struct Keys {
    usable: Result<KeySet, String>,
    unused: Vec<UnusedKey>,
}

/// A key that verifies nothing.
#[derive(Debug, Clone, Serialize)]
pub(super) struct UnusedKey {
    /// Its place in `keys`, or nothing for a single JWK.
    index: Option<usize>,
    kid: Option<String>,
    reason: String,
}

impl fmt::Display for UnusedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "keys[{index}]")?,
            None => f.write_str("key")?,
        }
        if let Some(kid) = &self.kid {
            write!(f, " ({})", printable(kid).replace('\n', "\\n"))?;
        }
        write!(f, " is not used: {}", self.reason)
    }
}

impl Keys {
    /// Reads a JWK or a JWK Set.
    ///
    /// # Errors
    ///
    /// A sentence, if it is neither. Keys that are refused make no error here: see [`Keys::usable`].
    pub(super) fn read(document: &[u8], allowed: &[Algorithm]) -> Result<Self, String> {
        if document.len() > JWK_SET_BYTES {
            return Err(format!("longer than {JWK_SET_BYTES} bytes; leave out the keys that are not needed"));
        }
        let value = json::parse(document, Budget::REQUEST)
            .map_err(|error| format!("not usable JSON: {error}; write a JWK or a JWK Set"))?;
        let members = value.as_object().ok_or("not a JSON object; write a JWK or a JWK Set")?;
        match members.get("keys") {
            Some(Value::Array(keys)) if keys.len() > JWK_SET_KEYS => Err(format!(
                "{} keys; at most {JWK_SET_KEYS} are accepted, so leave out those that are not needed",
                keys.len()
            )),
            Some(Value::Array(keys)) => Ok(Self::set(document, keys, allowed)),
            Some(_) => Err("`keys` is not an array; a JWK Set is an object with an array `keys`".to_owned()),
            None if members.contains_key("kty") => Ok(Self::single(document, &value, allowed)),
            None => {
                Err("neither a JWK, which has `kty`, nor a JWK Set, which has an array `keys`".to_owned())
            }
        }
    }

    /// The keys that verify, of which there may be none for lack of an allowed algorithm.
    ///
    /// # Errors
    ///
    /// A sentence, if a key is refused, which makes the whole set suspect, or if none is for verifying signatures.
    pub(super) fn usable(&self) -> Result<&KeySet, String> {
        self.usable.as_ref().map_err(Clone::clone)
    }

    /// The keys that verify nothing.
    pub(super) fn unused(&self) -> &[UnusedKey] {
        &self.unused
    }

    fn single(document: &[u8], value: &Value, allowed: &[Algorithm]) -> Self {
        let place = [(None, value)];
        match Jwk::parse(document) {
            Ok(jwk) => Self::fix([((None, value), &jwk)].into_iter(), Vec::new(), allowed),
            Err(error) => Self::refused(place.into_iter(), &error),
        }
    }

    fn set(document: &[u8], written: &[Value], allowed: &[Algorithm]) -> Self {
        let place = |index: usize| written.get(index).map(|value| (Some(index), value));
        match JwkSet::parse(document, Source::Local) {
            Ok(set) => {
                let unused: Vec<_> = set
                    .unused()
                    .iter()
                    .filter_map(|unused| Some((place(unused.index)?, unused.reason.clone())))
                    .collect();
                let used =
                    (0..written.len()).filter(|index| set.unused().iter().all(|key| key.index != *index));
                Self::fix(used.filter_map(place).zip(set.keys()), unused, allowed)
            }
            Err(JwkSetError::Key { index, error }) => Self::refused(place(index).into_iter(), &error),
            Err(JwkSetError::DuplicateId { index }) => Self::refused(
                place(index).into_iter(),
                &"an earlier key has this `kid`; every key needs its own",
            ),
            Err(error) => Self { usable: Err(error.to_string()), unused: Vec::new() },
        }
    }

    /// Fixes the keys to their algorithms, as [`JwkSet::key_set`] does, and tells about each one that cannot be.
    fn fix<'k>(
        keys: impl Iterator<Item = (Located<'k>, &'k Jwk)>,
        ignored: Vec<(Located<'k>, JwkError)>,
        allowed: &[Algorithm],
    ) -> Self {
        let mut usable = Vec::new();
        let mut unused: Vec<_> =
            ignored.iter().map(|(place, reason)| UnusedKey::new(*place, reason)).collect();
        let (mut refused, mut not_allowed) = (false, false);
        for (place, jwk) in keys {
            match jwk.verification_keys(allowed) {
                Ok(keys) => usable.extend(keys),
                Err(error) => {
                    refused |= !error.is_ignorable();
                    not_allowed |= error == JwkError::AlgorithmNotAllowed;
                    unused.push(UnusedKey::new(place, &error));
                }
            }
        }
        unused.sort_by_key(|key| key.index);
        let usable = if refused {
            Err(REFUSED.to_owned())
        } else if usable.is_empty() && !not_allowed {
            Err("no key is there to verify signatures".to_owned())
        } else {
            KeySet::new(usable).map_err(|error| error.to_string())
        };
        Self { usable, unused }
    }

    fn refused<'k>(places: impl Iterator<Item = Located<'k>>, error: &impl fmt::Display) -> Self {
        let unused = places.map(|place| UnusedKey::new(place, error)).collect();
        Self { usable: Err(REFUSED.to_owned()), unused }
    }
}

/// The index of a key in its set, and the key as it is written.
type Located<'k> = (Option<usize>, &'k Value<'k>);

const REFUSED: &str = "a key of --keys is refused, and so none is used";

impl UnusedKey {
    fn new((index, value): Located<'_>, reason: &impl fmt::Display) -> Self {
        let kid = value.as_object().and_then(|members| members.get("kid")).and_then(Value::as_str);
        Self { index, kid: kid.map(str::to_owned), reason: reason.to_string() }
    }
}
