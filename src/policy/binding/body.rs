//! Parameters of the body: members of a JSON text, and fields of a form.

use alloc::borrow::Cow;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use super::name::{Likeness, likeness};
use super::reading::{Occurrence, Reading};
use crate::body::Field;
use crate::json::{self, Budget, Number, Pointer, Value};

/// The member at `place`: a text, a whole number, or a list of these; no member if it is null and `nullable`.
pub(super) fn member<'r>(place: &Pointer, body: &'r Value<'_>, nullable: bool) -> Reading<'r> {
    match find(place, body) {
        Found::Absent => Reading::ABSENT,
        Found::Unclear => Reading { occurrence: Occurrence::Unclear, ..value(place.get(body)) },
        Found::Sole(found) => of(found, nullable),
    }
}

/// What every server finds in this place.
fn of<'v>(found: &'v Value<'_>, nullable: bool) -> Reading<'v> {
    match found {
        Value::Null if nullable => Reading::ABSENT,
        // None of them may be missing from the principal's, and an empty list may mean "all" to an origin.
        Value::Array(elements) if !elements.is_empty() => {
            let mut reading = Reading { occurrence: Occurrence::Sole, ..Reading::new() };
            for element in elements {
                let Reading { found, occurrence } = value(Some(element));
                reading.found.extend(found);
                if occurrence != Occurrence::Sole {
                    reading.occurrence = Occurrence::Unclear;
                }
            }
            reading
        }
        found => value(Some(found)),
    }
}

enum Found<'v> {
    /// Every server finds nothing there.
    Absent,
    Sole(&'v Value<'v>),
    /// Servers differ in what they find there.
    Unclear,
}

/// What is at `place`: one that differs in case only, some servers take for it.
fn find<'v>(place: &Pointer, body: &'v Value<'v>) -> Found<'v> {
    let fold = |name: &str| name.to_uppercase().to_lowercase();
    let mut value = body;
    for token in place.tokens() {
        match value {
            Value::Object(members) => {
                let wanted = fold(token);
                let mut twins = members.iter().filter(|(name, _)| fold(name) == wanted);
                match (twins.next(), twins.next()) {
                    (None, _) => return Found::Absent,
                    (Some((name, found)), None) if name == token => value = found,
                    _ => return Found::Unclear,
                }
            }
            Value::Array(elements) if value.child(token).is_none() && elements.is_empty() => {
                return Found::Absent;
            }
            // The place may be meant, in a form that the gate does not know.
            _ => match value.child(token) {
                Some(found) => value = found,
                None => return Found::Unclear,
            },
        }
    }
    Found::Sole(value)
}

/// A text or a whole number; anything else is found and compared with nothing.
fn value<'v>(value: Option<&'v Value<'_>>) -> Reading<'v> {
    match value {
        None => Reading::UNCLEAR,
        Some(Value::String(text)) => Reading::sole(Cow::Borrowed(text.as_bytes())),
        Some(Value::Number(Number::Unsigned(number))) => {
            Reading::sole(Cow::Owned(number.to_string().into_bytes()))
        }
        Some(other) => {
            let mut reading = Reading::new();
            let text = serde_json::to_string(other).unwrap_or_default();
            reading.add_unclear(Cow::Owned(text.into_bytes()));
            reading
        }
    }
}

