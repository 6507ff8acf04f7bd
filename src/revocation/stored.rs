//! Revocations that stand in a store of the host, one under a name each.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::error::{ApiKeyError, AuthError, TokenError, WaitError};
use crate::json::{self, Budget};
use crate::limits::REVOCATION_BYTES;
use crate::memory::{self, CredentialDigest};
use crate::principal::{Principal, Proof};
use crate::time::UnixTime;

/// What digests are made for.
const REVOCATIONS: u8 = 3;

/// What one revocation takes back.
///
/// ```
/// use portcullis::RevokedItem;
///
/// let item = RevokedItem::Token { issuer: "https://idp.example", id: "leaked" };
/// assert!(item.store_key().starts_with("token:"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokedItem<'a> {
    /// A token: its `iss`, empty if it has none, and its `jti`.
    Token {
        /// Who issued it.
        issuer: &'a str,
        /// Its identifier.
        id: &'a str,
    },
    /// All tokens of a session: their `iss`, empty if they have none, and their `sid`.
    Session {
        /// Who issued them.
        issuer: &'a str,
        /// The identifier of the session.
        id: &'a str,
    },
    /// What a subject, as the gate knows it, was issued before an instant.
    Subject(&'a str),
    /// What an issuer has issued before an instant.
    Issuer(&'a str),
    /// An API key, by the identifier of its record.
    ApiKey(&'a str),
    /// Any credential, by its SHA-256.
    Credential([u8; 32]),
}

impl RevokedItem<'_> {
    /// By what name a store knows the revocation: what kind it is, a colon, and 64 hexadecimal digits.
    ///
    /// The digits are those of a SHA-256: of the text, or of the credential; for a token or a session, of the 64 digits of
    /// the SHA-256 of its issuer, with the identifier behind them.
    pub fn store_key(&self) -> String {
        // SECURITY: whatever a token calls itself, the name of another kind or of another issuer does not come out: the
        // kind stands in front, and an issuer, however long, takes up 64 digits.
        match *self {
            Self::Token { issuer, id } => format!("token:{}", hex_of(&[&hex_of(&[issuer]), id])),
            Self::Session { issuer, id } => format!("session:{}", hex_of(&[&hex_of(&[issuer]), id])),
            Self::Subject(subject) => format!("subject:{}", hex_of(&[subject])),
            Self::Issuer(issuer) => format!("issuer:{}", hex_of(&[issuer])),
            Self::ApiKey(id) => format!("api_key:{}", hex_of(&[id])),
            Self::Credential(digest) => format!("credential:{}", base16ct::lower::encode_string(&digest)),
        }
    }

    /// Whether the revocation takes back only what was issued before an instant, which its value names.
    pub fn has_instant(&self) -> bool {
        matches!(self, Self::Subject(_) | Self::Issuer(_))
    }
}

/// The hexadecimal digits of the SHA-256 of `parts`, one behind the other.
fn hex_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    base16ct::lower::encode_string(&hash.finalize())
}

/// What a host found in its store of revocations.
#[derive(Debug, Clone, Copy)]
pub enum RevocationLookup<'a> {
    /// The value under each of the names, in their order; `None` where there is none.
    Found(&'a [Option<&'a str>]),
    /// Nobody could say.
    Unavailable,
}

/// The names that revocations of one credential have in a store.
#[derive(Debug, Clone)]
pub(crate) struct StoreKeys {
    keys: Vec<String>,
    /// What each means.
    meanings: Vec<Meaning>,
}

/// What a value under a name takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    ApiKey,
    /// Whatever it is.
    All,
    /// What was issued before the instant in it.
    Before,
}

impl StoreKeys {
    /// Those of `credential`, which proved `principal`: at most five.
    pub(crate) fn of(credential: &str, principal: &Principal) -> Self {
        let mut found = Self { keys: Vec::new(), meanings: Vec::new() };
        found.push(&RevokedItem::Credential(Sha256::digest(credential.as_bytes()).into()));
        found.push(&RevokedItem::Subject(&principal.subject));
        match &principal.proof {
            Proof::ApiKey { key_id } => found.push(&RevokedItem::ApiKey(key_id)),
            Proof::Token { issuer, .. } | Proof::Asked { issuer } => {
                let issuer = issuer.as_deref().unwrap_or_default();
                found.push(&RevokedItem::Issuer(issuer));
                let marks = &principal.marks;
                if let Some(id) = &marks.token_id {
                    found.push(&RevokedItem::Token { issuer, id });
                }
                if let Some(id) = &marks.session_id {
                    found.push(&RevokedItem::Session { issuer, id });
                }
            }
        }
        found
    }

