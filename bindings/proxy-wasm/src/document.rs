//! The configuration document, in the form the host hands it over.

use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{Struct, Value};

/// The byte that stands before each value in the encoding of a `Struct`, and in no JSON text.
const VALUE_TAG: u8 = 0x12;

/// The document as JSON text.
///
/// A `StringValue` or `BytesValue` arrives as its content. A `Struct` should arrive as JSON, says Envoy's reference, but
/// arrives in its protobuf encoding (seen in Envoy 1.40). What is neither is left as it is, for the core to refuse.
pub(crate) fn json(configuration: Vec<u8>) -> Vec<u8> {
    if !configuration.contains(&VALUE_TAG) {
        return configuration;
    }
    match Struct::decode(configuration.as_slice()) {
        Ok(document) => object(document).to_string().into_bytes(),
        Err(_) => configuration,
    }
}

fn object(fields: Struct) -> serde_json::Value {
    fields.fields.into_iter().map(|(name, value)| (name, any(value))).collect()
}

fn any(value: Value) -> serde_json::Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::BoolValue(value)) => value.into(),
        Some(Kind::NumberValue(value)) => number(value),
        Some(Kind::StringValue(value)) => value.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(any).collect(),
        Some(Kind::StructValue(value)) => object(value),
    }
}

/// All numbers of a `Struct` are floating-point; one without a fraction is written without one.
fn number(value: f64) -> serde_json::Value {
    value.to_string().parse::<serde_json::Number>().map_or(serde_json::Value::Null, serde_json::Value::Number)
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn text_is_left_alone() {
        for text in ["", "\n{\"profile\": \"agentflow\"}", "hello", "\u{0}\u{1}", "\u{12}", "\n\u{12}"] {
            assert_eq!(json(text.as_bytes().to_vec()), text.as_bytes());
        }
    }

    #[test]
    fn a_struct_becomes_text() {
        // {"a": [30, 0.5, null, true], "b": {"c": "d"}} as protobuf's reference implementation encodes it.
        let encoded =
            b"\n%\n\x01a\x12 2\x1e\n\t\x11\0\0\0\0\0\0>@\n\t\x11\0\0\0\0\0\0\xe0?\n\x02\x08\0\n\x02 \x01\
            \n\x11\n\x01b\x12\x0c*\n\n\x08\n\x01c\x12\x03\x1a\x01d";
        let text = br#"{"a":[30,0.5,null,true],"b":{"c":"d"}}"#;
        assert_eq!(json(encoded.to_vec()), text);
    }
}
