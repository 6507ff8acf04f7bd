//! Headers that a document must not remove, must not let pass, and must not put a key into.

use crate::host::{Host, diagnostics, document, errors};
use serde_json::{Value, json};

fn said(profile: &str, members: &Value) -> Vec<String> {
    errors(&document(profile, members), &Host::default())
}

/// Panics unless each of `names` in the document that `write` makes is one error that begins and goes on as expected.
fn each(profile: &str, write: fn(&str) -> Value, names: &[(&str, &str)]) {
    for (name, expected) in names {
        let errors = said(profile, &write(name));
        let [error] = errors.as_slice() else { panic!("{profile} {name}: {errors:?}") };
        assert!(error.contains(expected), "{profile} {name}: {error}");
    }
}

#[test]
fn what_carries_a_credential_or_holds_the_connection_is_not_removed() {
    let removed = |name: &str| json!({"upstream": {"remove_headers": ["x-fine", name]}});
    let place = "/upstream/remove_headers/1: ";
    each(
        "generic",
        removed,
        &[
            ("Authorization", place),
            ("authorization", "leave it out, and set \"credential\" to \"strip\""),
            ("X-API-Key", "is where the credential stands"),
            ("X_API_Key", "is where the credential stands"),
            ("Sec-WebSocket-Protocol", "is where the credential stands"),
            ("Sec-WebSocket-Key", "cannot be removed: the handshake of a WebSocket needs it"),
            ("Host", "cannot be removed: hosts write the origin's own name there"),
            ("Connection", "cannot be removed: it is about one connection"),
            ("Transfer-Encoding", "cannot be removed: it is about one connection"),
            ("Content-Length", "cannot be removed: it says where the body ends"),
        ],
    );
    each("r2r", removed, &[("Authorization", "R2R serves a request without a credential as its superuser")]);
    assert_eq!(said("generic", &removed("Cookie")), [""; 0]);
    assert_eq!(said("generic", &removed("X-Debug")), [""; 0]);
}

#[test]
fn headers_that_refuse_a_request() {
    let refused = |name: &str| json!({"upstream": {"refuse_headers": [name]}});
    each(
        "agentflow",
        refused,
        &[
            ("X_API_Key", "/upstream/refuse_headers/0: is where the credential stands"),
            ("Host", "hosts write the origin's own name there"),
            ("X Debug", "/upstream/refuse_headers/0"),
        ],
    );
    assert_eq!(said("generic", &refused("X-Debug")), [""; 0]);
    let kept = json!({"upstream": {"refuse_headers": ["X-User"], "keep_headers": ["X-User"]}});
    let errors = said("generic", &kept);
    assert!(
        matches!(errors.as_slice(), [error] if error.contains("\"refuse_headers\" names it")),
        "{errors:?}"
    );
    let told = json!({"upstream": {"refuse_headers": ["X-Uid"], "identity_headers": {"subject": "X-Uid"}}});
    let errors = said("generic", &told);
    assert!(matches!(errors.as_slice(), [error] if error.contains("is refused by")), "{errors:?}");
}

#[test]
fn a_header_that_is_something_else_carries_no_keys() {
    let keys = |name: &str| json!({"credentials": {"api_key_header": name}});
    each(
        "generic",
        keys,
        &[
            ("X-Auth-Key", "/credentials/api_key_header: cannot carry API keys: it passes on an identity"),
            ("X_User_Key", "it passes on an identity, and is removed wherever it comes from"),
            ("Cookie", "a cookie is named by its own name"),
            ("Host", "hosts write the origin's own name there"),
            ("Connection", "it is about one connection"),
            ("Authorization", "it is where bearer tokens stand"),
            ("Origin", "it has a meaning of its own in HTTP"),
            ("Content-Type", "it has a meaning of its own in HTTP"),
            ("Sec-WebSocket-Key", "it has a meaning of its own in HTTP"),
        ],
    );
    let project = json!({"credentials": {"api_key_header": "X-Project-Name"},
        "upstream": {"credential": "swap", "token": {"secret": {"env": "KEY"}}}});
    let errors = said("r2r", &project);
    assert!(matches!(errors.as_slice(), [error] if error.contains("the origin decides by it")), "{errors:?}");
    assert_eq!(said("generic", &keys("X-Service-Key")), [""; 0]);
}

