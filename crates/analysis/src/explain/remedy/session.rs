//! Sessions of an origin that are refused by their signature or their age.

use portcullis::{ClaimsError, TokenError};

use crate::duration;

/// Of one whose form or signature is wrong.
pub(crate) fn signature(error: TokenError) -> String {
    let text = match error {
        TokenError::SignatureInvalid => {
            "log in again: it was altered, or signed with another secret than \"credentials.session.secret\", which must \
             be the origin's, or it is a token in the place of a cookie, or the other way round"
        }
        _ => "send the session as the login gave it out: value, time and signature, with a dot between them",
    };
    text.to_owned()
}

/// Of one whose age is wrong.
pub(crate) fn age(error: &ClaimsError) -> Option<String> {
    match error {
        ClaimsError::IssuedInFuture { now, issued_at } => {
            Some(format!("signed {}: compare the clocks", duration::relative(*issued_at, *now)))
        }
        ClaimsError::TooOld { now, issued_at, max_age_secs } => Some(format!(
            "signed {}, and at most {} are accepted (\"credentials.session.max_age_secs\"): log in again",
            duration::relative(*issued_at, *now),
            duration::render(*max_age_secs)
        )),
        _ => None,
    }
}
