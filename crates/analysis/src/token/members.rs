//! What a gate with the defaults would refuse about the members of a token, each by itself.

use portcullis::limits::{KEY_ID_BYTES, TOKEN_BYTES};
use portcullis::parts::IDENTIFIER_CLAIMS;
use portcullis::token_kind::{KIND_CLAIMS, OTHER_KINDS};
use portcullis::{AuthError, ClaimsError, TokenError};
use serde_json::{Map, Value};

use super::content::Content;
use super::diagnostics::Diagnostics;
use super::probe::Probe;
use super::reading::ReadToken;
use super::times::instant;
use crate::duration::{self, DAY_SECS};

/// Adds what is to be said about the header.
pub(crate) fn judge_header(token: &ReadToken, probe: &Probe, diagnostics: &mut Diagnostics) {
    let Content::Json(Value::Object(members)) = &token.header else { return };
    if !members.contains_key("alg") && probe.without_algorithm().is_some() {
        diagnostics.refuse("the header has no `alg`");
    }
    for (name, value) in members {
        if let Some(error) = probe.header_member(name, value) {
            diagnostics.refuse(header_refusal(name, value, &error));
        }
    }
    for name in ["jwk", "jku", "x5u", "x5c"] {
        if members.contains_key(name) {
            diagnostics.note(format!("`{name}` in the header is ignored: a key never comes out of a token"));
        }
    }
}

fn header_refusal(name: &str, value: &Value, error: &AuthError) -> String {
    match error {
        AuthError::Token(TokenError::AlgorithmNotAllowed) => {
            if value.as_str().is_some_and(|name| name.eq_ignore_ascii_case("none")) {
                "`alg` is `none`: the token is not signed at all".to_owned()
            } else {
                "`alg` is no algorithm that is known here".to_owned()
            }
        }
        AuthError::Token(TokenError::CriticalHeader) => {
            format!("`{name}` in the header asks for extensions, none of which is known")
        }
        AuthError::Token(TokenError::UnsupportedFormat) => match name {
            "b64" => "`b64` in the header belongs to a detached or unencoded payload".to_owned(),
            "enc" => "`enc` in the header belongs to an encrypted token".to_owned(),
            "zip" => "`zip` in the header belongs to a compressed token".to_owned(),
            "cty" => "`cty` is `JWT`: a token nested in another one".to_owned(),
            name => format!("`{name}` in the header belongs to another kind of token"),
        },
        AuthError::Token(TokenError::HeaderMember) if value.is_string() => {
            format!("`{name}` is longer than {KEY_ID_BYTES} bytes")
        }
        AuthError::Token(TokenError::HeaderMember) => format!("`{name}` in the header is not a string"),
        AuthError::Claims(ClaimsError::TypeMismatch) => {
            "`typ` is neither `JWT` nor `at+jwt`, and so names another kind of token unless configured"
                .to_owned()
        }
        error => format!("`{name}` in the header: {error}"),
    }
}

/// Adds what is to be said about the claims.
pub(crate) fn judge_claims(token: &ReadToken, probe: &Probe, diagnostics: &mut Diagnostics) {
    let Content::Json(Value::Object(claims)) = &token.claims else { return };
    if !claims.contains_key("exp") && probe.without_claim("exp").is_some() {
        diagnostics.refuse("no `exp`: it would never end");
    }
    for (name, value) in claims {
        if let Some(error) = probe.claim(name, value) {
            diagnostics.refusals.extend(claim_refusal(name, value, &error));
        }
    }
    note_lifetime(token, claims, diagnostics);
}

fn claim_refusal(name: &str, value: &Value, error: &AuthError) -> Option<String> {
    let AuthError::Claims(error) = error else { return Some(format!("the claim `{name}`: {error}")) };
    Some(match error {
        // Whom the token has to name is configured.
        ClaimsError::AudienceMismatch => return None,
        ClaimsError::Expired { .. } => "`exp` has passed".to_owned(),
        ClaimsError::NotYetValid { .. } => "`nbf` lies ahead".to_owned(),
        ClaimsError::IssuedInFuture { .. } => "`iat` lies ahead".to_owned(),
        ClaimsError::Invalid(_) if ["exp", "nbf", "iat"].contains(&name) => {
            format!("`{name}` is not a number of seconds from 1970 to the end of the year 9999")
        }
        ClaimsError::Invalid(_) if name == "aud" => {
            "`aud` is neither a string nor a list of strings".to_owned()
        }
        ClaimsError::Invalid(_)
            if (["iss", "sub"].contains(&name) || IDENTIFIER_CLAIMS.contains(&name))
                && !value.is_string() =>
        {
            format!("`{name}` is not a string")
        }
        ClaimsError::TypeMismatch | ClaimsError::Invalid(_) if KIND_CLAIMS.contains(&name) => {
            format!("the claim `{name}` does not name an access token")
        }
        ClaimsError::TypeMismatch => {
            let known = OTHER_KINDS.iter().find(|(other, _)| *other == name);
            let kind = known.map_or("another kind of token", |(_, kind)| kind);
            format!("`{name}` is a mark of {kind}, not of an access token")
        }
        error @ (ClaimsError::TooOld { .. }
        | ClaimsError::IssuerUntrusted
        | ClaimsError::Missing(_)
        | ClaimsError::Invalid(_)
        | ClaimsError::TooLong(_)
        | ClaimsError::TooMany(_)
        | ClaimsError::Unprintable(_)
        | ClaimsError::Reserved(_)) => error.to_string(),
    })
}

fn note_lifetime(token: &ReadToken, claims: &Map<String, Value>, diagnostics: &mut Diagnostics) {
    let at = |claim: &str| claims.get(claim).and_then(|_| instant(&token.claims, claim));
    if let (Some(begin), Some(end)) = (at("iat").or(at("nbf")), at("exp"))
        && let Some(life) = end.as_secs().checked_sub(begin.as_secs()).filter(|life| *life > DAY_SECS)
    {
        diagnostics.note(format!(
            "it lives for {}; a day is long for a token that cannot be called back",
            duration::render(life)
        ));
    }
}

/// Adds what is to be said about the length of a token.
pub(crate) fn judge_length(text: &str, diagnostics: &mut Diagnostics) {
    if text.len() > TOKEN_BYTES {
        diagnostics
            .refuse(format!("{} bytes long; at most {TOKEN_BYTES} are read unless configured", text.len()));
    }
}
