//! Callers made up to ask about.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use crate::claims::attributes;
use crate::error::ClaimsError;
use crate::json::{Pointer, Value};
use crate::principal::{Principal, Proof};

/// A caller made up to ask what somebody like that could use. Nothing was proved about it, and nothing is forwarded for
/// it.
#[derive(Debug, Clone)]
pub struct AssumedCaller {
    /// Nobody, for a request without a credential.
    pub(super) principal: Option<Principal>,
    /// Whether the subject is meant: no binding holds for a caller without one.
    named: bool,
    /// What bindings compare with.
    claims: Option<Value>,
}

impl AssumedCaller {
    /// A request that carries no credential.
    pub fn anonymous() -> Self {
        Self { principal: None, named: false, claims: None }
    }

    /// An authenticated caller with exactly these roles, none included, whose proof declares no scopes, and who has no
    /// subject, tenant or claims that a binding could compare with.
    pub fn with_roles(roles: impl IntoIterator<Item = impl ToString>) -> Self {
        let principal = Principal {
            subject: "assumed".to_owned(),
            roles: roles.into_iter().map(|role| role.to_string()).collect(),
            scopes: None,
            tenant: None,
            attributes: BTreeMap::new(),
            proof: Proof::Token { issuer: None, key_id: None },
            valid_until: None,
        };
        Self { principal: Some(principal), named: false, claims: None }
    }

    /// The same caller with a proof that declares these scopes.
    #[must_use]
    pub fn narrowed_to(mut self, scopes: impl IntoIterator<Item = impl ToString>) -> Self {
        if let Some(principal) = &mut self.principal {
            principal.scopes = Some(scopes.into_iter().map(|scope| scope.to_string()).collect());
        }
        self
    }

    /// The same caller with this subject.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        if let Some(principal) = &mut self.principal {
            principal.subject = subject.into();
            self.named = true;
        }
        self
    }

    /// The same caller of this tenant.
    #[must_use]
    pub fn with_tenant(mut self, tenant: impl Into<String>) -> Self {
        if let Some(principal) = &mut self.principal {
            principal.tenant = Some(tenant.into());
        }
        self
    }

    /// The same caller with these claims, an object, which bindings compare with. Subject, tenant, roles and scopes are
    /// not taken from them.
    #[must_use]
    pub fn with_claims(self, claims: Value) -> Self {
        Self { claims: Some(claims), ..self }
    }

    /// Whether no subject was given.
    pub(super) fn is_nameless(&self) -> bool {
        !self.named
    }

    /// The caller with what its claims have at `places`.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] if there is something that nothing can be compared with.
    pub(super) fn principal(&self, places: &[Pointer]) -> Result<Option<Principal>, ClaimsError> {
        let Some(principal) = &self.principal else { return Ok(None) };
        let attributes = match &self.claims {
            Some(claims) => attributes(places, claims)?,
            None => BTreeMap::new(),
        };
        Ok(Some(Principal { attributes, ..principal.clone() }))
    }
}
