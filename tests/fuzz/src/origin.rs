//! What the origin receives of a request that was allowed: the path that was decided on, and no identity, no credential and
//! no detour of the caller's making.

use data_encoding::BASE64URL_NOPAD;
use portcullis::parts::RouteCredential;
use portcullis::{CredentialHandling, CredentialLocation, Forward, Principal, Target, Verdict};
use serde_json::Value;

use crate::entitlement::{
    announces_token, api_key_header, cookies, credential, decode, elements, is_sentinel, is_websocket, list,
    query_tokens,
};
use crate::request_head::Request;
use crate::setting::{Setting, secret};
use crate::signature::{Key, Parts};

/// Beginnings of the names of headers that tell who the caller is, with hyphens.
const IDENTITY: &[&str] = &[
    "cf-access-",
    "oidc-",
    "ssl-client-",
    "x-amzn-oidc-",
    "x-auth-",
    "x-authenticated-",
    "x-authentik-",
    "x-consumer-",
    "x-goog-authenticated-user-",
    "x-portcullis-",
    "x-remote-",
    "x-spiffe-",
    "x-token-",
    "x-user-",
    "x-webauth-",
];
/// Names of headers that tell who the caller is, or ask for another path or method, with hyphens.
const DETOURS: &[&str] = &[
    "remote-email",
    "remote-groups",
    "remote-name",
    "remote-user",
    "x-envoy-original-path",
    "x-forwarded-access-token",
    "x-forwarded-client-cert",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-method",
    "x-forwarded-path",
    "x-forwarded-preferred-username",
    "x-forwarded-prefix",
    "x-forwarded-uri",
    "x-forwarded-user",
    "x-groups",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-ms-client-principal",
    "x-original-method",
    "x-original-path",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
    "x-role",
    "x-roles",
    "x-user",
    "x-username",
];

/// The name of a header to a server that hands headers on as variables: letters, without their case, digits, and one sign
/// for whatever else there is.
pub(crate) fn as_variable(name: &str) -> String {
    name.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte.to_ascii_lowercase()) } else { '-' })
        .collect()
}

/// Panics unless a request whose refusal was only reported is forwarded as it came, without a word about who it is from.
pub(crate) fn assert_as_it_came(forward: &Forward, request: &Request) {
    assert_eq!(forward.target.as_bytes(), request.target, "another target");
    assert!(forward.set_headers.is_empty(), "headers are set: {:?}", forward.set_headers);
    for (name, _) in &request.headers {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let hyphens = as_variable(&name);
        let claims_identity = IDENTITY.iter().any(|start| hyphens.starts_with(start));
        let opens_channel = name == "http2-settings" || (name == "upgrade" && !is_websocket(request));
        if claims_identity || opens_channel || DETOURS.contains(&hyphens.as_str()) {
            assert!(forward.remove_headers.contains(&name), "the caller's {name} reaches the origin");
        }
    }
}

/// The request with the cookies that the origin gets of it.
pub(crate) fn with_cookies_sent(request: &Request, forward: &Forward) -> Request {
    let mut sent = request.clone();
    let set = forward.set_headers.iter().find(|(name, _)| name == "cookie");
    if set.is_some() || forward.remove_headers.iter().any(|name| name == "cookie") {
        sent.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"cookie"));
    }
    sent.headers.extend(set.map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes())));
    sent
}

