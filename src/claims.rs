//! Validating the claims of a verified token: [RFC 7519 section 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1).
//!
//! Presence before value, type before content. A claim that has a registered meaning must have the registered type
//! even where no rule asks for it; a rule that is configured makes its claim required.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::error::{AuthError, ClaimsError, TokenError};
use crate::json::{self, Budget, Number, Pointer, Value};
use crate::jws::VerifiedToken;
use crate::limits::{CLAIM_BYTES, CLAIM_LIST, NUMERIC_DATE_MAX};
use crate::principal::{Principal, Proof};
use crate::time::UnixTime;
use crate::token_kind::{ACCESS, CLAIMS};

/// Where in the claims a principal's properties stand.
#[derive(Debug, Clone)]
pub(crate) struct ClaimNames {
    pub(crate) subject: Pointer,
    /// Places to take roles from; the first that is present and not null counts.
    pub(crate) roles: Vec<Pointer>,
    pub(crate) scopes: Pointer,
    pub(crate) tenant: Option<Pointer>,
}

/// A check of claims, named when a token has passed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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
    /// The required claim of this index is there.
    Required(usize),
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
}

/// What the claims of one issuer's tokens must satisfy.
#[derive(Debug, Clone)]
pub(crate) struct ClaimRules {
    pub(crate) issuer: Option<String>,
    /// Accepted audiences. Empty: a token must not name any.
    pub(crate) audiences: Vec<String>,
    /// Accepted `typ` headers, in any case.
    pub(crate) token_types: Vec<String>,
    /// Whether a token without `typ` is refused.
    pub(crate) type_required: bool,
    /// Claims that mark a token as one of another kind.
    pub(crate) foreign: Vec<&'static str>,
    /// What a subject must not begin with, in any case.
    pub(crate) foreign_subjects: &'static [&'static str],
    pub(crate) leeway_secs: u64,
    pub(crate) max_age_secs: Option<u64>,
    pub(crate) required: Vec<Pointer>,
    pub(crate) names: ClaimNames,
    /// Places that bindings of the policy compare with.
    pub(crate) attributes: Vec<Pointer>,
    /// Roles by subject, for tokens that say nothing about roles.
    pub(crate) subject_roles: BTreeMap<String, Vec<String>>,
    /// The role of a token that says nothing about roles, of a subject without any of its own. One that says "none" has
    /// none.
    pub(crate) default_role: Option<String>,
}

