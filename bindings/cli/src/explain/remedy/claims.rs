//! Claims that are refused.

use portcullis::json::Value;
use portcullis::limits::{CLAIM_BYTES, CLAIM_LIST, NUMERIC_DATE_MAX};
use portcullis::token_kind::{ACCESS, CLAIMS, FOREIGN};
use portcullis::{ClaimCheck, ClaimsError, SurveyedCredential, SurveyedIssuer, SurveyedToken};

use crate::explain::Decided;
use crate::explain::trace::shown;
use crate::explain::words::{list, list_or};
use crate::time;

pub(super) fn remedy(decided: &Decided<'_>, error: &ClaimsError) -> Option<String> {
    // The claims of an API key stand in its record, which was checked when it was read.
    let Some(SurveyedCredential::Token(token)) = &decided.credential else { return None };
    let Some(issuer) = &token.issuer else { return unknown_issuer(decided, token) };
    let leeway = match issuer.leeway_secs() {
        0 => "\"leeway_secs\" is 0".to_owned(),
        secs => format!("even with {} of leeway", time::in_words(secs)),
    };
    Some(match error {
        ClaimsError::TypeMismatch => kind(token, issuer),
        ClaimsError::Expired { now, expires_at } => {
            format!("expired {}: issue a new token", time::relative(*expires_at, *now))
        }
        ClaimsError::NotYetValid { now, not_before } => {
            format!("valid {}: wait, or compare the clocks; {leeway}", time::relative(*not_before, *now))
        }
        ClaimsError::IssuedInFuture { now, issued_at } => {
            format!("issued {}: compare the clocks; {leeway}", time::relative(*issued_at, *now))
        }
        ClaimsError::TooOld { now, issued_at, max_age_secs } => format!(
            "issued {}, and at most {} are accepted: issue a new token",
            time::relative(*issued_at, *now),
            time::in_words(*max_age_secs)
        ),
        ClaimsError::IssuerUntrusted => return unknown_issuer(decided, token),
        ClaimsError::AudienceMismatch => {
            let aud = token.claim("/aud").map(shown).unwrap_or_default();
            match issuer.audiences() {
                [] => format!(
                    "the token's aud is {aud}, and no audience is configured: set \"audience\" at {} if it is meant for \
                     this API",
                    issuer.pointer()
                ),
                audiences => format!("the token's aud is {aud}; this gate accepts {}", list(audiences)),
            }
        }
        ClaimsError::Missing(claim) => match claim.as_str() {
            "aud" => format!("issue the token with an aud; this gate accepts {}", list(issuer.audiences())),
            "iss" => format!("issue the token with the iss {}", issuer.name().unwrap_or_default()),
            claim => format!("issue the token with the claim `{claim}`"),
        },
        ClaimsError::Invalid(claim) => {
            format!("issue the token with {} in `{claim}`", expected(claim, issuer))
        }
        _ => return None,
    })
}

fn unknown_issuer(decided: &Decided<'_>, token: &SurveyedToken<'_>) -> Option<String> {
    let names = list_or(decided.gate.issuers().filter_map(|issuer| issuer.name()), "none");
    Some(match token.claimed_issuer() {
        Some(claimed) => format!("the token's iss is {claimed}; the issuers are {names}"),
        None => format!("the token has no iss; the issuers are {names}"),
    })
}

/// What makes the token one of another kind.
fn kind(token: &SurveyedToken<'_>, issuer: &SurveyedIssuer<'_>) -> String {
    const INSTEAD: &str = "send the access token";
    let accepted = list(issuer.token_types());
    if !token.passed.contains(&ClaimCheck::Type) {
        return match token.header_text("typ") {
            Some(typ) => format!("the token's typ is `{typ}`; accepted are {accepted}: {INSTEAD}"),
            None => format!("the token has no typ; accepted are {accepted}: {INSTEAD}"),
        };
    }
    let has = |name: &str| {
        token.claims.as_ref().and_then(Value::as_object).is_some_and(|all| all.contains_key(name))
    };
    if let Some(name) = issuer.foreign_claims().iter().find(|name| has(name)) {
        let kind = FOREIGN
            .iter()
            .find(|(foreign, _)| foreign == name)
            .map_or("another kind of token", |(_, kind)| kind);
        let accept = if *name == "nonce" {
            format!(", or set \"accept_nonce\" at {} if these are access tokens", issuer.pointer())
        } else {
            String::new()
        };
        return format!("the claim `{name}` is a mark of {kind}: {INSTEAD}{accept}");
    }
    let said = CLAIMS.iter().find_map(|name| {
        let said = token.claim(&format!("/{name}"))?.as_str()?;
        let is_access = ACCESS.iter().any(|access| access.eq_ignore_ascii_case(said));
        (!is_access).then(|| format!("the claim `{name}` is {said}: {INSTEAD}"))
    });
    said.unwrap_or_else(|| INSTEAD.to_owned())
}

/// What belongs into a claim that has something else.
fn expected(claim: &str, issuer: &SurveyedIssuer<'_>) -> String {
    match claim {
        "exp" | "nbf" | "iat" => format!("a number of seconds from 0 to {NUMERIC_DATE_MAX}"),
        "aud" => "a string or a list of strings".to_owned(),
        "iss" | "sub" => "a string".to_owned(),
        claim if CLAIMS.contains(&claim) => "a string".to_owned(),
        claim if claim == issuer.subject_claim() => {
            format!("a whole number or a string of 1 to {CLAIM_BYTES} bytes without control characters")
        }
        claim if issuer.role_claims().iter().any(|own| own == claim) || claim == issuer.scope_claim() => {
            format!(
                "a string or a list of at most {CLAIM_LIST}, each of 1 to {CLAIM_BYTES} bytes without control characters"
            )
        }
        claim if issuer.tenant_claim().as_deref() == Some(claim) => {
            format!("a string of 1 to {CLAIM_BYTES} bytes without control characters")
        }
        _ => format!("a string, a whole number, or a list of at most {CLAIM_LIST} of these"),
    }
}
