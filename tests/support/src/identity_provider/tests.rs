//! A gate in this process believes it, and what goes wrong goes wrong as it says.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Error, Result, bail};
use serde_json::{Value, json};

use super::{
    Arrival, Fault, INTROSPECT, IdentityProvider, KEYS, ME, METADATA, OBJECTS, Person, Signing, VERIFY,
};
use crate::client::{self, Request};
use crate::native::Native;
use crate::origin::tokens::now_secs;

/// Status and body of the answer; an error if there is none.
fn ask(issuer: &IdentityProvider, request: &Request) -> Result<(u16, Vec<u8>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let response = runtime.block_on(async {
        let wait = tokio::time::timeout(Duration::from_secs(1), client::send(issuer.address(), request));
        wait.await
    })??;
    Ok((response.status, response.text().into_bytes()))
}

fn get(issuer: &IdentityProvider, path: &str) -> Result<Value> {
    let (status, body) = ask(issuer, &Request::new("GET", path))?;
    if status != 200 {
        bail!("{path}: {status}");
    }
    Ok(serde_json::from_slice(&body)?)
}

fn kids(issuer: &IdentityProvider) -> Result<Vec<String>> {
    let set = get(issuer, KEYS)?;
    let keys = set["keys"].as_array().cloned().unwrap_or_default();
    Ok(keys.iter().filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect())
}

/// Why a gate that has the published keys does not believe `token`, if it does not.
fn doubts(issuer: &IdentityProvider, token: &str) -> Result<Option<String>> {
    let config = json!({
        "profile": "agentflow",
        "issuers": [{"issuer": issuer.issuer(), "jwks": get(issuer, KEYS)?}],
        "policy": {"roles": {"user": {"permissions": ["thread:read"]}}},
    });
    let gate = Native::load(config.to_string().as_bytes(), &BTreeMap::new(), "test").map_err(Error::msg)?;
    Ok(gate.verify(token, now_secs()).err())
}

#[test]
fn a_gate_with_the_published_keys_believes_what_is_minted_under_them() -> Result<()> {
    let issuer = IdentityProvider::start()?;
    assert_eq!(get(&issuer, METADATA)?["jwks_uri"], issuer.url(KEYS));
    assert_eq!(kids(&issuer)?, ["ES256-1", "RS256-1"]);
    assert_eq!(issuer.rotate(Signing::Es256)?, "ES256-2");
    assert_eq!(kids(&issuer)?, ["ES256-2", "RS256-1"]);
    for (kid, expected) in
        [("ES256-1", Some("no key goes by the token's `kid`")), ("ES256-2", None), ("RS256-1", None)]
    {
        let doubts = doubts(&issuer, &issuer.token(kid, "alice", "user")?)?;
        assert_eq!(doubts.as_deref(), expected, "{kid}");
    }
    assert!(issuer.token("ES256-3", "alice", "user").is_err());
    assert_eq!(issuer.requests(KEYS), 5);
    Ok(())
}

