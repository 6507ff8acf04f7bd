//! "Bodies" of `docs/decisions.md`.

use crate::json::{self, Json};
use crate::parameter::{Found, Rule, percent_decoded, shortened};
use crate::request::Request;

/// The longest that is read, in bytes.
const MOST: usize = 64 * 1024;

/// A body that every server reads alike.
#[derive(Debug)]
pub enum Body {
    /// There is none.
    Nothing,
    /// A JSON text.
    Json(Json),
    /// The fields of a form that clients encode as they do a query.
    Form(Vec<(String, Vec<u8>)>),
}

/// Whether the rule is on the body.
pub fn is_on_body(rule: &Rule) -> bool {
    rule.parameter.starts_with("body.") || rule.parameter.starts_with("form.")
}

/// The body for `rules`, all of which are on it; or the status of the refusal.
///
/// # Errors
///
/// The status.
pub fn read(request: &Request, rules: &[&Rule]) -> Result<Body, u16> {
    let may_be_missing = rules.iter().all(|rule| rule.optional);
    let any = |kind: &str| rules.iter().any(|rule| rule.parameter.starts_with(kind));
    let lines: Vec<_> =
        request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type")).collect();
    let is_json = match lines.as_slice() {
        [] if may_be_missing => None,
        [(_, only)] => match essence(only).as_deref() {
            Some("application/json") if any("body.") => Some(true),
            Some("application/x-www-form-urlencoded") if any("form.") => Some(false),
            _ => return Err(400),
        },
        _ => return Err(400),
    };
    if request.elements("content-encoding").iter().any(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(400);
    }
    if request.body.len() > MOST {
        return Err(413);
    }
    let read = match is_json {
        _ if request.body.is_empty() && may_be_missing => Some(Body::Nothing),
        None => None,
        Some(true) => json::parse(&request.body).map(Body::Json),
        Some(false) => form(&request.body).map(Body::Form),
    };
    read.ok_or(400)
}

/// The type, if it says nothing of another encoding than UTF-8.
fn essence(line: &str) -> Option<String> {
    let mut parts = line.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next()?;
    let rest: Vec<_> = parts.collect();
    matches!(rest.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), [] | ["charset=utf-8"])
        .then_some(essence)
}

fn form(body: &str) -> Option<Vec<(String, Vec<u8>)>> {
    if !body.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';') {
        return None;
    }
    let pairs = body.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = String::from_utf8(percent_decoded(name, true)?).ok()?;
            let is_clear = !name.chars().any(char::is_control);
            is_clear.then_some((name, percent_decoded(value, true)?))
        })
        .collect()
}

/// What the body has in the place of the parameter of a rule.
pub fn find(rule: &Rule, body: &Body) -> Found {
    match (rule.parameter.split_once('.'), body) {
        (Some(("body", pointer)), Body::Json(value)) => member(value, pointer.split('/').skip(1)),
        (Some(("form", name)), Body::Form(fields)) => field(fields, name),
        _ => Found::Nothing,
    }
}

fn field(fields: &[(String, Vec<u8>)], name: &str) -> Found {
    let like: Vec<_> = fields.iter().filter(|(other, _)| shortened(other) == shortened(name)).collect();
    match like.as_slice() {
        [] => Found::Nothing,
        [(only, value)] if only == name => Found::Values(vec![value.clone()]),
        _ => Found::Unclear,
    }
}

fn member<'p>(value: &Json, mut names: impl Iterator<Item = &'p str>) -> Found {
    let Some(name) = names.next() else { return values(value) };
    let members = match value {
        Json::Object(members) => members,
        Json::List(elements) if elements.is_empty() => return Found::Nothing,
        _ => return Found::Unclear,
    };
    let like: Vec<_> =
        members.iter().filter(|(other, _)| other.to_lowercase() == name.to_lowercase()).collect();
    match like.as_slice() {
        [] => Found::Nothing,
        [(only, value)] if only == name => member(value, names),
        _ => Found::Unclear,
    }
}

fn values(value: &Json) -> Found {
    let text = |value: &Json| match value {
        Json::Text(text) => Some(text.clone().into_bytes()),
        Json::Number(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            Some(digits.clone().into_bytes())
        }
        _ => None,
    };
    let all = match value {
        Json::List(elements) => elements.iter().map(text).collect(),
        other => text(other).map(|text| vec![text]),
    };
    all.filter(|all: &Vec<_>| !all.is_empty()).map_or(Found::Unclear, Found::Values)
}
