//! Expected decisions, as they are written down.

use std::collections::BTreeMap;

use portcullis::Reason;
use portcullis::json::{self, Budget, Value};

use super::caller::Who;

/// What is wrong with the document, with a JSON pointer in front.
type Wrong = String;

/// The document.
pub(super) struct Expectations {
    /// Path of the configuration, relative to the document.
    pub(super) config: String,
    pub(super) cases: Vec<Case>,
}

/// One expected decision.
pub(super) struct Case {
    pub(super) caller: CaseCaller,
    pub(super) known_by: KnownBy,
    /// Name and value of each header line.
    pub(super) headers: Vec<(String, String)>,
    /// The JSON body.
    pub(super) body: Option<Value>,
    pub(super) method: String,
    pub(super) target: String,
    /// As written: `METHOD PATH`.
    pub(super) request: String,
    pub(super) allowed: bool,
    pub(super) reason: Option<Reason>,
}

/// What bindings compare with.
#[derive(Default)]
pub(super) struct KnownBy {
    pub(super) subject: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) claims: Option<Value>,
}

/// Who asks.
pub(super) enum CaseCaller {
    One(Who),
    /// With all of these roles.
    Roles(Vec<String>),
}

impl CaseCaller {
    /// The roles it names.
    pub(super) fn roles(&self) -> &[String] {
        match self {
            Self::One(Who::Role(role)) => core::slice::from_ref(role),
            Self::Roles(roles) => roles,
            Self::One(_) => &[],
        }
    }
}

impl Expectations {
    pub(super) fn parse(text: &[u8]) -> Result<Self, Wrong> {
        let value = json::parse(text, Budget::CONFIG).map_err(|error| format!("not usable JSON: {error}"))?;
        let document = Members::of(&value, "", &["config", "cases"])?;
        let config = document.text("config")?.ok_or("member \"config\" is missing")?.to_owned();
        let cases = document
            .get("cases")
            .ok_or("member \"cases\" is missing")?
            .as_array()
            .ok_or("/cases: expected an array")?;
        if cases.is_empty() {
            return Err("/cases: write at least one case; an empty list checks nothing".to_owned());
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
    fn parse(value: &Value, place: &str) -> Result<Self, Wrong> {
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
            "expect",
            "reason",
        ];
        let members = Members::of(value, place, MEMBERS)?;
        let missing = |name: &str| format!("{place}: member \"{name}\" is missing");
        let request = members.text("request")?.ok_or_else(|| missing("request"))?;
        let (method, target) = request
            .split_once(' ')
            .filter(|(method, target)| !method.is_empty() && target.starts_with('/'))
            .ok_or_else(|| {
                format!("{place}/request: write \"METHOD /path\", for example \"GET /v1/threads\"")
            })?;
        if target.contains(['{', '}']) {
            return Err(format!(
                "{place}/request: write the path as a client sends it, with a value in the place of each parameter"
            ));
        }
        let allowed = match members.text("expect")?.ok_or_else(|| missing("expect"))? {
            "allow" => true,
            "deny" => false,
            _ => return Err(format!("{place}/expect: write \"allow\" or \"deny\"")),
        };
        let reason = match members.text("reason")? {
            Some(_) if allowed => {
                return Err(format!("{place}/reason: what is allowed has no reason; leave it out"));
            }
            Some(code) => {
                Some(Reason::ALL.iter().copied().find(|reason| reason.code() == code).ok_or_else(|| {
                    format!("{place}/reason: not a reason; write a code like \"permission_missing\"")
                })?)
            }
            None => None,
        };
        let caller = caller(&members)?;
        Ok(Self {
            known_by: KnownBy::parse(&members, &caller)?,
            caller,
            headers: headers(&members)?,
            body: members.get("body").cloned(),
            method: method.to_owned(),
            target: target.to_owned(),
            request: request.to_owned(),
            allowed,
            reason,
        })
    }
}

impl KnownBy {
    fn parse(members: &Members<'_>, caller: &CaseCaller) -> Result<Self, Wrong> {
        let place = members.place;
        let known_by = Self {
            subject: members.text("subject")?.map(str::to_owned),
            tenant: members.text("tenant")?.map(str::to_owned),
            claims: match members.get("claims") {
                Some(claims) if claims.as_object().is_none() => {
                    return Err(format!("{place}/claims: expected an object"));
                }
                claims => claims.cloned(),
            },
        };
        let given = [
            ("subject", known_by.subject.is_some()),
            ("tenant", known_by.tenant.is_some()),
            ("claims", known_by.claims.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((name, _)) if matches!(caller, CaseCaller::One(Who::Anonymous)) => {
                Err(format!("{place}/{name}: nothing is known about an anonymous caller; leave it out"))
            }
            _ => Ok(known_by),
        }
    }
}

/// Header lines: a value each, or a list for one that is sent several times.
fn headers(members: &Members<'_>) -> Result<Vec<(String, String)>, Wrong> {
    let place = members.place;
    let Some(value) = members.get("headers") else { return Ok(Vec::new()) };
    let wrong = || format!("{place}/headers: expected an object of strings, or of lists of strings");
    let mut lines = Vec::new();
    for (name, value) in value.as_object().ok_or_else(wrong)? {
        let values = value.as_array().unwrap_or(core::slice::from_ref(value));
        for value in values {
            lines.push((name.clone(), value.as_str().ok_or_else(wrong)?.to_owned()));
        }
    }
    Ok(lines)
}

fn caller(members: &Members<'_>) -> Result<CaseCaller, Wrong> {
    let place = members.place;
    let yes = |name: &str| match members.get(name) {
        None => Ok(false),
        Some(Value::Bool(true)) => Ok(true),
        Some(_) => Err(format!("{place}/{name}: write true, or leave it out")),
    };
    let roles = match members.get("roles") {
        None => None,
        Some(value) => {
            let names =
                value.as_array().map(|names| names.iter().map(|name| name.as_str().map(str::to_owned)));
            let names: Option<Vec<String>> = names.and_then(Iterator::collect);
            Some(names.ok_or_else(|| format!("{place}/roles: expected an array of strings"))?)
        }
    };
    let given = [
        members.text("role")?.map(|role| CaseCaller::One(Who::Role(role.to_owned()))),
        roles.map(CaseCaller::Roles),
        yes("no_role")?.then_some(CaseCaller::One(Who::NoRole)),
        yes("anonymous")?.then_some(CaseCaller::One(Who::Anonymous)),
    ];
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(caller), None) => Ok(caller),
        _ => Err(format!(
            "{place}: say who asks with exactly one of \"role\", \"roles\", \"no_role\": true and \"anonymous\": true"
        )),
    }
}

/// The members of an object, all of them known.
struct Members<'v> {
    place: &'v str,
    members: &'v BTreeMap<String, Value>,
}

impl<'v> Members<'v> {
    fn of(value: &'v Value, place: &'v str, known: &[&str]) -> Result<Self, Wrong> {
        let colon = if place.is_empty() { "" } else { ": " };
        let members = value.as_object().ok_or_else(|| format!("{place}{colon}expected an object"))?;
        if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
            let token = name.replace('~', "~0").replace('/', "~1");
            return Err(format!("{place}/{token}: unknown member; members here are {}", known.join(", ")));
        }
        Ok(Self { place, members })
    }

    fn get(&self, name: &str) -> Option<&'v Value> {
        self.members.get(name)
    }

    fn text(&self, name: &str) -> Result<Option<&'v str>, Wrong> {
        self.get(name)
            .map(|value| value.as_str().ok_or_else(|| format!("{}/{name}: expected a string", self.place)))
            .transpose()
    }
}
