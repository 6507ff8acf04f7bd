//! Claims of the caller that the origin is told of as they stand there.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use super::read::present;
use crate::error::ClaimsError;
use crate::json::{Number, Pointer, Value};
use crate::limits::{CARRIED_BYTES, CLAIM_BYTES, CLAIM_LIST};

/// From here on, numbers with a fraction cannot be told from those without: another one would be handed on than came.
const FRACTIONS_END: f64 = 9_007_199_254_740_992.0;

/// The values at `places` that are handed on as they are: a string, a number, a truth value, or a list of strings; a place
/// that is empty or null has none.
///
/// # Errors
///
/// [`ClaimsError`] if there is something else, or too much of it.
pub fn carried(
    places: &[Pointer],
    document: &Value,
) -> Result<BTreeMap<String, Value<'static>>, ClaimsError> {
    let mut found = BTreeMap::new();
    let mut bytes: usize = 0;
    for place in places {
        let Some(value) = present(place.get(document)) else { continue };
        match value {
            Value::String(text) => check_text(text, place)?,
            Value::Array(elements) if elements.len() > CLAIM_LIST => {
                return Err(ClaimsError::TooMany(place.to_string()));
            }
            Value::Array(elements) => elements.iter().try_for_each(|element| match element {
                Value::String(text) => check_text(text, place),
                _ => Err(ClaimsError::Invalid(place.to_string())),
            })?,
            Value::Bool(_) => {}
            Value::Number(Number::Float(number)) if number.abs() >= FRACTIONS_END => {
                return Err(ClaimsError::Invalid(place.to_string()));
            }
            Value::Number(_) => {}
            Value::Null | Value::Object(_) => return Err(ClaimsError::Invalid(place.to_string())),
        }
        bytes = bytes.saturating_add(length(value));
        if bytes > CARRIED_BYTES {
            return Err(ClaimsError::TooLong(place.to_string()));
        }
        found.insert(place.to_string(), value.clone().into_owned());
    }
    Ok(found)
}

/// A text may be empty: it names nobody.
fn check_text(text: &str, place: &Pointer) -> Result<(), ClaimsError> {
    if text.len() > CLAIM_BYTES {
        return Err(ClaimsError::TooLong(place.to_string()));
    }
    if text.chars().any(char::is_control) {
        return Err(ClaimsError::Unprintable(place.to_string()));
    }
    Ok(())
}

/// How long it is when it is written down.
fn length(value: &Value) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |written| written.len())
}

#[cfg(test)]
mod tests {
    use super::carried;
    use crate::error::ClaimsError;
    use crate::json::{Budget, Pointer, parse};
    use crate::limits::CARRIED_BYTES;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    fn read(claims: &str, places: &[&str]) -> Result<String, ClaimsError> {
        let claims = parse(claims.as_bytes(), Budget::REQUEST).unwrap();
        let places: Vec<Pointer> = places.iter().map(|place| Pointer::parse(place).unwrap()).collect();
        let found = carried(&places, &claims)?;
        Ok(serde_json::to_string(&found).unwrap())
    }

    #[test]
    fn values_are_what_came() {
        let claims = r#"{"a":"","b":"José","c":-7,"d":1.5,"e":true,"f":["x","y"],"g":[],"h":null,"i":{"j":18446744073709551615}}"#;
        let places = ["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i/j", "/k"];
        let expected = r#"{"/a":"","/b":"José","/c":-7,"/d":1.5,"/e":true,"/f":["x","y"],"/g":[],"/i/j":18446744073709551615}"#;
        assert_eq!(read(claims, &places).unwrap(), expected);
    }

    #[test]
    fn other_kinds_and_what_is_too_long_are_refused() {
        let invalid = |place: &str| Err(ClaimsError::Invalid(place.to_string()));
        for claims in [
            r#"{"a":{}}"#,
            r#"{"a":[1]}"#,
            r#"{"a":["x",null]}"#,
            r#"{"a":[["x"]]}"#,
            r#"{"a":18446744073709551616}"#,
        ] {
            assert_eq!(read(claims, &["/a"]), invalid("/a"), "{claims}");
        }
        assert_eq!(read(r#"{"a":"x\u0000y"}"#, &["/a"]), Err(ClaimsError::Unprintable("/a".to_string())));
        let text = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
        assert!(read(&text(512), &["/a"]).is_ok());
        assert_eq!(read(&text(513), &["/a"]), Err(ClaimsError::TooLong("/a".to_string())));
        let list = |count: usize, length: usize| {
            let element = format!("\"{}\"", "x".repeat(length));
            format!(r#"{{"a":[{}]}}"#, [element.as_str()].repeat(count).join(","))
        };
        assert!(read(&list(256, 1), &["/a"]).is_ok());
        assert_eq!(read(&list(257, 1), &["/a"]), Err(ClaimsError::TooMany("/a".to_string())));
        assert_eq!(read(&list(5, 500), &["/a"]), Err(ClaimsError::TooLong("/a".to_string())));
        // To the byte: two brackets, eight quotation marks and three commas.
        let filled = |last: usize| {
            let texts = [512, 512, 512, last].map(|length| format!("\"{}\"", "x".repeat(length)));
            format!(r#"{{"a":[{}]}}"#, texts.join(","))
        };
        let last = CARRIED_BYTES - 3 * 512 - 13;
        assert!(read(&filled(last), &["/a"]).is_ok());
        assert_eq!(read(&filled(last + 1), &["/a"]), Err(ClaimsError::TooLong("/a".to_string())));
        // Together as well as one by one.
        let two = format!(
            r#"{{"a":"{}","b":["{}"]}}"#,
            "x".repeat(500),
            ["y".repeat(500).as_str(); 4].join(r#"",""#)
        );
        assert!(read(&two, &["/a"]).is_ok());
        assert!(read(&two, &["/b"]).is_ok());
        assert_eq!(read(&two, &["/a", "/b"]), Err(ClaimsError::TooLong("/b".to_string())));
    }
}
