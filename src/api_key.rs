//! API keys: their form, their records, and checking one against the other.
//!
//! A key is `pc_<env>_<id>_<secret>_<crc>`: a label for the environment, a public identifier to find the record by, 43
//! base62 characters (256 bits) of secret, and a CRC-32 as six base62 characters, so that a typo or a scanner's false
//! positive is refused without a look-up. A record holds HMAC-SHA-256 of the whole key under a pepper that only the
//! host knows: a leaked list of records opens nothing, not even to an offline search.
//!
//! Keys that another system issued are accepted by the plain SHA-256 of the key.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::claims::attributes;
use crate::crypto::HmacKey;
use crate::error::ApiKeyError;
use crate::json::{Pointer, Value};
use crate::limits::{API_KEY_BYTES, PEPPER_BYTES};
use crate::principal::{Principal, Proof};
use crate::time::UnixTime;

/// What every key of this form begins with; bearer values with it are API keys, not tokens.
pub const PREFIX: &str = "pc_";

/// Length of the secret part, in base62 characters: 43 × log2(62) > 256 bits.
pub const SECRET_CHARS: usize = 43;

const CRC_CHARS: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A SHA-256 output.
pub(crate) type Digest256 = [u8; 32];

/// A key of the form `pc_<env>_<id>_<secret>_<crc>` with a matching checksum. Nothing else about it has been checked.
#[derive(Clone, Copy)]
pub(crate) struct ParsedKey<'a> {
    pub(crate) id: &'a str,
    whole: &'a str,
}

impl<'a> ParsedKey<'a> {
    /// Parses `key`, which begins with [`PREFIX`].
    pub(crate) fn parse(key: &'a str) -> Result<Self, ApiKeyError> {
        if key.len() > API_KEY_BYTES {
            return Err(ApiKeyError::Malformed);
        }
        let (body, crc) = key.rsplit_once('_').ok_or(ApiKeyError::Malformed)?;
        let mut parts = body.strip_prefix(PREFIX).ok_or(ApiKeyError::Malformed)?.splitn(4, '_');
        let (Some(env), Some(id), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ApiKeyError::Malformed);
        };
        let well_formed = is_label(env) && is_label(id) && secret.len() == SECRET_CHARS && is_base62(secret);
        if well_formed && crc == checksum(body) {
            Ok(Self { id, whole: key })
        } else {
            Err(ApiKeyError::Malformed)
        }
    }
}

fn is_base62(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_alphanumeric())
}

/// Whether `text` can be the environment or the identifier of a key: 1 to 64 ASCII letters and digits.
pub fn is_label(text: &str) -> bool {
    (1..=64).contains(&text.len()) && is_base62(text)
}

/// CRC-32 of `body` as six base62 digits, most significant first.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CRC_CHARS];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(rest % 62).unwrap_or_default();
        *digit = BASE62.get(index).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

/// Puts a key together from its parts. Randomness is the caller's: `random` must yield uniformly random octets.
///
/// Returns `None` if `env` or `id` is not a label ([`is_label`]) or `random` ends too early.
pub fn assemble(env: &str, id: &str, random: impl IntoIterator<Item = u8>) -> Option<String> {
    if !is_label(env) || !is_label(id) {
        return None;
    }
    // 248 = 4 × 62: larger octets are dropped so that every character is equally likely.
    let secret: String = random
        .into_iter()
        .filter(|octet| *octet < 248)
        .filter_map(|octet| BASE62.get(usize::from(octet % 62)).copied().map(char::from))
        .take(SECRET_CHARS)
        .collect();
    if secret.len() != SECRET_CHARS {
        return None;
    }
    let body = format!("{PREFIX}{env}_{id}_{secret}");
    let crc = checksum(&body);
    Some(format!("{body}_{crc}"))
}

/// The secret under which keys are hashed: at least 32 bytes, known to the host only.
#[derive(Debug, Clone)]
pub struct Pepper(HmacKey);

impl Pepper {
    /// A pepper, or `None` if `secret` is shorter than [`PEPPER_BYTES`].
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() < PEPPER_BYTES {
            return None;
        }
        HmacKey::new(crate::alg::Algorithm::HS256, secret).map(Self)
    }

    /// The digest of `key` in the form records carry it: `hmac-sha256:` and 64 hexadecimal digits.
    pub fn hash(&self, key: &str) -> String {
        format!("{HMAC_LABEL}{}", to_hex(&self.digest(key)))
    }

    fn digest(&self, key: &str) -> Digest256 {
        let mut digest = Digest256::default();
        for (to, from) in digest.iter_mut().zip(self.0.sign(key.as_bytes())) {
            *to = from;
        }
        digest
    }
}

