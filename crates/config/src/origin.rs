//! Web origins, as browsers send them in `Origin`
//! ([RFC 6454 section 6.2](https://www.rfc-editor.org/rfc/rfc6454#section-6.2)).
//!
//! They are compared byte by byte with what a browser writes. One that is written in another way would match no request,
//! and nobody would be told.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// What to write where an origin is expected.
const EXPECTED: &str = "write an origin: scheme and host, like \"https://app.example.com\"";

/// Whether `text` is an origin in the spelling of browsers.
///
/// # Errors
///
/// What to write instead.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if text == "null" {
        return Err(
            "\"null\" is what sandboxed pages and local files of anybody send; list the origins of sites"
                .to_owned(),
        );
    }
    let written = text.split_once("://").and_then(|(scheme, rest)| spelling(scheme, rest));
    match written {
        Some(written) if written == text => Ok(()),
        Some(written) => {
            Err(format!("would never match: browsers write this origin \"{written}\"; write it so"))
        }
        None if text.contains('*') => {
            Err("would never match: an origin has no wildcards; list the origins one by one".to_owned())
        }
        None if !text.is_ascii() => {
            Err("would never match: browsers write the host in ASCII (xn--…); write it so".to_owned())
        }
        None => Err(format!("not an origin; {EXPECTED}")),
    }
}

/// An origin as browsers write it: in lower case, without the port that goes without saying, and without whatever follows.
fn spelling(scheme: &str, rest: &str) -> Option<String> {
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
    let after_host = if authority.starts_with('[') { authority.find(']')?.checked_add(1)? } else { 0 };
    let colon = authority.get(after_host..)?.find(':').and_then(|at| at.checked_add(after_host));
    let (host, port) = match colon {
        Some(at) => (authority.get(..at)?, authority.get(at..)?.strip_prefix(':')?),
        None => (authority.as_str(), ""),
    };
    if !is_scheme || !is_host(host) || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let default_port = match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let port: Option<u16> = if port.is_empty() { None } else { Some(port.parse().ok()?) };
    Some(match port.filter(|port| Some(*port) != default_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// Whether `host`, in lower case, is a name or an address of version 4, or one of version 6 in brackets.
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|address| {
            address.contains(':')
                && address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
        }),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::check;

    #[test]
    fn the_spelling_of_browsers() {
        for origin in [
            "https://app.example.com",
            "http://localhost:3000",
            "https://xn--bcher-kva.example",
            "http://127.0.0.1:8080",
            "http://[::1]:5173",
            "https://my_app.example",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "capacitor://localhost",
            "https://a.example:80",
        ] {
            assert_eq!(check(origin), Ok(()), "{origin}");
        }
    }

    #[test]
    fn another_spelling_would_never_match() {
        for (origin, written) in [
            ("https://app.example.com/", "https://app.example.com"),
            ("https://app.example.com/login?next=/", "https://app.example.com"),
            ("https://App.Example.com", "https://app.example.com"),
            ("HTTPS://app.example.com", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("http://app.example.com:80/", "http://app.example.com"),
            ("https://app.example.com:08443", "https://app.example.com:8443"),
            ("https://app.example.com:", "https://app.example.com"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            let message = check(origin).unwrap_err();
            assert!(message.contains(&format!("\"{written}\"")), "{origin}: {message}");
            assert_eq!(check(written), Ok(()), "{written}");
        }
        for (origin, said) in [
            ("null", "sandboxed"),
            ("https://*.example.com", "no wildcards"),
            ("*.example.com", "no wildcards"),
            ("https://bücher.example", "in ASCII"),
            ("app.example.com", "not an origin"),
            ("//app.example.com", "not an origin"),
            ("https://", "not an origin"),
            ("https:///path", "not an origin"),
            ("https://user:password@app.example.com", "not an origin"),
            ("https://app.example.com:http", "not an origin"),
            ("https://app.example.com:70000", "not an origin"),
            ("https://app.example.com ", "not an origin"),
            ("https://[::1", "not an origin"),
            ("https://[example]", "not an origin"),
            ("file:///index.html", "not an origin"),
            ("", "not an origin"),
        ] {
            let message = check(origin).unwrap_err();
            assert!(message.contains(said), "{origin}: {message}");
            assert!(!message.contains("password"), "{message}");
        }
    }
}
