//! Tokens that are refused before their claims are looked at.

use portcullis::TokenError;
use portcullis::limits::TOKEN_BYTES_MAX;

use crate::duration;
use crate::explain::decided::Decided;
use crate::explain::issuer::{IssuerAt, KeyAt};
use crate::explain::presented::PresentedToken;
use crate::render::{list, list_or};

pub(crate) fn remedy(decided: &Decided<'_>, error: TokenError) -> Option<String> {
    let recording = &decided.recording;
    let token = recording.token()?;
    // A token that chose no issuer may be meant for each of them.
    let issuers: Vec<IssuerAt<'_>> = match recording.issuer {
        Some(issuer) => vec![issuer],
        None => IssuerAt::all(decided.gate).collect(),
    };
    let keys: Vec<KeyAt<'_>> = issuers.iter().flat_map(IssuerAt::keys).collect();
    let says = |name: &str| token.header_text(name).unwrap_or_default();
    let text = match error {
        TokenError::TooLarge => {
            return Some(format!(
                "the token is {} bytes long: issue a smaller one; at most {} are read, and \"limits.token_bytes\" may be \
                 {TOKEN_BYTES_MAX}",
                token.bytes,
                decided.gate.parts().token_bytes
            ));
        }
        TokenError::NotThreeSegments => return Some(segments(token)),
        TokenError::NotBase64Url => {
            "send the token as it was issued: three segments of base64url without padding"
        }
        TokenError::HeaderNotJson => "issue a token whose header is a JSON object with unique members",
        TokenError::HeaderMember => {
            "issue a token whose header has `alg` and, if at all, a short `kid` and `typ`, all of them strings"
        }
        TokenError::UnsupportedFormat => {
            "issue a signed token that is not encrypted, compressed, detached or nested"
        }
        TokenError::CriticalHeader => "issue the token without `crit` in its header",
        TokenError::ClaimsNotJson => "issue a token whose claims are a JSON object with unique members",
        TokenError::AlgorithmNotAllowed => return Some(algorithm(token, &keys)),
        TokenError::KeyUnknown => {
            return Some(format!("the token's kid is `{}`; the keys are {}", says("kid"), named(&keys)));
        }
        TokenError::KeyIdNeeded => {
            return Some(format!(
                "issue the token with the `kid` of its key in the header; the keys are {}",
                named(&keys)
            ));
        }
        // Before, as it holds for keys too.
        TokenError::Revoked => return None,
        TokenError::KeyRetired => return Some(retired(decided, token, keys)),
        TokenError::SignatureInvalid => {
            let one_of = if recording.tried.len() == 1 { "" } else { "one of " };
            return Some(format!(
                "it was altered, or signed with another key: issue a new token, signed with {one_of}{}",
                named(&recording.tried)
            ));
        }
    };
    Some(text.to_owned())
}

fn retired(decided: &Decided<'_>, token: &PresentedToken, keys: Vec<KeyAt<'_>>) -> String {
    let now = decided.now;
    let algorithm = token.header_text("alg").unwrap_or_default();
    let (usable, ended): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|at| at.key.end().is_none_or(|end| now < end));
    let ended = ended.iter().filter(|at| at.key.algorithm().name() == algorithm);
    let ended = ended
        .filter_map(|at| Some(format!("{}, until {}", at.label(), duration::relative(at.key.end()?, now))));
    format!(
        "no longer accepted: {}; issue a new token, signed with a key that is: {}",
        list(ended),
        named(&usable)
    )
}

/// Each key once, with all its algorithms if it has several.
fn named(keys: &[KeyAt<'_>]) -> String {
    let mut ids: Vec<&str> = keys.iter().filter_map(|at| at.key.id()).collect();
    ids.sort_unstable();
    ids.dedup();
    let by_id = ids.into_iter().map(|id| {
        let own = keys.iter().filter(|at| at.key.id() == Some(id)).map(|at| at.key.algorithm().name());
        format!("`{id}` ({})", list(own))
    });
    let without = keys.iter().filter(|at| at.key.id().is_none()).map(KeyAt::label);
    list_or(by_id.chain(without), "none")
}

fn segments(token: &PresentedToken) -> String {
    match token.segments {
        3 => "send the whole token: one of its three segments is empty".to_owned(),
        5 => "it has five segments, as encrypted tokens do: issue a signed one, which has three".to_owned(),
        1 => "it has one segment: send a token, which has three, or an API key".to_owned(),
        count => format!("it has {count} segments: send the token as it was issued, with three"),
    }
}

fn algorithm(token: &PresentedToken, keys: &[KeyAt<'_>]) -> String {
    let said = token.header_text("alg").unwrap_or_default();
    let named = keys.iter().find(|at| at.key.id().is_some() && at.key.id() == token.header_text("kid"));
    if let Some(KeyAt { key, .. }) = named {
        return format!(
            "the token's alg is `{said}`, but its key `{}` is for {}",
            key.id().unwrap_or_default(),
            key.algorithm()
        );
    }
    let mut algorithms: Vec<&str> = keys.iter().map(|at| at.key.algorithm().name()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    format!("the token's alg is `{said}`; the keys are for {}", list(algorithms))
}
