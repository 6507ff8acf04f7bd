//! The rules for the tokens of one issuer, and the table of checks.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::read::{behind, member, numeric_date, optional_text, present, text_or_list};
use super::scopes::ScopeVocabulary;
use crate::error::{AuthError, ClaimsError, TokenError};
use crate::json::{self, Budget, Pointer, Value};
use crate::jws::VerifiedToken;
use crate::principal::{Marks, Principal, Proof};
use crate::time::UnixTime;
use crate::token_kind::{ACCESS_KINDS, KIND_CLAIMS};
use crate::validity::{TokenTimes, Validity};

/// Where in the claims a principal's properties stand.
#[derive(Debug, Clone)]
pub struct ClaimNames {
    /// Places to take the subject from, at least one; the first that is present and not null counts.
    pub subject: Vec<Pointer>,
    /// Places to take roles from; the first that is present and not null counts.
    pub roles: Vec<Pointer>,
    /// Places to take scopes from; each that is present and not null counts.
    pub scopes: Vec<Pointer>,
    /// Where the tenant stands, if tokens have one.
    pub tenant: Option<Pointer>,
}

/// A check of claims, named when a token has passed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimCheck {
    /// The `typ` header is one that is accepted, or absent where that is accepted.
    Type,
    /// No claim marks it as a token of another kind.
    Kind,
    /// `iss`.
    Issuer,
    /// `aud`.
    Audience,
    /// `exp`.
    Expiry,
    /// `nbf`, which is there.
    NotBefore,
    /// `iat`, which is there, does not lie ahead.
    IssuedAt,
    /// `iat` does not lie too far back.
    Age,
    /// Claims that identify a token, a client or a session are strings.
    Identifiers,
    /// The required claims are there.
    Required,
    /// The subject.
    Subject,
    /// The roles.
    Roles,
    /// The scopes.
    Scopes,
    /// The tenant.
    Tenant,
    /// What bindings of the policy compare with.
    Attributes,
    /// What the origin is told of as it stands there.
    Carried,
}

/// The checks, in the order they are made: the name of each, and what makes it.
const CHECKS: &[(ClaimCheck, Check)] = &[
    (ClaimCheck::Type, ClaimRules::check_type),
    (ClaimCheck::Kind, ClaimRules::check_kind),
    (ClaimCheck::Issuer, ClaimRules::check_issuer),
    (ClaimCheck::Audience, ClaimRules::check_audience),
    (ClaimCheck::Expiry, ClaimRules::check_expiry),
    (ClaimCheck::NotBefore, ClaimRules::check_not_before),
    (ClaimCheck::IssuedAt, ClaimRules::check_issued_at),
    (ClaimCheck::Age, ClaimRules::check_age),
    (ClaimCheck::Identifiers, ClaimRules::check_identifiers),
    (ClaimCheck::Required, ClaimRules::check_required),
    (ClaimCheck::Subject, ClaimRules::read_subject),
    (ClaimCheck::Roles, ClaimRules::read_roles),
    (ClaimCheck::Scopes, ClaimRules::read_scopes),
    (ClaimCheck::Tenant, ClaimRules::read_tenant),
    (ClaimCheck::Attributes, ClaimRules::read_attributes),
    (ClaimCheck::Carried, ClaimRules::read_carried),
];

/// Claims that are strings wherever they occur: `jti` (RFC 7519 section 4.1.7), `client_id` (RFC 8693 section 4.3), and
/// `azp`, `sid` and `nonce` of OpenID Connect.
pub const IDENTIFIER_CLAIMS: [&str; 5] = ["jti", "client_id", "azp", "sid", "nonce"];

type Check = fn(&ClaimRules, &Read<'_>, &mut Draft) -> Outcome;

pub(super) type Outcome = Result<Applies, ClaimsError>;

/// Whether a check had anything to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applies {
    Yes,
    No,
}

impl Applies {
    fn when(applies: bool) -> Self {
        if applies { Self::Yes } else { Self::No }
    }
}

/// What a check reads.
pub(super) struct Read<'t> {
    token: &'t VerifiedToken,
    /// An object.
    pub(super) claims: &'t Value<'t>,
    now: UnixTime,
}

