//! Headers that say who somebody is, or what was asked for, in every spelling.

use crate::callers::Caller;
use crate::draft::Draft;
use crate::source::Source;
use crate::variant::Variant;

/// Those that docs/configuration.md promises to remove.
const OWNED: &[&str] = &[
    "X-Auth-Subject",
    "X-Auth-Roles",
    "X-Auth-Scopes",
    "X-Auth-Tenant",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Authenticated-User",
    "X-Authenticated-Userid",
    "X-Authenticated-Scope",
    "X-Portcullis-Reason",
    "X-User",
    "X-User-UUID",
    "X-User-Id",
    "X-User-Email",
    "X-User-Role",
    "X-Username",
    "X-Role",
    "X-Roles",
    "X-Groups",
    "X-Token-Sub",
    "X-Remote-User",
    "X-Remote-Groups",
    "X-Remote-Extra-Scopes",
    "X-SPIFFE-ID",
    "Remote-User",
    "Remote-Groups",
    "Remote-Email",
    "Remote-Name",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Consumer-Username",
    "X-Consumer-Custom-Id",
    "X-Anonymous-Consumer",
    "X-Credential-Identifier",
    "X-Userinfo",
    "X-ID-Token",
    "X-Authentik-Username",
    "X-WebAuth-User",
    "X-Vouch-User",
    "X-Pomerium-Jwt-Assertion",
    "Teleport-Jwt-Assertion",
    "Tailscale-User-Login",
    "Cf-Access-Jwt-Assertion",
    "Cf-Access-Authenticated-User-Email",
    "X-Amzn-Oidc-Identity",
    "X-Amzn-Oidc-Data",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "X-MS-CLIENT-PRINCIPAL",
    "X-MS-CLIENT-PRINCIPAL-NAME",
    "X-MS-TOKEN-AAD-ID-TOKEN",
    "X-ARR-ClientCert",
    "X-Goog-Authenticated-User-Email",
    "X-Goog-IAP-JWT-Assertion",
    "X-Apigateway-Api-Userinfo",
    "X-Endpoint-Api-Userinfo",
    "OIDC-Claim-Sub",
    "IV-User",
    "IV-Groups",
    "IV-Creds",
    "SM-User",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "Client-Cert",
    "Client-Cert-Chain",
    "SSL-Client-S-DN",
    "X-SSL-Client-CN",
    "X-Original-URL",
    "X-Original-URI",
    "X-Original-Path",
    "X-Original-Method",
    "X-Rewrite-URL",
    "X-Forwarded-URI",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "X-Forwarded-Method",
    "X-Envoy-Original-Path",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
];
/// Those that single systems remove.
const REMOVED: &[&str] = &["X-Project-Name", "X-API-Key", "X-Org-Id"];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let (_, mut caller, mut draft) = source.any();
    let value = source
        .pick(&["root", "admin", "", "*", "alice", "/admin", "/v1/threads", "t2", "root, alice"])
        .to_owned();
    match source.rng.u8(..8) {
        0..=2 => {
            let name = source.pick(OWNED);
            add(source, &mut draft, name, &value);
        }
        3 | 4 => {
            let name = source.pick(REMOVED);
            add(source, &mut draft, name, &value);
        }
        5 => (caller, draft) = bound(source),
        6 => {
            for _ in 0..source.rng.usize(2..6) {
                let name = source.pick(OWNED);
                add(source, &mut draft, name, &value);
            }
        }
        _ => malformed(source, &mut draft, &value),
    }
    Variant::of(caller, &draft)
}

/// In one of the spellings that some server takes for the same name.
fn spelled(source: &mut Source<'_>, name: &str) -> String {
    match source.rng.u8(..8) {
        0 => name.to_ascii_uppercase(),
        1 => name.to_ascii_lowercase(),
        2 => name.replace('-', "_"),
        3 => name.to_ascii_uppercase().replace('-', "_"),
        4 => name.replacen('-', "_", 1),
        5 => name.chars().map(|c| if source.chance(40) && c == '-' { '_' } else { c }).collect(),
        6 => name.replace('-', source.pick(&[".", "!", "+", "~", "'", "|"])),
        _ => name.to_owned(),
    }
}

fn add(source: &mut Source<'_>, draft: &mut Draft, name: &str, value: &str) {
    for _ in 0..source.pick(&[1, 1, 1, 2]) {
        let name = spelled(source, name);
        let at = source.rng.usize(..=draft.headers.len());
        draft.headers.insert(at, (name, value.into()));
    }
}

/// A bound header once more, in another spelling, or in place of the first.
fn bound<'a>(source: &mut Source<'a>) -> (&'a Caller, Draft) {
    let route =
        source.route_where(|route| route.bindings.iter().any(|(name, _)| name.starts_with("header.")));
    let caller = source.genuine();
    let mut draft = source.draft(route, caller);
    let (name, other) =
        ("X-Tenant", source.pick(&["t2", "t1", "", "t1,t2", "t1 ", "T1", "\tt1", "\"t1\"", "t%31"]));
    if source.chance(40) {
        draft.without(name);
    }
    let name = spelled(source, name);
    let at = source.rng.usize(..=draft.headers.len());
    draft.headers.insert(at, (name, other.into()));
    (caller, draft)
}

/// Names and values that one server reads and the next does not.
fn malformed(source: &mut Source<'_>, draft: &mut Draft, value: &str) {
    let name = source.pick(OWNED).to_string();
    let name = match source.rng.u8(..9) {
        0 => format!("{name} "),
        1 => format!("{name}\t"),
        2 => format!(" {name}"),
        3 => format!("{name}\x0b"),
        4 => format!("{name}:"),
        5 => format!("X-Fold: 1\r\n {name}"),
        6 => format!("X-A: 1\n{name}"),
        7 => format!("X-A: 1\r{name}"),
        _ => format!("\"{name}\""),
    };
    let value: &[u8] = match source.rng.u8(..5) {
        0 => b"root\0",
        1 => b"\xff\xfe",
        2 => b"root\x0b",
        _ => value.as_bytes(),
    };
    let at = source.rng.usize(1..=draft.headers.len());
    draft.headers.insert(at, (name, value.to_vec()));
}
