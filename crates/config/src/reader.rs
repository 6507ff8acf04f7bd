//! Reads a parsed [`Value`] into a Rust type, with errors that name the place and the remedy.
//!
//! The place is a JSON pointer, put together while an error travels outwards.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use portcullis::json::{self, Number, Value, push_token};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::hints;
use crate::suggest::one_of;

/// A value that does not have the form its place asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShapeError {
    /// Reference tokens from the innermost to the outermost.
    path: Vec<String>,
    /// What is wrong and what to write instead.
    pub(crate) message: String,
    /// What was expected, if something of another form is there.
    expected: Option<String>,
}

impl ShapeError {
    fn new(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), message: message.into(), expected: None }
    }

    fn inside(mut self, token: impl ToString) -> Self {
        self.path.push(token.to_string());
        self
    }

    /// Inside the member `name`, which may say more about the form of its value.
    fn inside_member(mut self, name: &str) -> Self {
        if let Some(hint) = self.expected.take().and_then(|expected| hints::form(name, &expected)) {
            self.message = format!("{}; {hint}", self.message);
        }
        self.inside(name)
    }

    /// The place, as a JSON pointer.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for token in self.path.iter().rev() {
            push_token(&mut pointer, token);
        }
        pointer
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer(), self.message)
    }
}

impl core::error::Error for ShapeError {}

impl serde::de::Error for ShapeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = plainly(expected);
        let message = format!("expected {expected}, found {}", kind(&found));
        Self { expected: Some(expected), ..Self::new(message) }
    }

    // The value itself stays out of the text: it could be a secret in the wrong place.
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found another {}", plainly(expected), kind(&found)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown member; {}", hints::unknown_member(field, expected))).inside(field)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown value; {}", hints::unknown_value(variant, expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        let hint = hints::missing(field).map(|hint| format!("; {hint}")).unwrap_or_default();
        Self::new(format!("member \"{field}\" is missing{hint}"))
    }
}

/// What serde says it expected, in the words of JSON instead of Rust.
fn plainly(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u64" | "usize" => "a whole number that is not negative".to_owned(),
        "a sequence" => "an array".to_owned(),
        "a map" => "an object".to_owned(),
        "a boolean" => "true or false".to_owned(),
        _ => text,
    }
}

fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "number",
        Unexpected::Str(_) | Unexpected::Char(_) => "string",
        Unexpected::Seq => "array",
        Unexpected::Map => "object",
        Unexpected::Unit | Unexpected::Option => "null",
        _ => "value",
    }
}

/// A value, as something serde can read from.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'de>(pub(crate) &'de Value<'de>);

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = ShapeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(Number::Unsigned(value)) => visitor.visit_u64(*value),
            Value::Number(Number::Negative(value)) => visitor.visit_i64(*value),
            Value::Number(Number::Float(value)) => visitor.visit_f64(*value),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(elements) => visitor.visit_seq(Elements { rest: elements.iter(), index: 0 }),
            Value::Object(members) => visitor.visit_map(Members { rest: members.iter(), current: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        visitor.visit_newtype_struct(self)
    }

    // Serde would also fill a structure from an array, member by member: nobody means that.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        match self.0 {
            Value::Object(members) => visitor.visit_map(Members { rest: members.iter(), current: None }),
            other => Err(ShapeError::invalid_type(unexpected(other), &visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(UnitVariant(text)),
            other => Err(ShapeError::invalid_type(
                unexpected(other),
                &format!("one of {}", one_of(variants.iter().copied())).as_str(),
            )),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// What serde calls the kind of `value`.
fn unexpected<'v>(value: &'v Value<'_>) -> Unexpected<'v> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(Number::Unsigned(value)) => Unexpected::Unsigned(*value),
        Value::Number(Number::Negative(value)) => Unexpected::Signed(*value),
        Value::Number(Number::Float(value)) => Unexpected::Float(*value),
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

struct Elements<'de> {
    rest: core::slice::Iter<'de, Value<'de>>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = ShapeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ShapeError> {
        let Some(element) = self.rest.next() else { return Ok(None) };
        let index = self.index;
        self.index = index.saturating_add(1);
        seed.deserialize(Reader(element)).map(Some).map_err(|error| error.inside(index))
    }
}

struct Members<'de> {
    rest: json::Iter<'de, 'de, Value<'de>>,
    current: Option<(&'de str, &'de Value<'de>)>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = ShapeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ShapeError> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.current = Some((name, value));
        let name: &'de str = name;
        seed.deserialize(serde::de::value::BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ShapeError> {
        let (name, value) =
            self.current.take().ok_or_else(|| ShapeError::custom("a value without a name"))?;
        seed.deserialize(Reader(value)).map_err(|error| error.inside_member(name))
    }
}

struct UnitVariant<'de>(&'de str);

impl<'de> EnumAccess<'de> for UnitVariant<'de> {
    type Error = ShapeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ShapeError> {
        seed.deserialize(self.0.into_deserializer()).map(|variant| (variant, self))
    }
}

impl<'de> VariantAccess<'de> for UnitVariant<'de> {
    type Error = ShapeError;

    fn unit_variant(self) -> Result<(), ShapeError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, ShapeError> {
        Err(ShapeError::custom("expected an object"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, ShapeError> {
        Err(ShapeError::custom("expected an array"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, ShapeError> {
        Err(ShapeError::custom("expected an object"))
    }
}
