//! The shortest change that would let a refused request in.

mod claims;
mod policy;
mod token;

use portcullis::limits::{BODY_BYTES, HEADER_PAIRS, PATH_SEGMENTS, TARGET_BYTES};
use portcullis::{
    ApiKeyError, AuthError, BodyError, CredentialError, HeaderError, PathError, Place, SurveyedCredential,
};

use super::Decided;
use super::words::list;
use crate::time;

/// What to change, if the request was refused and there is such a change.
pub(super) fn remedy(decided: &Decided<'_>) -> Option<String> {
    match decided.verdict.record.error.as_ref()? {
        AuthError::Path(error) => path(*error),
        AuthError::Header(error) => header(*error),
        AuthError::Credential(error) => credential(decided, *error),
        AuthError::Token(error) => token::remedy(decided, *error),
        AuthError::Claims(error) => claims::remedy(decided, error),
        AuthError::ApiKey(error) => api_key(decided, error),
        AuthError::Policy(error) => policy::remedy(decided, *error),
        AuthError::Body(error) => body(*error),
        _ => None,
    }
}

fn path(error: PathError) -> Option<String> {
    Some(match error {
        PathError::TooLong => format!("send a target of at most {TARGET_BYTES} bytes"),
        PathError::TooManySegments => format!("send a path of at most {PATH_SEGMENTS} segments"),
        PathError::NotOriginForm => "send a target that begins with a slash".to_owned(),
        PathError::IllegalOctet => {
            "percent-encode what is not a visible ASCII character, and leave a fragment out".to_owned()
        }
        PathError::BrokenEscape => "write a percent sign that stands for itself as %25".to_owned(),
        PathError::ForbiddenEscape => {
            "leave encoded slashes, backslashes and control characters out of the path: servers differ in what they \
             take them for"
                .to_owned()
        }
        PathError::DoubleEncoding => "percent-encode the path once".to_owned(),
        PathError::NotUtf8 => "percent-encode the path as UTF-8".to_owned(),
        PathError::AmbiguousDots => "send the path without dot segments".to_owned(),
        _ => return None,
    })
}

fn header(error: HeaderError) -> Option<String> {
    Some(match error {
        HeaderError::TooMany => format!("send at most {HEADER_PAIRS} headers"),
        HeaderError::HopByHop => {
            "name no header in `Connection` that the origin needs or that the gate sets".to_owned()
        }
        _ => return None,
    })
}

fn body(error: BodyError) -> Option<String> {
    Some(match error {
        BodyError::NotJsonType => "send the body as `Content-Type: application/json`".to_owned(),
        BodyError::Encoded => "send the body without a `Content-Encoding`".to_owned(),
        BodyError::TooLarge => format!("send a body of at most {BODY_BYTES} bytes"),
        BodyError::NotJson => "send one JSON text in which no object names a member twice".to_owned(),
        BodyError::Unavailable => "give the body with --body FILE".to_owned(),
        _ => return None,
    })
}

fn credential(decided: &Decided<'_>, error: CredentialError) -> Option<String> {
    let gate = decided.gate;
    let accepted = || {
        let places = gate.accepted_places(decided.reading.websocket);
        let one_of = if places.len() > 1 { "one of " } else { "" };
        format!("{one_of}{}", list(places.iter().map(|place| format!("`{place}`"))))
    };
    Some(match error {
        CredentialError::Missing => format!("send a credential as {}", accepted()),
        CredentialError::Ambiguous => {
            let places = list(decided.reading.places.iter().map(|place| place.describe()));
            format!("send one credential; there are {}: {places}", decided.reading.places.len())
        }
        CredentialError::Malformed => match decided.reading.places.as_slice() {
            [Place::Authorization] => {
                "write `Authorization: Bearer <token>`, with one token and nothing else".to_owned()
            }
            [Place::Query] => "give the query parameter the token and nothing else".to_owned(),
            [Place::ApiKeyHeader] => "give the header the API key and nothing else".to_owned(),
            _ => format!("write the credential as {}", accepted()),
        },
        CredentialError::Unsupported => match (&decided.credential, decided.reading.places.as_slice()) {
            (Some(SurveyedCredential::Token(_)), _) | (None, [Place::Query | Place::WebSocketProtocol])
                if !gate.accepts_tokens() =>
            {
                "no tokens are accepted: configure \"issuers\", or send an API key".to_owned()
            }
            (Some(SurveyedCredential::ApiKey { .. }), _) | (None, [Place::ApiKeyHeader])
                if !gate.accepts_api_keys() =>
            {
                "no API keys are accepted: configure \"api_keys\", or send a token".to_owned()
            }
            _ => format!("send a credential as {}", accepted()),
        },
        _ => return None,
    })
}

fn api_key(decided: &Decided<'_>, error: &ApiKeyError) -> Option<String> {
    let id = match &decided.credential {
        Some(SurveyedCredential::ApiKey { id }) => id.as_deref(),
        _ => None,
    };
    let record = id.map_or_else(|| "the record".to_owned(), |id| format!("the record `{id}`"));
    Some(match error {
        ApiKeyError::Malformed => {
            "send the whole key as it was given out, from `pc_` to the six characters of its checksum"
                .to_owned()
        }
        ApiKeyError::Unknown => match id {
            Some(id) => format!(
                "no record fits the key `{id}`: list the record that came with it under /api_keys/records, or send the \
                 key that belongs to the record"
            ),
            None => "no record fits the key: add one with its hash under /api_keys/records".to_owned(),
        },
        ApiKeyError::Expired { now, expires_at } => format!(
            "{record} expired {}: create a new key, or give it a later \"expires_at\"",
            time::relative(*expires_at, *now)
        ),
        ApiKeyError::Disabled => format!("{record} is disabled: remove \"disabled\", or create a new key"),
        ApiKeyError::Unavailable => format!(
            "there is no store of records here: to try the key, list {record} under /api_keys/records"
        ),
        _ => return None,
    })
}