const HMAC_LABEL: &str = "hmac-sha256:";
const PLAIN_LABEL: &str = "sha256:";

/// The digest of a key of another system in the form records carry it: `sha256:` and 64 hexadecimal digits.
pub fn plain_hash(key: &str) -> String {
    format!("{PLAIN_LABEL}{}", to_hex(&Sha256::digest(key.as_bytes())))
}

fn to_hex(octets: &[u8]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 0xf])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// How a record knows its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyHash {
    /// HMAC-SHA-256 under the pepper.
    Peppered(Digest256),
    /// Plain SHA-256, for keys of other systems.
    Plain(Digest256),
}

impl KeyHash {
    /// Parses `hmac-sha256:<64 hex digits>` or `sha256:<64 hex digits>`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix(HMAC_LABEL) {
            return from_hex(hex).map(Self::Peppered);
        }
        text.strip_prefix(PLAIN_LABEL).and_then(from_hex).map(Self::Plain)
    }
}

fn from_hex(hex: &str) -> Option<Digest256> {
    if hex.len() != 64 {
        return None;
    }
    let mut digest = Digest256::default();
    let mut digits = hex.bytes().map(crate::path::hex_value);
    for octet in &mut digest {
        *octet = (digits.next()?? << 4) | digits.next()??;
    }
    Some(digest)
}

/// What is known about one API key. The key itself is not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiKeyRecord {
    pub(crate) id: String,
    pub(crate) hash: KeyHash,
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) tenant: Option<String>,
    pub(crate) owner: Option<String>,
    /// What bindings of the policy compare with, as claims of a token.
    pub(crate) claims: Option<Value>,
    pub(crate) expires_at: Option<UnixTime>,
    pub(crate) disabled: bool,
}

impl ApiKeyRecord {
    fn principal(&self, now: UnixTime, places: &[Pointer]) -> Result<Principal, ApiKeyError> {
        if self.disabled {
            return Err(ApiKeyError::Disabled);
        }
        if let Some(expires_at) = self.expires_at
            && now >= expires_at
        {
            return Err(ApiKeyError::Expired { now, expires_at });
        }
        Ok(Principal {
            subject: self.owner.as_ref().unwrap_or(&self.id).clone(),
            roles: self.roles.clone(),
            scopes: self.scopes.clone(),
            tenant: self.tenant.clone(),
            attributes: match &self.claims {
                Some(claims) => attributes(places, claims).map_err(|_| ApiKeyError::Unavailable)?,
                None => BTreeMap::new(),
            },
            proof: Proof::ApiKey { key_id: self.id.clone() },
            valid_until: self.expires_at,
        })
    }
}

/// The records a gate was loaded with, indexed for look-up.
#[derive(Debug, Clone)]
pub(crate) struct ApiKeys {
    pepper: Option<Pepper>,
    /// Sorted by identifier.
    peppered: Vec<ApiKeyRecord>,
    /// Sorted by digest.
    plain: Vec<(Digest256, ApiKeyRecord)>,
    /// Whether a host can be asked for records that are not here.
    pub(crate) lookup: bool,
    /// Places that bindings of the policy compare with.
    attributes: Vec<Pointer>,
}

/// What a host found out about a record it was asked for.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of them at a time, and it is not moved about")]
pub(crate) enum RecordAnswer {
    /// Nobody has been asked yet.
    NotAsked,
    /// The record, or that there is none.
    Found(Option<ApiKeyRecord>),
    /// It could not be had.
    Unavailable,
}

/// The result of checking a key: a principal, or the identifier of a record only the host can get.
#[derive(Debug)]
pub(crate) enum Checked {
    Principal(Principal),
    NeedRecord(String),
}

impl ApiKeys {
    /// Indexes `records`. Peppered records need a pepper; the configuration sees to it.
    pub(crate) fn new(
        pepper: Option<Pepper>,
        records: Vec<ApiKeyRecord>,
        lookup: bool,
        attributes: Vec<Pointer>,
    ) -> Self {
        let (mut peppered, mut plain) = (Vec::new(), Vec::new());
        for record in records {
            match record.hash {
                KeyHash::Peppered(_) => peppered.push(record),
                KeyHash::Plain(digest) => plain.push((digest, record)),
            }
        }
        peppered.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        plain.sort_unstable_by_key(|(digest, _)| *digest);
        Self { pepper, peppered, plain, lookup, attributes }
    }

