//! The table of headers that never come from a caller: each is believed by something, as what a proxy in front of it has
//! found out, about who the caller is or about which request it was.

use core::cmp::Ordering;

use crate::request::{Header, fold};

/// A header, or a family of them, that only something in front of an origin may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnedHeader {
    /// The name in lower case, with hyphens. One that ends in a hyphen stands for all that begin so.
    pub name: &'static str,
    /// What writes it, or believes it.
    pub source: &'static str,
}

const fn row(name: &'static str, source: &'static str) -> OwnedHeader {
    OwnedHeader { name, source }
}

/// The table, sorted. No row begins with a family: at most one can fit a name.
pub const OWNED_HEADERS: &[OwnedHeader] = &[
    row("cf-access-", "Cloudflare Access"),
    row("client-cert", "RFC 9440: a proxy that ends TLS"),
    row("client-cert-chain", "RFC 9440: a proxy that ends TLS"),
    row("iv-creds", "IBM Security Verify Access (WebSEAL)"),
    row("iv-groups", "IBM Security Verify Access (WebSEAL)"),
    row("iv-user", "IBM Security Verify Access (WebSEAL)"),
    row("oidc-", "Apache mod_auth_openidc"),
    row("remote-email", "Authelia"),
    row("remote-groups", "Authelia"),
    row("remote-name", "Authelia"),
    row("remote-user", "CGI, Apache, Authelia, Django's RemoteUserMiddleware"),
    row("sm-user", "SiteMinder"),
    row("ssl-client-", "ingress-nginx"),
    row("tailscale-user-", "Tailscale Serve"),
    row("teleport-jwt-assertion", "Teleport"),
    row("x-amzn-mtls-clientcert", "AWS Application Load Balancer"),
    row("x-amzn-mtls-clientcert-", "AWS Application Load Balancer"),
    row("x-amzn-oidc-", "AWS Application Load Balancer"),
    row("x-anonymous-consumer", "Kong"),
    row("x-apigateway-api-userinfo", "Google API Gateway"),
    row("x-arr-clientcert", "Azure App Service"),
    row("x-auth-", "this gate; nginx and oauth2-proxy (X-Auth-Request-*)"),
    row("x-authenticated-", "RAG Modulo (X-Authenticated-User), Kong (X-Authenticated-Userid)"),
    row("x-authentik-", "authentik"),
    row("x-consumer-", "Kong, Apache APISIX"),
    row("x-credential-", "Kong"),
    row("x-endpoint-api-userinfo", "Google Cloud Endpoints"),
    row("x-envoy-original-path", "Envoy"),
    row("x-forwarded-access-token", "oauth2-proxy"),
    row("x-forwarded-client-cert", "Envoy, Istio"),
    row("x-forwarded-email", "oauth2-proxy"),
    row("x-forwarded-groups", "oauth2-proxy"),
    row("x-forwarded-method", "Traefik ForwardAuth, Caddy"),
    row("x-forwarded-path", "Kong"),
    row("x-forwarded-preferred-username", "oauth2-proxy"),
    row("x-forwarded-prefix", "Traefik, Kong; Werkzeug's ProxyFix, Spring"),
    row("x-forwarded-tls-client-cert", "Traefik"),
    row("x-forwarded-tls-client-cert-info", "Traefik"),
    row("x-forwarded-uri", "Traefik ForwardAuth, Caddy"),
    row("x-forwarded-user", "oauth2-proxy, Traefik"),
    row("x-goog-authenticated-user-", "Google Identity-Aware Proxy"),
    row("x-goog-iap-jwt-assertion", "Google Identity-Aware Proxy"),
    row("x-groups", "external authorization of Envoy and nginx, by convention"),
    row("x-http-method", "Microsoft's OData"),
    row("x-http-method-override", "Express, Rails, Symfony, Spring"),
    row("x-id-token", "Apache APISIX, Kong's OpenID Connect plug-ins"),
    row("x-method-override", "IBM, Express"),
    row("x-ms-client-principal", "Azure App Service, Container Apps and Functions"),
    row("x-ms-client-principal-", "Azure App Service, Container Apps and Functions"),
    row("x-ms-token-", "Azure App Service"),
    row("x-original-method", "ingress-nginx"),
    row("x-original-path", "Kong, Istio"),
    row("x-original-uri", "nginx, by its documentation of auth_request"),
    row("x-original-url", "ingress-nginx; Symfony, IIS"),
    row("x-pomerium-", "Pomerium"),
    row("x-portcullis-", "this gate"),
    row("x-remote-", "Kubernetes (X-Remote-User, -Group, -Extra-*)"),
    row("x-rewrite-url", "IIS, Symfony"),
    row("x-role", "external authorization of Envoy and nginx, by convention"),
    row("x-roles", "external authorization of Envoy and nginx, by convention"),
    row("x-spiffe-", "RAG Modulo (X-SPIFFE-JWT)"),
    row("x-ssl-client-", "HAProxy, nginx, by convention"),
    row("x-token-", "external authorization of Envoy and nginx, by convention"),
    row("x-user", "external authorization of Envoy and nginx, by convention"),
    row("x-user-", "RAG Modulo (X-User-UUID, X-User-Role)"),
    row("x-userinfo", "Apache APISIX, Kong's OpenID Connect plug-ins"),
    row("x-username", "external authorization of Envoy and nginx, by convention"),
    row("x-vouch-", "Vouch Proxy"),
    row("x-webauth-", "Grafana"),
];

