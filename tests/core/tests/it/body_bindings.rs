//! Bindings on members of a JSON body: what the host is asked for, and what becomes of the body it brings.

use portcullis::api_key::{Pepper, assemble, plain_hash};
use portcullis::limits::BODY_BYTES;
use portcullis::{Gate, HeaderPair, Need, RequestHead, Step, UnixTime};
use portcullis_tests::*;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");
const MISMATCH: (u16, &str) = (403, "binding_mismatch");

fn gate(bindings: &Value) -> Gate {
    let document = json!({
        "profile": "generic",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "api_keys": {"lookup": true, "pepper": {"env": "PEPPER"}, "records": [
            {"id": "ci", "hash": plain_hash("ci-key"), "roles": ["user"], "claims": {"collections": ["a"]}}]},
        "policy": {
            "roles": {"user": {"permissions": ["search:read"]}, "guest": {}},
            "routes": {"POST /search": {"access": "search:read", "where": bindings}},
        },
    });
    load(&document.to_string())
}

fn bearer(claims: Value) -> String {
    format!("Bearer {}", sign(claims, SECRET))
}

/// What becomes of a body of alice's, who has the collections `a` and 7.
fn search(gate: &Gate, target: &str, body: &[u8]) -> (u16, &'static str) {
    let authorization =
        bearer(json!({"sub": "alice", "roles": ["user"], "exp": NOW + 60, "collections": ["a", 7]}));
    let pairs = [HeaderPair::new("authorization", &authorization), HeaderPair::new(JSON.0, JSON.1)];
    let head = RequestHead::new("POST", target, &pairs);
    match gate.begin(&head, UnixTime::from_secs(NOW)) {
        Step::Verdict(verdict) => outcome(&verdict),
        Step::Need(need) => {
            let Need::Body(need) = need else { panic!("another need: {need:?}") };
            assert_eq!(need.limit(), BODY_BYTES);
            outcome(&need.supply(body, UnixTime::from_secs(NOW)))
        }
    }
}

