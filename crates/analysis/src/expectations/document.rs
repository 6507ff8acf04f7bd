//! Expected decisions, as they are written down.

use portcullis::Reason;
use portcullis::json::{self, Budget, Value};

use super::error::ExpectationsError;
use super::members::Members;
use crate::caller::CallerKind;

/// The document.
#[derive(Debug)]
pub struct Expectations {
    /// Path of the configuration, relative to the document.
    pub config: String,
    /// The decisions; at least one.
    pub cases: Vec<Case>,
}

/// One expected decision.
#[derive(Debug)]
pub struct Case {
    /// Who asks.
    pub caller: CaseCaller,
    /// What is known about the caller besides.
    pub known_by: KnownBy,
    /// Name and value of each header line.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: CaseBody,
    /// The method, or `WEBSOCKET` for an upgrade.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// As written: `METHOD PATH`.
    pub request: String,
    /// Whether it is expected to be allowed.
    pub allowed: bool,
    /// Why it is expected to be denied, if that matters.
    pub reason: Option<Reason>,
}

/// What a request carries.
#[derive(Debug)]
pub enum CaseBody {
    /// Nothing.
    Nothing,
    /// A JSON text.
    Json(Value<'static>),
    /// A form: name and value of each field.
    Form(Vec<(String, String)>),
}

/// What bindings compare with.
#[derive(Debug, Default)]
pub struct KnownBy {
    /// The subject.
    pub subject: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The claims: an object.
    pub claims: Option<Value<'static>>,
}

/// Who asks.
#[derive(Debug)]
pub enum CaseCaller {
    /// A kind of caller.
    Kind(CallerKind),
    /// Somebody with all of these roles.
    Roles(Vec<String>),
}

impl CaseCaller {
    /// The roles it names.
    pub fn roles(&self) -> &[String] {
        match self {
            Self::Kind(CallerKind::Role(role)) => core::slice::from_ref(role),
            Self::Roles(roles) => roles,
            Self::Kind(CallerKind::Anonymous | CallerKind::NoRole) => &[],
        }
    }
}

impl Expectations {
    /// Reads the document.
    ///
    /// # Errors
    ///
    /// [`ExpectationsError`] names the first member that cannot be used.
    pub fn parse(text: &[u8]) -> Result<Self, ExpectationsError> {
        let value = json::parse(text, Budget::CONFIG)
            .map_err(|error| ExpectationsError::new("", format!("not usable JSON: {error}")))?;
        let document = Members::of(&value, "", &["config", "cases"])?;
        let config = document.required_text("config")?.to_owned();
        let cases = document
            .get("cases")
            .ok_or_else(|| document.error_here("member \"cases\" is missing"))?
            .as_array()
            .ok_or_else(|| document.error("cases", "expected an array"))?;
        if cases.is_empty() {
            return Err(document.error("cases", "write at least one case; an empty list checks nothing"));
        }
        let cases = cases
            .iter()
            .enumerate()
            .map(|(index, case)| Case::parse(case, &format!("/cases/{index}")))
            .collect::<Result<_, _>>()?;
        Ok(Self { config, cases })
    }
}

impl Case {
    fn parse(value: &Value, place: &str) -> Result<Self, ExpectationsError> {
        const MEMBERS: &[&str] = &[
            "role",
            "roles",
            "no_role",
            "anonymous",
            "subject",
            "tenant",
            "claims",
            "request",
            "headers",
            "body",
            "form",
            "expect",
            "reason",
        ];
        let members = Members::of(value, place, MEMBERS)?;
        let request = members.required_text("request")?;
        let (method, target) = request
            .split_once(' ')
            .filter(|(method, target)| !method.is_empty() && target.starts_with('/'))
            .ok_or_else(|| {
                members.error("request", "write \"METHOD /path\", for example \"GET /v1/threads\"")
            })?;
        if target.contains(['{', '}']) {
            return Err(members.error(
                "request",
                "write the path as a client sends it, with a value in the place of each parameter",
            ));
        }
        let allowed = match members.required_text("expect")? {
            "allow" => true,
            "deny" => false,
            _ => return Err(members.error("expect", "write \"allow\" or \"deny\"")),
        };
        let caller = caller(&members)?;
        Ok(Self {
            known_by: KnownBy::parse(&members, &caller)?,
            caller,
            headers: pairs(&members, "headers")?,
            body: body(&members)?,
            method: method.to_owned(),
            target: target.to_owned(),
            request: request.to_owned(),
            allowed,
            reason: reason(&members, allowed)?,
        })
    }
}

fn reason(members: &Members<'_>, allowed: bool) -> Result<Option<Reason>, ExpectationsError> {
    let Some(code) = members.text("reason")? else { return Ok(None) };
    if allowed {
        return Err(members.error("reason", "what is allowed has no reason; leave it out"));
    }
    let known = Reason::ALL.iter().copied().find(|reason| reason.code() == code);
    known
        .map(Some)
        .ok_or_else(|| members.error("reason", "not a reason; write a code like \"permission_missing\""))
}

impl KnownBy {
    fn parse(members: &Members<'_>, caller: &CaseCaller) -> Result<Self, ExpectationsError> {
        let known_by = Self {
            subject: members.text("subject")?.map(str::to_owned),
            tenant: members.text("tenant")?.map(str::to_owned),
            claims: match members.get("claims") {
                Some(claims) if claims.as_object().is_none() => {
                    return Err(members.error("claims", "expected an object"));
                }
                claims => claims.cloned().map(Value::into_owned),
            },
        };
        let given = ["subject", "tenant", "claims"].into_iter().find(|name| members.get(name).is_some());
        match given {
            Some(name) if matches!(caller, CaseCaller::Kind(CallerKind::Anonymous)) => {
                Err(members.error(name, "nothing is known about an anonymous caller; leave it out"))
            }
            _ => Ok(known_by),
        }
    }
}

/// Header lines or fields: a value each, or a list for one that is sent several times.
fn pairs(members: &Members<'_>, member: &str) -> Result<Vec<(String, String)>, ExpectationsError> {
    let Some(value) = members.get(member) else { return Ok(Vec::new()) };
    let wrong = || members.error(member, "expected an object of strings, or of lists of strings");
    let mut pairs = Vec::new();
    for (name, value) in value.as_object().ok_or_else(wrong)? {
        let values = value.as_array().unwrap_or(core::slice::from_ref(value));
        for value in values {
            pairs.push((name.to_owned(), value.as_str().ok_or_else(wrong)?.to_owned()));
        }
    }
    Ok(pairs)
}

fn body(members: &Members<'_>) -> Result<CaseBody, ExpectationsError> {
    match (members.get("body"), members.get("form")) {
        (None, None) => Ok(CaseBody::Nothing),
        (Some(body), None) => Ok(CaseBody::Json(body.clone().into_owned())),
        (None, Some(_)) => Ok(CaseBody::Form(pairs(members, "form")?)),
        (Some(_), Some(_)) => {
            Err(members.error("form", "a request has one body; keep this or \"body\", which is JSON"))
        }
    }
}

fn caller(members: &Members<'_>) -> Result<CaseCaller, ExpectationsError> {
    let yes = |name: &str| match members.get(name) {
        None => Ok(false),
        Some(Value::Bool(true)) => Ok(true),
        Some(_) => Err(members.error(name, "write true, or leave it out")),
    };
    let roles = match members.get("roles") {
        None => None,
        Some(value) => {
            let names =
                value.as_array().map(|names| names.iter().map(|name| name.as_str().map(str::to_owned)));
            let names: Option<Vec<String>> = names.and_then(Iterator::collect);
            Some(names.ok_or_else(|| members.error("roles", "expected an array of strings"))?)
        }
    };
    let given = [
        members.text("role")?.map(|role| CaseCaller::Kind(CallerKind::Role(role.to_owned()))),
        roles.map(CaseCaller::Roles),
        yes("no_role")?.then_some(CaseCaller::Kind(CallerKind::NoRole)),
        yes("anonymous")?.then_some(CaseCaller::Kind(CallerKind::Anonymous)),
    ];
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(caller), None) => Ok(caller),
        _ => Err(members.error_here(
            "say who asks with exactly one of \"role\", \"roles\", \"no_role\": true and \"anonymous\": true",
        )),
    }
}
