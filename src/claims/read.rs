//! Reading single claims: type before content, presence before value.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::slice;

use crate::error::{ClaimsError, TokenError};
use crate::json::{self, Budget, Number, Pointer, Value};
use crate::limits::{CLAIM_BYTES, CLAIM_LIST, NUMERIC_DATE_MAX};
use crate::principal::KEY_SUBJECT;
use crate::time::UnixTime;

/// The values at `places`: a string, a whole number, or a list of these; a place that is empty has none.
///
/// # Errors
///
/// [`ClaimsError`] if there is something else.
pub fn attributes(
    places: &[Pointer],
    document: &Value,
) -> Result<BTreeMap<String, Vec<String>>, ClaimsError> {
    let mut found = BTreeMap::new();
    for place in places {
        let Some(value) = present(place.get(document)) else { continue };
        let text = |value: &Value| match value {
            Value::String(text) => check_name(text, place).map(|()| text.clone().into_owned()),
            Value::Number(Number::Unsigned(number)) => Ok(number.to_string()),
            _ => Err(ClaimsError::Invalid(place.to_string())),
        };
        let values = match value {
            Value::Array(elements) if elements.len() > CLAIM_LIST => {
                return Err(ClaimsError::TooMany(place.to_string()));
            }
            Value::Array(elements) => elements.iter().map(text).collect::<Result<_, _>>()?,
            single => Vec::from([text(single)?]),
        };
        found.insert(place.to_string(), values);
    }
    Ok(found)
}

/// The subject at `place` of `document`, behind `prefix`; `None` if there is none.
///
/// # Errors
///
/// [`ClaimsError`] if it is no name, or is that of an API key.
pub(crate) fn subject_at(
    place: &Pointer,
    document: &Value,
    prefix: &str,
) -> Result<Option<String>, ClaimsError> {
    let subject = match present(place.get(document)) {
        None => return Ok(None),
        Some(Value::String(text)) => text.clone().into_owned(),
        Some(Value::Number(Number::Unsigned(number))) => number.to_string(),
        Some(_) => return Err(ClaimsError::Invalid(place.to_string())),
    };
    check_name(&subject, place)?;
    let behind = behind(prefix, &subject);
    let whole = behind.as_ref().unwrap_or(&subject);
    check_name(whole, place)?;
    let is_key = |text: &str| {
        text.get(..KEY_SUBJECT.len()).is_some_and(|start| start.eq_ignore_ascii_case(KEY_SUBJECT))
    };
    if is_key(&subject) || is_key(whole) {
        return Err(ClaimsError::Reserved(place.to_string()));
    }
    Ok(Some(behind.unwrap_or(subject)))
}

/// `subject` behind `prefix`; `None` if that is empty, as it mostly is.
pub(super) fn behind(prefix: &str, subject: &str) -> Option<String> {
    (!prefix.is_empty()).then(|| [prefix, subject].concat())
}

/// The text at `place` of `document`; `None` if there is none.
///
/// # Errors
///
/// [`ClaimsError`] if it is no name.
pub(crate) fn text_at(place: &Pointer, document: &Value) -> Result<Option<String>, ClaimsError> {
    match present(place.get(document)) {
        None => Ok(None),
        Some(Value::String(text)) => check_name(text, place).map(|()| Some(text.clone().into_owned())),
        Some(_) => Err(ClaimsError::Invalid(place.to_string())),
    }
}

/// The names at `place` of `document`, each once: one, or a list; `None` if there is nothing.
///
/// # Errors
///
/// [`ClaimsError`] if they are no names.
pub(crate) fn list_at(place: &Pointer, document: &Value) -> Result<Option<Vec<String>>, ClaimsError> {
    let Some(value) = present(place.get(document)) else { return Ok(None) };
    let names = text_or_list(value).ok_or_else(|| ClaimsError::Invalid(place.to_string()))?;
    distinct(names, place).map(Some)
}

/// The names at `place` of `document`, each once: a list, or a text with spaces between them (RFC 8693 section 4.2);
/// `None` if there is nothing.
///
/// # Errors
///
/// [`ClaimsError`] if they are no names.
pub(crate) fn names_at(place: &Pointer, document: &Value) -> Result<Option<Vec<String>>, ClaimsError> {
    match present(place.get(document)) {
        None => Ok(None),
        Some(Value::String(text)) if text.bytes().all(|byte| byte == b' ') => Ok(None),
        Some(Value::String(text)) => {
            distinct(text.split(' ').filter(|name| !name.is_empty()), place).map(Some)
        }
        Some(value) => {
            let names = text_or_list(value).ok_or_else(|| ClaimsError::Invalid(place.to_string()))?;
            distinct(names, place).map(Some)
        }
    }
}

