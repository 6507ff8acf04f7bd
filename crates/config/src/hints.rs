//! What to do about members and values that other tools know and a document here does not.

use alloc::borrow::Cow;
use alloc::format;

use crate::suggest::{closest, one_of};

/// Said wherever the address of keys is written in another form than the one that counts.
pub(crate) const KEYS_BY_URL: &str =
    "write the address that keys are fetched from as \"jwks\": {\"url\": \"https://…\"}";

/// Members of other tools, and what to do instead.
fn foreign_member(name: &str) -> Option<&'static str> {
    Some(match name {
        "jwks_uri" | "jwks_url" | "jwksUri" | "jwksUrl" | "remote_jwks" | "remoteJwks" => KEYS_BY_URL,
        "discovery" | "discovery_url" | "well_known" | "openid_configuration" | "oidc" => {
            "write the URL of the issuer as \"issuer\", and beside it \"discover\": true: its metadata say where its keys are"
        }
        "introspection" | "introspection_url" | "introspection_endpoint" => {
            "write it at the top of the document, as \"identity\": {\"kind\": \"introspection\", \"ask\": \"https://…\", \"client\": {\"id\": …, \"secret\": {\"env\": \"NAME\"}}}"
        }
        "userinfo" | "userinfo_endpoint" => {
            "write it at the top of the document, as \"identity\": {\"ask\": \"https://…\", \"subject\": \"/sub\"}"
        }
        "rate_limit" | "rate_limits" | "rate_per_minute" | "requests_per_minute" | "rps" | "throttle" => {
            "credentials that fail are limited by \"limits\": {\"failures\": {\"count\": 20, \"window_secs\": 60}}, requests by a \"limit\" like that in their route under \"policy.routes\""
        }
        "revocation" | "revocations" | "blacklist" | "blocklist" | "denylist" => {
            "write what was taken back at the top of the document, under \"revoked\""
        }
        "cache" | "caching" | "cache_ttl" | "cache_secs" => {
            "how much is remembered is \"memory\": {\"entries\": 1024}; for how long answers about callers count is \"yes_secs\" and \"no_secs\" of \"identity\"; what instances share is \"memory\": {\"shared\": …}"
        }
        "iss" => "did you mean \"issuer\"?",
        "aud" => "did you mean \"audience\"?",
        "public_key" | "publicKey" | "certificate" | "cert" | "x5c" => {
            "write a public key under \"pem\" or \"jwk\""
        }
        _ => return None,
    })
}

/// What to do about the member `name` where `known` ones may stand.
pub(crate) fn unknown_member(name: &str, known: &[&'static str]) -> Cow<'static, str> {
    if let Some(hint) = foreign_member(name) {
        return hint.into();
    }
    let at_the_top = known.contains(&"profile");
    if at_the_top && ["roles", "routes", "default_role"].contains(&name) {
        return "it stands inside \"policy\"".into();
    }
    match closest(name, known.iter().copied()) {
        Some(close) => format!("did you mean \"{close}\"?"),
        None => format!("members here are {}", one_of(known.iter().copied())),
    }
    .into()
}

/// What to write for a member that has to be there and is not.
pub(crate) fn missing(name: &str) -> Option<&'static str> {
    Some(match name {
        "profile" => "add the name of the origin's system, or \"profile\": \"generic\" for any other",
        "env" => "name a secret of the host: {\"env\": \"NAME\"}",
        "hash" => "`portcullis api-key create` and `hash` print it",
        _ => return None,
    })
}

/// What to write instead of `value` where one of `known` is expected.
pub(crate) fn unknown_value(value: &str, known: &[&'static str]) -> Cow<'static, str> {
    if value.eq_ignore_ascii_case("none") && known.contains(&"HS256") {
        return format!(
            "a token without a signature is never accepted; write the algorithm of the issuer's signatures, one of {}",
            one_of(known.iter().copied())
        )
        .into();
    }
    let of_any_origin = if known.contains(&"generic") { "; \"generic\" is for any origin" } else { "" };
    match closest(value, known.iter().copied()) {
        Some(close) => format!("did you mean \"{close}\"?"),
        None => format!("write one of {}{of_any_origin}", one_of(known.iter().copied())),
    }
    .into()
}

/// How to write a value of the member `name`, which stands there in another form than `expected`.
pub(crate) fn form(name: &str, expected: &str) -> Option<&'static str> {
    let is_object = expected.starts_with("an object");
    Some(match name {
        "expires_at" | "created_at" => {
            "write a time in UTC, like \"2027-01-31T00:00:00Z\", or seconds since the epoch"
        }
        "roles" if is_object => "write roles as {\"reader\": {\"permissions\": […]}}",
        "routes" if is_object => "write routes as {\"GET /notes\": \"notes:read\"}",
        _ if name.ends_with("_secs") => "write seconds, without quotes: 3600",
        _ => return None,
    })
}
