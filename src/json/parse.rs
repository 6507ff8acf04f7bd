//! Reading a text, within a budget.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use thiserror::Error;

use super::by_name::Growing;
use super::value::{Number, Value};

/// Why a document was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonError {
    /// Not a JSON text, or an object member that occurs twice, or over a limit.
    #[error("{message} at line {line}, column {column}")]
    Syntax {
        /// What is wrong, without any part of the document but a member name.
        message: String,
        /// Line of the place, counted from 1.
        line: usize,
        /// Column of the place, counted from 1 in bytes.
        column: usize,
    },
}

/// How much a document may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Most members and elements, summed over all levels.
    pub nodes: usize,
}

impl Budget {
    /// For documents that arrive in a request: token headers, claims.
    pub const REQUEST: Self = Self { depth: crate::limits::JSON_DEPTH, nodes: crate::limits::JSON_NODES };
    /// For the body of a request that bindings compare members of.
    pub const BODY: Self = Self { depth: crate::limits::BODY_DEPTH, nodes: crate::limits::BODY_NODES };
    /// For the answers to the gate's own calls.
    pub const REPLY: Self = Self { depth: crate::limits::JSON_DEPTH, nodes: crate::limits::REPLY_NODES };
    /// For the configuration.
    pub const CONFIG: Self = Self { depth: crate::limits::CONFIG_DEPTH, nodes: crate::limits::CONFIG_NODES };
}

/// The value that `text` is, within `budget`.
///
/// # Errors
///
/// [`JsonError`] if `text` is not exactly one JSON text in UTF-8, if any object in it names a member twice, if a
/// number does not fit a finite double, or if the budget is exceeded.
pub fn parse(text: &[u8], budget: Budget) -> Result<Value<'_>, JsonError> {
    let nodes = Cell::new(budget.nodes);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Seed { depth: budget.depth, nodes: &nodes }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let text = error.to_string();
            // serde_json appends the place to its text; it is carried in fields of its own here.
            let message = text.split(" at line ").next().unwrap_or_default().to_string();
            JsonError::Syntax { message, line, column }
        })
}

/// Within the limits of a configuration document.
impl<'de> Deserialize<'de> for Value<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nodes = Cell::new(Budget::CONFIG.nodes);
        Seed { depth: Budget::CONFIG.depth, nodes: &nodes }.deserialize(deserializer).map(Value::into_owned)
    }
}

/// Reads one value at a known remaining depth, drawing on a shared count of nodes.
#[derive(Clone, Copy)]
struct Seed<'b> {
    depth: usize,
    nodes: &'b Cell<usize>,
}

impl Seed<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { depth, ..self })
    }

    fn count<E: serde::de::Error>(self) -> Result<(), E> {
        let left =
            self.nodes.get().checked_sub(1).ok_or_else(|| E::custom("too many members or elements"))?;
        self.nodes.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Number::Unsigned(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(u64::try_from(value).map_or(Number::Negative(value), Number::Unsigned)))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value<'de>, E> {
        if !value.is_finite() {
            return Err(E::custom("number out of range"));
        }
        Ok(Value::Number(Number::Float(value)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(text.to_string())))
    }

    fn visit_string<E>(self, text: String) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value<'de>, A::Error> {
        let inner = self.inner()?;
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(inner)? {
            self.count()?;
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value<'de>, A::Error> {
        let inner = self.inner()?;
        let mut members = Growing::new();
        while let Some(name) = access.next_key_seed(Name)? {
            self.count()?;
            if members.has(&name) {
                return Err(A::Error::custom(DuplicateMember(&name)));
            }
            members.add(name, access.next_value_seed(inner)?);
        }
        Ok(Value::Object(members.finish()))
    }
}

/// Reads the name of a member.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_string()))
    }

    fn visit_string<E>(self, name: String) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name))
    }
}

/// Says that a member occurs twice, showing no more of its name than a reader needs.
struct DuplicateMember<'n>(&'n str);

impl fmt::Display for DuplicateMember<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(64).filter(|c| !c.is_control()).collect();
        write!(f, "member `{shown}` occurs twice in one object")
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Number, Value, parse};
    use alloc::string::ToString;
    use alloc::vec;

    fn message(text: &str) -> alloc::string::String {
        parse(text.as_bytes(), Budget::REQUEST).unwrap_err().to_string()
    }

    #[test]
    fn duplicate_members_are_refused_at_every_depth() {
        assert!(message(r#"{"a":1,"a":2}"#).starts_with("member `a` occurs twice"));
        assert!(message(r#"{"x":[{"b":{"c":1,"c":1}}]}"#).starts_with("member `c` occurs twice"));
        // One name, two spellings.
        assert!(message("{\"exp\":1,\"e\\u0078p\":2}").starts_with("member `exp` occurs twice"));
    }

    #[test]
    fn numbers_keep_their_kind_and_never_overflow() {
        let value = parse(b"[0, -1, 1.5, 18446744073709551615, 1e3]", Budget::REQUEST).unwrap();
        assert_eq!(
            value,
            Value::Array(vec![
                Value::Number(Number::Unsigned(0)),
                Value::Number(Number::Negative(-1)),
                Value::Number(Number::Float(1.5)),
                Value::Number(Number::Unsigned(u64::MAX)),
                Value::Number(Number::Float(1000.0)),
            ])
        );
        assert!(message("1e400").starts_with("number out of range"));
    }

    #[test]
    fn depth_and_count_are_bounded() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(parse(deep(16).as_bytes(), Budget::REQUEST).is_ok());
        assert!(message(&deep(17)).starts_with("nested too deeply"));
        assert!(message(&deep(100_000)).starts_with("nested too deeply"));
        let wide = |n: usize| "[0".to_string() + &",0".repeat(n - 1) + "]";
        assert!(parse(wide(1024).as_bytes(), Budget::REQUEST).is_ok());
        assert!(message(&wide(1025)).starts_with("too many members"));
    }

    #[test]
    fn one_text_and_nothing_after_it() {
        for bad in ["", "{}{}", "{} x", "nul", "{\"a\":1,}", "'a'", "\u{feff}{}", "\"\\ud800\"", "01", "NaN"]
        {
            assert!(parse(bad.as_bytes(), Budget::REQUEST).is_err(), "{bad:?}");
        }
        assert!(parse(b"\"\xff\"", Budget::REQUEST).is_err());
    }
}
