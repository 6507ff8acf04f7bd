//! The metadata of an issuer, which say where its keys are.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use super::url::check_url;
use crate::json::{self, Budget, Value};

/// Where the metadata of `issuer` may be; the first that exists counts.
///
/// OpenID Connect appends its path to the name of the issuer; RFC 8414 section 3.1 puts its own between host and path.
pub(super) fn locations(issuer: &str) -> [String; 2] {
    let bare = issuer.trim_end_matches('/');
    let after_scheme = bare.find("://").map_or(0, |at| at.saturating_add(3));
    let path =
        bare.get(after_scheme..).and_then(|rest| rest.find('/')).map(|at| after_scheme.saturating_add(at));
    let (host, path) = path.and_then(|at| bare.split_at_checked(at)).unwrap_or((bare, ""));
    [
        format!("{bare}/.well-known/openid-configuration"),
        format!("{host}/.well-known/oauth-authorization-server{path}"),
    ]
}

/// The `jwks_uri` of metadata that name exactly `issuer`.
///
/// SECURITY: metadata that name another issuer are somebody else's
/// ([RFC 8414 section 3.3](https://www.rfc-editor.org/rfc/rfc8414#section-3.3)).
pub(super) fn keys_url(body: &[u8], issuer: &str) -> Option<String> {
    let metadata = json::parse(body, Budget::REQUEST).ok()?;
    let members = metadata.as_object()?;
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let url = text("jwks_uri").filter(|url| check_url(url).is_ok())?;
    (text("issuer") == Some(issuer)).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{keys_url, locations};

    #[test]
    fn both_places_of_an_issuer() {
        assert_eq!(
            locations("https://idp.example/realms/rag"),
            [
                "https://idp.example/realms/rag/.well-known/openid-configuration",
                "https://idp.example/.well-known/oauth-authorization-server/realms/rag",
            ]
        );
        assert_eq!(
            locations("https://idp.example/"),
            [
                "https://idp.example/.well-known/openid-configuration",
                "https://idp.example/.well-known/oauth-authorization-server",
            ]
        );
    }

    #[test]
    fn metadata_name_the_very_issuer_and_a_url_that_may_be_fetched() {
        let read = |body: &str| keys_url(body.as_bytes(), "https://idp.example/");
        let good = r#"{"issuer": "https://idp.example/", "jwks_uri": "https://keys.example/set", "x": [1]}"#;
        assert_eq!(read(good).as_deref(), Some("https://keys.example/set"));
        for bad in [
            r#"{"issuer": "https://idp.example", "jwks_uri": "https://keys.example/set"}"#,
            r#"{"issuer": "https://other.example/", "jwks_uri": "https://keys.example/set"}"#,
            r#"{"jwks_uri": "https://keys.example/set"}"#,
            r#"{"issuer": "https://idp.example/"}"#,
            r#"{"issuer": "https://idp.example/", "jwks_uri": "http://keys.example/set"}"#,
            r#"{"issuer": "https://idp.example/", "jwks_uri": ["https://keys.example/set"]}"#,
            r#"{"issuer": "https://evil.example/", "issuer": "https://idp.example/", "jwks_uri": "https://keys.example/set"}"#,
            "<html>",
            "",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