#[test]
fn people_are_known_by_their_credentials() -> Result<()> {
    let issuer = IdentityProvider::start()?;
    issuer.admit("a+b/c=", Person { is_superuser: true, ..Person::new("alice", "admin") });
    let me = ask(&issuer, &Request::new("GET", ME).bearer("a+b/c="))?;
    assert_eq!(me.0, 200);
    assert_eq!(serde_json::from_slice::<Value>(&me.1)?["results"]["is_superuser"], true);
    assert_eq!(ask(&issuer, &Request::new("GET", ME).bearer("a"))?.0, 401);

    let verify =
        |token: &str| ask(&issuer, &Request::new("POST", VERIFY).json(&json!({"token": token}).to_string()));
    let (status, body) = verify("a+b/c=")?;
    let expected = json!({"user_id": "alice", "role": "admin"});
    assert_eq!((status, serde_json::from_slice::<Value>(&body)?), (200, expected));
    assert_eq!(verify("a")?.0, 401);

    // `portcullis:a secret of the test client: 0123456789`, each half encoded as in a form.
    let client = "cG9ydGN1bGxpczphK3NlY3JldCtvZit0aGUrdGVzdCtjbGllbnQlM0ErMDEyMzQ1Njc4OQ==";
    let introspect = |client: &str| {
        let mut request = Request::new("POST", INTROSPECT).header("Authorization", format!("Basic {client}"));
        request.body = b"token=a%2Bb%2Fc%3D".to_vec();
        ask(&issuer, &request)
    };
    let (status, body) = introspect(client)?;
    let answer: Value = serde_json::from_slice(&body)?;
    assert_eq!((status, &answer["active"], &answer["sub"]), (200, &json!(true), &json!("alice")));
    assert_eq!(introspect("cG9ydGN1bGxpczph")?.0, 401);
    issuer.dismiss("a+b/c=");
    assert_eq!(introspect(client)?, (200, br#"{"active":false}"#.to_vec()));
    Ok(())
}

#[test]
fn it_fails_as_it_is_told_and_recovers() -> Result<()> {
    let issuer = IdentityProvider::start()?;
    let keys = Request::new("GET", KEYS);
    for fault in [Fault::Down, Fault::Hanging, Fault::Stalling, Fault::Slow(Duration::from_secs(3))] {
        issuer.fail(fault);
        assert!(ask(&issuer, &keys).is_err(), "{fault:?}");
    }
    issuer.recover();
    let (_, right) = ask(&issuer, &keys)?;
    for (fault, expected) in [(Fault::Error, 500), (Fault::Html, 200), (Fault::Redirect, 302)] {
        issuer.fail_at(KEYS, fault);
        let (status, body) = ask(&issuer, &keys)?;
        assert_eq!(status, expected, "{fault:?}");
        assert_ne!(body, right, "{fault:?}");
    }
    assert_eq!(ask(&issuer, &Request::new("GET", "/keys?redirected"))?, (200, right.clone()));
    issuer.fail_at(KEYS, Fault::TooLong);
    let (_, long) = ask(&issuer, &keys)?;
    assert!(long.len() > 10_000_000 && long.starts_with(&right));
    issuer.fail_at(KEYS, Fault::BadJson);
    assert!(serde_json::from_slice::<Value>(&ask(&issuer, &keys)?.1).is_err());
    issuer.recover();
    issuer.fail(Fault::EmptySet);
    assert!(kids(&issuer)?.is_empty());
    issuer.fail(Fault::OneBadKey);
    assert_eq!(kids(&issuer)?, ["bad", "ES256-1", "RS256-1"]);
    assert_eq!(get(&issuer, METADATA)?["issuer"], issuer.issuer());
    issuer.fail(Fault::WrongIssuer);
    assert_ne!(get(&issuer, METADATA)?["issuer"], issuer.issuer());
    Ok(())
}

#[test]
fn objects_are_read_by_their_owners_and_requests_are_kept_as_they_came() -> Result<()> {
    let issuer = IdentityProvider::start_with(&[])?;
    issuer.give("notes", "alice's");
    let object = format!("{OBJECTS}notes");
    for (credential, path, status) in [
        ("alice's", object.clone(), 200),
        ("bob's", object.clone(), 404),
        ("alice's", format!("{OBJECTS}other"), 404),
        // What is below an object is none.
        ("bob's", format!("{object}/documents"), 200),
    ] {
        assert_eq!(ask(&issuer, &Request::new("GET", &path).bearer(credential))?.0, status, "{path}");
    }
    issuer.store("/record", json!({"id": 1}));
    assert_eq!(get(&issuer, "/record")?, json!({"id": 1}));
    ask(&issuer, &Request::new("POST", "/ask?a=b").json("{\"a\": 1}"))?;
    let arrival = Arrival {
        method: "POST".to_owned(),
        target: "/ask?a=b".to_owned(),
        content_type: Some("application/json".to_owned()),
        body: b"{\"a\": 1}".to_vec(),
    };
    assert_eq!(issuer.last_arrival("/ask"), Some(arrival));
    Ok(())
}