/// The field `name` of a form.
pub(super) fn field<'r>(fields: &'r [Field<'_>], name: &str) -> Reading<'r> {
    let mut reading = Reading::new();
    for field in fields {
        let value = Cow::Borrowed(field.value.as_ref());
        match likeness(&field.name, name) {
            Likeness::Other => {}
            Likeness::Same if field.is_text => reading.add(value),
            Likeness::Same | Likeness::Twin => reading.add_unclear(value),
        }
    }
    reading
}

/// The field `name` of a form, and what its value is as a JSON text, as [`member`].
pub(super) fn json_field(fields: &[Field<'_>], name: &str, nullable: bool) -> Reading<'static> {
    let Reading { found, occurrence } = field(fields, name);
    let text = match (occurrence, found.as_slice()) {
        (Occurrence::Absent, _) => return Reading::ABSENT,
        (Occurrence::Sole, [text]) => text,
        _ => return Reading::UNCLEAR,
    };
    let Ok(value) = json::parse(text, Budget::BODY) else { return Reading::UNCLEAR };
    let Reading { found, occurrence } = of(&value, nullable);
    let owned = |value: Cow<'_, [u8]>| Cow::Owned(value.into_owned());
    Reading { found: found.into_iter().map(owned).collect::<Vec<_>>(), occurrence }
}

#[cfg(test)]
mod tests {
    use super::super::reading::Occurrence;
    use super::{json_field, member};
    use crate::body::Field;
    use crate::json::{Budget, Pointer, parse};

    #[test]
    fn a_list_has_a_value_or_is_none() {
        for (body, place, occurrence, count) in [
            (r#"{"a":["x",7]}"#, "/a", Occurrence::Sole, 2),
            (r#"{"a":["x"]}"#, "/a/0", Occurrence::Sole, 1),
            (r#"{"a":["x"]}"#, "/a/1", Occurrence::Unclear, 0),
            // To some origins an empty list stands for everything.
            (r#"{"a":[]}"#, "/a", Occurrence::Unclear, 1),
            (r#"{"a":[]}"#, "/a/0", Occurrence::Absent, 0),
            (r#"{"a":[["x"]]}"#, "/a", Occurrence::Unclear, 1),
            (r#"{"a":["x",null]}"#, "/a", Occurrence::Unclear, 2),
            (r#"{"a":"x"}"#, "/a/0", Occurrence::Unclear, 0),
            (r#"{"b":[]}"#, "/a/0", Occurrence::Absent, 0),
        ] {
            let value = parse(body.as_bytes(), Budget::BODY).unwrap();
            let reading = member(&Pointer::parse(place).unwrap(), &value, false);
            assert_eq!((reading.occurrence, reading.found.len()), (occurrence, count), "{body} {place}");
        }
    }

    #[test]
    fn null_is_no_member_only_where_that_is_said() {
        let place = Pointer::parse("/a").unwrap();
        for (body, nullable, occurrence) in [
            (r#"{"a":null}"#, true, Occurrence::Absent),
            (r#"{"a":null}"#, false, Occurrence::Unclear),
            (r#"{"a":[null]}"#, true, Occurrence::Unclear),
            (r#"{"A":null}"#, true, Occurrence::Unclear),
            (r#"{"a":"x"}"#, true, Occurrence::Sole),
        ] {
            let value = parse(body.as_bytes(), Budget::BODY).unwrap();
            assert_eq!(member(&place, &value, nullable).occurrence, occurrence, "{body} {nullable}");
        }
    }

    #[test]
    fn a_field_may_hold_json() {
        let of = |texts: &[&'static str]| {
            let field = |text: &&'static str| Field {
                name: "ids".into(),
                value: text.as_bytes().into(),
                is_text: true,
            };
            let fields: alloc::vec::Vec<_> = texts.iter().map(field).collect();
            let reading = json_field(&fields, "ids", true);
            (reading.occurrence, reading.found.len())
        };
        for (texts, expected) in [
            (&[][..], (Occurrence::Absent, 0)),
            (&[r#"["x","y"]"#], (Occurrence::Sole, 2)),
            (&[r#""x""#], (Occurrence::Sole, 1)),
            (&["null"], (Occurrence::Absent, 0)),
            (&["[]"], (Occurrence::Unclear, 1)),
            (&[""], (Occurrence::Unclear, 0)),
            (&["x"], (Occurrence::Unclear, 0)),
            (&[r#"["x"]"#, r#"["x"]"#], (Occurrence::Unclear, 0)),
            (&[r#"["x"] ["y"]"#], (Occurrence::Unclear, 0)),
            (&[r#"[["x"]]"#], (Occurrence::Unclear, 1)),
        ] {
            assert_eq!(of(texts), expected, "{texts:?}");
        }
    }
}