/// What the checks so far have read. Becomes a principal when the last one has passed.
#[derive(Debug)]
pub(super) struct Draft {
    issuer: Option<String>,
    expires_at: UnixTime,
    not_before: Option<UnixTime>,
    issued_at: Option<UnixTime>,
    /// As the issuer writes it.
    pub(super) subject: String,
    pub(super) roles: Vec<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) tenant: Option<String>,
    pub(super) attributes: BTreeMap<String, Vec<String>>,
    pub(super) carried: BTreeMap<String, Value<'static>>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            issuer: None,
            // SECURITY: long past, until `exp` has been read.
            expires_at: UnixTime::from_secs(0),
            not_before: None,
            issued_at: None,
            subject: String::new(),
            roles: Vec::new(),
            scopes: None,
            tenant: None,
            attributes: BTreeMap::new(),
            carried: BTreeMap::new(),
        }
    }
}

/// What the claims of one issuer's tokens must satisfy.
#[derive(Debug, Clone)]
pub struct ClaimRules {
    /// The `iss` they must have.
    pub issuer: Option<String>,
    /// Accepted audiences. Empty: a token must not name any.
    pub audiences: Vec<String>,
    /// Accepted `typ` headers, in any case.
    pub token_types: Vec<String>,
    /// Whether a token without `typ` is refused.
    pub type_required: bool,
    /// Claims that mark a token as one of another kind.
    pub other_kinds: Vec<&'static str>,
    /// What a subject must not begin with, in any case: it would be somebody else's. API keys have theirs in any case.
    pub reserved_subjects: Arc<[String]>,
    /// What is put before every subject, so that it is nobody else's; it may be among those that are reserved.
    pub subject_prefix: String,
    /// Permitted difference between clocks, in seconds.
    pub leeway_secs: u64,
    /// Greatest age by `iat`, in seconds.
    pub max_age_secs: Option<u64>,
    /// Claims that must be there and not null.
    pub required: Vec<Pointer>,
    /// Where the principal's properties stand.
    pub names: ClaimNames,
    /// Places that bindings of the policy compare with.
    pub attributes: Vec<Pointer>,
    /// Places that the origin is told of as they are.
    pub carried: Vec<Pointer>,
    /// Roles by subject, for tokens that say nothing about roles.
    pub subject_roles: BTreeMap<String, Vec<String>>,
    /// The role of a token that says nothing about roles, of a subject without any of its own. One that says "none" has
    /// none.
    pub default_role: Option<String>,
    /// The only roles that its tokens give, if that is limited. Others are as if they were not there.
    pub permitted_roles: Option<Vec<String>>,
    /// Which scopes narrow.
    pub vocabulary: ScopeVocabulary,
}

impl ClaimRules {
    /// Validates a verified token and reads the principal from it. `passed` is told of each check that applied, when the
    /// token has passed it.
    ///
    /// # Errors
    ///
    /// The first rule it breaks, as a [`ClaimsError`], or [`TokenError::ClaimsNotJson`].
    pub(crate) fn validate(
        &self,
        token: &VerifiedToken,
        now: UnixTime,
        mut passed: impl FnMut(ClaimCheck),
    ) -> Result<Principal, AuthError> {
        let claims = json::parse(token.payload(), Budget::REQUEST).map_err(|_| TokenError::ClaimsNotJson)?;
        if claims.as_object().is_none() {
            return Err(TokenError::ClaimsNotJson.into());
        }
        let read = Read { token, claims: &claims, now };
        let mut draft = Draft::default();
        for (check, apply) in CHECKS {
            if apply(self, &read, &mut draft)? == Applies::Yes {
                passed(*check);
            }
        }
        let times = TokenTimes { key_end: token.key_end(), ..self.times(&draft) };
        let Draft { issuer, subject, roles, scopes, tenant, attributes, carried, .. } = draft;
        let subject = behind(&self.subject_prefix, &subject).unwrap_or(subject);
        let proof = Proof::Token { issuer, key_id: token.key_id().map(ToOwned::to_owned) };
        let validity = Validity::Token(times);
        let text = |name: &str| member(&claims, name).and_then(Value::as_str).map(ToOwned::to_owned);
        let marks = Marks { token_id: text("jti"), session_id: text("sid"), issued_at: times.issued_at };
        Ok(Principal {
            subject,
            roles,
            scopes,
            tenant,
            attributes,
            carried,
            handling: None,
            proof,
            marks,
            validity,
        })
    }

    fn check_type(&self, read: &Read<'_>, _: &mut Draft) -> Outcome {
        match read.token.token_type() {
            None if self.type_required => Err(ClaimsError::TypeMismatch),
            None => Ok(Applies::Yes),
            Some(kind) if self.token_types.iter().any(|accepted| accepted.eq_ignore_ascii_case(kind)) => {
                Ok(Applies::Yes)
            }
            Some(_) => Err(ClaimsError::TypeMismatch),
        }
    }

