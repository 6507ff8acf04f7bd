//! Which URLs anything is fetched from.

use core::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

/// Why nothing is fetched from a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UrlError {
    /// Not printable ASCII, or without a host.
    #[error("is no absolute URL; write it like \"https://idp.example/keys\"")]
    NotAUrl,
    /// Another scheme than `https`, and not `http` to this machine.
    #[error("must begin with https://; http:// is for a loopback address only, like http://127.0.0.1:8080")]
    NotHttps,
    /// A name or a password before the host.
    #[error("must carry no name or password before its host; give credentials as a secret of the host")]
    Credentials,
    /// A fragment, which no server gets.
    #[error("must have no fragment (#…)")]
    Fragment,
}

/// Whether something may be fetched from `url`.
///
/// # Errors
///
/// [`UrlError`] if it may not.
pub fn check_url(url: &str) -> Result<(), UrlError> {
    if url.is_empty() || !url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte)) {
        return Err(UrlError::NotAUrl);
    }
    let (scheme, rest) = url.split_once("://").ok_or(UrlError::NotAUrl)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(UrlError::Credentials);
    }
    let host = host(authority).ok_or(UrlError::NotAUrl)?;
    if after.contains('#') {
        return Err(UrlError::Fragment);
    }
    match scheme {
        "https" => Ok(()),
        "http" if is_loopback(host) => Ok(()),
        _ => Err(UrlError::NotHttps),
    }
}

/// The host of `name:port`, if both have their form.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an address stand in brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host_fits = match bare(host) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '[', ']']),
    };
    let port_fits = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0)
    });
    (host_fits && port_fits).then_some(host)
}

/// What stands in brackets, if `host` is written in them.
fn bare(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

fn is_loopback(host: &str) -> bool {
    let bare = bare(host).unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{UrlError, check_url};

    #[test]
    fn only_https_and_loopback() {
        for url in [
            "https://idp.example",
            "https://idp.example:8443/realms/a/keys?v=1",
            "http://127.0.0.1:9/x",
            "http://[::1]:9/x",
            "http://[::1]/x",
            "https://[2001:db8::1]:8443/keys",
            "http://localhost/x",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for (url, error) in [
            ("", UrlError::NotAUrl),
            ("idp.example/keys", UrlError::NotAUrl),
            ("https://", UrlError::NotAUrl),
            ("https:///keys", UrlError::NotAUrl),
            ("https://idp.example:0/", UrlError::NotAUrl),
            ("https://idp.example:99999/", UrlError::NotAUrl),
            ("https://idp.example:+80/", UrlError::NotAUrl),
            ("https://idp.example:80:80/", UrlError::NotAUrl),
            ("https://idp.example:8443]/", UrlError::NotAUrl),
            ("https://[idp.example]/", UrlError::NotAUrl),
            ("http://::1:9/x", UrlError::NotAUrl),
            ("http://::1/x", UrlError::NotAUrl),
            ("http://[::1/x", UrlError::NotAUrl),
            ("http://[]/x", UrlError::NotAUrl),
            ("https://idp.example/a b", UrlError::NotAUrl),
            ("https://idp.example\\@evil.example/", UrlError::NotAUrl),
            ("http://idp.example/keys", UrlError::NotHttps),
            ("http://127.0.0.1.evil.example/", UrlError::NotHttps),
            ("http://10.0.0.1/keys", UrlError::NotHttps),
            ("ftp://idp.example/keys", UrlError::NotHttps),
            ("file:///etc/keys", UrlError::NotAUrl),
            ("HTTPS://idp.example/", UrlError::NotHttps),
            ("https://user:word@idp.example/keys", UrlError::Credentials),
            ("https://idp.example/keys#x", UrlError::Fragment),
        ] {
            assert_eq!(check_url(url), Err(error), "{url}");
        }
    }
}
