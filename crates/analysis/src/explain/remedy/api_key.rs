//! API keys that are refused.

use portcullis::ApiKeyError;

use crate::duration;
use crate::explain::decided::Decided;
use crate::explain::presented::Presented;

pub(crate) fn remedy(decided: &Decided<'_>, error: &ApiKeyError) -> String {
    let id = match &decided.recording.credential {
        Some(Presented::ApiKey { id }) => id.as_deref(),
        Some(Presented::Token(_)) | None => None,
    };
    let record = id.map_or_else(|| "the record".to_owned(), |id| format!("the record `{id}`"));
    match error {
        ApiKeyError::Malformed => {
            "send the whole key as it was given out, from `pc_` to the six characters of its checksum"
                .to_owned()
        }
        ApiKeyError::Unknown => match id {
            Some(id) => format!(
                "no record fits the key `{id}`: list the record that came with it under /api_keys/records, or send the \
                 key that belongs to the record"
            ),
            None => "no record fits the key: list the one that `portcullis api-key hash` makes of it under /api_keys/records".to_owned(),
        },
        ApiKeyError::Expired { now, expires_at } => format!(
            "{record} expired {}: create a new key, or give it a later \"expires_at\"",
            duration::relative(*expires_at, *now)
        ),
        ApiKeyError::Disabled => format!("{record} is disabled: remove \"disabled\", or create a new key"),
        ApiKeyError::Unavailable => format!(
            "there is no store of records here: to try the key, list {record} under /api_keys/records"
        ),
        ApiKeyError::Unusable(why) => format!("correct {record}: {why}"),
    }
}
