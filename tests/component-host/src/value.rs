//! Values of the interface.

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};
use wasmtime::component::Val;

use crate::question::Bytes;

pub(crate) fn variant(case: &str, payload: Option<Val>) -> Val {
    Val::Variant(case.to_string(), payload.map(Box::new))
}

pub(crate) fn bytes(bytes: &[u8]) -> Val {
    Val::List(bytes.iter().copied().map(Val::U8).collect())
}

pub(crate) fn text(text: &str) -> Val {
    Val::String(text.to_string())
}

pub(crate) fn record<const N: usize>(fields: [(&str, Val); N]) -> Val {
    Val::Record(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

/// Header lines.
pub(crate) fn pairs(pairs: &[(Bytes, Bytes)]) -> Val {
    let pair =
        |(name, value): &(Bytes, Bytes)| record([("name", bytes(&name.0)), ("value", bytes(&value.0))]);
    Val::List(pairs.iter().map(pair).collect())
}

/// A value of the interface as JSON: records and variants as objects, enums as text, names with underscores.
///
/// # Errors
///
/// If the interface has no such value.
pub(crate) fn to_json(value: &Val) -> Result<Value> {
    let name = |name: &str| name.replace('-', "_");
    Ok(match value {
        Val::Bool(value) => json!(value),
        Val::U16(value) => json!(value),
        Val::U64(value) => json!(value),
        Val::String(value) => json!(value),
        Val::Enum(case) => json!(name(case)),
        Val::List(values) => values.iter().map(to_json).collect::<Result<Value>>()?,
        Val::Option(value) => value.as_deref().map_or(Ok(Value::Null), to_json)?,
        Val::Record(fields) => {
            let field = |(field, value): &(String, Val)| Ok((name(field), to_json(value)?));
            Value::Object(fields.iter().map(field).collect::<Result<Map<_, _>>>()?)
        }
        Val::Variant(case, payload) => {
            let payload = payload.as_deref().map_or(Ok(Value::Null), to_json)?;
            Value::Object(Map::from_iter([(name(case), payload)]))
        }
        other => bail!("a value that the interface does not have: {other:?}"),
    })
}
