//! Who sends requests: callers with their credentials, and those who only say that they are somebody.

use anyhow::Result;
use portcullis_test_support::origin::tokens;
use serde_json::{Value, json};

use crate::draft::Draft;

/// How a credential is sent.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// None.
    None,
    /// `Authorization: Bearer`.
    Bearer(String),
    /// `X-API-Key`.
    ApiKey(String),
    /// A cookie of this name, as a browser sends it to the site that it is on.
    Cookie(&'static str, String),
}

/// Somebody who sends requests.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) name: &'static str,
    /// As the origin knows the caller; null for one it must not believe.
    pub(crate) claims: Value,
    pub(crate) subject: String,
    pub(crate) credential: Credential,
}

impl Caller {
    pub(crate) fn genuine(&self) -> bool {
        !self.claims.is_null()
    }

    /// The same, whose credential is a cookie.
    pub(crate) fn with_cookie(self, name: &'static str) -> Self {
        Self { credential: Credential::Cookie(name, self.text().to_owned()), ..self }
    }

    /// The text of the credential; empty if there is none.
    pub(crate) fn text(&self) -> &str {
        match &self.credential {
            Credential::None => "",
            Credential::Bearer(text) | Credential::ApiKey(text) | Credential::Cookie(_, text) => text,
        }
    }

    /// Adds the credential where it belongs.
    pub(crate) fn sign(&self, draft: &mut Draft) {
        match &self.credential {
            Credential::None => {}
            Credential::Bearer(text) => {
                draft.header("Authorization", format!("Bearer {text}"));
            }
            Credential::ApiKey(text) => {
                draft.header("X-API-Key", text.as_bytes());
            }
            Credential::Cookie(name, text) => {
                draft.cookie(name, text).header("Sec-Fetch-Site", "same-origin");
            }
        }
    }

    /// The values that a binding to `source` takes from this caller, the first of them.
    pub(crate) fn bound(&self, source: &str) -> String {
        let value = match source {
            "subject" => return self.subject.clone(),
            "tenant" => self.claims.pointer("/tenant"),
            pointer => self.claims.pointer(pointer),
        };
        let first = value.map(|value| value.get(0).unwrap_or(value));
        match first {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "nobody".to_owned(),
        }
    }
}

/// A caller with a token whose claims are `claims`, signed with `secret`.
pub(crate) fn with_token(name: &'static str, subject: &str, claims: Value, secret: &str) -> Result<Caller> {
    let mut signed = claims.clone();
    signed["iat"] = json!(tokens::now_secs());
    signed["exp"] = json!(tokens::now_secs() + 3600);
    let credential = Credential::Bearer(tokens::sign(signed, secret)?);
    Ok(Caller { name, claims, subject: subject.to_owned(), credential })
}

/// Those whom nobody must believe: without a credential, and with tokens for `claims` that are worth nothing.
pub(crate) fn strangers(claims: &Value, secret: &str) -> Result<Vec<Caller>> {
    let at = |seconds: i64| {
        let mut claims = claims.clone();
        let now = i64::try_from(tokens::now_secs()).unwrap_or(i64::MAX);
        claims["iat"] = json!(now - 7200);
        claims["exp"] = json!(now + seconds);
        claims
    };
    let stranger =
        |name, credential| Caller { name, claims: Value::Null, subject: String::new(), credential };
    let forged = tokens::sign(at(3600), &tokens::secret()?)?;
    let published = tokens::sign(at(3600), "a-string-secret-at-least-256-bits-long")?;
    let without_end = tokens::sign(claims.clone(), secret)?;
    Ok(vec![
        stranger("anonymous", Credential::None),
        stranger("expired", Credential::Bearer(tokens::sign(at(-600), secret)?)),
        stranger("forged", Credential::Bearer(forged)),
        stranger("published secret", Credential::Bearer(published)),
        stranger("unsigned", Credential::Bearer(tokens::unsigned(&at(3600)))),
        stranger("without exp", Credential::Bearer(without_end)),
        stranger("development token", Credential::Bearer("dev-bypass-auth".to_owned())),
        stranger("unknown key", Credential::ApiKey("secret-key-123".to_owned())),
    ])
}
