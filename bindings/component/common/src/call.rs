//! Calls of the gate's own: where they go, and what comes back.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::{HeaderPair, Reply};

/// An absolute URL in the parts that `wasi:http` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether it is `https`; `http` otherwise.
    pub is_https: bool,
    /// Host, and the port if the URL names one.
    pub authority: String,
    /// Path and query.
    pub target: String,
}

impl Address {
    /// The parts of `url`; none if it is of another scheme, or has no host. What else a URL may be that anything is fetched
    /// from, the core has checked.
    pub fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let is_https = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (authority, target) = rest.split_at_checked(rest.find(['/', '?']).unwrap_or(rest.len()))?;
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        (!authority.is_empty()).then(|| Self { is_https, authority: authority.to_owned(), target })
    }
}

/// What came back, read no further than is of use.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Every header line.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, or more bytes of it than are of use.
    pub body: Vec<u8>,
}

impl Answer {
    /// Calls `take` with the answer as the core reads it, if there is one.
    pub fn read<T>(answer: Option<&Self>, take: impl FnOnce(Option<&Reply<'_>>) -> T) -> T {
        let Some(Self { status, headers, body }) = answer else { return take(None) };
        let headers: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        take(Some(&Reply { status: *status, headers: &headers, body }))
    }
}

// It is about a caller, or for the gate alone.
impl core::fmt::Debug for Answer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::format;
    use alloc::string::ToString;

    use super::{Address, Answer};

    #[test]
    fn an_address_has_three_parts() {
        for (url, is_https, authority, target) in [
            ("https://idp.example/keys?a=b", true, "idp.example", "/keys?a=b"),
            ("http://[::1]:8080/a//b", false, "[::1]:8080", "/a//b"),
            ("https://idp.example", true, "idp.example", "/"),
            ("https://idp.example?a=/b", true, "idp.example", "/?a=/b"),
        ] {
            let expected = Address { is_https, authority: authority.to_string(), target: target.to_string() };
            assert_eq!(Address::of(url), Some(expected), "{url}");
        }
        for url in ["", "idp.example/keys", "ftp://idp.example/", "https:///keys", "https://?a"] {
            assert_eq!(Address::of(url), None, "{url}");
        }
    }

    #[test]
    fn an_answer_is_read_as_it_came() {
        let headers = [("Content-Type".to_owned(), b"application/json".to_vec())].to_vec();
        let answer = Answer { status: 200, headers, body: b"{}".to_vec() };
        Answer::read(Some(&answer), |reply| {
            let reply = reply.map(|reply| (reply.status, reply.headers.len(), reply.body));
            assert_eq!(reply, Some((200, 1, b"{}".as_slice())));
        });
        assert!(Answer::read(None, |reply| reply.is_none()));
        assert!(!format!("{answer:?}").contains("json"));
    }
}
