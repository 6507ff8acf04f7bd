//! The shortest change by which a refused request would be allowed.

mod api_key;
mod claims;
mod credential;
mod policy;
mod session;
mod token;

use portcullis::limits::{HEADER_PAIRS, PATH_SEGMENTS, TARGET_BYTES};
use portcullis::{AskError, AuthError, BodyError, HeaderError, PathError, TokenError, WaitError};

use super::decided::Decided;
use super::presented::Presented;

/// What to change, if the request was refused and there is such a change.
pub(crate) fn remedy(decided: &Decided<'_>) -> Option<String> {
    match decided.error()? {
        AuthError::Path(error) => Some(path(*error)),
        AuthError::Header(error) => Some(header(error)),
        AuthError::Credential(error) => Some(credential::remedy(decided, *error)),
        AuthError::Token(TokenError::Revoked) => Some(revoked(decided)),
        // Neither a token nor a key was looked at: what was refused is a session of the origin's.
        AuthError::Token(error) if decided.recording.credential.is_none() => Some(session::signature(*error)),
        AuthError::Claims(error) if decided.recording.credential.is_none() => session::age(error),
        AuthError::Token(error) => token::remedy(decided, *error),
        AuthError::Claims(error) => claims::remedy(decided, error),
        AuthError::ApiKey(error) => Some(api_key::remedy(decided, error)),
        AuthError::Policy(error) => policy::remedy(decided, *error),
        AuthError::Body(error) => Some(body(*error)),
        AuthError::Clock(_) => Some("ask with the time of now".to_owned()),
        AuthError::Rejected => Some(
            "send a credential that is good: whoever was asked does not know this one, or no longer"
                .to_owned(),
        ),
        AuthError::Wait(error) => Some(wait(error)),
    }
}

/// For tokens and for keys: both can be taken back by what they are.
fn revoked(decided: &Decided<'_>) -> String {
    let text = match decided.recording.credential {
        Some(Presented::ApiKey { .. }) => "create a new key: this one is under \"revoked\"",
        Some(Presented::Token(_)) | None => {
            "issue a new token: this one, or everything issued to its subject by then, is under \"revoked\""
        }
    };
    text.to_owned()
}

fn path(error: PathError) -> String {
    let text = match error {
        PathError::TooLong => return format!("send a target of at most {TARGET_BYTES} bytes"),
        PathError::TooManySegments => return format!("send a path of at most {PATH_SEGMENTS} segments"),
        PathError::NotOriginForm => "send a target that begins with a slash",
        PathError::IllegalByte => {
            "percent-encode what is not a visible ASCII character, and leave a fragment out"
        }
        PathError::BrokenEscape => "write a percent sign that stands for itself as %25",
        PathError::ForbiddenEscape => {
            "leave encoded slashes, backslashes and control characters out of the path: servers differ in what they \
             take them for"
        }
        PathError::DoubleEncoding => "percent-encode the path once",
        PathError::NotUtf8 => "percent-encode the path as UTF-8",
        PathError::AmbiguousDots => "send the path without dot segments",
    };
    text.to_owned()
}

fn header(error: &HeaderError) -> String {
    match error {
        HeaderError::TooMany => format!("send at most {HEADER_PAIRS} headers"),
        HeaderError::Refused(name) => format!("send no `{name}`"),
        HeaderError::SeveralOrigins => "send one `Origin`, or none".to_owned(),
        HeaderError::Upgrade => {
            "ask for no upgrade but `Upgrade: websocket`, and for that with the method GET".to_owned()
        }
        HeaderError::HopByHop => {
            "name no header in `Connection` that the origin needs or that the gate sets".to_owned()
        }
    }
}

fn wait(error: &WaitError) -> String {
    match error {
        WaitError::Keys { .. } => "fetch the keys of the issuer: with --fetch, from where they can be reached".to_owned(),
        WaitError::Bundle { .. } => "fetch the bundle: with --fetch, from where it can be reached".to_owned(),
        WaitError::Ask(AskError::NoAnswer) => "ask who the caller is: with --fetch, and with --origin if the origin knows".to_owned(),
        WaitError::Ask(AskError::Missing(place) | AskError::Unreadable(place)) => {
            format!("let \"identity\" name the places that the answer has: it has nothing usable at `{place}`")
        }
        WaitError::Ask(AskError::OtherSubject) => {
            "let \"identity.subject\" name the place of the answer where the subject of the token stands".to_owned()
        }
        WaitError::Ask(AskError::Status(_) | AskError::TooLong | AskError::NotJson) => {
            "let \"identity.ask\" name an endpoint that answers 200 with JSON, or with one of \"identity.refusals\"".to_owned()
        }
        WaitError::Revocations => "ask a host: it has the store of revocations that \"revoked.lookup\" speaks of".to_owned(),
        WaitError::RevocationUnusable(_) => {
            "write that revocation again, with `portcullis revoke … --kv`".to_owned()
        }
        WaitError::RateLimited { retry_secs } => format!("wait for {retry_secs} seconds"),
    }
}

fn body(error: BodyError) -> String {
    let text = match error {
        BodyError::NotJsonType => "send the body as `Content-Type: application/json`",
        BodyError::NotFormType => {
            "send the body as `Content-Type: application/x-www-form-urlencoded`, or as `multipart/form-data` with a \
             boundary of letters, digits and hyphens"
        }
        BodyError::NotJsonOrFormType => {
            "send the body as `Content-Type: application/json`, `application/x-www-form-urlencoded` or \
             `multipart/form-data`"
        }
        BodyError::Unannounced => "say with `Content-Type` what the body is",
        BodyError::Encoded => "send the body without a `Content-Encoding`",
        BodyError::TooLarge(limit) => return format!("send a body of at most {limit} bytes"),
        BodyError::NotJson => "send one JSON text in which no object names a member twice",
        BodyError::NotForm => {
            "send the form as browsers do: everything but letters and digits percent-encoded, or parts with a plain \
             `Content-Disposition: form-data; name=\"…\"` each, lines ending in CRLF, and nothing around them"
        }
        BodyError::Unavailable => "give the body with --body FILE",
    };
    text.to_owned()
}
