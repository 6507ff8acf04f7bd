//! The request that is asked about.

use std::path::Path;

use portcullis::{HeaderPair, Need, Supply};

use crate::input;
use crate::output::Failure;

/// A request as it is given on the command line.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: Option<Vec<u8>>,
}

impl<'a> Request<'a> {
    pub(super) fn read(line: &'a str, headers: &'a [String], body: Option<&Path>) -> Result<Self, Failure> {
        let (method, target) = line
            .split_once(' ')
            .ok_or("write the request as one argument: `portcullis explain … 'GET /v1/threads'`")?;
        let headers = headers.iter().map(|line| header(line)).collect::<Result<_, _>>()?;
        let body = body.map(|path| input::file("--body", path)).transpose()?;
        Ok(Self { method, target, headers, body })
    }

    /// The header lines.
    pub(super) fn pairs(&self) -> Vec<HeaderPair<'_>> {
        self.headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect()
    }

    /// What this host has of what the gate needs to decide.
    pub(super) fn supply(&self, need: &Need) -> Supply<'_> {
        match need {
            // There is no store of records here to ask.
            Need::ApiKeyRecord { .. } => Supply::Unavailable,
            Need::Body { .. } => self.body().map_or(Supply::Unavailable, Supply::Body),
        }
    }

    /// The body, if there is one.
    pub(super) fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// What to say of a body that the decision did not need, or of one that it needs and that is not there.
    pub(super) fn note_on_body(&self, is_needed: bool) -> Option<&'static str> {
        match (is_needed, &self.body) {
            (false, Some(_)) => Some("note: --body: the decision does not depend on the body"),
            (true, None) => Some("note: the decision depends on the body; give it with --body FILE"),
            _ => None,
        }
    }
}

fn header(line: &str) -> Result<(&str, &str), Failure> {
    let (name, value) = line.split_once(':').ok_or("-H: write a header as 'Name: value'")?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("-H: write a header as 'Name: value', with no space before the colon".to_owned());
    }
    Ok((name, value.trim()))
}
