//! Keys of the origin's own by caller: which documents load, and that no caller is handed on with another's key.

use portcullis_tests::*;
use serde_json::{Value, json};

fn document(keys: &Value) -> Value {
    json!({
        "profile": "generic",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "credentials": {"websocket_protocols": ["bearer"], "websocket_query": "token"},
        "upstream": {"credential": "swap", "origin_key": keys},
        "policy": {
            "roles": {"user": {"permissions": ["x:read"]}, "admin": {"inherits": ["user"]}},
            "routes": {
                "GET /x": "x:read",
                "WEBSOCKET /x": "x:read",
                "POST /x": {"access": "x:read", "where": {"body./who": "subject"}},
            },
        },
    })
}

fn errors(keys: &Value) -> String {
    let errors = try_load(document(keys).to_string(), &Env::standard()).unwrap_err();
    errors.to_string()
}

fn key(name: &str) -> Value {
    json!({ "env": name })
}

fn caller(members: Value) -> String {
    let mut claims = json!({"sub": "alice", "exp": NOW + 60});
    claims.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    sign(claims, SECRET)
}

#[test]
fn what_does_not_load() {
    let long = "a".repeat(513);
    for (keys, expected) in [
        (
            json!([]),
            "/upstream/origin_key: names no key, so that nobody has one; write [{\"role\": \"admin\", \"key\": {\"env\": \"NAME\"}}], or {\"env\": \"NAME\"} for all callers",
        ),
        (
            json!([{"role": "admn", "key": key("OTHER")}]),
            "/upstream/origin_key/0/role: no role \"admn\"; did you mean \"admin\"?",
        ),
        (
            json!([{"role": "admin", "key": key("OTHER")}, {"key": key("GONE")}]),
            "/upstream/origin_key/1/key/env: secret \"GONE\" is not set; set it with `set-secret GONE`",
        ),
        (
            json!([{"tenant": "acme", "key": key("OTHER")}, {"tenant": "acme", "role": "admin", "key": key("PEPPER")}]),
            "/upstream/origin_key/1: counts for nobody: whoever it is for gets the key of /upstream/origin_key/0, which comes first; put it before that one, or remove it",
        ),
        (
            json!([{"key": key("OTHER")}, {"subject": "a", "key": key("PEPPER")}]),
            "/upstream/origin_key/1: counts for nobody",
        ),
        (
            json!([{"subject": "", "key": key("OTHER")}]),
            "/upstream/origin_key/0/subject: no caller has this subject: one has 1 to 512 bytes and no control characters",
        ),
        (
            json!([{"tenant": long, "key": key("OTHER")}]),
            "/upstream/origin_key/0/tenant: no caller has this tenant",
        ),
        (json!([{"tenant": "a\u{7}", "key": key("OTHER")}]), "/upstream/origin_key/0/tenant: no caller has"),
        (json!([{"role": "admin"}]), "/upstream/origin_key/0: member \"key\" is missing"),
        (json!([{"rôle": "admin", "key": key("OTHER")}]), "/upstream/origin_key/0/rôle: unknown member"),
        (json!([{"role": "admin", "env": "OTHER"}]), "/upstream/origin_key/0/env: unknown member"),
        (json!([{"role": ["admin"], "key": key("OTHER")}]), "/upstream/origin_key/0/role: "),
        (json!([{"role": "admin", "key": SECRET}]), "/upstream/origin_key/0/key: expected an object like"),
        (json!([key("OTHER")]), "/upstream/origin_key/0/env: unknown member"),
        (json!(SECRET), "/upstream/origin_key: expected an object like {\"env\": \"NAME\"}"),
        (json!({"admin": key("OTHER")}), "/upstream/origin_key/admin: unknown member"),
    ] {
        let errors = errors(&keys);
        assert!(errors.starts_with(expected), "{keys}: {errors}");
        assert!(!errors.contains(SECRET), "{errors}");
    }
    let many: Vec<Value> =
        (0..1025).map(|index| json!({"subject": index.to_string(), "key": key("OTHER")})).collect();
    assert_eq!(errors(&json!(many)), "/upstream/origin_key: has 1025 keys; at most 1024");
    assert!(try_load(document(&json!(many[..1024])).to_string(), &Env::standard()).is_ok());
    for weak in ["short", "00000000000000000000000000000000", "0f1e 2d3c4b5a69788796a5b4c3d2e1f00f1e"] {
        let mut env = Env::standard();
        env.0.insert("WEAK", weak.to_owned());
        let keys = json!([{"role": "admin", "key": key("WEAK")}]);
        let errors = try_load(document(&keys).to_string(), &env).unwrap_err().to_string();
        assert!(errors.starts_with("/upstream/origin_key/0/key/env: secret \"WEAK\" is "), "{errors}");
        assert!(!errors.contains(weak), "{errors}");
    }
}

#[test]
fn a_key_stands_where_the_token_stood() {
    let keys =
        json!([{"role": "admin", "key": key("OTHER")}, {"tenant": "acme", "key": key("ORIGIN_SECRET")}]);
    let gate = load(&document(&keys).to_string());
    let (admin, acme) =
        (caller(json!({"roles": ["admin"]})), caller(json!({"roles": ["user"], "tenant": "acme"})));
    let stranger = caller(json!({"roles": ["user"], "tenant": "globex"}));
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
    for (token, expected) in [(&admin, Some(OTHER_SECRET)), (&acme, Some(ORIGIN_SECRET)), (&stranger, None)] {
        let protocols = format!("bearer, {token}");
        let by_protocol = [&upgrade[..], &[("sec-websocket-protocol", &protocols)]].concat();
        let bearer = format!("Bearer {token}");
        let verdicts = [
            (decide(&gate, "GET", "/x", &[("authorization", &bearer)]), "authorization", "Bearer "),
            (decide(&gate, "GET", "/x", &by_protocol), "sec-websocket-protocol", "bearer, "),
            (decide(&gate, "GET", &format!("/x?token={token}"), &upgrade), "authorization", "Bearer "),
        ];
        for (verdict, header, before) in verdicts {
            let Some(expected) = expected else {
                assert_eq!(outcome(&verdict), (403, "origin_key_missing"));
                continue;
            };
            let forward = forwarded(&verdict);
            let set: Vec<_> = forward.set_headers.iter().filter(|(name, _)| name == header).collect();
            assert_eq!(set, [&(header.to_owned(), format!("{before}{expected}"))]);
            assert!(
                !forward.target.contains(token.as_str())
                    && !format!("{:?}", forward.set_headers).contains(token.as_str())
            );
        }
    }
}

/// A body is read for nobody whom the request could not be handed on for.
#[test]
fn whoever_has_no_key_is_refused_before_the_body() {
    let gate = load(&document(&json!([{"role": "admin", "key": key("OTHER")}])).to_string());
    let token = caller(json!({"roles": ["user"]}));
    let verdict = decide_with_token(&gate, "POST", "/x", &token);
    assert_eq!(outcome(&verdict), (403, "origin_key_missing"));
    assert_eq!(verdict.diagnostics.principal.as_ref().map(|principal| principal.subject()), Some("alice"));
}

#[test]
fn no_key_is_shown() {
    let gate = load(&document(&json!([{"role": "admin", "key": key("OTHER")}])).to_string());
    let shown = format!("{gate:?}");
    assert!(!shown.contains(OTHER_SECRET));
}
