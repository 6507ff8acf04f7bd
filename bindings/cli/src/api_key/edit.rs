//! Records in a document, changed where they stand: whatever else is written there stays byte for byte.

use core::ops::Range;

use jsonc_parser::ast::{Object, ObjectProp, Value as Node};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value;

use crate::output::Failure;

/// A record of a document.
#[derive(Debug)]
pub(super) struct Found<'d> {
    text: &'d str,
    /// Its position among the records.
    pub(super) index: usize,
    /// Where it stands, in bytes.
    place: Range<usize>,
    /// What goes if it does: a comma and the white space beside it as well.
    whole: Range<usize>,
    /// The white space in front of it.
    indentation: &'d str,
}

/// One record, as it is written.
#[derive(Debug, Clone)]
pub(super) struct Record(String);

/// The record `id` of the document `text`, which loads.
pub(super) fn find<'d>(text: &'d str, id: &str) -> Result<Option<Found<'d>>, Failure> {
    let root = parse(text)?;
    let document = root.as_ref().and_then(Node::as_object);
    let records = document.and_then(|document| document.get_object("api_keys")?.get_array("records"));
    let Some(records) = records else { return Ok(None) };
    let is_wanted = |node: &Node<'_>| {
        let written = node.as_object().and_then(|record| record.get_string("id"));
        written.is_some_and(|written| written.value == id)
    };
    let elements = &records.elements;
    let Some(index) = elements.iter().position(is_wanted) else { return Ok(None) };
    let at = |index: Option<usize>| elements.get(index?).map(|node| node.start()..node.end());
    let Some(place) = at(Some(index)) else { return Ok(None) };
    let whole = match (at(index.checked_sub(1)), at(index.checked_add(1))) {
        (Some(before), _) => before.end..place.end,
        (None, Some(after)) => place.start..after.start,
        (None, None) => records.start().saturating_add(1)..records.end().saturating_sub(1),
    };
    let before = text.get(..place.start).unwrap_or_default();
    Ok(Some(Found { text, index, whole, indentation: trailing_space(before), place }))
}

impl Found<'_> {
    /// The record itself.
    pub(super) fn record(&self) -> Record {
        Record(self.text.get(self.place.clone()).unwrap_or_default().to_owned())
    }

    /// The text with `records` in its place, one after the other; without it, if there are none.
    pub(super) fn replaced_by(&self, records: &[&Record]) -> String {
        let place = if records.is_empty() { &self.whole } else { &self.place };
        let records: Vec<&str> = records.iter().map(|record| record.text()).collect();
        spliced(self.text, place, &records.join(&format!(",{}", self.indentation)))
    }
}

impl Record {
    /// A record by itself.
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Sets a member, in its place or behind the last one, written as that is.
    pub(super) fn set(&mut self, name: &str, value: &Value) -> Result<(), Failure> {
        let root = parse(&self.0)?;
        let members = members(root.as_ref())?;
        let value = value.to_string();
        let changed = match (members.get(name), members.properties.last()) {
            (Some(member), _) => spliced(&self.0, &(member.value.start()..member.value.end()), &value),
            (None, Some(last)) => {
                let before = self.0.get(..last.start()).unwrap_or_default();
                let name = Value::from(name);
                let added = format!(",{}{name}{}{value}", trailing_space(before), self.colon(last));
                spliced(&self.0, &(last.end()..last.end()), &added)
            }
            (None, None) => return Err("a record has members".to_owned()),
        };
        self.0 = changed;
        Ok(())
    }

    /// Whether it has a member.
    pub(super) fn has(&self, name: &str) -> Result<bool, Failure> {
        let root = parse(&self.0)?;
        Ok(members(root.as_ref())?.get(name).is_some())
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// What it says.
    pub(super) fn value(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.0).map_err(|error| error.to_string())
    }

    /// The colon of a member, and the white space around it.
    fn colon(&self, member: &ObjectProp<'_>) -> &str {
        self.0.get(member.name.end()..member.value.start()).unwrap_or(": ")
    }
}

fn parse(text: &str) -> Result<Option<Node<'_>>, Failure> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    parsed.map(|parsed| parsed.value).map_err(|error| error.to_string())
}

fn members<'n, 't>(root: Option<&'n Node<'t>>) -> Result<&'n Object<'t>, Failure> {
    root.and_then(Node::as_object).ok_or_else(|| "a record is an object".to_owned())
}

/// `text` with something else at `place`.
fn spliced(text: &str, place: &Range<usize>, other: &str) -> String {
    let (before, after) = (text.get(..place.start), text.get(place.end..));
    format!("{}{other}{}", before.unwrap_or_default(), after.unwrap_or_default())
}

/// The white space at the end of `text`.
fn trailing_space(text: &str) -> &str {
    text.get(text.trim_end().len()..).unwrap_or_default()
}