    /// RFC 8725 section 3.12: what the claims themselves say the token is. An ID token or a refresh token is often signed
    /// by the same key, under the same `typ`, for the same caller.
    fn check_kind(&self, read: &Read<'_>, _: &mut Draft) -> Outcome {
        if self.other_kinds.iter().any(|name| member(read.claims, name).is_some()) {
            return Err(ClaimsError::TypeMismatch);
        }
        for name in KIND_CLAIMS {
            let is_access = |kind: &str| ACCESS_KINDS.iter().any(|known| known.eq_ignore_ascii_case(kind));
            if optional_text(read.claims, name)?.is_some_and(|kind| !is_access(kind)) {
                return Err(ClaimsError::TypeMismatch);
            }
        }
        Ok(Applies::Yes)
    }

    fn check_issuer(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        let issuer = optional_text(read.claims, "iss")?;
        match (&self.issuer, issuer) {
            (Some(_), None) => return Err(ClaimsError::Missing("iss".to_owned())),
            (Some(expected), Some(issuer)) if expected != issuer => return Err(ClaimsError::IssuerUntrusted),
            _ => draft.issuer = issuer.map(ToOwned::to_owned),
        }
        Ok(Applies::Yes)
    }

    /// RFC 7519 section 4.1.3: a token that names audiences must be refused by whoever is not among them.
    fn check_audience(&self, read: &Read<'_>, _: &mut Draft) -> Outcome {
        let named = match member(read.claims, "aud") {
            None => None,
            Some(value) => Some(text_or_list(value).ok_or_else(|| ClaimsError::Invalid("aud".to_owned()))?),
        };
        let is_own = |name: &str| self.audiences.iter().any(|own| own == name);
        match named.map(|mut named| named.any(is_own)) {
            None if self.audiences.is_empty() => Ok(Applies::Yes),
            None => Err(ClaimsError::Missing("aud".to_owned())),
            Some(true) => Ok(Applies::Yes),
            Some(false) => Err(ClaimsError::AudienceMismatch),
        }
    }

    fn times(&self, draft: &Draft) -> TokenTimes {
        TokenTimes {
            expires_at: draft.expires_at,
            not_before: draft.not_before,
            issued_at: draft.issued_at,
            leeway_secs: self.leeway_secs,
            max_age_secs: self.max_age_secs,
            key_end: None,
        }
    }

    fn check_expiry(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        let expires_at = numeric_date(read.claims, "exp")?;
        draft.expires_at = expires_at.ok_or_else(|| ClaimsError::Missing("exp".to_owned()))?;
        self.times(draft).check_expiry(read.now)?;
        Ok(Applies::Yes)
    }

    fn check_not_before(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        draft.not_before = numeric_date(read.claims, "nbf")?;
        self.times(draft).check_not_before(read.now)?;
        Ok(Applies::when(draft.not_before.is_some()))
    }

    fn check_issued_at(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        draft.issued_at = numeric_date(read.claims, "iat")?;
        self.times(draft).check_issued_at(read.now)?;
        Ok(Applies::when(draft.issued_at.is_some()))
    }

    fn check_age(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        if self.max_age_secs.is_some() && draft.issued_at.is_none() {
            return Err(ClaimsError::Missing("iat".to_owned()));
        }
        self.times(draft).check_age(read.now)?;
        Ok(Applies::when(self.max_age_secs.is_some()))
    }

    /// RFC 7519 section 4.1: what has a registered type has it, asked for or not.
    fn check_identifiers(&self, read: &Read<'_>, _: &mut Draft) -> Outcome {
        let mut applies = false;
        for name in IDENTIFIER_CLAIMS {
            match present(member(read.claims, name)) {
                None => {}
                Some(Value::String(_)) => applies = true,
                Some(_) => return Err(ClaimsError::Invalid(name.to_owned())),
            }
        }
        Ok(Applies::when(applies))
    }

    fn check_required(&self, read: &Read<'_>, _: &mut Draft) -> Outcome {
        for pointer in &self.required {
            present(pointer.get(read.claims)).ok_or_else(|| ClaimsError::Missing(pointer.to_string()))?;
        }
        Ok(Applies::when(!self.required.is_empty()))
    }
}