impl ClaimRules {
    /// Validates a verified token and reads the principal from it. `passed` is told of each check that it passes.
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
        self.check_type(token)?;
        passed(ClaimCheck::Type);
        self.check_kind(&claims)?;
        passed(ClaimCheck::Kind);
        let issuer = self.check_issuer(&claims)?;
        passed(ClaimCheck::Issuer);
        self.check_audience(&claims)?;
        passed(ClaimCheck::Audience);
        let expires_at = self.check_times(&claims, now, &mut passed)?;
        for (index, pointer) in self.required.iter().enumerate() {
            present(pointer.get(&claims)).ok_or_else(|| ClaimsError::Missing(pointer.to_string()))?;
            passed(ClaimCheck::Required(index));
        }
        let subject = self.subject(&claims)?;
        passed(ClaimCheck::Subject);
        let roles = self.roles(&claims, &subject)?;
        passed(ClaimCheck::Roles);
        let scopes = self.scopes(&claims)?;
        passed(ClaimCheck::Scopes);
        let tenant = self.tenant(&claims)?;
        passed(ClaimCheck::Tenant);
        let attributes = attributes(&self.attributes, &claims)?;
        passed(ClaimCheck::Attributes);
        let proof = Proof::Token { issuer, key_id: token.key_id().map(ToOwned::to_owned) };
        let valid_until = Some(expires_at.plus(self.leeway_secs));
        Ok(Principal { subject, roles, scopes, tenant, attributes, proof, valid_until })
    }

    fn check_type(&self, token: &VerifiedToken) -> Result<(), ClaimsError> {
        match token.token_type() {
            None if self.type_required => Err(ClaimsError::TypeMismatch),
            None => Ok(()),
            Some(kind) if self.token_types.iter().any(|accepted| accepted.eq_ignore_ascii_case(kind)) => {
                Ok(())
            }
            Some(_) => Err(ClaimsError::TypeMismatch),
        }
    }

    /// RFC 8725 section 3.12: what the claims themselves say the token is. An ID token or a refresh token is often signed
    /// by the same key, under the same `typ`, for the same caller.
    fn check_kind(&self, claims: &Value) -> Result<(), ClaimsError> {
        if self.foreign.iter().any(|name| member(claims, name).is_some()) {
            return Err(ClaimsError::TypeMismatch);
        }
        for name in CLAIMS {
            let is_access = |kind: &str| ACCESS.iter().any(|known| known.eq_ignore_ascii_case(kind));
            if optional_text(claims, name)?.is_some_and(|kind| !is_access(kind)) {
                return Err(ClaimsError::TypeMismatch);
            }
        }
        Ok(())
    }

    fn check_issuer(&self, claims: &Value) -> Result<Option<String>, ClaimsError> {
        let issuer = optional_text(claims, "iss")?;
        match (&self.issuer, issuer) {
            (None, issuer) => Ok(issuer.map(ToOwned::to_owned)),
            (Some(_), None) => Err(ClaimsError::Missing("iss".to_owned())),
            (Some(expected), Some(issuer)) if expected == issuer => Ok(Some(issuer.to_owned())),
            (Some(_), Some(_)) => Err(ClaimsError::IssuerUntrusted),
        }
    }

    /// RFC 7519 section 4.1.3: a token that names audiences must be refused by whoever is not among them.
    fn check_audience(&self, claims: &Value) -> Result<(), ClaimsError> {
        let named = match member(claims, "aud") {
            None => None,
            Some(value) => Some(text_or_list(value).ok_or_else(|| ClaimsError::Invalid("aud".to_owned()))?),
        };
        match named {
            None if self.audiences.is_empty() => Ok(()),
            None => Err(ClaimsError::Missing("aud".to_owned())),
            Some(named) if named.iter().any(|name| self.audiences.iter().any(|own| own == name)) => Ok(()),
            Some(_) => Err(ClaimsError::AudienceMismatch),
        }
    }

    fn check_times(
        &self,
        claims: &Value,
        now: UnixTime,
        passed: &mut impl FnMut(ClaimCheck),
    ) -> Result<UnixTime, ClaimsError> {
        let leeway = self.leeway_secs;
        let expires_at =
            numeric_date(claims, "exp")?.ok_or_else(|| ClaimsError::Missing("exp".to_owned()))?;
        if now >= expires_at.plus(leeway) {
            return Err(ClaimsError::Expired { now, expires_at });
        }
        passed(ClaimCheck::Expiry);
        if let Some(not_before) = numeric_date(claims, "nbf")? {
            if now.plus(leeway) < not_before {
                return Err(ClaimsError::NotYetValid { now, not_before });
            }
            passed(ClaimCheck::NotBefore);
        }
        let issued_at = numeric_date(claims, "iat")?;
        if let Some(issued_at) = issued_at {
            if now.plus(leeway) < issued_at {
                return Err(ClaimsError::IssuedInFuture { now, issued_at });
            }
            passed(ClaimCheck::IssuedAt);
        }
        if let Some(max_age_secs) = self.max_age_secs {
            let issued_at = issued_at.ok_or_else(|| ClaimsError::Missing("iat".to_owned()))?;
            if now.minus(leeway) > issued_at.plus(max_age_secs) {
                return Err(ClaimsError::TooOld { now, issued_at, max_age_secs });
            }
            passed(ClaimCheck::Age);
        }
        Ok(expires_at)
    }

    fn subject(&self, claims: &Value) -> Result<String, ClaimsError> {
        // Checked even when another claim is the subject: an origin may read it.
        if optional_text(claims, "sub")?.is_some_and(|sub| self.is_foreign_subject(sub)) {
            return Err(ClaimsError::Invalid("sub".to_owned()));
        }
        let place = &self.names.subject;
        let subject = match present(place.get(claims)) {
            None => return Err(ClaimsError::Missing(place.to_string())),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(Number::Unsigned(number))) => number.to_string(),
            Some(_) => return Err(ClaimsError::Invalid(place.to_string())),
        };
        if is_usable(&subject) && !self.is_foreign_subject(&subject) {
            Ok(subject)
        } else {
            Err(ClaimsError::Invalid(place.to_string()))
        }
    }

    fn is_foreign_subject(&self, subject: &str) -> bool {
        let begins = |prefix: &&str| {
            subject.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        self.foreign_subjects.iter().any(begins)
    }

    fn roles(&self, claims: &Value, subject: &str) -> Result<Vec<String>, ClaimsError> {
        let found =
            self.names.roles.iter().find_map(|place| present(place.get(claims)).map(|value| (place, value)));
        let Some((place, value)) = found else {
            let own = self.subject_roles.get(subject).cloned();
            return Ok(own.unwrap_or_else(|| self.default_role.iter().cloned().collect()));
        };
        let invalid = || ClaimsError::Invalid(place.to_string());
        let names = text_or_list(value).ok_or_else(invalid)?;
        distinct(names).ok_or_else(invalid)
    }

    /// A list, or the space-separated string of RFC 8693 section 4.2.
    fn scopes(&self, claims: &Value) -> Result<Option<Vec<String>>, ClaimsError> {
        let place = &self.names.scopes;
        let invalid = || ClaimsError::Invalid(place.to_string());
        let names = match present(place.get(claims)) {
            None => return Ok(None),
            Some(Value::String(text)) => text.split(' ').filter(|name| !name.is_empty()).collect(),
            Some(value) => text_or_list(value).ok_or_else(invalid)?,
        };
        distinct(names).map(Some).ok_or_else(invalid)
    }

    fn tenant(&self, claims: &Value) -> Result<Option<String>, ClaimsError> {
        let Some(place) = &self.names.tenant else { return Ok(None) };
        match present(place.get(claims)) {
            None => Ok(None),
            Some(Value::String(text)) if is_usable(text) => Ok(Some(text.clone())),
            Some(_) => Err(ClaimsError::Invalid(place.to_string())),
        }
    }
}

