//! Cookies, and what routes and records say about credentials.

use crate::host::{Host, document, errors};
use serde_json::{Value, json};

const HASH: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

fn said(profile: &str, members: &Value) -> Vec<String> {
    errors(&document(profile, members), &Host::default())
}

/// Panics unless the document has one error, at `place`, that says `why`.
fn one(profile: &str, members: &Value, place: &str, why: &str) {
    let errors = said(profile, members);
    let [error] = errors.as_slice() else { panic!("{members}: {errors:?}") };
    assert!(error.starts_with(&format!("{place}: ")) && error.contains(why), "{error}");
}

#[test]
fn names_of_cookies() {
    let cookies = |names: Value| json!({"credentials": names});
    for (names, place, why) in [
        (json!({"cookies": [""]}), "/credentials/cookies/0", "not the name of a cookie"),
        (json!({"cookies": ["a", "b c"]}), "/credentials/cookies/1", "not the name of a cookie"),
        (json!({"cookies": ["a=b"]}), "/credentials/cookies/0", "not the name of a cookie"),
        (json!({"cookies": ["sid", "SID"]}), "/credentials/cookies/1", "may take this cookie for another"),
        (json!({"cookies": ["a_b", "a.b"]}), "/credentials/cookies/1", "may take this cookie for another"),
        (
            json!({"cookies": ["sid"], "origin_cookies": ["Sid"]}),
            "/credentials/origin_cookies/0",
            "may take this cookie for another",
        ),
    ] {
        one("generic", &cookies(names), place, why);
    }
    let swap = json!({"credential": "swap", "origin_key": {"env": "KEY"}});
    let taken = json!({"credentials": {"cookies": ["session"]}, "upstream": swap});
    one("ragflow", &taken, "/credentials/cookies/0", "its own sessions");
    one("r2r", &cookies(json!({"cookies": ["sid"]})), "/credentials/cookies", "as its superuser");
    let good = json!({"cookies": ["sid", "__Host-token"], "origin_cookies": ["session"]});
    assert_eq!(said("generic", &cookies(good)), [""; 0]);
}

#[test]
fn a_cookie_that_is_a_credential_is_neither_compared_nor_removed() {
    let bound = |cookies: Value| {
        json!({"credentials": {"cookies": cookies},
            "policy": {"routes": {"GET /a": {"access": "a:read", "where": {"cookie.team": "tenant"}}}}})
    };
    one(
        "generic",
        &bound(json!(["sid", "Team"])),
        "/policy/routes/GET ~1a/where/cookie.team",
        "it carries a credential",
    );
    assert_eq!(said("generic", &bound(json!(["sid"]))), [""; 0]);
    let removed = json!({"credentials": {"cookies": ["sid"]}, "upstream": {"remove_headers": ["Cookie"]}});
    one("generic", &removed, "/upstream/remove_headers/0", "is where the credential stands");
}

#[test]
fn what_a_route_says_fits_its_access_and_the_origin() {
    let place = "/policy/routes/GET ~1a/credential";
    let route = |access: &str, credential: &str| json!({"policy": {"routes": {"GET /a": {"access": access, "credential": credential}}}});
    for (profile, access, credential, why) in [
        ("generic", "public", "forward", "write \"origin\""),
        ("generic", "public", "strip", "write \"origin\""),
        ("generic", "a:read", "origin", "make the route \"public\""),
        ("generic", "refused", "origin", "leave this out"),
        ("r2r", "a:read", "strip", "R2R serves a request without a credential as its superuser"),
        ("ragflow", "a:read", "strip", "RAGFlow knows nobody without a credential of its own"),
        ("ragflow", "a:read", "forward", "cannot read the tokens of \"issuers\""),
    ] {
        one(profile, &route(access, credential), place, why);
    }
    one("generic", &route("a:read", "swap"), "/upstream/token", "\"swap\" needs the secret");
    assert_eq!(said("generic", &route("a:read", "strip")), [""; 0]);
    assert_eq!(said("generic", &route("public", "origin")), [""; 0]);
}

#[test]
fn what_a_record_says_fits_the_origin() {
    let records = |upstream: Value, hash: &str, credential: &str| {
        json!({"upstream": upstream, "api_keys": {"pepper": {"env": "PEPPER"},
            "records": [{"id": "a", "hash": hash, "credential": credential}]}})
    };
    let swap = json!({"credential": "swap", "token": {"secret": {"env": "KEY"}}});
    let key = json!({"credential": "swap", "origin_key": {"env": "KEY"}});
    let peppered = HASH.replace("sha256:", "hmac-sha256:");
    one("agentflow", &records(swap.clone(), HASH, "forward"), "/api_keys", "accepts no API keys");
    let own = records(key.clone(), &peppered, "forward");
    one("ragflow", &own, "/api_keys/records/0/hash", "knows none but its own");
    assert_eq!(said("ragflow", &records(key.clone(), HASH, "forward")), [""; 0]);
    assert_eq!(said("ragflow", &records(key, &peppered, "swap")), [""; 0]);
    assert_eq!(said("agentflow", &records(swap, HASH, "swap")), [""; 0]);
    let unswapped = records(json!({}), HASH, "swap");
    one("generic", &unswapped, "/upstream/token", "\"swap\" needs the secret");
}
