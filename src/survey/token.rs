//! A token, and how far it got.

use alloc::string::String;
use alloc::vec::Vec;

use super::{SurveyedIssuer, SurveyedKey};
use crate::authenticator::{Issuer, Witness};
use crate::base64url;
use crate::claims::ClaimCheck;
use crate::error::AuthError;
use crate::gate::Gate;
use crate::json::{self, Budget, Value};
use crate::jws::UnverifiedToken;
use crate::key::VerificationKey;
use crate::time::UnixTime;

/// What a token says and which checks it passed, in the order of the fields. The text of the token is not kept.
#[derive(Debug, Clone)]
pub struct SurveyedToken<'g> {
    /// Its length, in bytes.
    pub bytes: usize,
    /// How many segments it has.
    pub segments: usize,
    /// The header as it stands there, if it is a JSON object: a claim like any other until `key` is known.
    pub header: Option<Value>,
    /// The claims as they stand there, if they are a JSON object: to be believed only if `key` is known.
    pub claims: Option<Value>,
    /// The issuer whose keys it is tried with.
    pub issuer: Option<SurveyedIssuer<'g>>,
    /// The keys it is tried with.
    pub tried: Vec<SurveyedKey<'g>>,
    /// The key that verified the signature.
    pub key: Option<SurveyedKey<'g>>,
    /// The checks of the claims that it passed, in the order they were made.
    pub passed: Vec<ClaimCheck>,
    /// Why it is refused, if it is.
    pub error: Option<AuthError>,
}

/// Takes notes while the token is checked.
#[derive(Default)]
struct Notes<'g> {
    issuer: Option<&'g Issuer>,
    key: Option<&'g VerificationKey>,
    passed: Vec<ClaimCheck>,
}

impl<'g> Witness<'g> for Notes<'g> {
    fn chosen(&mut self, issuer: &'g Issuer) {
        self.issuer = Some(issuer);
    }

    fn verified(&mut self, key: &'g VerificationKey) {
        self.key = Some(key);
    }

    fn passed(&mut self, check: ClaimCheck) {
        self.passed.push(check);
    }
}

impl<'g> SurveyedToken<'g> {
    pub(super) fn of(gate: &'g Gate, text: &str, now: UnixTime) -> Self {
        let mut notes = Notes::default();
        let error = gate.survey_authenticator().witnessed(text, now, &mut notes).err();
        let issuer = notes
            .issuer
            .and_then(|chosen| gate.issuers().find(|issuer| core::ptr::eq(issuer.issuer, chosen)));
        let tried = issuer.and_then(|issuer| {
            let token = UnverifiedToken::parse(text, gate.token_bytes).ok()?;
            let keys = issuer.issuer.keys.candidates(token.unverified_header(), now).ok()?;
            Some(keys.into_iter().filter_map(|key| issuer.key(key)).collect())
        });
        // What is over the limit is not looked into, here as there.
        let mut segments = text
            .split('.')
            .map(|segment| (text.len() <= gate.token_bytes).then(|| object(segment)).flatten());
        Self {
            bytes: text.len(),
            header: segments.next().flatten(),
            claims: segments.next().flatten(),
            segments: text.split('.').count(),
            issuer,
            tried: tried.unwrap_or_default(),
            key: issuer.zip(notes.key).and_then(|(issuer, key)| issuer.key(key)),
            passed: notes.passed,
            error,
        }
    }

    /// The member `name` of the header, if it is a string.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.header.as_ref()?.as_object()?.get(name)?.as_str()
    }

    /// The claim at `pointer`, if it is there and not null.
    pub fn claim(&self, pointer: &str) -> Option<&Value> {
        let place = json::Pointer::parse(pointer)?;
        place.get(self.claims.as_ref()?).filter(|value| **value != Value::Null)
    }

    /// The `iss` that the token claims.
    pub fn claimed_issuer(&self) -> Option<String> {
        self.claim("/iss").and_then(Value::as_str).map(String::from)
    }
}

fn object(segment: &str) -> Option<Value> {
    let value = json::parse(&base64url::decode(segment).ok()?, Budget::REQUEST).ok()?;
    value.as_object().is_some().then_some(value)
}
