//! JSON as the oracles read it: with every duplicate, every name and all nesting counted.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What was found in a text, up to its end or to the first error in it.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Member names, in order, repeated if they are.
    pub(crate) names: Vec<String>,
    /// Whether an object names a member twice.
    pub(crate) duplicates: bool,
    /// Deepest nesting of arrays and objects.
    pub(crate) depth: usize,
    /// Members and elements, summed over all levels.
    pub(crate) nodes: usize,
}

/// Reads `text`; the value is `None` unless it is exactly one JSON text.
pub(crate) fn survey(text: &[u8]) -> (Option<Value>, Survey) {
    let mut survey = Survey::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Reading { survey: &mut survey, depth: 0 }.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value)).ok();
    (value, survey)
}

/// The value of a text that the core must accept as JSON in a request.
pub(crate) fn strict(text: &[u8]) -> Option<Value> {
    let (value, survey) = survey(text);
    let within =
        survey.depth <= portcullis::limits::JSON_DEPTH && survey.nodes <= portcullis::limits::JSON_NODES;
    value.filter(|_| within && !survey.duplicates)
}

struct Reading<'s> {
    survey: &'s mut Survey,
    depth: usize,
}

impl Reading<'_> {
    fn inner(&mut self) -> Reading<'_> {
        let depth = self.depth + 1;
        self.survey.depth = self.survey.depth.max(depth);
        Reading { survey: self.survey, depth }
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if value.is_finite() { Ok(value.into()) } else { Err(E::custom("not finite")) }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        let inner = self.inner();
        while let Some(element) =
            access.next_element_seed(Reading { survey: inner.survey, depth: inner.depth })?
        {
            inner.survey.nodes += 1;
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        let inner = self.inner();
        while let Some(name) = access.next_key::<String>()? {
            inner.survey.nodes += 1;
            inner.survey.duplicates |= members.contains_key(&name);
            inner.survey.names.push(name.clone());
            if members.len() > portcullis::limits::CONFIG_NODES {
                return Err(A::Error::custom("more members than any document may have"));
            }
            let value = access.next_value_seed(Reading { survey: inner.survey, depth: inner.depth })?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
