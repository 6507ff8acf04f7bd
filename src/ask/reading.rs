//! Reading the answer.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::call::Reply;
use crate::claims::{ScopeVocabulary, attributes, carried, list_at, names_at, subject_at, text_at};
use crate::error::{AskError, ClaimsError};
use crate::json::{self, Budget, Number, Pointer, Value};
use crate::limits::{NUMERIC_DATE_MAX, REPLY_BYTES};
use crate::principal::{Marks, Principal, Proof};
use crate::time::UnixTime;
use crate::validity::Validity;

/// How an answer is read.
#[derive(Debug, Clone)]
pub struct AnswerRules {
    /// The statuses that mean that the credential is good for nothing. Any other than these and 2xx means nothing.
    pub no_statuses: Vec<u16>,
    /// What an answer that knows the credential has to say; all of them.
    pub active: Vec<Condition>,
    /// Where the subject stands.
    pub subject: Pointer,
    /// What is put before every subject.
    pub subject_prefix: String,
    /// Where roles stand; those of all places count together.
    pub roles: Vec<RoleReading>,
    /// The role of a caller for whom no place names one.
    pub default_role: Option<String>,
    /// The only roles that answers give, if that is limited.
    pub permitted_roles: Option<Vec<String>>,
    /// Where scopes stand: a list, or names with spaces between them.
    pub scopes: Option<Pointer>,
    /// Where the tenant stands.
    pub tenant: Option<Pointer>,
    /// Where the credential's own end stands, in seconds since the epoch.
    pub expires_at: Option<Pointer>,
    /// The name of whoever issued the credential, for revocations.
    pub issuer: Option<String>,
    /// The answer's own members, by the names that bindings compare with; if empty, the answer itself is compared with.
    pub claims: BTreeMap<String, Pointer>,
    /// Places, in those claims, that bindings of the policy compare with.
    pub attributes: Vec<Pointer>,
    /// Places, in those claims, that the origin is told of as they are.
    pub carried: Vec<Pointer>,
    /// Which scopes narrow.
    pub vocabulary: ScopeVocabulary,
}

/// A value that must stand at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Where.
    pub place: Pointer,
    /// What.
    pub value: Value<'static>,
}

/// Where roles stand, and what they are called here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleReading {
    /// Where: a name, a list of names, a number or a truth value.
    pub place: Pointer,
    /// The roles that each value stands for; if empty, values are names of roles themselves. A value that is not there
    /// stands for none.
    pub map: BTreeMap<String, Vec<String>>,
}

/// What an answer says.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub(crate) enum Answer {
    /// This is who it is.
    Caller(Principal),
    /// The credential is good for nothing.
    No,
}

impl AnswerRules {
    /// Reads `reply`, which came at `now` and is remembered for `yes_secs`.
    ///
    /// # Errors
    ///
    /// [`AskError`] if it is none that says yes or no.
    pub(crate) fn read(
        &self,
        reply: Option<&Reply<'_>>,
        now: UnixTime,
        yes_secs: u64,
    ) -> Result<Answer, AskError> {
        match said(&self.no_statuses, &self.active, reply)? {
            Some(answer) => self.caller(&answer, now, yes_secs),
            None => Ok(Answer::No),
        }
    }

    fn caller(&self, answer: &Value, now: UnixTime, yes_secs: u64) -> Result<Answer, AskError> {
        let unreadable = |place: &Pointer| AskError::Unreadable(place.to_string());
        let subject = subject_at(&self.subject, answer, &self.subject_prefix)
            .map_err(|_| unreadable(&self.subject))?
            .ok_or_else(|| AskError::Missing(self.subject.to_string()))?;
        let expires_at = match &self.expires_at {
            Some(place) => date_at(place, answer)?,
            None => None,
        };
        if expires_at.is_some_and(|end| now >= end) {
            return Ok(Answer::No);
        }
        let mut roles = Vec::new();
        for reading in &self.roles {
            reading.read(answer, &mut roles)?;
        }
        if roles.is_empty() {
            roles.extend(self.default_role.clone());
        }
        if let Some(permitted) = &self.permitted_roles {
            roles.retain(|role| permitted.contains(role));
        }
        let scopes = match &self.scopes {
            Some(place) => names_at(place, answer).map_err(|_| unreadable(place))?,
            None => None,
        };
        let tenant = match &self.tenant {
            Some(place) => text_at(place, answer).map_err(|_| unreadable(place))?,
            None => None,
        };
        let claims = self.claims(answer);
        let unusable = |error: ClaimsError| AskError::Unreadable(error.to_string());
        let end = expires_at.map_or(now.plus(yes_secs), |end| end.min(now.plus(yes_secs)));
        Ok(Answer::Caller(Principal {
            subject,
            roles,
            scopes: scopes.and_then(|names| self.vocabulary.narrowing(names)),
            tenant,
            attributes: attributes(&self.attributes, &claims).map_err(unusable)?,
            carried: carried(&self.carried, &claims).map_err(unusable)?,
            handling: None,
            proof: Proof::Asked { issuer: self.issuer.clone() },
            marks: Marks::default(),
            validity: Validity::Asked(end),
        }))
    }

