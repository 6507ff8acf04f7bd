//! YAML: a document, or the configuration of a filter in Envoy's or Istio's.

use std::collections::BTreeMap;

use portcullis_config::{Position, RecordStore};
use saphyr::{LoadableYamlNode as _, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Number, Value};

use super::found::{Found, Places, Unreadable};

/// How the types of a filter's configuration end, in Envoy.
const FILTER: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
const STRUCT: &str = "google.protobuf.Struct";
const TEXT: &str = "google.protobuf.StringValue";

/// The document in `text`: what a filter is configured with, or else all of it.
pub(super) fn find(text: &str) -> Result<Found, Unreadable> {
    let roots = MarkedYaml::load_from_str(text).map_err(|error| {
        let (line, column) = (error.marker().line(), error.marker().col().saturating_add(1));
        Unreadable::at(Position { line, column }, format!("not usable YAML: {}", error.info()))
    })?;
    let mut configurations = Vec::new();
    roots.iter().for_each(|root| collect(root, &mut configurations));
    match (configurations.as_slice(), roots.as_slice()) {
        // Envoy has no store, however it is configured.
        ([only], _) => read(only).map(|found| Found { store: RecordStore::Unsupported, ..found }),
        ([], [root]) => read(root),
        ([], []) => Err(Unreadable::new("there is nothing in it")),
        ([], _) => {
            Err(Unreadable::new("it has several YAML documents; write the one that you mean into a file"))
        }
        (several, _) => {
            let lines: Vec<String> = several.iter().map(|node| position(node).line.to_string()).collect();
            Err(Unreadable::new(format!(
                "it configures several filters, in lines {}; write the document that you mean into a file",
                lines.join(", ")
            )))
        }
    }
}

/// Finds the configurations of filters in `node`, wherever they are.
fn collect<'n, 'y>(node: &'n MarkedYaml<'y>, found: &mut Vec<&'n MarkedYaml<'y>>) {
    match &node.data {
        YamlData::Sequence(elements) => elements.iter().for_each(|element| collect(element, found)),
        YamlData::Mapping(members) => {
            let here = if type_of(node).is_some_and(|name| name.ends_with(FILTER)) {
                member(node, "config").and_then(|config| member(config, "configuration"))
            } else if member(node, "kind").and_then(string) == Some("WasmPlugin") {
                member(node, "spec").and_then(|spec| member(spec, "pluginConfig"))
            } else {
                None
            };
            match here {
                Some(configuration) => found.push(configuration),
                None => members.values().for_each(|value| collect(value, found)),
            }
        }
        _ => {}
    }
}

/// The document that `node` is, or wraps as Envoy does.
fn read(node: &MarkedYaml<'_>) -> Result<Found, Unreadable> {
    let value = || member(node, "value").ok_or_else(|| Unreadable::at(position(node), "it has no \"value\""));
    match type_of(node) {
        Some(name) if name.ends_with(STRUCT) => convert_all(value()?),
        Some(name) if name.ends_with(TEXT) => {
            let text = value()?;
            let json = string(text).ok_or_else(|| Unreadable::at(position(text), "\"value\" is no text"))?;
            // The places inside of a text that YAML has folded are not to be told: all are where it begins.
            let places = BTreeMap::from([(String::new(), position(text))]);
            Ok(Found::new(json.as_bytes().to_vec(), Places::Each(places)))
        }
        _ => convert_all(node),
    }
}

fn convert_all(node: &MarkedYaml<'_>) -> Result<Found, Unreadable> {
    let mut places = BTreeMap::new();
    let value = convert(node, String::new(), &mut places)?;
    let json = serde_json::to_vec(&value).map_err(|error| Unreadable::new(error.to_string()))?;
    Ok(Found::new(json, Places::Each(places)))
}

/// `node` as JSON; where it and all in it stand goes to `places`.
fn convert(
    node: &MarkedYaml<'_>,
    pointer: String,
    places: &mut BTreeMap<String, Position>,
) -> Result<Value, Unreadable> {
    let value = match &node.data {
        YamlData::Value(Scalar::Null) => Value::Null,
        YamlData::Value(Scalar::Boolean(value)) => Value::Bool(*value),
        YamlData::Value(Scalar::Integer(value)) => Value::from(*value),
        YamlData::Value(Scalar::FloatingPoint(value)) => Number::from_f64(value.into_inner())
            .map(Value::Number)
            .ok_or_else(|| Unreadable::at(position(node), "a number must be finite"))?,
        YamlData::Value(Scalar::String(text)) => Value::String(text.to_string()),
        YamlData::Sequence(elements) => {
            let elements = elements.iter().enumerate();
            Value::Array(
                elements
                    .map(|(index, element)| convert(element, format!("{pointer}/{index}"), places))
                    .collect::<Result<_, _>>()?,
            )
        }
        YamlData::Mapping(members) => {
            let mut object = Map::new();
            for (key, value) in members {
                let name = string(key).ok_or_else(|| {
                    Unreadable::at(position(key), "the name of a member is a text; put it in quotes")
                })?;
                let token = name.replace('~', "~0").replace('/', "~1");
                object.insert(name.to_owned(), convert(value, format!("{pointer}/{token}"), places)?);
            }
            Value::Object(object)
        }
        YamlData::Tagged(..) | YamlData::Alias(_) | YamlData::BadValue | YamlData::Representation(..) => {
            return Err(Unreadable::at(
                position(node),
                "this has no counterpart in JSON: no tags, no odd values",
            ));
        }
    };
    places.insert(pointer, position(node));
    Ok(value)
}

fn member<'n, 'y>(node: &'n MarkedYaml<'y>, name: &str) -> Option<&'n MarkedYaml<'y>> {
    let YamlData::Mapping(members) = &node.data else { return None };
    members.iter().find(|(key, _)| string(key) == Some(name)).map(|(_, value)| value)
}

fn type_of<'n>(node: &'n MarkedYaml<'_>) -> Option<&'n str> {
    string(member(node, "@type")?)
}

fn string<'n>(node: &'n MarkedYaml<'_>) -> Option<&'n str> {
    match &node.data {
        YamlData::Value(Scalar::String(text)) => Some(text),
        _ => None,
    }
}

fn position(node: &MarkedYaml<'_>) -> Position {
    Position { line: node.span.start.line(), column: node.span.start.col().saturating_add(1) }
}