    /// Checks `key` at `now`.
    ///
    /// # Errors
    ///
    /// [`ApiKeyError`]. An unknown identifier and a wrong secret are the same error and cost the same work.
    pub(crate) fn check(
        &self,
        key: &str,
        now: UnixTime,
        answer: &RecordAnswer,
    ) -> Result<Checked, ApiKeyError> {
        if !key.starts_with(PREFIX) {
            return self.check_plain(key, now).map(Checked::Principal);
        }
        let parsed = ParsedKey::parse(key)?;
        let loaded = self.peppered.binary_search_by(|record| record.id.as_str().cmp(parsed.id));
        let loaded = loaded.ok().and_then(|index| self.peppered.get(index));
        let record = match (loaded, answer) {
            (Some(record), _) => Some(record),
            (None, RecordAnswer::NotAsked) if self.lookup => {
                return Ok(Checked::NeedRecord(parsed.id.to_owned()));
            }
            (None, RecordAnswer::NotAsked) => None,
            (None, RecordAnswer::Found(record)) => record.as_ref().filter(|record| record.id == parsed.id),
            (None, RecordAnswer::Unavailable) => return Err(ApiKeyError::Unavailable),
        };
        // SECURITY: the MAC is computed and compared whether or not there is a record, so that the time taken does not
        // tell which identifiers exist.
        let pepper = self.pepper.as_ref().ok_or(ApiKeyError::Unknown)?;
        let presented = pepper.digest(parsed.whole);
        let expected = match record.map(|record| record.hash) {
            Some(KeyHash::Peppered(digest)) => digest,
            _ => Digest256::default(),
        };
        let matches = bool::from(presented.ct_eq(&expected));
        match record {
            Some(record) if matches => record.principal(now, &self.attributes).map(Checked::Principal),
            _ => Err(ApiKeyError::Unknown),
        }
    }

    fn check_plain(&self, key: &str, now: UnixTime) -> Result<Principal, ApiKeyError> {
        if key.len() > API_KEY_BYTES {
            return Err(ApiKeyError::Malformed);
        }
        let presented: Digest256 = Sha256::digest(key.as_bytes()).into();
        // The search compares digests: what its time tells about them tells nothing about a key.
        let found = self.plain.binary_search_by_key(&presented, |(digest, _)| *digest);
        let record = found.ok().and_then(|index| self.plain.get(index));
        let expected = record.map_or(Digest256::default(), |(digest, _)| *digest);
        let matches = bool::from(presented.ct_eq(&expected));
        match record {
            Some((_, record)) if matches => record.principal(now, &self.attributes),
            _ => Err(ApiKeyError::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ParsedKey, assemble, checksum, plain_hash};
    use crate::error::ApiKeyError;
    use alloc::format;

    #[test]
    fn an_assembled_key_parses_and_no_altered_one_does() {
        let key = assemble("live", "k1", (0..=255).cycle().take(200)).unwrap();
        assert_eq!(key.len(), "pc_live_k1_".len() + 43 + 1 + 6);
        assert_eq!(ParsedKey::parse(&key).unwrap().id, "k1");
        for index in 0..key.len() {
            let mut octets = key.clone().into_bytes();
            octets[index] = if octets[index] == b'x' { b'y' } else { b'x' };
            let altered = alloc::string::String::from_utf8(octets).unwrap();
            assert_eq!(ParsedKey::parse(&altered).map(|key| key.id), Err(ApiKeyError::Malformed), "{index}");
        }
        for bad in [
            "pc_",
            "pc____",
            "pc_live_k1_short_000000",
            &format!("{key}0"),
            key.strip_suffix(|_: char| true).unwrap(),
        ] {
            assert_eq!(ParsedKey::parse(bad).map(|key| key.id), Err(ApiKeyError::Malformed), "{bad}");
        }
    }

    #[test]
    fn known_answers() {
        // The check value of CRC-32/ISO-HDLC, 0xcbf43926, written in base 62.
        assert_eq!(checksum("123456789"), "3jZRME");
        assert_eq!(
            plain_hash("abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn randomness_that_ends_early_makes_no_key() {
        assert_eq!(assemble("live", "k1", [1; 42]), None);
        assert_eq!(assemble("live", "k1", [255; 1000]), None);
        assert_eq!(assemble("li_ve", "k1", [1; 100]), None);
        assert_eq!(assemble("live", "", [1; 100]), None);
    }
}
