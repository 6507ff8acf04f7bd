//! A binding on what never reaches the origin is an error: it would hold, and protect nothing.

use crate::host::{Host, document, errors};
use serde_json::{Value, json};

/// What is said about a binding on `parameter` in a document of `profile`.
fn said(profile: &str, parameter: &str, members: Value) -> Vec<String> {
    let mut members = members;
    members["policy"] = json!({
        "routes": { "GET /mine": { "access": "notes:read", "where": { parameter: "tenant" } } }
    });
    errors(&document(profile, &members), &Host::default())
}

#[test]
fn headers_that_the_gate_or_the_connection_takes_away() {
    for (parameter, why) in [
        ("header.Host", "hosts write the origin's own name there"),
        ("header.X-Request-ID", "hosts write there by what they know the request"),
        (
            "header.authorization",
            "it is a place of credentials, which the gate verifies, replaces or removes",
        ),
        ("header.sec-websocket-protocol", "it is a place of credentials"),
        ("header.X-API-Key", "it is a place of credentials"),
        ("header.connection", "it is about one connection, and the next has its own"),
        ("header.keep-alive", "it is about one connection"),
        ("header.te", "it is about one connection"),
        ("header.transfer-encoding", "it is about one connection"),
        ("header.upgrade", "it is about one connection"),
        ("header.http2-settings", "it is about one connection"),
        ("header.x-auth-tenant", "it passes on an identity, which the gate alone may do"),
        ("header.x-forwarded-user", "it passes on an identity"),
    ] {
        let errors = said("generic", parameter, json!({}));
        let [error] = errors.as_slice() else { panic!("{parameter}: {errors:?}") };
        let place = format!("/policy/routes/GET ~1mine/where/{parameter}: ");
        assert!(error.starts_with(&place), "{error}");
        assert!(error.contains(&format!("never reaches the origin: {why}")), "{error}");
    }
}

#[test]
fn headers_that_the_system_or_the_document_removes() {
    let removed = "it is among the headers that are removed";
    let by_system = said("r2r", "header.x-project-name", json!({}));
    assert!(matches!(by_system.as_slice(), [error] if error.contains(removed)), "{by_system:?}");
    for written in ["X-Tenant", "x_tenant"] {
        let by_document =
            said("generic", "header.x-tenant", json!({"upstream": {"remove_headers": [written]}}));
        assert!(matches!(by_document.as_slice(), [error] if error.contains(removed)), "{by_document:?}");
    }
    let cookies = said("generic", "cookie.tenant", json!({"upstream": {"remove_headers": ["Cookie"]}}));
    assert!(matches!(cookies.as_slice(), [error] if error.contains(removed)), "{cookies:?}");
    let own = json!({"credentials": {"api_key_header": "X_Key"}});
    let key = said("generic", "header.x-key", own);
    assert!(matches!(key.as_slice(), [error] if error.contains("a place of credentials")), "{key:?}");
    let off = said("generic", "header.x-api-key", json!({"credentials": {"api_key_header": ""}}));
    assert!(matches!(off.as_slice(), [error] if error.contains(removed)), "{off:?}");
}

#[test]
fn the_query_parameter_that_carries_a_token() {
    let query = said("agentflow", "query.token", json!({}));
    assert_eq!(
        query,
        [
            "/policy/routes/GET ~1mine/where/query.token: query.token never reaches the origin: it may carry a credential there and is taken out of the query; compare a parameter of the path, the query or the body that the origin goes by"
        ]
    );
    // The server looks there for a token, whether or not one is accepted.
    for own in ["", "jwt"] {
        let credentials = json!({"credentials": {"websocket_query": own}});
        assert_eq!(said("agentflow", "query.token", credentials), query, "{own:?}");
    }
}

#[test]
fn what_is_sent_can_be_compared() {
    for parameter in [
        "header.x-tenant",
        "header.content-type",
        "query.tenant",
        "cookie.tenant",
        "body./tenant",
        "form.tenant",
    ] {
        assert_eq!(said("generic", parameter, json!({})), [""; 0], "{parameter}");
    }
}
