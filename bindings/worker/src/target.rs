//! From the URL that the runtime shows to the target that came over the wire.

/// Path and query of `url` as they were sent.
///
/// workerd builds the URL from the scheme, the `Host` header and the request target, and normalises none of them. The
/// first slash after the authority is therefore where the target begins, unless the `Host` header brings a delimiter
/// of its own along: then nobody can tell, and the whole URL is returned, which the core refuses as a target.
pub(crate) fn of(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else { return url };
    let Some((authority, target)) = rest.find('/').and_then(|slash| rest.split_at_checked(slash)) else {
        return url;
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:[]-_".contains(&byte);
    if authority.bytes().all(plain) { target } else { url }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_target_is_kept_as_sent() {
        for (url, target) in [
            ("http://gate.example/v1/threads?limit=1", "/v1/threads?limit=1"),
            ("https://[::1]:8080//v1/../%74hreads", "//v1/../%74hreads"),
            ("http://my_host/a\\b", "/a\\b"),
            ("http:///v1", "/v1"),
        ] {
            assert_eq!(of(url), target, "{url}");
        }
    }

    #[test]
    fn an_ambiguous_url_is_no_target() {
        for url in [
            "http://gate.example?x/v1/threads",
            "http://gate.example#/ping/v1",
            "http://user@gate.example/v1",
            "http://gate\\ping/v1",
            "http://gate.example",
            "*",
        ] {
            assert_eq!(of(url), url);
        }
    }
}
