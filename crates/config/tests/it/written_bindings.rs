//! How bindings are written, and what becomes of those of a profile's route when the document writes the route again.

use crate::host::{Host, document, errors};
use portcullis_config::load;
use serde_json::{Value, json};

const ROUTE: &str = "GET /api/users/{user_id}";

/// What a document of RAG Modulo makes of `route`: its bindings, and the diagnostics about it.
fn compiled(route: &str, written: &Value) -> (Vec<String>, Vec<String>) {
    let members = json!({ "policy": { "routes": { route: written } } });
    let loaded = load(document("rag-modulo", &members).to_string().as_bytes(), &Host::default())
        .unwrap_or_else(|errors| panic!("{written}: {errors}"));
    let mut routes = loaded.gate.parts().policy.routes.iter();
    let own = routes.find(|own| own.text == route).unwrap();
    let dropped = loaded.diagnostics.iter().filter(|found| found.lint.code() == "binding_dropped");
    (
        own.bindings.iter().map(ToString::to_string).collect(),
        dropped.map(|found| format!("{}: {}", found.pointer, found.message)).collect(),
    )
}

#[test]
fn a_route_keeps_the_bindings_of_the_profiles() {
    let bound = "path.user_id = subject";
    for written in [
        json!("users:read"),
        json!({"access": "users:own"}),
        json!({"access": "users:read", "hosts": ["a.example"]}),
    ] {
        assert_eq!(compiled(ROUTE, &written), (vec![bound.to_owned()], vec![]), "{written}");
    }
    // Under whatever name the parameter goes.
    let renamed = compiled("GET /api/users/{who}", &json!("users:read"));
    assert_eq!(renamed, (vec!["path.who = subject".to_owned()], vec![]));
    let own = json!({"access": "users:read", "where": {"path.user_id": "/users"}});
    assert_eq!(compiled(ROUTE, &own), (vec!["path.user_id = /users".to_owned()], vec![]));
    assert_eq!(compiled(ROUTE, &json!("refused")), (vec![], vec![]));
}

#[test]
fn a_binding_that_is_dropped_is_told() {
    let without = "the profile's route has \"path.user_id\", and this one does without";
    let place = "/policy/routes/GET ~1api~1users~1{user_id}";
    for (written, inside) in [
        (json!({"access": "users:read", "where": {}}), "/where"),
        (json!({"access": "users:read", "where": {"query.user": "subject"}}), "/where"),
        (json!("public"), ""),
    ] {
        let (_, dropped) = compiled(ROUTE, &written);
        assert_eq!(dropped, [format!("{place}{inside}: {without}")], "{written}");
    }
    // The query of this one is bound optionally by the profile: optional it may stay.
    let conversations = "GET /api/conversations";
    let optional = json!({"access": "conversations:read", "where": {"query.user_id": {"equals": "subject", "optional": true}}});
    assert_eq!(
        compiled(conversations, &optional),
        (vec!["query.user_id = subject (optional)".to_owned()], vec![])
    );
    let required = json!({"access": "conversations:read", "where": {"query.user_id": "subject"}});
    assert_eq!(compiled(conversations, &required), (vec!["query.user_id = subject".to_owned()], vec![]));
}