/// Panics unless the forwarded request is the one that was decided on.
pub(crate) fn assert_clean(forward: &Forward, verdict: &Verdict, request: &Request, setting: &Setting) {
    let path = verdict.diagnostics.path.as_deref().expect("allowed without a path");
    assert_target(&forward.target, path, &request.target, setting);

    let websocket = is_websocket(request);
    let lower = |name: &[u8]| String::from_utf8_lossy(name).to_ascii_lowercase();
    let sent: Vec<(String, &[u8])> =
        request.headers.iter().map(|(name, value)| (lower(name), value.as_slice())).collect();
    for name in &forward.remove_headers {
        assert!(sent.iter().any(|(sent, _)| sent == name), "removes {name:?}, which nobody sent");
    }
    let is_set = |name: &String| forward.set_headers.iter().any(|(set, _)| set == name);
    let kept: Vec<_> =
        sent.iter().filter(|(name, _)| !forward.remove_headers.contains(name) && !is_set(name)).collect();

    // What `Connection` names would be dropped on the way: only what means nothing to an origin may be.
    for option in elements(request, "connection").into_iter().map(lower) {
        let known = ["", "close", "keep-alive", "te", "upgrade", "http2-settings"];
        assert!(known.contains(&option.as_str()), "{option} would be dropped on the way");
    }
    let removed = setting.configuration.document["upstream"]["remove_headers"].as_array();
    let of_origin = leaves_credentials(verdict, request, setting);
    for (name, _) in &kept {
        let hyphens = as_variable(name);
        let identity = IDENTITY.iter().any(|start| hyphens.starts_with(start))
            && !(of_origin && ["x-auth-key", "x-auth-token"].contains(&name.as_str()));
        assert!(!identity && !DETOURS.contains(&hyphens.as_str()), "the caller's {name} reaches the origin");
        let upgrade = ["upgrade", "sec-websocket-protocol"].contains(&name.as_str());
        assert!(websocket || !upgrade, "{name} reaches the origin outside a WebSocket");
        assert!(name != "http2-settings", "{name} reaches the origin");
        // Another spelling is the same to a server that builds variables from names.
        let named = |listed: &Value| listed.as_str().is_some_and(|listed| as_variable(listed) == hyphens);
        assert!(!removed.is_some_and(|listed| listed.iter().any(named)), "{name} was to be removed");
    }
    assert_eq!(
        is_set(&"x-auth-subject".to_owned()),
        tells_identity(verdict, setting),
        "the subject's header"
    );
    match &verdict.diagnostics.principal {
        None if of_origin => {
            assert!(forward.set_headers.is_empty(), "headers are set: {:?}", forward.set_headers);
            assert_eq!(forward.credential, CredentialHandling::Forward);
        }
        None => {
            let only_cookies = forward.set_headers.iter().all(|(name, _)| name == "cookie");
            assert!(only_cookies, "an identity for nobody: {:?}", forward.set_headers);
            assert_no_credential(&kept, setting);
            assert_cookies(forward, request, false, setting);
        }
        Some(principal) => {
            assert_identity(&forward.set_headers, principal);
            let place = verdict.diagnostics.location.expect("the credential stood somewhere");
            let configured = configured(verdict, principal, setting);
            assert_fate(forward, &kept, principal, place, (configured, request, setting));
            let keeps = configured == "forward" && place == CredentialLocation::Cookie;
            assert_cookies(forward, request, keeps, setting);
        }
    }
}

/// Whether a public route leaves credentials to the origin. A preflight carries none, whatever its route says.
fn leaves_credentials(verdict: &Verdict, request: &Request, setting: &Setting) -> bool {
    let mut routes = setting.configuration.gate.parts().policy.routes.iter();
    let named = verdict.diagnostics.route.as_deref();
    let route = routes.find(|route| Some(route.text.as_str()) == named).expect("allowed by a route");
    let is_asked = request.method != b"OPTIONS" || route.method == "OPTIONS";
    is_asked && verdict.diagnostics.principal.is_none() && route.credential == RouteCredential::OfOrigin
}

/// What the document says about the credential: on the route, in the record, or for all.
fn configured(verdict: &Verdict, principal: &Principal, setting: &Setting) -> &'static str {
    let document = setting.configuration.document;
    let route = verdict.diagnostics.route.as_deref().expect("allowed by a route");
    let id = principal.proof().key_id();
    let mut records = document["api_keys"]["records"].as_array().into_iter().flatten();
    let record = records.find(|record| id.is_some() && record["id"].as_str() == id);
    let on_route = document["policy"]["routes"][route]["credential"].as_str();
    let in_record = record.and_then(|record| record["credential"].as_str());
    on_route.or(in_record).or(document["upstream"]["credential"].as_str()).unwrap_or("forward")
}

