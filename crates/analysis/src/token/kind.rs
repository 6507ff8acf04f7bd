//! What kind of token it is.

use portcullis::token_kind::KIND_CLAIMS;
use serde_json::Value;

use super::content::Content;
use super::reading::ReadToken;

/// What kind of token `token` is by its own account.
pub(crate) fn kind(token: &ReadToken) -> &'static str {
    if token.is_encrypted {
        return "encrypted token (JWE, RFC 7516)";
    }
    let header = |name| token.header.member(name).and_then(Value::as_str).map(short).unwrap_or_default();
    let says = |kinds: &[&str]| {
        KIND_CLAIMS
            .iter()
            .filter_map(|name| token.claims.member(name)?.as_str())
            .any(|said| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(said)))
    };
    let typ = header("typ").to_ascii_lowercase();
    match typ.as_str() {
        _ if header("cty").eq_ignore_ascii_case("jwt") => {
            "token nested in a signed one (RFC 7519 section 5.2)"
        }
        "at+jwt" => "access token (RFC 9068)",
        "logout+jwt" => "logout token (OpenID Connect Back-Channel Logout)",
        "secevent+jwt" => "security event token (RFC 8417)",
        "dpop+jwt" => "proof of possession (DPoP, RFC 9449)",
        _ if token.claims.member("events").is_some() => "logout token or another security event (RFC 8417)",
        _ if says(&["refresh", "refresh_token", "offline"]) => "refresh token",
        _ if says(&["id", "id_token"]) => "ID token (OpenID Connect)",
        _ if ["at_hash", "c_hash", "s_hash"].iter().any(|claim| token.claims.member(claim).is_some()) => {
            "ID token (OpenID Connect)"
        }
        _ if says(&["access", "access_token", "bearer"]) => "access token",
        _ if token.claims.member("nonce").is_some() => "ID token (OpenID Connect), as it has a `nonce`",
        _ if matches!(token.claims, Content::Json(Value::Object(_))) => "JSON Web Token (RFC 7519)",
        _ => "signed bytes (JWS, RFC 7515)",
    }
}
/// A media type without `application/`
/// ([RFC 7515 section 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
fn short(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => media_type,
    }
}
