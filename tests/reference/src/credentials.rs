//! "The credential" of `docs/decisions.md`.

use std::collections::BTreeSet;

use crate::parameter::shortened;
use crate::request::Request;

/// Where the one credential of a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// In `Authorization`, alone or with others that say the same.
    Authorization(String),
    /// In the API-key header.
    ApiKey(String),
    /// In a cookie, and nowhere else.
    Cookie(String),
}

/// The credential, or the status of the refusal; `cookie` is the name of one that may have it.
///
/// # Errors
///
/// Unless there is exactly one.
pub fn find(request: &Request, cookie: Option<&str>) -> Result<Found, u16> {
    let authorization: Vec<_> =
        request.elements("authorization").iter().map(|text| bearer(text).map(Found::Authorization)).collect();
    let api_key = request.elements("x-api-key").into_iter().map(|key| Some(Found::ApiKey(key)));
    let cookies = cookie.map(|name| in_cookies(request, name)).unwrap_or_default();
    let cookies = cookies.into_iter().map(|value| value.map(Found::Cookie));
    let all: Vec<Option<Found>> = authorization.into_iter().chain(api_key).chain(cookies).collect();
    // Only what can be read can be told to be the same.
    let presented: BTreeSet<Option<(bool, &str)>> =
        all.iter().map(|found| found.as_ref().map(Found::reading)).collect();
    if presented.len() > 1 || all.len() > 1 && presented.contains(&None) {
        return Err(400);
    }
    all.into_iter().next().flatten().ok_or(401)
}

impl Found {
    /// Whether it is an API key, and which it is.
    fn reading(&self) -> (bool, &str) {
        match self {
            Self::Authorization(token) | Self::Cookie(token) => (false, token),
            Self::ApiKey(key) => (true, key),
        }
    }
}

/// What stands behind the scheme.
fn bearer(text: &str) -> Option<String> {
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' ').to_owned())
}

/// The values of everything that a server may take for the cookie; none of one that is not in its plain form.
fn in_cookies(request: &Request, name: &str) -> Vec<Option<String>> {
    let lines = request.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case("cookie"));
    let pairs = lines.flat_map(|(_, line)| line.split([';', ',']));
    let of_name = pairs.filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (shortened(key) == shortened(name)).then_some((key, value))
    });
    let is_plain = |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
    of_name
        .map(|(key, value)| {
            let value = value.trim_end();
            (key.trim_start() == name && !value.is_empty() && is_plain(value)).then(|| value.to_owned())
        })
        .collect()
}

/// Whether a request whose credential is a cookie might be another site's, and change something.
pub fn is_cross_site(request: &Request) -> bool {
    let only = |name: &str| {
        let lines: Vec<&String> = request
            .headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
            .collect();
        (lines.len(), lines.first().map(|value| value.as_str()).unwrap_or_default())
    };
    let is_own = match (only("sec-fetch-site"), only("origin"), only("host")) {
        ((0, _), (1, origin), (1, host)) => origin.split_once("://").is_some_and(|(_, named)| named == host),
        ((1, site), ..) => site == "same-origin" || site == "none",
        _ => false,
    };
    !["GET", "HEAD", "OPTIONS"].contains(&request.method.as_str()) && !is_own
}
