//! What is known about a key.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::hash::KeyHash;
use crate::claims;
use crate::error::{ApiKeyError, ClaimsError};
use crate::handling::CredentialHandling;
use crate::json::{Pointer, Value};
use crate::principal::{KEY_SUBJECT, Marks, Principal, Proof};
use crate::time::UnixTime;
use crate::validity::Validity;

/// What is known about one API key. The key itself is not.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiKeyRecord {
    /// The public identifier.
    pub id: String,
    /// By what the key is known.
    pub hash: KeyHash,
    /// The roles of its requests.
    pub roles: Vec<String>,
    /// The permissions they are narrowed to.
    pub scopes: Option<Vec<String>>,
    /// The tenant they belong to.
    pub tenant: Option<String>,
    /// The subject they are attributed to; `key:` and the identifier if absent.
    pub owner: Option<String>,
    /// What bindings of the policy compare with, as claims of a token.
    pub claims: Option<Value<'static>>,
    /// What becomes of the key, if that differs from other credentials.
    pub handling: Option<CredentialHandling>,
    /// When it ends.
    pub expires_at: Option<UnixTime>,
    /// Whether it is switched off.
    pub disabled: bool,
}

impl ApiKeyRecord {
    /// Whether the key may be used at `now`.
    ///
    /// # Errors
    ///
    /// [`ApiKeyError`] if the record is switched off, or has expired.
    pub fn check(&self, now: UnixTime) -> Result<(), ApiKeyError> {
        if self.disabled {
            return Err(ApiKeyError::Disabled);
        }
        match self.expires_at {
            Some(expires_at) if now >= expires_at => Err(ApiKeyError::Expired { now, expires_at }),
            _ => Ok(()),
        }
    }

    /// The subject that its requests are attributed to.
    pub fn subject(&self) -> String {
        self.owner.clone().unwrap_or_else(|| format!("{KEY_SUBJECT}{}", self.id))
    }

    pub(super) fn principal(
        &self,
        now: UnixTime,
        attributes: &[Pointer],
        carried: &[Pointer],
    ) -> Result<Principal, ApiKeyError> {
        self.check(now)?;
        let (attributes, carried) = self.claims(attributes, carried).map_err(|_| ApiKeyError::Unavailable)?;
        Ok(Principal {
            subject: self.subject(),
            roles: self.roles.clone(),
            scopes: self.scopes.clone(),
            tenant: self.tenant.clone(),
            attributes,
            carried,
            handling: self.handling,
            proof: Proof::ApiKey { key_id: self.id.clone() },
            marks: Marks::default(),
            validity: Validity::ApiKey(self.expires_at),
        })
    }

    /// What its claims have at the places that bindings compare with, and at those that the origin is told of.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] if there is something that cannot be used.
    pub(super) fn claims(
        &self,
        attributes: &[Pointer],
        carried: &[Pointer],
    ) -> Result<(Attributes, Carried), ClaimsError> {
        let Some(found) = &self.claims else { return Ok(Default::default()) };
        Ok((claims::attributes(attributes, found)?, claims::carried(carried, found)?))
    }
}

type Attributes = BTreeMap<String, Vec<String>>;
type Carried = BTreeMap<String, Value<'static>>;
