//! Watching decisions, and deciding about callers who are not there: the door for tools.
//!
//! Nothing here lets a request in. A [`Trace`] is told what the gate does while it does it, by the functions that decide
//! for every host; `()` takes no notice, and costs nothing.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::claims::{ClaimCheck, attributes};
use crate::credential::CredentialLocation;
use crate::error::ClaimsError;
use crate::json::{Pointer, Value};
use crate::policy::binding::{Binding, Reading};
use crate::policy::route::Route;
use crate::principal::{Marks, Principal, Proof};
use crate::request::Request;
use crate::upstream::origin_key::AssignedKey;
use crate::validity::Validity;

/// Something the gate did, in the order it did it.
#[derive(Debug)]
pub enum Event<'e> {
    /// It read the head of the request.
    Request(&'e Request<'e>),
    /// It takes the request for a CORS preflight that asks about this method.
    Preflight(&'e [u8]),
    /// It found the route that serves the request. A second one is the GET route beneath a WebSocket.
    Route(&'e Route),
    /// It looked for credentials, and this is where something stands that may be one.
    Presented(Vec<CredentialLocation>),
    /// It looks at a token.
    Token {
        /// The token itself. Keep it out of outputs.
        text: &'e str,
    },
    /// It looks at an API key.
    ApiKey {
        /// The public identifier in it, if it has the form of the gate's own keys.
        id: Option<&'e str>,
    },
    /// It chose whose keys to try.
    Issuer {
        /// Which of the issuers, counted from 0.
        index: usize,
    },
    /// It chose which keys to try.
    KeysTried {
        /// Which of the issuer's, counted from 0.
        positions: Vec<usize>,
    },
    /// A key verified the signature.
    KeyVerified {
        /// Which of the issuer's, counted from 0.
        position: usize,
    },
    /// The claims passed a check.
    Claim(ClaimCheck),
    /// It chose the key of the origin's own that takes the place of the credential.
    OriginKey(&'e AssignedKey),
    /// It compared a binding.
    Binding {
        /// Which.
        binding: &'e Binding,
        /// What the request has there.
        reading: &'e Reading<'e>,
        /// Who is bound.
        principal: &'e Principal,
        /// Whether it holds.
        holds: bool,
    },
}

/// Is told what a gate does.
pub trait Trace {
    /// `make` says what was done; it need not be called.
    fn event<'e>(&mut self, make: impl FnOnce() -> Event<'e>);
}

impl Trace for () {
    fn event<'e>(&mut self, _: impl FnOnce() -> Event<'e>) {}
}

/// A caller made up to ask what somebody like that could use. Nothing was proved about it, and nothing is forwarded for
/// it.
///
/// ```
/// use portcullis::trace::HypotheticalCaller;
///
/// let caller = HypotheticalCaller::with_roles(["user"]).with_subject("alice").narrowed_to(["graph:invoke"]);
/// ```
#[derive(Debug, Clone)]
pub struct HypotheticalCaller {
    /// Nobody, for a request without a credential.
    principal: Option<Principal>,
    /// What bindings compare with.
    claims: Option<Value<'static>>,
}

impl HypotheticalCaller {
    /// A request that carries no credential.
    pub fn anonymous() -> Self {
        Self { principal: None, claims: None }
    }

    /// An authenticated caller with exactly these roles, none included, whose proof declares no scopes, and who has no
    /// subject, tenant or claims that a binding could compare with.
    pub fn with_roles(roles: impl IntoIterator<Item = impl ToString>) -> Self {
        let principal = Principal {
            // No binding holds for an empty subject.
            subject: String::new(),
            roles: roles.into_iter().map(|role| role.to_string()).collect(),
            scopes: None,
            tenant: None,
            attributes: BTreeMap::new(),
            carried: BTreeMap::new(),
            handling: None,
            proof: Proof::Token { issuer: None, key_id: None },
            marks: Marks::default(),
            validity: Validity::ApiKey(None),
        };
        Self { principal: Some(principal), claims: None }
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
    pub fn with_claims(self, claims: Value<'static>) -> Self {
        Self { claims: Some(claims), ..self }
    }

    /// The roles it has; none of a request without a credential.
    pub fn roles(&self) -> &[String] {
        self.principal.as_ref().map(Principal::roles).unwrap_or_default()
    }

    /// Whether it stands for a request that carries no credential.
    pub fn is_anonymous(&self) -> bool {
        self.principal.is_none()
    }

    /// The caller without its claims.
    pub(crate) fn unbound(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// The caller with what its claims have at `places`.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] if there is something that nothing can be compared with.
    pub(crate) fn principal(&self, places: &[Pointer]) -> Result<Option<Principal>, ClaimsError> {
        let Some(principal) = &self.principal else { return Ok(None) };
        let attributes = match &self.claims {
            Some(claims) => attributes(places, claims)?,
            None => BTreeMap::new(),
        };
        Ok(Some(Principal { attributes, ..principal.clone() }))
    }
}