    fn push(&mut self, item: &RevokedItem<'_>) {
        self.keys.push(item.store_key());
        self.meanings.push(match item {
            RevokedItem::ApiKey(_) => Meaning::ApiKey,
            item if item.has_instant() => Meaning::Before,
            _ => Meaning::All,
        });
    }

    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Under what is remembered of them.
    pub(crate) fn digest(&self) -> CredentialDigest {
        memory::digest(REVOCATIONS, &self.keys.concat())
    }

    /// Whether what proved `principal` was taken back, as the store says.
    ///
    /// # Errors
    ///
    /// [`TokenError::Revoked`] or, of an API key, [`ApiKeyError::Disabled`]; [`WaitError`] if nobody can say.
    pub(crate) fn check(&self, found: &RevocationLookup<'_>, principal: &Principal) -> Result<(), AuthError> {
        let values = match found {
            RevocationLookup::Found(values) if values.len() == self.keys.len() => *values,
            RevocationLookup::Found(_) | RevocationLookup::Unavailable => {
                return Err(WaitError::Revocations.into());
            }
        };
        let mut unusable = None;
        for ((key, meaning), value) in self.keys.iter().zip(&self.meanings).zip(values) {
            let Some(value) = value else { continue };
            match meaning {
                Meaning::ApiKey => return Err(ApiKeyError::Disabled.into()),
                Meaning::All => return Err(TokenError::Revoked.into()),
                Meaning::Before => match instant(value) {
                    Some(end) if principal.may_be_from_before(end) => return Err(TokenError::Revoked.into()),
                    Some(_) => {}
                    // What another value takes back is taken back all the same.
                    None => unusable = Some(key),
                },
            }
        }
        unusable.map_or(Ok(()), |key| Err(WaitError::RevocationUnusable(key.clone()).into()))
    }
}

/// The instant in a value: its member `before`.
fn instant(value: &str) -> Option<UnixTime> {
    if value.len() > REVOCATION_BYTES {
        return None;
    }
    let value = json::parse(value.as_bytes(), Budget::REQUEST).ok()?;
    UnixTime::from_rfc3339(value.as_object()?.get("before")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::{RevokedItem, hex_of, instant};
    use crate::limits::REVOCATION_BYTES;
    use crate::time::UnixTime;
    use alloc::collections::BTreeSet;

    #[test]
    fn names_can_be_made_with_a_shell() {
        // printf abc | sha256sum
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(RevokedItem::Subject("abc").store_key(), ["subject:", digits].concat());
        let behind = hex_of(&[digits, "leaked"]);
        assert_eq!(
            RevokedItem::Token { issuer: "abc", id: "leaked" }.store_key(),
            ["token:", behind.as_str()].concat()
        );
    }

    #[test]
    fn no_two_things_have_one_name() {
        let texts = ["", "a", "ab", "b", "a\0b", "subject:a", "ba7816bf8f01cfea414140de5dae2223"];
        let mut names = BTreeSet::new();
        let mut count = 0;
        for text in texts {
            names.extend(
                [RevokedItem::Subject(text), RevokedItem::Issuer(text), RevokedItem::ApiKey(text)]
                    .map(|item| item.store_key()),
            );
            count += 3;
            for id in texts {
                names.insert(RevokedItem::Token { issuer: text, id }.store_key());
                names.insert(RevokedItem::Session { issuer: text, id }.store_key());
                count += 2;
            }
        }
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| name.len() <= "credential:".len() + 64));
    }

    #[test]
    fn an_instant_is_a_member_of_an_object() {
        let expected = UnixTime::from_rfc3339("2026-01-01T00:00:00Z");
        assert_eq!(instant(r#"{"subject": "x", "before": "2026-01-01T00:00:00Z"}"#), expected);
        let long = alloc::format!(r#"{{"note": "{}", "before": "2026-01-01T00:00:00Z"}}"#, "x".repeat(4096));
        for unusable in
            ["", "{}", "[]", "2026-01-01T00:00:00Z", r#"{"before": 1}"#, r#"{"before": "soon"}"#, &long]
        {
            assert_eq!(instant(unusable), None, "{unusable}");
        }
    }

    #[test]
    fn a_value_is_read_up_to_its_limit() {
        let short = r#"{"before":"2026-01-01T00:00:00Z"}"#;
        let padded = |bytes: usize| alloc::format!("{short}{}", " ".repeat(bytes - short.len()));
        assert!(instant(&padded(REVOCATION_BYTES)).is_some());
        assert_eq!(instant(&padded(REVOCATION_BYTES + 1)), None);
    }
}
