//! The claims that a token passed the checks of.

use portcullis::jose::ClaimCheck;
use portcullis::json::{Number, Pointer, Value};
use portcullis::parts::{ClaimRules, IDENTIFIER_CLAIMS};
use portcullis::{AuthError, ClaimsError, Principal, UnixTime};

use crate::duration;
use crate::explain::decided::Decided;
use crate::explain::issuer::IssuerAt;
use crate::explain::presented::{PresentedToken, shown};
use crate::render::{list, list_or};

/// What each check that was passed compared.
pub(crate) fn details(decided: &Decided<'_>, token: &PresentedToken, issuer: &IssuerAt<'_>) -> Vec<String> {
    let principal = decided.verdict.diagnostics.principal.as_deref();
    let passed = decided.recording.passed.iter();
    let mut details: Vec<String> =
        passed.flat_map(|check| claim(*check, token, issuer, principal, decided.now)).collect();
    // The required claims in front of one that is missing are there.
    if let Some(AuthError::Claims(ClaimsError::Missing(missing))) = decided.error() {
        let required = issuer.rules().required.iter().map(Pointer::to_string);
        let required: Vec<String> = required.collect();
        if !decided.recording.passed.contains(&ClaimCheck::Required) && required.contains(missing) {
            details.extend(required.into_iter().take_while(|claim| claim != missing).map(is_there));
        }
    }
    details
}

fn is_there(claim: impl core::fmt::Display) -> String {
    format!("{claim} is there, as required")
}

/// What a check compared; nothing where there was nothing to compare.
fn claim(
    check: ClaimCheck,
    token: &PresentedToken,
    issuer: &IssuerAt<'_>,
    principal: Option<&Principal>,
    now: UnixTime,
) -> Vec<String> {
    if check == ClaimCheck::Required {
        return issuer.rules().required.iter().map(is_there).collect();
    }
    detail(check, token, issuer, principal, now).into_iter().collect()
}

fn detail(
    check: ClaimCheck,
    token: &PresentedToken,
    issuer: &IssuerAt<'_>,
    principal: Option<&Principal>,
    now: UnixTime,
) -> Option<String> {
    let rules = issuer.rules();
    let when = |claim: &str| instant(token.claim(claim)?);
    let at = |time: UnixTime| format!("{}, {}", time.to_rfc3339(), duration::relative(time, now));
    let from = |place: &Pointer| token.claim_at(place).map(|value| format!("{} from {place}", shown(value)));
    Some(match check {
        ClaimCheck::Type => match token.header_text("typ") {
            Some(typ) => format!("typ {typ} is one of {}", list(&rules.token_types)),
            None => "typ is absent, which is accepted".to_owned(),
        },
        ClaimCheck::Kind => {
            format!("kind: not marked as another kind of token by {}", list(&rules.other_kinds))
        }
        ClaimCheck::Issuer => match (issuer.name(), token.claimed_issuer()) {
            (Some(name), _) => format!("iss {name}, as configured"),
            (None, Some(name)) => format!("iss {name}; none is configured to compare it with"),
            (None, None) => return None,
        },
        ClaimCheck::Audience => match token.claim("aud") {
            Some(value) => {
                format!("aud {}, of which one is accepted: {}", shown(value), list(&rules.audiences))
            }
            None => "aud is absent, and none is configured".to_owned(),
        },
        ClaimCheck::Expiry => {
            let expires = when("exp")?;
            let leeway = duration::render(rules.leeway_secs);
            let good = match expires.as_secs().checked_sub(now.as_secs()) {
                Some(ahead) if ahead > 0 => format!("good for {} more", duration::render(ahead)),
                _ => format!("{}, within the leeway of {leeway}", duration::relative(expires, now)),
            };
            format!("exp {}, {good}", expires.to_rfc3339())
        }
        ClaimCheck::Identifiers => {
            let there = IDENTIFIER_CLAIMS.iter().filter(|name| token.has_claim(name));
            format!("identifiers are strings: {}", list(there))
        }
        ClaimCheck::NotBefore => format!("nbf {}", at(when("nbf")?)),
        ClaimCheck::IssuedAt => format!("iat {}", at(when("iat")?)),
        ClaimCheck::Age => format!("age at most {}", duration::render(rules.max_age_secs?)),
        // Each is told by itself.
        ClaimCheck::Required => return None,
        ClaimCheck::Subject => {
            let found = rules.names.subject.iter().find_map(from)?;
            match rules.subject_prefix.as_str() {
                "" => format!("subject {found}"),
                prefix => format!("subject {found}, behind the prefix `{prefix}` of its issuer"),
            }
        }
        ClaimCheck::Roles => {
            let said = match rules.names.roles.iter().find_map(from) {
                Some(found) => format!("roles {found}"),
                None => {
                    let places = list(rules.names.roles.iter().map(Pointer::to_string));
                    let default = principal.map(Principal::roles).unwrap_or_default();
                    format!("roles absent at {places}; by default {}", list_or(default, "none"))
                }
            };
            match &rules.permitted_roles {
                Some(permitted) => {
                    format!("{said}; of these its issuer may give {}", list(permitted))
                }
                None => said,
            }
        }
        ClaimCheck::Scopes => {
            let said = rules.names.scopes.iter().filter_map(|place| scopes(rules, place, token));
            let said: Vec<String> = said.collect();
            if said.is_empty() {
                return None;
            }
            said.join("; ")
        }
        ClaimCheck::Tenant => format!("tenant {}", from(rules.names.tenant.as_ref()?)?),
        ClaimCheck::Attributes => {
            let attributes = principal?.attributes();
            if attributes.is_empty() {
                return None;
            }
            format!("{} read for bindings", list(attributes.keys()))
        }
        ClaimCheck::Carried => {
            let carried = principal?.carried();
            if carried.is_empty() {
                return None;
            }
            format!("{} read for the origin", list(carried.keys()))
        }
    })
}

/// What the scopes at a place say, and which of them the policy could mean.
fn scopes(rules: &ClaimRules, place: &Pointer, token: &PresentedToken) -> Option<String> {
    let names: Vec<&str> = match token.claim_at(place)? {
        Value::String(text) => text.split(' ').filter(|name| !name.is_empty()).collect(),
        value => value.as_array()?.iter().filter_map(Value::as_str).collect(),
    };
    let is_list = token.claim_at(place).is_some_and(|value| value.as_array().is_some());
    let (meant, foreign): (Vec<&str>, Vec<&str>) =
        names.into_iter().partition(|name| rules.vocabulary.is_meant(name));
    Some(match (meant.as_slice(), foreign.as_slice()) {
        ([], []) if is_list => format!("scopes at {place}: an empty list, which permits nothing"),
        ([], []) => format!("scopes at {place}: none"),
        ([], _) => format!("scopes at {place}: {} mean no permission of the policy", list(foreign)),
        (_, []) => format!("scopes at {place}: {}", list(meant)),
        _ => {
            format!("scopes at {place}: {}; {} mean no permission of the policy", list(meant), list(foreign))
        }
    })
}

/// The instant of a claim that the gate has taken for one.
fn instant(value: &Value) -> Option<UnixTime> {
    let secs = match value {
        Value::Number(Number::Unsigned(secs)) => *secs,
        // Rust writes a float without an exponent: what stands before the point are the whole seconds.
        Value::Number(Number::Float(secs)) => secs.to_string().split('.').next()?.parse().ok()?,
        _ => return None,
    };
    Some(UnixTime::from_secs(secs))
}