#[test]
fn both_forms_of_a_value() {
    let said = |route: &str, bindings: Value| {
        let members = json!({ "policy": { "routes": { route: { "access": "a:b", "where": bindings } } } });
        errors(&document("generic", &members), &Host::default())
    };
    for good in [
        json!({"query.a": "subject", "cookie.b": "tenant", "form.c": "/c", "header.d": "/d"}),
        json!({"query.a": {"equals": "subject"}}),
        json!({"query.a": {"equals": "subject", "optional": false}}),
        json!({"query.a": {"equals": "subject", "optional": true}}),
        json!({"body./a": {"equals": "subject", "optional": true}, "form.a": "subject"}),
        json!({"form.a[b]": "subject", "form.Ünï": "subject"}),
        json!({"query.a": {"ask": "/x?id={}"}, "body./a": {"ask": "/x/{}/y", "optional": true}}),
    ] {
        assert_eq!(said("POST /x", good.clone()), [""; 0], "{good}");
    }
    let place = "/policy/routes/POST ~1x~1{id}/where";
    for (bad, expected) in [
        (
            json!({"path.id": {"equals": "subject", "optional": true}}),
            "/path.id/optional: a parameter of the path is always there; remove",
        ),
        (json!({"query.a": {"equals": "claims", "optional": true}}), "/query.a/equals: write \"subject\""),
        (
            json!({"query.a": {"equals": "subject", "optionl": true}}),
            "/query.a/optionl: unknown member; did you mean \"optional\"?",
        ),
        (json!({"query.a": {"optional": true}}), "/query.a: write one of \"equals\" and \"ask\""),
        (
            json!({"query.a": {"equals": "subject", "ask": "/x/{}"}}),
            "/query.a: write one of \"equals\" and \"ask\"",
        ),
        (json!({"query.a": {"ask": "/x"}}), "/query.a/ask: write {} once"),
        (json!({"query.a": {"ask": "https://x.example/{}"}}), "/query.a/ask: write a path of the origin"),
        (json!({"query.a": {"ask": "/x/a{}"}}), "/query.a/ask: {} is a whole segment"),
        (json!({"header.a": {"ask": "/x/{}"}}), "/header.a/ask: the origin is asked about parameters of"),
        (json!({"query.a": {"equals": "subject", "optional": "yes"}}), "/query.a/optional: expected"),
        (
            json!({"query.a": ["subject"]}),
            "/query.a: expected a string, or an object with \"equals\" or \"ask\", \"optional\" and \"nullable\"",
        ),
        (
            json!({"body./a": {"equals": "subject", "nullable": true}}),
            "/body.~1a/nullable: only JSON has a null, and where a parameter may be null it may be missing",
        ),
        (
            json!({"form.a": {"equals": "subject", "optional": true, "nullable": true}}),
            "/form.a/nullable: only JSON has a null",
        ),
        (json!({"body./a": "subject", "form_json.b": "subject"}), ": no body is JSON and a form at once"),
        (json!({"form_json.": "subject"}), "/form_json.: write a parameter as"),
        (json!({"cookie.": "subject"}), "/cookie.: write a parameter as"),
        (json!({"cookie.a=b": "subject"}), "/cookie.a=b: write a parameter as"),
        (json!({"cookie.a%41": "subject"}), "/cookie.a%41: write a parameter as"),
        (json!({"form.": "subject"}), "/form.: write a parameter as"),
        (json!({"header.Cookie": "subject"}), "/header.Cookie: the header has all cookies in it"),
        (
            json!({"body./a": "subject", "form.b": "subject"}),
            ": no body is JSON and a form at once; make the bindings on one of them optional",
        ),
    ] {
        let errors = said("POST /x/{id}", bad.clone());
        let [error] = errors.as_slice() else { panic!("{bad}: {errors:?}") };
        assert!(error.starts_with(&format!("{place}{expected}")), "{bad}: {error}");
    }
    for parameter in ["body./a", "form.a", "form_json.a"] {
        let errors = said("WEBSOCKET /x", json!({ parameter: "subject" }));
        assert!(
            matches!(errors.as_slice(), [error] if error.contains("an upgrade has no body")),
            "{errors:?}"
        );
    }
}

#[test]
fn how_long_a_body_may_be() {
    let route = "POST /x";
    let place = "/policy/routes/POST ~1x/body_bytes";
    let said = |route: &str, more: &Value| {
        let mut written = json!({"access": "documents:read", "where": {"body./a": "subject"}});
        written.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        errors(&document("generic", &json!({"policy": {"routes": {route: written}}})), &Host::default())
    };
    let range = format!("{place}: from 1 to 33554432 bytes: the gate holds the whole body in memory");
    assert_eq!(said(route, &json!({"body_bytes": 1})), [""; 0]);
    assert_eq!(said(route, &json!({"body_bytes": 33_554_432})), [""; 0]);
    assert_eq!(said(route, &json!({"body_bytes": 0})), std::slice::from_ref(&range));
    assert_eq!(said(route, &json!({"body_bytes": 33_554_433})), [range]);
    let unread = said(route, &json!({"body_bytes": 100, "where": {"query.a": "subject"}}));
    assert!(
        matches!(unread.as_slice(), [error] if error.starts_with(&format!("{place}: is about bodies that the gate reads"))),
        "{unread:?}"
    );
}
