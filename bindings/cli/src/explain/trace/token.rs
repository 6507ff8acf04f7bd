//! What became of a token: header, key, signature, claims.

use portcullis::json::{Number, Value};
use portcullis::{ClaimCheck, Principal, SurveyedIssuer, SurveyedKey, SurveyedToken, UnixTime};

use super::Stage;
use crate::explain::words::{list, list_or};
use crate::time;

pub(super) fn stages(token: &SurveyedToken<'_>, principal: Option<&Principal>, now: UnixTime) -> Vec<Stage> {
    let mut stages = Vec::new();
    if token.header.is_some() {
        let member = |name: &str| {
            token.header_text(name).map_or_else(|| format!("no {name}"), |text| format!("{name} {text}"))
        };
        let members = [member("alg"), member("kid"), member("typ")];
        stages.push(Stage::passed("header", format!("the token says: {}", members.join(", "))));
    }
    let Some(issuer) = &token.issuer else { return stages };
    if let Some(key) = &token.key {
        stages.push(Stage::passed("key", chosen(token, issuer, key)));
        stages.push(Stage::passed("signature", "valid"));
    } else if !token.tried.is_empty() {
        let tried: Vec<String> = token.tried.iter().map(name).collect();
        stages.push(Stage::failed("signature", format!("not valid under {}", list(tried))));
    }
    let details = token.passed.iter().filter_map(|check| claim(*check, token, issuer, principal, now));
    stages.extend(details.map(|detail| Stage::passed("claim", detail)));
    stages
}

/// A key by its `kid`, or by its place among the keys of its issuer.
pub(in crate::explain) fn name(key: &SurveyedKey<'_>) -> String {
    match key.id() {
        Some(id) => format!("`{id}` ({})", key.algorithm()),
        None => format!("key {} of {} ({}, without kid)", key.position, key.of, key.algorithm()),
    }
}

/// An issuer by its name and its place in the configuration.
fn issued_by(issuer: &SurveyedIssuer<'_>) -> String {
    match issuer.name() {
        Some(name) => format!("{name} ({})", issuer.pointer()),
        None => issuer.pointer(),
    }
}

fn chosen(token: &SurveyedToken<'_>, issuer: &SurveyedIssuer<'_>, key: &SurveyedKey<'_>) -> String {
    let why = match (token.header_text("kid"), key.id(), token.tried.len()) {
        (Some(kid), Some(id), _) if kid == id => "named by the kid of the token".to_owned(),
        (_, _, 1) => "the only one that fits".to_owned(),
        (_, _, tried) => format!("one of {tried} that fit"),
    };
    let end = key.end().map_or(String::new(), |end| format!("; accepted until {}", end.to_rfc3339()));
    format!("{} of {}, {why}{end}", name(key), issued_by(issuer))
}

/// What a check that was passed compared; nothing where there was nothing to compare.
fn claim(
    check: ClaimCheck,
    token: &SurveyedToken<'_>,
    issuer: &SurveyedIssuer<'_>,
    principal: Option<&Principal>,
    now: UnixTime,
) -> Option<String> {
    let when = |claim: &str| instant(token.claim(claim)?);
    let at = |time: UnixTime| format!("{}, {}", time.to_rfc3339(), time::relative(time, now));
    let from = |pointer: &str| token.claim(pointer).map(|_| format!("from {pointer}"));
    Some(match check {
        ClaimCheck::Type => match token.header_text("typ") {
            Some(typ) => format!("typ {typ} is one of {}", list(issuer.token_types())),
            None => "typ is absent, which is accepted".to_owned(),
        },
        ClaimCheck::Kind => {
            format!("kind: not marked as another kind of token by {}", list(issuer.foreign_claims()))
        }
        ClaimCheck::Issuer => match (issuer.name(), token.claimed_issuer()) {
            (Some(name), _) => format!("iss {name}, as configured"),
            (None, Some(name)) => format!("iss {name}; none is configured to compare it with"),
            (None, None) => return None,
        },
        ClaimCheck::Audience => match token.claim("/aud") {
            Some(value) => {
                format!("aud {}, of which one is accepted: {}", shown(value), list(issuer.audiences()))
            }
            None => "aud is absent, and none is configured".to_owned(),
        },
        ClaimCheck::Expiry => {
            let expires = when("/exp")?;
            let leeway = time::in_words(issuer.leeway_secs());
            let good = match expires.as_secs().checked_sub(now.as_secs()) {
                Some(ahead) if ahead > 0 => format!("good for {} more", time::in_words(ahead)),
                _ => format!("{}, within the leeway of {leeway}", time::relative(expires, now)),
            };
            format!("exp {}, {good}", expires.to_rfc3339())
        }
        ClaimCheck::NotBefore => format!("nbf {}", at(when("/nbf")?)),
        ClaimCheck::IssuedAt => format!("iat {}", at(when("/iat")?)),
        ClaimCheck::Age => {
            format!("age at most {}", time::in_words(issuer.max_age_secs()?))
        }
        ClaimCheck::Required(index) => {
            format!("{} is there, as required", issuer.required_claims().get(index)?)
        }
        ClaimCheck::Subject => {
            let pointer = issuer.subject_claim();
            format!("subject {} from {pointer}", token.claim(&pointer).map(shown)?)
        }
        ClaimCheck::Roles => {
            let places = issuer.role_claims();
            let found = places.iter().find_map(|pointer| Some((pointer, token.claim(pointer)?)));
            match (found, principal) {
                (Some((pointer, value)), _) => format!("roles {} from {pointer}", shown(value)),
                (None, principal) => {
                    let default = principal.map_or(&[][..], |principal| &principal.roles);
                    format!("roles absent at {}; by default {}", list(places), list_or(default, "none"))
                }
            }
        }
        ClaimCheck::Scopes => {
            let pointer = issuer.scope_claim();
            format!("scopes {} {}", token.claim(&pointer).map(shown)?, from(&pointer)?)
        }
        ClaimCheck::Tenant => {
            let pointer = issuer.tenant_claim()?;
            format!("tenant {} {}", token.claim(&pointer).map(shown)?, from(&pointer)?)
        }
        ClaimCheck::Attributes => {
            let attributes = &principal?.attributes;
            if attributes.is_empty() {
                return None;
            }
            format!("{} read for bindings", list(attributes.keys()))
        }
        _ => return None,
    })
}

/// A claim as it stands in the token.
pub(in crate::explain) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string(value).unwrap_or_default(),
    }
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
