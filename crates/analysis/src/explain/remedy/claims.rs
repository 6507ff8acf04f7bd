//! Claims that are refused.

use portcullis::ClaimsError;
use portcullis::jose::ClaimCheck;
use portcullis::json::Pointer;
use portcullis::limits::{CLAIM_BYTES, CLAIM_LIST, NUMERIC_DATE_MAX};
use portcullis::parts::{IDENTIFIER_CLAIMS, KEY_SUBJECT};
use portcullis::token_kind::{ACCESS_KINDS, KIND_CLAIMS, OTHER_KINDS};

use crate::duration;
use crate::explain::decided::Decided;
use crate::explain::issuer::IssuerAt;
use crate::explain::presented::{PresentedToken, shown};
use crate::render::{list, list_or};

pub(crate) fn remedy(decided: &Decided<'_>, error: &ClaimsError) -> Option<String> {
    // The claims of an API key stand in its record, which was checked when it was read.
    let token = decided.recording.token()?;
    let Some(issuer) = &decided.recording.issuer else { return Some(unknown_issuer(decided, token)) };
    let rules = issuer.rules();
    let leeway = match rules.leeway_secs {
        0 => "\"leeway_secs\" is 0".to_owned(),
        secs => format!("even with {} of leeway", duration::render(secs)),
    };
    Some(match error {
        ClaimsError::TypeMismatch => kind(decided, token, issuer),
        ClaimsError::Expired { now, expires_at } => {
            format!("expired {}: issue a new token", duration::relative(*expires_at, *now))
        }
        ClaimsError::NotYetValid { now, not_before } => {
            format!("valid {}: wait, or compare the clocks; {leeway}", duration::relative(*not_before, *now))
        }
        ClaimsError::IssuedInFuture { now, issued_at } => {
            format!("issued {}: compare the clocks; {leeway}", duration::relative(*issued_at, *now))
        }
        ClaimsError::TooOld { now, issued_at, max_age_secs } => format!(
            "issued {}, and at most {} are accepted: issue a new token",
            duration::relative(*issued_at, *now),
            duration::render(*max_age_secs)
        ),
        ClaimsError::IssuerUntrusted => unknown_issuer(decided, token),
        ClaimsError::AudienceMismatch => {
            let aud = token.claim("aud").map(shown).unwrap_or_default();
            match rules.audiences.as_slice() {
                [] => format!(
                    "the token's aud is {aud}, and no audience is configured: set \"audience\" at {} if it is meant for \
                     this API",
                    issuer.pointer()
                ),
                audiences => format!("the token's aud is {aud}; this gate accepts {}", list(audiences)),
            }
        }
        ClaimsError::Missing(claim) => match claim.as_str() {
            "aud" => format!("issue the token with an aud; this gate accepts {}", list(&rules.audiences)),
            "iss" => format!("issue the token with the iss {}", issuer.name().unwrap_or_default()),
            claim => match rules.names.subject.as_slice() {
                places @ [first, _, ..] if first.to_string() == claim => {
                    format!(
                        "issue the token with one of the claims {}",
                        list(places.iter().map(Pointer::to_string))
                    )
                }
                _ => format!("issue the token with the claim `{claim}`"),
            },
        },
        ClaimsError::Reserved(claim) => format!(
            "the subject in `{claim}` begins like that of an API key (`{KEY_SUBJECT}`), of another issuer, or of somebody \
             the origin knows by another proof: name the caller otherwise, or set \"subject_prefix\" at {}",
            issuer.pointer()
        ),
        ClaimsError::Invalid(claim)
        | ClaimsError::TooLong(claim)
        | ClaimsError::TooMany(claim)
        | ClaimsError::Unprintable(claim) => {
            format!("issue the token with {} in `{claim}`", expected(claim, issuer))
        }
    })
}

fn unknown_issuer(decided: &Decided<'_>, token: &PresentedToken) -> String {
    let names = list_or(IssuerAt::all(decided.gate).filter_map(|issuer| issuer.name()), "none");
    match token.claimed_issuer() {
        Some(claimed) => format!("the token's iss is {claimed}; the issuers are {names}"),
        None => format!("the token has no iss; the issuers are {names}"),
    }
}

/// What makes the token one of another kind.
fn kind(decided: &Decided<'_>, token: &PresentedToken, issuer: &IssuerAt<'_>) -> String {
    const INSTEAD: &str = "send the access token";
    let rules = issuer.rules();
    if !decided.recording.passed.contains(&ClaimCheck::Type) {
        let accepted = list(&rules.token_types);
        return match token.header_text("typ") {
            Some(typ) => format!("the token's typ is `{typ}`; accepted are {accepted}: {INSTEAD}"),
            None => format!("the token has no typ; accepted are {accepted}: {INSTEAD}"),
        };
    }
    if let Some(name) = rules.other_kinds.iter().find(|name| token.has_claim(name)) {
        let known = OTHER_KINDS.iter().find(|(other, _)| other == name);
        let kind = known.map_or("another kind of token", |(_, kind)| kind);
        let accept = if *name == "nonce" {
            format!(", or set \"accept_nonce\" at {} if these are access tokens", issuer.pointer())
        } else {
            String::new()
        };
        return format!("the claim `{name}` is a mark of {kind}: {INSTEAD}{accept}");
    }
    let said = KIND_CLAIMS.iter().find_map(|name| {
        let said = token.claim(name)?.as_str()?;
        let is_access = ACCESS_KINDS.iter().any(|access| access.eq_ignore_ascii_case(said));
        (!is_access).then(|| format!("the claim `{name}` is {said}: {INSTEAD}"))
    });
    said.unwrap_or_else(|| INSTEAD.to_owned())
}

/// What belongs into a claim that has something else.
fn expected(claim: &str, issuer: &IssuerAt<'_>) -> String {
    let names = &issuer.rules().names;
    let is = |place: &Pointer| place.to_string() == claim;
    match claim {
        "exp" | "nbf" | "iat" => format!("a number of seconds from 0 to {NUMERIC_DATE_MAX}"),
        "aud" => "a string or a list of strings".to_owned(),
        "iss" | "sub" => "a string".to_owned(),
        claim if KIND_CLAIMS.contains(&claim) || IDENTIFIER_CLAIMS.contains(&claim) => "a string".to_owned(),
        "/sub" => format!("a string of 1 to {CLAIM_BYTES} bytes without control characters"),
        _ if names.subject.iter().any(is) => {
            format!("a whole number or a string of 1 to {CLAIM_BYTES} bytes without control characters")
        }
        _ if names.roles.iter().any(is) || names.scopes.iter().any(is) => {
            format!(
                "a string or a list of at most {CLAIM_LIST}, each of 1 to {CLAIM_BYTES} bytes without control characters"
            )
        }
        _ if names.tenant.as_ref().is_some_and(is) => {
            format!("a string of 1 to {CLAIM_BYTES} bytes without control characters")
        }
        _ => format!("a string, a whole number, or a list of at most {CLAIM_LIST} of these"),
    }
}