#[test]
fn only_headers_of_the_table_are_kept() {
    let kept = |name: &str| json!({"upstream": {"keep_headers": [name], "remove_headers": ["X-User"]}});
    each(
        "generic",
        kept,
        &[
            ("X-Auth-Subject", "/upstream/keep_headers/0: is the gate's own"),
            ("X-Portcullis-Reason", "is the gate's own"),
            ("X-Request-Id", "passes anyway; leave it out"),
            ("X_Forwarded_User", "write it with letters, digits and hyphens"),
            ("X.Forwarded.User", "has a sign that servers take for a hyphen"),
            ("X-User", "is removed all the same"),
            ("not a name", "not a header name"),
        ],
    );
    let document = document("generic", &kept("X-Forwarded-Client-Cert"));
    let [one] = diagnostics(&document).try_into().unwrap();
    assert_eq!((one.lint.code(), one.pointer.as_str()), ("identity_header_kept", "/upstream/keep_headers/0"));
    assert!(one.message.contains("Envoy, Istio"), "{}", one.message);
}

#[test]
fn the_caller_is_told_in_headers_that_nobody_else_writes() {
    let subject = |name: &str| {
        json!({"upstream": {"identity_headers": {"subject": name},
            "remove_headers": ["X-Removed"], "keep_headers": ["X-Forwarded-User"]}})
    };
    let place = "/upstream/identity_headers/subject: ";
    each(
        "generic",
        subject,
        &[
            ("", "/upstream/identity_headers/subject: not a header name"),
            ("a b", "not a header name"),
            ("Connection", place),
            ("Authorization", "cannot tell who the caller is: it is where bearer tokens stand"),
            ("Cookie", "cannot tell who the caller is: "),
            ("Host", "cannot tell who the caller is: hosts write"),
            ("Content-Type", "it has a meaning of its own in HTTP"),
            ("Transfer-Encoding", "it is about one connection"),
            ("X-HTTP-Method-Override", "servers take the path or the method of the request from it"),
            ("X-Original-URL", "servers take the path or the method of the request from it"),
            ("X-API-Key", "is the header of API keys"),
            ("x-removed", "is removed by \"remove_headers\""),
            ("X-Forwarded-User", "is kept by \"keep_headers\""),
            ("X_User_Id", "write it with letters, digits and hyphens"),
        ],
    );
    for name in ["X-User-Id", "X-Auth-Subject", "X-Uid", "X-Forwarded-Email", "Remote-User"] {
        assert_eq!(said("generic", &subject(name)), [""; 0], "{name}");
    }
    let names = |names: &Value| said("generic", &json!({"upstream": {"identity_headers": names}}));
    for (written, expected) in [
        (json!({}), "/upstream/identity_headers: names no header; write false"),
        (json!({"claims": {}}), "/upstream/identity_headers: names no header; write false"),
        (json!({"subject": "X-A", "roles": "x-a"}), "/upstream/identity_headers/roles: is named twice"),
        (
            json!({"subject": "X-A", "claims": {"x-a": "/email"}}),
            "/upstream/identity_headers/claims/x-a: is named twice",
        ),
        (
            json!({"claims": {"X-A": "/a", "x-a": "/b"}}),
            "/upstream/identity_headers/claims/x-a: is named twice",
        ),
        (json!({"claims": {"X-A": ""}}), "/upstream/identity_headers/claims/X-A: names no claim"),
        (json!({"claims": {"X-A": "email"}}), "/upstream/identity_headers/claims/X-A: "),
        (json!({"user": "X-A"}), "/upstream/identity_headers/user: unknown member"),
        (json!("X-A"), "/upstream/identity_headers: expected true, false, or an object"),
    ] {
        let errors = names(&written);
        assert!(matches!(errors.as_slice(), [error] if error.starts_with(expected)), "{written}: {errors:?}");
    }
    assert_eq!(names(&json!({"tenant": "X-Org", "claims": {"X-Mail": "/email"}})), [""; 0]);
    let many: serde_json::Map<_, _> = (0..17).map(|n| (format!("X-C{n}"), json!("/c"))).collect();
    let errors = names(&json!({"claims": many}));
    assert!(matches!(errors.as_slice(), [error] if error.contains("more than 16 claims")), "{errors:?}");
}

#[test]
fn nothing_is_compared_with_what_the_gate_tells_itself() {
    let document = json!({"upstream": {"identity_headers": {"tenant": "X-Org"}},
        "policy": {"routes": {"GET /x": {"access": "x:read", "where": {"header.X-Org": "tenant"}}}}});
    let errors = said("generic", &document);
    assert!(
        matches!(errors.as_slice(), [error] if error.contains("never reaches the origin: in it the gate tells")),
        "{errors:?}"
    );
}