/// The `iss` of a token nobody has verified: good for choosing whose keys to try, and for nothing else.
pub(crate) fn unverified_issuer(payload: &[u8]) -> Result<Option<String>, TokenError> {
    let claims = json::parse(payload, Budget::REQUEST).map_err(|_| TokenError::ClaimsNotJson)?;
    if claims.as_object().is_none() {
        return Err(TokenError::ClaimsNotJson);
    }
    Ok(member(&claims, "iss").and_then(Value::as_str).map(ToOwned::to_owned))
}

pub(super) fn member<'c, 't>(claims: &'c Value<'t>, name: &str) -> Option<&'c Value<'t>> {
    claims.as_object().and_then(|members| members.get(name))
}

pub(super) fn present<'c, 't>(value: Option<&'c Value<'t>>) -> Option<&'c Value<'t>> {
    value.filter(|value| **value != Value::Null)
}

pub(super) fn optional_text<'c>(claims: &'c Value<'_>, name: &str) -> Result<Option<&'c str>, ClaimsError> {
    match member(claims, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ClaimsError::Invalid(name.to_owned())),
    }
}

/// The texts of a list, or of what is as good as a list of one; `None` if it is neither.
pub(super) fn text_or_list<'c>(value: &'c Value<'_>) -> Option<impl Iterator<Item = &'c str> + Clone> {
    let elements = match value {
        Value::String(_) => slice::from_ref(value),
        Value::Array(elements) => elements,
        _ => return None,
    };
    let texts = elements.iter().filter_map(Value::as_str);
    (texts.clone().count() == elements.len()).then_some(texts)
}

/// The names, each once.
///
/// # Errors
///
/// If there are too many, or one is no name; `place` is where they stand.
pub(super) fn distinct<'n>(
    names: impl Iterator<Item = &'n str> + Clone,
    place: &Pointer,
) -> Result<Vec<String>, ClaimsError> {
    let count = names.clone().count();
    if count > CLAIM_LIST {
        return Err(ClaimsError::TooMany(place.to_string()));
    }
    let mut kept: Vec<String> = Vec::with_capacity(count);
    for name in names {
        check_name(name, place)?;
        if !kept.iter().any(|seen| seen == name) {
            kept.push(name.to_owned());
        }
    }
    Ok(kept)
}

/// Whether a text can name a party: not empty, bounded, and without control characters.
///
/// # Errors
///
/// What keeps it from that; `place` is where it stands.
pub(super) fn check_name(text: &str, place: &Pointer) -> Result<(), ClaimsError> {
    if text.len() > CLAIM_BYTES {
        return Err(ClaimsError::TooLong(place.to_string()));
    }
    // Most are ASCII, of which a byte is a character.
    let has_control = match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    };
    if text.is_empty() || has_control {
        return Err(ClaimsError::Unprintable(place.to_string()));
    }
    Ok(())
}

/// A NumericDate (RFC 7519 section 2), rounded down to whole seconds. It may be fractional: R2R writes floats.
pub(super) fn numeric_date(claims: &Value, name: &str) -> Result<Option<UnixTime>, ClaimsError> {
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

#[cfg(test)]
mod tests {
    use super::{attributes, check_name, distinct};
    use crate::error::ClaimsError;
    use crate::json::{Pointer, Value};
    use crate::limits::{CLAIM_BYTES, CLAIM_LIST};
    use alloc::collections::BTreeMap;
    use alloc::string::{String, ToString as _};
    use alloc::vec::Vec;

    #[test]
    fn lists_and_names_are_bounded_to_the_last() {
        let place = Pointer::parse("/a").unwrap();
        let too_many = ClaimsError::TooMany("/a".to_string());
        for (count, fits) in [(CLAIM_LIST, true), (CLAIM_LIST + 1, false), (CLAIM_LIST + 2, false)] {
            let names: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            let list = names.iter().map(|name| Value::String(name.into())).collect();
            let claims = Value::Object([("a".to_string(), Value::Array(list))].into_iter().collect());
            let expected = if fits { Ok(names.clone()) } else { Err(too_many.clone()) };
            assert_eq!(distinct(names.iter().map(String::as_str), &place), expected);
            let expected = expected.map(|names| BTreeMap::from([("/a".to_string(), names)]));
            assert_eq!(attributes(core::slice::from_ref(&place), &claims), expected);
        }
        assert_eq!(check_name(&"x".repeat(CLAIM_BYTES), &place), Ok(()));
        let too_long = ClaimsError::TooLong("/a".to_string());
        assert_eq!(check_name(&"x".repeat(CLAIM_BYTES + 1), &place), Err(too_long));
    }
}
