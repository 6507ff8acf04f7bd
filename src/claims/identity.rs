//! Who a token is about: subject, roles, scopes, tenant, and what bindings compare with.

use alloc::string::ToString;

use super::carried::carried;
use super::read::{attributes, behind, check_name, distinct, names_at, optional_text, present, text_or_list};
use super::rules::{Applies, ClaimRules, Draft, Outcome, Read};
use super::scopes::common;
use crate::error::ClaimsError;
use crate::json::{Number, Value};
use crate::principal::KEY_SUBJECT;

impl ClaimRules {
    pub(super) fn read_subject(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        // Checked even when another claim is the subject: an origin may read it.
        if optional_text(read.claims, "sub")?.is_some_and(|sub| self.is_reserved(sub)) {
            return Err(ClaimsError::Reserved("sub".to_string()));
        }
        let mut places = self.names.subject.iter();
        let found = places.find_map(|place| present(place.get(read.claims)).map(|value| (place, value)));
        let Some((place, value)) = found else {
            let wanted = self.names.subject.first().map(ToString::to_string);
            return Err(ClaimsError::Missing(wanted.unwrap_or_default()));
        };
        let subject = match value {
            Value::String(text) => text.clone().into_owned(),
            // Not in `sub`, which is a string (RFC 7519 section 4.1.2) and was read as one.
            Value::Number(Number::Unsigned(number)) => number.to_string(),
            _ => return Err(ClaimsError::Invalid(place.to_string())),
        };
        check_name(&subject, place)?;
        let behind = behind(&self.subject_prefix, &subject);
        let whole = behind.as_ref().unwrap_or(&subject);
        check_name(whole, place)?;
        if self.is_reserved(&subject) || self.is_reserved(whole) {
            return Err(ClaimsError::Reserved(place.to_string()));
        }
        draft.subject = subject;
        Ok(Applies::Yes)
    }

    /// Whether a subject is that of an API key, or another one that this issuer's tokens must not name.
    fn is_reserved(&self, subject: &str) -> bool {
        let begins = |prefix: &str| {
            subject.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let mut others =
            self.reserved_subjects.iter().filter(|prefix| !prefix.eq_ignore_ascii_case(&self.subject_prefix));
        begins(KEY_SUBJECT) || others.any(|prefix| begins(prefix))
    }

    pub(super) fn read_roles(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        let mut places = self.names.roles.iter();
        let found = places.find_map(|place| present(place.get(read.claims)).map(|value| (place, value)));
        draft.roles = match found {
            Some((place, value)) => {
                distinct(text_or_list(value).ok_or_else(|| ClaimsError::Invalid(place.to_string()))?, place)?
            }
            None => {
                let own = self.subject_roles.get(&draft.subject).cloned();
                own.unwrap_or_else(|| self.default_role.iter().cloned().collect())
            }
        };
        if let Some(permitted) = &self.permitted_roles {
            draft.roles.retain(|role| permitted.contains(role));
        }
        Ok(Applies::Yes)
    }

    /// Lists, and space-separated strings as in RFC 8693 section 4.2. An empty string has no scope, and is as if it were
    /// not there; an empty list is one.
    pub(super) fn read_scopes(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        for place in &self.names.scopes {
            let Some(names) = names_at(place, read.claims)? else { continue };
            let narrowing = self.vocabulary.narrowing(names);
            draft.scopes = common(draft.scopes.take(), narrowing);
        }
        Ok(Applies::Yes)
    }

    pub(super) fn read_tenant(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        let Some(place) = &self.names.tenant else { return Ok(Applies::Yes) };
        match present(place.get(read.claims)) {
            None => {}
            Some(Value::String(text)) => {
                check_name(text, place)?;
                draft.tenant = Some(text.clone().into_owned());
            }
            Some(_) => return Err(ClaimsError::Invalid(place.to_string())),
        }
        Ok(Applies::Yes)
    }

    pub(super) fn read_attributes(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        draft.attributes = attributes(&self.attributes, read.claims)?;
        Ok(Applies::Yes)
    }

    pub(super) fn read_carried(&self, read: &Read<'_>, draft: &mut Draft) -> Outcome {
        draft.carried = carried(&self.carried, read.claims)?;
        Ok(Applies::Yes)
    }
}