/// The values at `places`: a string, a whole number, or a list of these; a place that is empty has none.
///
/// # Errors
///
/// [`ClaimsError::Invalid`] if there is something else.
pub(crate) fn attributes(
    places: &[Pointer],
    document: &Value,
) -> Result<BTreeMap<String, Vec<String>>, ClaimsError> {
    let mut found = BTreeMap::new();
    for place in places {
        let Some(value) = present(place.get(document)) else { continue };
        let text = |value: &Value| match value {
            Value::String(text) if is_usable(text) => Some(text.clone()),
            Value::Number(Number::Unsigned(number)) => Some(number.to_string()),
            _ => None,
        };
        let values = match value {
            Value::Array(elements) if elements.len() <= CLAIM_LIST => elements.iter().map(text).collect(),
            single => text(single).map(|text| Vec::from([text])),
        };
        found.insert(place.to_string(), values.ok_or_else(|| ClaimsError::Invalid(place.to_string()))?);
    }
    Ok(found)
}

/// The `iss` of a token nobody has verified: good for choosing whose keys to try, and for nothing else.
pub(crate) fn unverified_issuer(payload: &[u8]) -> Result<Option<String>, TokenError> {
    let claims = json::parse(payload, Budget::REQUEST).map_err(|_| TokenError::ClaimsNotJson)?;
    if claims.as_object().is_none() {
        return Err(TokenError::ClaimsNotJson);
    }
    Ok(member(&claims, "iss").and_then(Value::as_str).map(ToOwned::to_owned))
}

fn member<'c>(claims: &'c Value, name: &str) -> Option<&'c Value> {
    claims.as_object().and_then(|members| members.get(name))
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| **value != Value::Null)
}

fn optional_text<'c>(claims: &'c Value, name: &str) -> Result<Option<&'c str>, ClaimsError> {
    match member(claims, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ClaimsError::Invalid(name.to_owned())),
    }
}

fn text_or_list(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(Vec::from([text.as_str()])),
        Value::Array(elements) => elements.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn distinct(names: Vec<&str>) -> Option<Vec<String>> {
    if names.len() > CLAIM_LIST {
        return None;
    }
    let mut kept: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        if !is_usable(name) {
            return None;
        }
        if !kept.iter().any(|seen| seen == name) {
            kept.push(name.to_owned());
        }
    }
    Some(kept)
}

/// Whether a text can name a party: not empty, bounded, and without control characters.
fn is_usable(text: &str) -> bool {
    !text.is_empty() && text.len() <= CLAIM_BYTES && !text.chars().any(char::is_control)
}

/// A NumericDate (RFC 7519 section 2), rounded down to whole seconds. It may be fractional: R2R writes floats.
fn numeric_date(claims: &Value, name: &str) -> Result<Option<UnixTime>, ClaimsError> {
    let invalid = || ClaimsError::Invalid(name.to_owned());
    let secs = match member(claims, name) {
        None => return Ok(None),
        Some(Value::Number(Number::Unsigned(secs))) => *secs,
        Some(Value::Number(Number::Float(secs))) => whole_seconds(*secs).ok_or_else(invalid)?,
        Some(_) => return Err(invalid()),
    };
    if secs > NUMERIC_DATE_MAX {
        return Err(invalid());
    }
    Ok(Some(UnixTime::from_secs(secs)))
}

/// The integral part of a non-negative number no larger than the last acceptable date.
#[allow(
    clippy::as_conversions,
    reason = "there is no checked conversion from f64; the range is checked against the year 9999, which a double and a u64 both hold exactly"
)]
fn whole_seconds(secs: f64) -> Option<u64> {
    let max = NUMERIC_DATE_MAX as f64;
    (0.0..=max).contains(&secs).then_some(secs as u64)
}
