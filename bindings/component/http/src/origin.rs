//! Where the proxy sends accepted requests, and every component what it asks the origin.

use alloc::boxed::Box;
use alloc::string::String;

use once_cell::race::OnceBox;

use crate::bindings::wasi::http::types::Scheme;
use crate::environment::{complain, variable};

/// The variable that names the origin.
const ORIGIN: &str = "ORIGIN";

/// The origin of this instance; none if the variable is of no use.
static FOUND: OnceBox<Option<Origin>> = OnceBox::new();

/// An origin.
#[derive(Debug, Clone)]
pub struct Origin {
    /// How to talk to it.
    pub scheme: Scheme,
    /// Its host, and its port if it is not the scheme's own.
    pub authority: String,
}

/// The origin that the environment names. What is wrong with it goes to standard error.
pub fn origin() -> Option<&'static Origin> {
    let find = || {
        let found = variable(ORIGIN).and_then(|text| parse(&text));
        if found.is_none() {
            complain(
                "nothing goes to the origin: ORIGIN: must be a variable with the address of the origin, like https://origin.example, without path and query",
            );
        }
        Box::new(found)
    };
    FOUND.get_or_init(find).as_ref()
}

/// Scheme and authority, and nothing else; the host checks the authority's syntax for each request.
fn parse(text: &str) -> Option<Origin> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:[]-_".contains(&byte);
    (!authority.is_empty() && authority.bytes().all(plain))
        .then(|| Origin { scheme, authority: String::from(authority) })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn scheme_and_authority_only() {
        for (text, authority) in [
            ("http://127.0.0.1:8000", "127.0.0.1:8000"),
            ("https://origin.example/", "origin.example"),
            ("http://[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(parse(text).map(|origin| origin.authority).as_deref(), Some(authority), "{text}");
        }
        for text in [
            "",
            "origin.example",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a?b",
            "http://u@a",
            "http://a//",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