/// Headers under the table that carry credentials, and no identity: OpenStack's, Cloudflare's, and those of webhooks.
pub(super) const CREDENTIALS_AMONG_OWNED: &[&str] = &["x-auth-key", "x-auth-token"];

/// Whether a row begins with the byte of this number. Most headers begin otherwise, and need not be looked for.
#[allow(clippy::as_conversions, clippy::indexing_slicing, reason = "the compiler works it out, or stops")]
static BEGINNINGS: [bool; 256] = {
    let mut beginnings = [false; 256];
    let mut rows = OWNED_HEADERS;
    while let Some((row, rest)) = rows.split_first() {
        beginnings[row.name.as_bytes()[0] as usize] = true;
        rows = rest;
    }
    beginnings
};

/// The row of the table that `name` (lower case) falls under: a client must not be able to set it. Whatever is
/// neither a letter nor a digit counts as a hyphen: servers that build variables from header names cannot tell them apart.
pub fn owned_by(name: &str) -> Option<&'static OwnedHeader> {
    row_of(&fold(name))
}

/// Whether `header` falls under the table.
pub(super) fn is_owned(header: &Header<'_>) -> bool {
    row_of(&header.folded()).is_some()
}

/// The row for a name that is folded.
fn row_of(name: &str) -> Option<&'static OwnedHeader> {
    let first = name.as_bytes().first().copied().map(usize::from)?;
    if !BEGINNINGS.get(first).is_some_and(|begins| *begins) {
        return None;
    }
    // What a name begins with sorts before it, and nothing that sorts between the two begins otherwise.
    let after = OWNED_HEADERS.partition_point(|row| row.name.cmp(name) != Ordering::Greater);
    let row = OWNED_HEADERS.get(after.checked_sub(1)?)?;
    let fits = row.name == name || (row.name.ends_with('-') && name.starts_with(row.name));
    fits.then_some(row)
}

#[cfg(test)]
mod tests {
    use super::{OWNED_HEADERS, owned_by};

    #[test]
    fn the_table_can_be_searched() {
        for pair in OWNED_HEADERS.windows(2) {
            let (first, second) = (&pair[0], &pair[1]);
            assert!(first.name < second.name, "{first:?} {second:?}");
            assert!(
                !(first.name.ends_with('-') && second.name.starts_with(first.name)),
                "{second:?} falls under {first:?}"
            );
        }
        for row in OWNED_HEADERS {
            assert!(!row.source.is_empty());
            assert_eq!(owned_by(row.name), Some(row));
            let (member, other) = ([row.name, "b"].concat(), [row.name, "zz"].concat());
            let of_family = row.name.ends_with('-').then_some(row);
            assert_eq!(owned_by(&member), of_family, "{member}");
            assert_eq!(owned_by(&other), of_family, "{other}");
            for sign in ["_", ".", "!", "~"] {
                assert_eq!(owned_by(&row.name.replace('-', sign)), Some(row), "{sign}");
            }
        }
    }

    #[test]
    fn identity_headers_in_any_spelling() {
        for name in [
            "x-auth-subject",
            "x_auth_subject",
            "x-auth_roles",
            "x-user-uuid",
            "x-authenticated-user",
            "remote_user",
            "x_ms_client_principal_id",
            "x.auth.subject",
            "x-auth+roles",
            "remote~user",
            "cf-access-authenticated-user-email",
            "x-amzn-oidc-data",
        ] {
            assert!(owned_by(name).is_some(), "{name}");
        }
        for name in [
            "authorization",
            "cookie",
            "accept",
            "x-request-id",
            "x-authority",
            "user-agent",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "x-userx",
            "x-real-ip",
            "cf-connecting-ip",
            "cf-ray",
            "remote-addr",
            "x-rolesx",
            "x-http-method-overrides",
            "zz",
            "",
        ] {
            assert!(owned_by(name).is_none(), "{name}");
        }
    }
}
