//! Tokens that are refused before their claims are looked at.

use portcullis::limits::TOKEN_BYTES_MAX;
use portcullis::{SurveyedCredential, SurveyedIssuer, SurveyedKey, SurveyedToken, TokenError};

use crate::explain::Decided;
use crate::explain::trace::key_name;
use crate::explain::words::{list, list_or};
use crate::time;

pub(super) fn remedy(decided: &Decided<'_>, error: TokenError) -> Option<String> {
    let Some(SurveyedCredential::Token(token)) = &decided.credential else { return None };
    // A token that chose no issuer may be meant for each of them.
    let issuers: Vec<SurveyedIssuer<'_>> = match token.issuer {
        Some(issuer) => vec![issuer],
        None => decided.gate.issuers().collect(),
    };
    let keys: Vec<SurveyedKey<'_>> = issuers.iter().flat_map(SurveyedIssuer::keys).collect();
    let says = |name: &str| token.header_text(name).unwrap_or_default();
    Some(match error {
        TokenError::TooLarge => format!(
            "the token is {} bytes long: issue a smaller one; at most {} are read, and \"limits.token_bytes\" may be \
             {TOKEN_BYTES_MAX}",
            token.bytes,
            decided.gate.token_bytes()
        ),
        TokenError::NotThreeSegments => segments(token),
        TokenError::NotBase64Url => {
            "send the token as it was issued: three segments of base64url without padding".to_owned()
        }
        TokenError::HeaderNotJson => {
            "issue a token whose header is a JSON object with unique members".to_owned()
        }
        TokenError::HeaderMember => {
            "issue a token whose header has `alg` and, if at all, a short `kid` and `typ`, all \
                                     of them strings"
                .to_owned()
        }
        TokenError::UnsupportedFormat => {
            "issue a signed token that is not encrypted, compressed, detached or nested".to_owned()
        }
        TokenError::CriticalHeader => "issue the token without `crit` in its header".to_owned(),
        TokenError::ClaimsNotJson => {
            "issue a token whose claims are a JSON object with unique members".to_owned()
        }
        TokenError::AlgorithmNotAllowed => algorithm(token, &keys),
        TokenError::KeyUnknown => {
            format!("the token's kid is `{}`; the keys are {}", says("kid"), named(&keys))
        }
        TokenError::KeyRetired => {
            let (usable, ended): (Vec<_>, Vec<_>) =
                keys.into_iter().partition(|key| key.end().is_none_or(|end| decided.now < end));
            let ended = ended.iter().filter(|key| key.algorithm().name() == says("alg")).filter_map(|key| {
                Some(format!("{}, until {}", key_name(key), time::relative(key.end()?, decided.now)))
            });
            format!(
                "no longer accepted: {}; issue a new token, signed with a key that is: {}",
                list(ended),
                named(&usable)
            )
        }
        TokenError::SignatureInvalid => {
            let one_of = if token.tried.len() == 1 { "" } else { "one of " };
            format!(
                "it was altered, or signed with another key: issue a new token, signed with {one_of}{}",
                named(&token.tried)
            )
        }
        _ => return None,
    })
}

/// Each key once, with all its algorithms if it has several.
fn named(keys: &[SurveyedKey<'_>]) -> String {
    let mut ids: Vec<&str> = keys.iter().filter_map(SurveyedKey::id).collect();
    ids.sort_unstable();
    ids.dedup();
    let by_id = ids.into_iter().map(|id| {
        let own = keys.iter().filter(|key| key.id() == Some(id)).map(|key| key.algorithm().name());
        format!("`{id}` ({})", list(own))
    });
    let without = keys.iter().filter(|key| key.id().is_none()).map(key_name);
    list_or(by_id.chain(without), "none")
}

fn segments(token: &SurveyedToken<'_>) -> String {
    match token.segments {
        3 => "send the whole token: one of its three segments is empty".to_owned(),
        5 => "it has five segments, as encrypted tokens do: issue a signed one, which has three".to_owned(),
        1 => "it has one segment: send a token, which has three, or an API key".to_owned(),
        count => format!("it has {count} segments: send the token as it was issued, with three"),
    }
}

fn algorithm(token: &SurveyedToken<'_>, keys: &[SurveyedKey<'_>]) -> String {
    let said = token.header_text("alg").unwrap_or_default();
    let named = keys.iter().find(|key| key.id().is_some() && key.id() == token.header_text("kid"));
    if let Some(key) = named {
        return format!(
            "the token's alg is `{said}`, but its key `{}` is for {}",
            key.id().unwrap_or_default(),
            key.algorithm()
        );
    }
    let mut algorithms: Vec<&str> = keys.iter().map(|key| key.algorithm().name()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    format!("the token's alg is `{said}`; the keys are for {}", list(algorithms))
}