/// No cookie that carries a credential is left of the caller's but the verified one, and none is made up.
fn assert_cookies(forward: &Forward, request: &Request, keeps_verified: bool, setting: &Setting) {
    let sent = with_cookies_sent(request, forward);
    let came = cookies(request);
    let mut verified = 0;
    for cookie in cookies(&sent) {
        assert!(came.contains(&cookie), "a cookie that did not come: {:?}", cookie.escape_ascii());
        let name = cookie.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        let is_one = |listed: &str| name.eq_ignore_ascii_case(listed.as_bytes());
        verified += usize::from(list(setting.configuration, "cookies").any(is_one));
        let ragflow = setting.configuration.has_profile("ragflow").then_some("session");
        let mut of_origin = list(setting.configuration, "origin_cookies").chain(ragflow);
        assert!(!of_origin.any(is_one), "an unchecked cookie reaches the origin");
    }
    assert_eq!(verified, usize::from(keeps_verified), "cookies with credentials");
}

fn tells_identity(verdict: &Verdict, setting: &Setting) -> bool {
    verdict.diagnostics.principal.is_some()
        && setting.configuration.document["upstream"]["identity_headers"] != false
}

/// The path of the decision in its one spelling, and the query as it came but for a token in it.
fn assert_target(target: &str, path: &str, sent: &[u8], setting: &Setting) {
    let (forwarded, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    assert_eq!(forwarded, path, "another path than the one decided on");
    let again = Target::parse(target.as_bytes()).expect("what is forwarded can be read again");
    assert_eq!(again.path, path, "a second reading finds another path");
    let tokens = ["agentflow", "rag-modulo"].iter().any(|name| setting.configuration.has_profile(name));
    if tokens {
        assert!(query_tokens(target.as_bytes()).is_empty(), "a token stays in {target}");
        if !query_tokens(sent).is_empty() {
            return;
        }
    }
    let sent = sent.iter().position(|byte| *byte == b'?').map(|at| &sent[at + 1..]);
    assert_eq!(query.map(str::as_bytes), sent, "another query");
}

/// No header that can carry a credential is left of the caller's.
fn assert_no_credential(kept: &[&(String, &[u8])], setting: &Setting) {
    let api_key = api_key_header(setting.configuration).map(as_variable);
    for (name, value) in kept {
        let variable = as_variable(name);
        let is_credential = variable == "authorization" || Some(&variable) == api_key.as_ref();
        assert!(!is_credential, "an unchecked {name} reaches the origin");
        let announces = value.split(|byte| *byte == b',').any(|entry| is_sentinel(entry.trim_ascii()));
        assert!(name != "sec-websocket-protocol" || !announces, "an unchecked token reaches the origin");
    }
}

/// The headers that tell the origin who the caller is say what the proof says.
fn assert_identity(set: &[(String, String)], principal: &Principal) {
    for (name, value) in set {
        let decoded = decode(value.replace('+', "%2B").as_bytes());
        match name.as_str() {
            "x-auth-subject" => assert_eq!(decoded, principal.subject()),
            "x-auth-tenant" => assert_eq!(Some(&decoded), principal.tenant().map(str::to_owned).as_ref()),
            "x-auth-roles" => {
                let mut roles = value.split(',').map(|role| decode(role.replace('+', "%2B").as_bytes()));
                assert!(roles.all(|role| principal.roles().contains(&role)), "{value} for {principal:?}");
            }
            "x-auth-scopes" => assert!(principal.scopes().is_some(), "{value} for {principal:?}"),
            "authorization" | "cookie" | "sec-websocket-protocol" => {}
            other => panic!("sets {other}"),
        }
    }
}

/// The caller's credential stays, goes, or is replaced by a token for the origin, as configured.
fn assert_fate(
    forward: &Forward,
    kept: &[&(String, &[u8])],
    principal: &Principal,
    place: CredentialLocation,
    (configured, request, setting): (&str, &Request, &Setting),
) {
    let announced = announces_token(request, setting.configuration);
    let header =
        |name: &str| forward.set_headers.iter().find(|(set, _)| set == name).map(|(_, value)| value.as_str());
    let stays = |name: &str| kept.iter().any(|(kept, _)| kept == name);
    let keeps_key = api_key_header(setting.configuration).is_some_and(stays);
    let protocols = header("sec-websocket-protocol");
    match (configured, forward.credential) {
        ("forward", CredentialHandling::Forward) => {
            let expected = credential(request, place, setting.configuration);
            let mut lines = kept.iter().filter(|(name, _)| name == "authorization").map(|(_, value)| *value);
            let told = header("authorization").map(str::as_bytes).or(lines.next());
            assert!(lines.next().is_none(), "several lines of Authorization");
            let bears = matches!(place, CredentialLocation::Authorization | CredentialLocation::Query);
            let expected = bears.then(|| format!("Bearer {expected}"));
            assert_eq!(told.map(<[u8]>::trim_ascii), expected.as_deref().map(str::as_bytes));
            assert_eq!(keeps_key, place == CredentialLocation::ApiKeyHeader);
            assert_eq!(protocols, None);
        }
        ("strip", CredentialHandling::Strip) => {
            assert!(!stays("authorization") && !keeps_key && header("authorization").is_none());
            assert_eq!(protocols.is_some(), announced);
            assert!(protocols.is_none_or(|entry| is_sentinel(entry.as_bytes())), "{protocols:?}");
        }
        ("swap", CredentialHandling::Replace) => {
            assert!(!stays("authorization") && !keeps_key);
            let keys = &setting.configuration.document["upstream"]["origin_key"];
            if !keys.is_null() {
                let name = key_for(keys, principal, header("x-auth-roles")).expect("a key is for the caller");
                let key = secret(name).expect("the origin's key is one of the secrets");
                assert_eq!(header("authorization"), Some(format!("Bearer {key}").as_str()), "another key");
                return;
            }
            assert_eq!(protocols.is_some(), announced, "a token where none stood, or none where one did");
            let behind = protocols.and_then(|protocols| protocols.split_once(", ")).map(|(_, token)| token);
            let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
            assert_eq!(bearer.is_none(), place == CredentialLocation::WebSocketProtocol);
            assert!(bearer.is_some() || behind.is_some(), "the origin gets a token");
            for minted in bearer.into_iter().chain(behind) {
                assert_minted(minted, principal, setting);
            }
        }
        (configured, fate) => panic!("{configured} became {fate:?}"),
    }
}

/// The name of the first key that is for a caller whose `roles` the origin is told of.
fn key_for<'c>(keys: &'c Value, principal: &Principal, roles: Option<&str>) -> Option<&'c str> {
    let Some(listed) = keys.as_array() else { return keys["env"].as_str() };
    let is = |entry: &Value, member: &str, values: &[&str]| {
        entry[member].as_str().is_none_or(|named| values.contains(&named))
    };
    let roles: Vec<&str> = roles.unwrap_or_default().split(',').collect();
    let tenant: Vec<&str> = principal.tenant().into_iter().collect();
    let found = listed.iter().find(|entry| {
        is(entry, "subject", &[principal.subject()])
            && is(entry, "tenant", &tenant)
            && is(entry, "role", &roles)
    });
    found.and_then(|entry| entry["key"]["env"].as_str())
}

/// A minted token is signed for the origin, names the caller, and ends no later than the caller's own proof.
fn assert_minted(token: &str, principal: &Principal, setting: &Setting) {
    let named = setting.configuration.document["upstream"]["token"]["secret"]["env"].as_str();
    let secret = named.and_then(secret).expect("a configuration that swaps names the origin's secret");
    let key = Key { id: None, algorithm: "HS256".to_owned(), secret: secret.as_bytes().to_vec() };
    let parts = Parts::parse(token).expect("a minted token is a token");
    assert!(parts.is_signed_by(&key), "minted with another key");
    let claims: Value = serde_json::from_slice(&parts.payload).expect("minted claims are JSON");
    assert_eq!(claims["sub"], principal.subject());
    let end = claims["exp"].as_u64().expect("a minted token ends");
    assert!(
        principal.valid_until().is_none_or(|until| end <= until.as_secs()),
        "outlives the caller's proof"
    );
    assert!(token.contains(&BASE64URL_NOPAD.encode(&parts.payload)), "not canonical");
}
