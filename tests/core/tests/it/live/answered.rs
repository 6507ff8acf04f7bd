//! What an answer about a caller adds to its token, and in which form who is asked gets the credential.

use portcullis_tests::{NOW, outcome};
use serde_json::{Value, json};

use super::host::{Host, ISSUER, KEYS, Page, Signer, fetching};

fn asking(identity: &Value) -> String {
    fetching(&json!({"url": KEYS}), &json!({"identity": identity}))
}

#[test]
fn a_caller_may_do_what_both_token_and_answer_allow() {
    let a = Signer::new("a");
    let identity = json!({"ask": "/me", "about": ["tokens"], "subject": "/id", "roles": ["/roles"],
        "scopes": "/may", "tenant": "/of"});
    let ask = |answer: &Value, scope: &str| {
        let pages = [(KEYS, Page::keys(&[&a])), ("origin/me", Page::json(answer))];
        let mut host = Host::serving(&asking(&identity), &pages);
        let claims = json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 60, "scope": scope});
        let bearer = format!("Bearer {}", a.sign(claims));
        let found = ["GET", "DELETE"].map(|method| {
            let verdict = host.verdict(method, "/x", &[("authorization", &bearer)]);
            (outcome(&verdict).1, verdict.diagnostics.principal)
        });
        let tenant =
            found[0].1.as_ref().and_then(|principal| principal.tenant()).unwrap_or_default().to_owned();
        ([found[0].0, found[1].0], tenant)
    };
    let answer = json!({"id": "alice", "roles": ["admin"], "may": ["x:read"], "of": "acme"});
    assert_eq!(ask(&answer, "x:read x:delete"), (["-", "scope_missing"], "acme".to_owned()));
    let all = json!({"id": "alice", "roles": ["admin"], "may": ["x:read", "x:delete"], "of": null});
    assert_eq!(ask(&all, "x:read"), (["-", "scope_missing"], String::new()));
    assert_eq!(ask(&all, "x:read x:delete"), (["-", "-"], String::new()));
    for no_tenant in [json!(""), json!(7), json!(["acme"]), json!("a\nb")] {
        let answer = json!({"id": "alice", "roles": ["admin"], "of": no_tenant});
        assert_eq!(ask(&answer, "x:read").0, ["ask_unavailable"; 2], "{no_tenant}");
    }
}

#[test]
fn without_an_issuer_every_token_is_somebody_elses() {
    let document = json!({"profile": "generic", "identity": {"ask": "/me", "subject": "/id", "roles": ["/roles"]},
        "policy": {"roles": {"user": {"permissions": ["x:read"]}}, "routes": {"GET /x": "x:read"}}});
    let answer = Page::json(&json!({"id": "alice", "roles": ["user"]}));
    let mut host = Host::serving(&document.to_string(), &[("origin/me", answer)]);
    assert_eq!(host.with("opaque"), (200, "-"));
    assert_eq!(host.with(&portcullis_tests::token("admin")), (200, "-"));
}

/// The line of a cookie holds other cookies as well, which are the origin's.
#[test]
fn a_cookie_is_shown_to_the_origin_and_its_value_to_others() {
    let headers = |ask: &str, sent: (&str, &str)| {
        let identity = json!({"ask": ask, "subject": "/id", "credential": "as_sent"});
        let members = json!({"identity": identity, "credentials": {"cookies": ["session"], "api_key_header": "x-api-key"}});
        let document = fetching(&json!({"url": KEYS}), &members);
        let address = if ask.starts_with('/') { format!("origin{ask}") } else { ask.to_owned() };
        let mut host = Host::serving(&document, &[(&address, Page::json(&json!({"id": "alice"})))]);
        assert_eq!(outcome(&host.verdict("GET", "/x", &[sent])), (200, "-"), "{ask} {sent:?}");
        let call = host.last.take().unwrap();
        call.headers().iter().filter(|(name, _)| name != "accept").cloned().collect::<Vec<_>>()
    };
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let cookie = ("cookie", "other=1; session=opaque");
    let url = "https://idp.example/me";
    assert_eq!(headers("/me", cookie), pair("cookie", "other=1; session=opaque"));
    assert_eq!(headers(url, cookie), pair("authorization", "Bearer opaque"));
    for ask in ["/me", url] {
        assert_eq!(headers(ask, ("x-api-key", "opaque")), pair("x-api-key", "opaque"));
        assert_eq!(headers(ask, ("authorization", "Bearer opaque")), pair("authorization", "Bearer opaque"));
    }
}