#[test]
fn a_member_must_be_the_callers() {
    let gate = gate(&json!({"body./collection_id": "/collections"}));
    let search = |body: &str| search(&gate, "/search", body.as_bytes());
    for good in [
        r#"{"collection_id": "a"}"#,
        r#"{"question": "?", "collection_id": "a"}"#,
        r#"{"collection_id": "\u0061"}"#,
        r#"{"collection_id": 7}"#,
        r#"{"collection_id": "7"}"#,
        r#"{"collection_id": ["a", 7]}"#,
        r#"{"nested": {"COLLECTION_ID": "b"}, "collection_id": "a"}"#,
    ] {
        assert_eq!(search(good), (200, "-"), "{good}");
    }
    for other in [
        r#"{"collection_id": "b"}"#,
        r#"{"collection_id": ["a", "b"]}"#,
        r#"{"collection_id": []}"#,
        r#"{"collection_id": [["a"]]}"#,
        r#"{"collection_id": null}"#,
        r#"{"collection_id": {"a": "a"}}"#,
        r#"{"collection_id": "A"}"#,
        r#"{"collection_id": "a "}"#,
        r#"{"collection_id": 7.0}"#,
        r#"{"collection_id": -7}"#,
        r#"{"collection_id": true}"#,
        r#"{"Collection_ID": "a"}"#,
        r#"{"collection_id": "a", "Collection_Id": "b"}"#,
        // LATIN SMALL LETTER DOTLESS I folds to a letter of ASCII in some servers.
        r#"{"collection_id": "a", "collectıon_id": "b"}"#,
        "{}",
        r#"[{"collection_id": "a"}]"#,
        r#""a""#,
    ] {
        assert_eq!(search(other), MISMATCH, "{other}");
    }
    for bad in ["", "collection_id=a", r#"{"collection_id": "b", "collection_id": "a"}"#, r#"{"a": 1}{}"#] {
        assert_eq!(search(bad), (400, "body_invalid"), "{bad}");
    }
    let mut long = String::from(r#"{"collection_id": "a"}"#);
    long.push_str(&" ".repeat(BODY_BYTES - long.len()));
    assert_eq!(search(&long), (200, "-"));
    assert_eq!(search(&format!("{long} ")), (413, "body_too_large"));
}

#[test]
fn pointers_and_several_bindings() {
    let gate = gate(
        &json!({"body./filter/user~1id": "subject", "body./ids/0": "/collections", "query.k": "/collections"}),
    );
    let body = r#"{"filter": {"user/id": "alice"}, "ids": ["a"]}"#;
    let search = |target, body: &str| search(&gate, target, body.as_bytes());
    assert_eq!(search("/search?k=a", body), (200, "-"));
    // What the head already refuses is never read.
    assert_eq!(search("/search?k=b", "not JSON"), MISMATCH);
    assert_eq!(search("/search?k=a", &body.replace("alice", "bob")), MISMATCH);
    assert_eq!(search("/search?k=a", &body.replace(r#"["a"]"#, r#"["b", "a"]"#)), MISMATCH);
    assert_eq!(search("/search?k=a", &body.replace(r#"["a"]"#, r#"{"0": "a"}"#)), (200, "-"));
}

/// Nobody who may not use the route has a body read, and nothing that could be read differently is.
#[test]
fn a_body_is_the_last_thing_to_be_asked_for() {
    let gate = gate(&json!({"body./collection_id": "/collections"}));
    let user = bearer(json!({"sub": "alice", "roles": ["user"], "exp": NOW + 60}));
    let guest = bearer(json!({"sub": "bob", "roles": ["guest"], "exp": NOW + 60}));
    let old = bearer(json!({"sub": "alice", "roles": ["user"], "exp": NOW - 1}));
    for (headers, expected) in [
        (&[JSON][..], (401, "credential_missing")),
        (&[JSON, ("authorization", &old)], (401, "token_expired")),
        (&[JSON, ("authorization", &guest)], (403, "permission_missing")),
        (&[("authorization", &user)], (400, "body_invalid")),
        (&[("authorization", &user), ("content-type", "text/plain")], (400, "body_invalid")),
        (&[JSON, ("authorization", &user), ("content-encoding", "gzip")], (400, "body_invalid")),
        (&[JSON, ("authorization", &user), ("content-length", "65537")], (413, "body_too_large")),
    ] {
        assert_eq!(outcome(&decide(&gate, "POST", "/search", headers)), expected, "{headers:?}");
    }
}

/// What becomes of a request of alice's with this `Content-Type` and body.
fn post(gate: &Gate, media_type: Option<&str>, body: &[u8]) -> (u16, &'static str) {
    let authorization =
        bearer(json!({"sub": "alice", "roles": ["user"], "exp": NOW + 60, "collections": ["a", 7]}));
    let mut pairs = vec![HeaderPair::new("authorization", &authorization)];
    pairs.extend(media_type.map(|media_type| HeaderPair::new("content-type", media_type)));
    let head = RequestHead::new("POST", "/search", &pairs);
    match gate.begin(&head, UnixTime::from_secs(NOW)) {
        Step::Verdict(verdict) => outcome(&verdict),
        Step::Need(Need::Body(need)) => outcome(&need.supply(body, UnixTime::from_secs(NOW))),
        Step::Need(need) => panic!("another need: {need:?}"),
    }
}

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

#[test]
fn a_field_of_a_form_must_be_the_callers() {
    let gate = gate(&json!({"form.collection": "/collections"}));
    for (body, expected) in [
        ("collection=a", (200, "-")),
        ("q=%3F&collection=7&x", (200, "-")),
        ("coll%65ction=%61", (200, "-")),
        ("collection=b", MISMATCH),
        ("collection=", MISMATCH),
        ("collection", MISMATCH),
        ("q=1", MISMATCH),
        ("", MISMATCH),
        ("collection=a&collection=a", MISMATCH),
        ("collection=a&Collection=b", MISMATCH),
        ("collection=a&collection[]=b", MISMATCH),
        ("collection%5B0%5D=a", MISMATCH),
        ("collection=a;q=1", (400, "body_invalid")),
        ("collection=a%", (400, "body_invalid")),
        ("collection=a\n", (400, "body_invalid")),
        ("collection=a&_charset_=utf-16", (400, "body_invalid")),
    ] {
        assert_eq!(post(&gate, FORM, body.as_bytes()), expected, "{body}");
    }
    let long = format!("collection=a&x={}", "y".repeat(BODY_BYTES - 15));
    assert_eq!(post(&gate, FORM, long.as_bytes()), (200, "-"));
    assert_eq!(post(&gate, FORM, format!("{long}y").as_bytes()), (413, "body_too_large"));
    for other in [None, Some("application/json"), Some("text/plain"), Some("multipart/form-data")] {
        assert_eq!(post(&gate, other, b"collection=a"), (400, "body_invalid"), "{other:?}");
    }

    let parts = |body: &str| {
        post(&gate, Some("multipart/form-data; boundary=X"), body.replace('\n', "\r\n").as_bytes())
    };
    let field = |head: &str, value: &str| format!("--X\nContent-Disposition: form-data; {head}\n\n{value}\n");
    let own = field("name=\"collection\"", "a");
    let file = field("name=\"upload\"; filename=\"f.txt\"\nContent-Type: text/plain", "any\n\nthing");
    for (body, expected) in [
        (format!("{own}--X--\n"), (200, "-")),
        (format!("{file}{own}--X--"), (200, "-")),
        (format!("{}--X--\n", field("name=\"collection\"", "b")), MISMATCH),
        (format!("{}--X--\n", field("name=\"collection\"; filename=\"a\"", "a")), MISMATCH),
        (format!("{own}{own}--X--\n"), MISMATCH),
        (format!("{own}{}--X--\n", field("name=\"collection[]\"", "b")), MISMATCH),
        (format!("{own}{}--X--\n", field("name=\"COLLECTION\"", "b")), MISMATCH),
        (format!("{file}--X--\n"), MISMATCH),
        (format!("preamble\n{own}--X--\n"), (400, "body_invalid")),
        (format!("{own}--X--\nepilogue"), (400, "body_invalid")),
        (own.clone(), (400, "body_invalid")),
        (format!("{}--X--\n", field("name=\"collection\"; filename*=utf-8''a", "a")), (400, "body_invalid")),
    ] {
        assert_eq!(parts(&body), expected, "{body}");
    }
}

#[test]
fn what_may_be_missing_needs_no_body() {
    let optional = |values: &str| json!({"equals": values, "optional": true});
    let gate = gate(&json!({"body./user/id": optional("subject"), "form.user_id": optional("subject")}));
    const JSON: Option<&str> = Some("application/json");
    for (media_type, body, expected) in [
        (None, "", (200, "-")),
        (JSON, "", (200, "-")),
        (FORM, "", (200, "-")),
        (JSON, "{}", (200, "-")),
        (JSON, r#"{"user": {}, "x": 1}"#, (200, "-")),
        (JSON, r#"{"user": {"id": "alice"}}"#, (200, "-")),
        (FORM, "x=1", (200, "-")),
        (FORM, "x=1&user_id=alice", (200, "-")),
        (JSON, r#"{"user": {"id": "bob"}}"#, MISMATCH),
        (JSON, r#"{"user": {"id": null}}"#, MISMATCH),
        (JSON, r#"{"user": {"ID": "alice"}}"#, MISMATCH),
        (JSON, r#"{"User": {"id": "bob"}}"#, MISMATCH),
        (JSON, r#"{"user": "bob"}"#, MISMATCH),
        (JSON, r#"{"user": null}"#, MISMATCH),
        (JSON, r#"[{"user": {"id": "bob"}}]"#, MISMATCH),
        (JSON, r#"{"user": [{"id": "bob"}]}"#, MISMATCH),
        (JSON, r#"{"user": {"id": []}}"#, MISMATCH),
        (FORM, "user_id=bob", MISMATCH),
        (FORM, "User_ID=alice", MISMATCH),
        (FORM, "user_id=alice&user_id=alice", MISMATCH),
        (None, "{}", (400, "body_invalid")),
        (Some("text/plain"), "", (400, "body_invalid")),
        (JSON, "x=1", (400, "body_invalid")),
    ] {
        assert_eq!(post(&gate, media_type, body.as_bytes()), expected, "{media_type:?} {body}");
    }
    // Only what a binding names is a form of body that can be compared.
    let json_alone = self::gate(&json!({"body./user/id": optional("subject")}));
    assert_eq!(post(&json_alone, FORM, b"x=1"), (400, "body_invalid"));
    assert_eq!(post(&json_alone, None, b""), (200, "-"));
}

#[test]
fn a_host_that_cannot_read_or_mixes_things_up_lets_nobody_in() {
    let gate = gate(&json!({"body./collection_id": "/collections"}));
    let pairs = [HeaderPair::new("x-api-key", "ci-key"), HeaderPair::new(JSON.0, JSON.1)];
    let head = RequestHead::new("POST", "/search", &pairs);
    let body = Supply::Body(br#"{"collection_id": "a"}"#);
    assert_eq!(outcome(&resumed(&gate, &head, &[body])), (200, "-"));
    assert_eq!(outcome(&resumed(&gate, &head, &[Supply::Unavailable])), (400, "body_invalid"));

    // A record and a body, one after the other.
    let key = assemble("live", "far", 0..=200).unwrap();
    let hash = Pepper::new(PEPPER.as_bytes()).unwrap().hash(&key);
    let record =
        json!({"id": "far", "roles": ["user"], "claims": {"collections": "a"}, "hash": hash}).to_string();
    let pairs = [HeaderPair::new("x-api-key", &key), HeaderPair::new(JSON.0, JSON.1)];
    let head = RequestHead::new("POST", "/search", &pairs);
    let now = UnixTime::from_secs(NOW);
    let record = Supply::ApiKeyRecord(Some(record.as_bytes()));
    assert!(matches!(gate.begin(&head, now), Step::Need(Need::ApiKeyRecord(_))));
    assert_eq!(outcome(&resumed(&gate, &head, &[record, body])), (200, "-"));
    assert_eq!(outcome(&resumed(&gate, &head, &[record, Supply::Unavailable])), (400, "body_invalid"));
    assert_eq!(outcome(&resumed(&gate, &head, &[Supply::Unavailable])), (503, "records_unavailable"));
}

#[test]
fn whoever_has_expired_while_the_body_was_on_its_way_is_refused() {
    let gate = gate(&json!({"body./collection_id": "/collections"}));
    let token = bearer(json!({"sub": "alice", "roles": ["user"], "exp": NOW + 60, "collections": ["a"]}));
    let pairs = [HeaderPair::new("authorization", &token), HeaderPair::new(JSON.0, JSON.1)];
    let head = RequestHead::new("POST", "/search", &pairs);
    let body = Supply::Body(br#"{"collection_id": "a"}"#);
    let after = |secs| outcome(&resumed_at(&gate, &head, &[body], UnixTime::from_secs(NOW + secs)));
    assert_eq!(after(59), (200, "-"));
    assert_eq!(after(60), (401, "token_expired"));
}

#[test]
fn a_binding_on_a_body_is_written_with_a_pointer() {
    for (route, parameter, message) in [
        ("POST /x", "body.collection_id", "body./name"),
        ("POST /x", "body.", "body./name"),
        ("POST /x", "body./a~2", "body./name"),
        ("WEBSOCKET /x", "body./a", "an upgrade has no body"),
    ] {
        let document = json!({"profile": "generic",
            "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
            "policy": {"routes": {route: {"access": "r:a", "where": {parameter: "subject"}}}}});
        let errors = try_load(document.to_string().as_bytes(), &Env::standard()).unwrap_err();
        let error = errors.iter().next().unwrap();
        let escape = |text: &str| text.replace('~', "~0").replace('/', "~1");
        let place = format!("/policy/routes/{}/where/{}", escape(route), escape(parameter));
        assert_eq!(
            (error.pointer.as_str(), error.message.contains(message)),
            (place.as_str(), true),
            "{error}"
        );
    }
}
