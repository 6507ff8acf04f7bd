//! Where calls go: the cluster of Envoy's that leads there, and what a call says of itself.

use std::collections::BTreeMap;

use portcullis::CallTarget;
use portcullis::parts::check_url;

/// The variable that names clusters where they are called otherwise than what they lead to.
pub(crate) const CLUSTERS: &str = "PORTCULLIS_CLUSTERS";
/// The variable with the `Host` of calls to the origin.
pub(crate) const ORIGIN_HOST: &str = "PORTCULLIS_ORIGIN_HOST";

/// The origin behind the gate: its name in [`CLUSTERS`], and its cluster and `Host` if nothing else is said.
const ORIGIN: &str = "origin";

/// Which cluster leads where.
#[derive(Debug)]
pub(crate) struct Clusters {
    /// The clusters that are named otherwise, by where they lead.
    named: BTreeMap<String, String>,
    origin_host: String,
}

/// Where one call goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) cluster: String,
    pub(crate) scheme: &'static str,
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: &'a str,
}

impl Clusters {
    /// Reads the values of the two variables.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub(crate) fn read(clusters: Option<&str>, origin_host: Option<&str>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut named = BTreeMap::new();
        for entry in clusters.unwrap_or_default().split(',').map(str::trim).filter(|entry| !entry.is_empty())
        {
            match read_entry(entry) {
                Ok((place, cluster)) => {
                    if named.insert(place.clone(), cluster).is_some() {
                        problems.push(format!("{CLUSTERS} names two clusters for {place:?}; leave one out"));
                    }
                }
                Err(problem) => problems.push(format!("{CLUSTERS}: {entry:?} {problem}")),
            }
        }
        let origin_host = origin_host.unwrap_or(ORIGIN);
        if !is_authority(origin_host) {
            problems.push(format!(
                "{ORIGIN_HOST} is no host; write it like \"api.example.com\", or leave the variable out"
            ));
        }
        if problems.is_empty() {
            Ok(Self { named, origin_host: origin_host.to_owned() })
        } else {
            Err(problems)
        }
    }

    /// Where a call to `target` goes; `None` if that is no address.
    pub(crate) fn address<'a>(&self, target: &'a CallTarget) -> Option<Address<'a>> {
        match target {
            CallTarget::Origin(path) => Some(Address {
                cluster: self.cluster(ORIGIN),
                scheme: "http",
                authority: self.origin_host.clone(),
                path,
            }),
            CallTarget::Url(url) => {
                let (scheme, rest) = url.split_once("://")?;
                let scheme = if scheme == "https" { "https" } else { "http" };
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end)?;
                let default_port = if scheme == "https" { ":443" } else { ":80" };
                let authority = plain(authority, default_port);
                // A query without a path before it is no target of a request.
                let path = match path {
                    "" => "/",
                    path if path.starts_with('/') => path,
                    _ => return None,
                };
                Some(Address { cluster: self.cluster(&authority), scheme, authority, path })
            }
        }
    }

    fn cluster(&self, place: &str) -> String {
        self.named.get(place).map_or(place, String::as_str).to_owned()
    }
}

/// `idp.example:8443=cluster`, or `origin=cluster`.
fn read_entry(entry: &str) -> Result<(String, String), &'static str> {
    let form = "is not of the form host=cluster, like \"idp.example=idp\" or \"origin=backend\"";
    let (place, cluster) = entry.split_once('=').ok_or(form)?;
    let (place, cluster) = (place.trim(), cluster.trim());
    if cluster.is_empty() || place.is_empty() {
        return Err(form);
    }
    if !is_authority(place) {
        return Err("names no host; write the host of the URL, and its port if it has one, without https://");
    }
    Ok((plain(place, ":443"), cluster.to_owned()))
}

fn is_authority(text: &str) -> bool {
    !text.contains(['/', '?']) && check_url(&format!("https://{text}")).is_ok()
}

/// The authority as it is compared: in lower case, and without the port that goes without saying.
fn plain(authority: &str, default_port: &str) -> String {
    authority.strip_suffix(default_port).unwrap_or(authority).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use portcullis::CallTarget;

    use super::{Address, Clusters};

    fn url(url: &str) -> CallTarget {
        CallTarget::Url(url.to_owned())
    }

    #[test]
    fn a_cluster_is_named_after_where_it_leads() {
        let clusters = Clusters::read(None, None).unwrap();
        for (given, cluster, scheme, path) in [
            ("https://idp.example/keys?v=1", "idp.example", "https", "/keys?v=1"),
            ("https://IDP.example:8443/", "idp.example:8443", "https", "/"),
            ("https://idp.example:443", "idp.example", "https", "/"),
            ("http://127.0.0.1:9000/keys", "127.0.0.1:9000", "http", "/keys"),
            ("http://[::1]:80/keys", "[::1]", "http", "/keys"),
        ] {
            let authority = cluster.to_owned();
            let expected = Address { cluster: cluster.to_owned(), scheme, authority, path };
            assert_eq!(clusters.address(&url(given)), Some(expected), "{given}");
        }
        let target = CallTarget::Origin("/v3/users/me".to_owned());
        let origin = clusters.address(&target).unwrap();
        assert_eq!((origin.cluster.as_str(), origin.authority.as_str()), ("origin", "origin"));
        assert_eq!(clusters.address(&url("https://idp.example?x")), None);
    }

    #[test]
    fn a_cluster_may_be_called_otherwise() {
        let names = "idp.example=outbound|443||idp.example, IDP.example:8443 = other=1 ,origin=backend,x.example:443=x,";
        let clusters = Clusters::read(Some(names), Some("api.example.com:8000")).unwrap();
        let cluster = |target: &CallTarget| clusters.address(target).unwrap().cluster;
        assert_eq!(cluster(&url("https://idp.example/")), "outbound|443||idp.example");
        assert_eq!(cluster(&url("https://idp.example:8443/")), "other=1");
        assert_eq!(cluster(&url("https://x.example/")), "x");
        assert_eq!(cluster(&url("https://unnamed.example/")), "unnamed.example");
        let target = CallTarget::Origin("/me".to_owned());
        let origin = clusters.address(&target).unwrap();
        assert_eq!((origin.cluster.as_str(), origin.authority.as_str()), ("backend", "api.example.com:8000"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (names, host, said) in [
            ("idp.example", None, "not of the form host=cluster"),
            ("=a", None, "not of the form host=cluster"),
            ("idp.example=", None, "not of the form host=cluster"),
            ("https://idp.example=a", None, "without https://"),
            ("idp.example/keys=a", None, "without https://"),
            ("idp.example=a,IDP.example:443=b", None, "two clusters for \"idp.example\""),
            ("", Some("http://api.example.com"), "PORTCULLIS_ORIGIN_HOST is no host"),
            ("", Some(""), "PORTCULLIS_ORIGIN_HOST is no host"),
        ] {
            let problems = Clusters::read(Some(names), host).unwrap_err();
            assert!(problems.iter().any(|problem| problem.contains(said)), "{names}: {problems:?}");
        }
    }
}
