//! The question about a credential.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::call::{Call, CallTarget};
use crate::credential::{AUTHORIZATION, CredentialLocation, CredentialLocations};
use crate::json::Value;
use crate::limits::ASK_SECS;
use crate::request::Request;
use crate::secret::SecretBytes;

/// What is left as it is in a form (WHATWG URL standard, application/x-www-form-urlencoded).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// What is asked about a credential.
#[derive(Debug, Clone)]
pub struct Question {
    /// How.
    pub method: QuestionMethod,
    /// Where.
    pub target: CallTarget,
    /// How the credential is given.
    pub credential: CredentialForm,
    /// `name:secret` of the gate itself, base64, for `Authorization: Basic`
    /// ([RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    pub client: Option<SecretBytes>,
}

/// The method of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionMethod {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// How the credential is given to whoever is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialForm {
    /// In the header it was sent in, byte for byte; as a bearer token if it came in no header of its own.
    AsSent,
    /// As this member of a form.
    Form(String),
    /// As this member of a JSON object.
    Json(String),
}

impl Question {
    /// The call that asks about `credential`, which stands at `location` of `request`.
    pub(crate) fn call(
        &self,
        locations: &CredentialLocations,
        request: &Request<'_>,
        location: CredentialLocation,
        credential: &str,
    ) -> Call {
        let mut headers = Vec::from([("accept".to_owned(), "application/json".to_owned())]);
        let mut body = String::new();
        match &self.credential {
            CredentialForm::AsSent => headers.push(self.as_sent(locations, request, location, credential)),
            CredentialForm::Form(name) => {
                headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
                let (name, value) = (utf8_percent_encode(name, FORM), utf8_percent_encode(credential, FORM));
                body = format!("{name}={value}");
            }
            CredentialForm::Json(name) => {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
                let object = Value::Object([(name.clone(), Value::from(credential))].into_iter().collect());
                body = serde_json::to_string(&object).unwrap_or_default();
            }
        }
        if let Some(client) = &self.client {
            let client = core::str::from_utf8(client.expose()).unwrap_or_default();
            headers.push((AUTHORIZATION.to_owned(), format!("Basic {client}")));
        }
        let method = match self.method {
            QuestionMethod::Get => "GET",
            QuestionMethod::Post => "POST",
        };
        Call { method, target: self.target.clone(), headers, body, timeout_secs: ASK_SECS }
    }

    /// The header in which the credential was sent.
    fn as_sent(
        &self,
        locations: &CredentialLocations,
        request: &Request<'_>,
        location: CredentialLocation,
        credential: &str,
    ) -> (String, String) {
        // The line of a cookie may hold more than the credential: only the origin, which would get it anyway, is given it.
        let is_fit = location != CredentialLocation::Cookie || matches!(self.target, CallTarget::Origin(_));
        let own = locations.header_of(request, location, credential).filter(|_| is_fit);
        own.unwrap_or_else(|| (AUTHORIZATION.to_owned(), format!("Bearer {credential}")))
    }
}