    /// The claims of the caller in `answer`.
    fn claims<'a>(&self, answer: &'a Value<'a>) -> Cow<'a, Value<'a>> {
        if self.claims.is_empty() {
            return Cow::Borrowed(answer);
        }
        let found = self
            .claims
            .iter()
            .filter_map(|(name, place)| place.get(answer).map(|value| (name.clone(), value.clone())));
        Cow::Owned(Value::Object(found.collect()))
    }
}

/// The answer that says yes; `None` if it says no, by one of `no_statuses` or by what stands at a place of `active`.
///
/// # Errors
///
/// [`AskError`] if it says neither.
pub(super) fn said<'r>(
    no_statuses: &[u16],
    active: &[Condition],
    reply: Option<&Reply<'r>>,
) -> Result<Option<Value<'r>>, AskError> {
    let reply = reply.ok_or(AskError::NoAnswer)?;
    match reply.status {
        200..=299 => {}
        status if no_statuses.contains(&status) => return Ok(None),
        status => return Err(AskError::Status(status)),
    }
    if reply.body.len() > REPLY_BYTES {
        return Err(AskError::TooLong);
    }
    if !reply.is_json() {
        return Err(AskError::NotJson);
    }
    let answer = json::parse(reply.body, Budget::REPLY).map_err(|_| AskError::NotJson)?;
    for Condition { place, value } in active {
        match place.get(&answer) {
            None => return Err(AskError::Missing(place.to_string())),
            Some(found) if found == value => {}
            Some(_) => return Ok(None),
        }
    }
    Ok(Some(answer))
}

impl RoleReading {
    fn read(&self, answer: &Value, roles: &mut Vec<String>) -> Result<(), AskError> {
        let Some(value) = self.place.get(answer) else { return Ok(()) };
        let mut add = |role: &String| {
            if !roles.contains(role) {
                roles.push(role.clone());
            }
        };
        if self.map.is_empty() {
            let names = list_at(&self.place, answer);
            let names = names.map_err(|_| AskError::Unreadable(self.place.to_string()))?;
            names.iter().flatten().for_each(add);
            return Ok(());
        }
        let elements = value.as_array().unwrap_or(core::slice::from_ref(value));
        for element in elements {
            let text = match element {
                Value::String(text) => text.clone().into_owned(),
                Value::Bool(value) => value.to_string(),
                Value::Number(Number::Unsigned(number)) => number.to_string(),
                Value::Null => continue,
                _ => return Err(AskError::Unreadable(self.place.to_string())),
            };
            self.map.get(&text).into_iter().flatten().for_each(&mut add);
        }
        Ok(())
    }
}

/// An instant in seconds since the epoch; `None` if there is none.
fn date_at(place: &Pointer, answer: &Value) -> Result<Option<UnixTime>, AskError> {
    match place.get(answer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(Number::Unsigned(secs))) if *secs <= NUMERIC_DATE_MAX => {
            Ok(Some(UnixTime::from_secs(*secs)))
        }
        Some(_) => Err(AskError::Unreadable(place.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, AnswerRules};
    use crate::call::Reply;
    use crate::claims::ScopeVocabulary;
    use crate::error::AskError;
    use crate::json::{Pointer, Value};
    use crate::limits::CLOCK_SECS_MIN;
    use crate::request::HeaderPair;
    use crate::time::UnixTime;
    use alloc::collections::BTreeMap;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    fn carried(body: &str, claims: &[(&str, &str)]) -> Result<BTreeMap<String, Value<'static>>, AskError> {
        let place = |text: &str| Pointer::parse(text).unwrap();
        let rules = AnswerRules {
            no_statuses: Vec::new(),
            active: Vec::new(),
            subject: place("/id"),
            subject_prefix: String::new(),
            roles: Vec::new(),
            default_role: None,
            permitted_roles: None,
            scopes: None,
            tenant: None,
            expires_at: None,
            issuer: None,
            claims: claims.iter().map(|(name, at)| (name.to_string(), place(at))).collect(),
            attributes: Vec::new(),
            carried: Vec::from([place("/email")]),
            vocabulary: ScopeVocabulary::default(),
        };
        let headers = [HeaderPair::new("content-type", "application/json")];
        let reply = Reply { status: 200, headers: &headers, body: body.as_bytes() };
        match rules.read(Some(&reply), UnixTime::from_secs(CLOCK_SECS_MIN), 30)? {
            Answer::Caller(principal) => Ok(principal.carried().clone()),
            Answer::No => Ok(BTreeMap::new()),
        }
    }

    #[test]
    fn the_origin_is_told_of_claims_of_the_answer() {
        let email = BTreeMap::from([("/email".to_string(), Value::from("a@example.com"))]);
        assert_eq!(carried(r#"{"id":"a","email":"a@example.com"}"#, &[]).as_ref(), Ok(&email));
        let renamed = r#"{"id":"a","email":"other","data":{"mail":"a@example.com"}}"#;
        assert_eq!(carried(renamed, &[("email", "/data/mail")]).as_ref(), Ok(&email));
        assert_eq!(carried(r#"{"id":"a"}"#, &[]), Ok(BTreeMap::new()));
        let wrong = carried(r#"{"id":"a","email":{}}"#, &[]);
        assert!(matches!(wrong, Err(AskError::Unreadable(_))), "{wrong:?}");
    }
}
