//! Bindings in the answers of `portcullis policy`.

use crate::common::{Folder, assert_code, json, run, text};
use serde_json::{Value, json};

fn config(folder: &Folder) -> String {
    let document = json!({
        "profile": "generic",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "UNSET_SECRET"}}]}],
        "policy": {
            "roles": {"reader": {"permissions": ["c:read"]}, "stranger": {}},
            "routes": {
                "GET /c/{collection}": {"access": "c:read", "where": {
                    "path.collection": "/collections", "query.user": "subject", "header.X-Tenant": "tenant"}},
                "GET /c": "c:read",
                "GET /": "public",
            },
        },
    });
    folder.write("portcullis.json", document.to_string())
}

const BINDINGS: [&str; 3] =
    ["header.x-tenant = tenant", "path.collection = /collections", "query.user = subject"];

#[test]
fn the_matrix_shows_where_callers_are_bound() {
    let folder = Folder::new();
    let config = config(&folder);
    let matrix = |arguments: &[&str]| run(&[&["policy", "matrix", "--config", &config], arguments].concat());
    let output = matrix(&[]);
    let table = text(&output.stdout);
    let cells = |start: &str| -> Vec<&str> {
        table.lines().find(|line| line.starts_with(start)).unwrap().split_whitespace().skip(3).collect()
    };
    assert_eq!(cells("GET /c/{collection}"), ["·", "·", "◐", "·"]);
    assert_eq!(cells("GET /c "), ["·", "·", "✓", "·"]);
    for binding in BINDINGS {
        assert!(table.contains(&format!("where {binding}\n")), "{table}");
    }
    assert!(table.contains("◐ allowed where the binding holds"), "{table}");

    let routes = json(&matrix(&["--json"]))["routes"].clone();
    let row =
        |route: &str| routes.as_array().unwrap().iter().find(|row| row["route"] == route).unwrap().clone();
    assert_eq!(row("GET /c/{collection}")["bindings"], json!(BINDINGS));
    assert_eq!(row("GET /c")["bindings"], json!([]));

    let csv = matrix(&["--format", "csv"]);
    let bound = format!(
        "GET,/c/{{collection}},c:read,{},credential_missing,permission_missing,bound,permission_missing\r\n",
        BINDINGS.join("; ")
    );
    assert!(text(&csv.stdout).contains(&bound), "{}", text(&csv.stdout));

    let page = matrix(&["--format", "html"]);
    let page = text(&page.stdout);
    for binding in BINDINGS {
        assert!(page.contains(&format!("<small class=\"where\">where {binding}</small>")), "{binding}");
    }
    assert!(page.contains("data-may=\"00b0\"") && page.contains("<td class=\"sign bound\""));
    assert!(page.contains(&format!("title=\"reader: allowed where {}\"", BINDINGS.join(" and "))));
}

#[test]
fn who_can_says_what_callers_are_bound_to() {
    let folder = Folder::new();
    let config = config(&folder);
    for request in ["GET /c/{id}", "GET /c/42"] {
        let output = run(&["policy", "who-can", "--config", &config, request]);
        assert_code(&output, 0);
        assert!(
            text(&output.stdout).starts_with(
                "GET /c/{collection} asks for c:read\n  \
                 where header.x-tenant = tenant\n  \
                 where path.collection = /collections\n  \
                 where query.user = subject\n  \
                 ✓ reader\n"
            ),
            "{}",
            text(&output.stdout)
        );
        let value = json(&run(&["policy", "who-can", "--config", &config, "--json", request]));
        assert_eq!(value["bindings"], json!(BINDINGS));
    }
}

#[test]
fn expected_decisions_of_bound_callers() {
    let folder = Folder::new();
    let mut document: Value = serde_json::from_slice(&std::fs::read(config(&folder)).unwrap()).unwrap();
    document["policy"]["routes"]["POST /c"] =
        json!({"access": "c:read", "where": {"body./id": "/collections"}});
    document["policy"]["routes"]["POST /f"] = json!({"access": "c:read", "where": {
        "form.id": "/collections", "cookie.tenant": {"equals": "tenant", "optional": true}}});
    document["policy"]["routes"]["POST /o"] = json!({"access": "c:read", "where": {
        "body./id": {"equals": "/collections", "optional": true},
        "form.id": {"equals": "/collections", "optional": true}}});
    document["policy"]["routes"]["GET /h"] = json!({"access": "c:read", "hosts": ["api.example.com"]});
    folder.write("portcullis.json", document.to_string());
    let case = |changes: Value| {
        let mut case = json!({"role": "reader", "subject": "alice", "tenant": "acme", "claims": {"collections": ["a", 7]},
            "headers": {"X-Tenant": "acme"}, "request": "GET /c/a?user=alice", "expect": "allow"});
        case.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        case.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        case
    };
    let test = |cases: &[Value]| {
        let path =
            folder.write("cases.json", json!({"config": "portcullis.json", "cases": cases}).to_string());
        run(&["policy", "test", &path])
    };
    let broken = json!({"expect": "deny", "reason": "binding_mismatch"});
    let mismatch = |mut changes: Value| {
        changes.as_object_mut().unwrap().extend(broken.as_object().unwrap().clone());
        case(changes)
    };
    let cases = [
        case(json!({})),
        case(json!({"request": "GET //c/%61?user=alice"})),
        case(json!({"request": "GET /c/7?x=1&user=%61lice"})),
        mismatch(json!({"request": "GET /c/b?user=alice"})),
        mismatch(json!({"request": "GET /c/a?user=bob"})),
        mismatch(json!({"request": "GET /c/a"})),
        mismatch(json!({"headers": null})),
        mismatch(json!({"headers": {"X-Tenant": ["acme", "acme"]}})),
        mismatch(json!({"subject": null})),
        mismatch(json!({"tenant": null})),
        mismatch(json!({"claims": null})),
        case(json!({"claims": {"collections": true}, "expect": "deny", "reason": "claim_invalid"})),
        case(json!({"role": "stranger", "expect": "deny", "reason": "permission_missing"})),
        case(json!({"role": null, "no_role": true, "expect": "deny", "reason": "permission_missing"})),
        json!({"anonymous": true, "request": "GET /", "expect": "allow"}),
        case(json!({"request": "POST /c", "body": {"id": ["a", 7]}})),
        mismatch(json!({"request": "POST /c", "body": {"id": "b"}})),
        case(json!({"request": "POST /f", "form": {"id": "7", "x y": "é&"}})),
        case(json!({"request": "POST /f", "form": {"id": "a"}, "headers": {"Cookie": "tenant=acme"}})),
        mismatch(json!({"request": "POST /f", "form": {"id": "a"}, "headers": {"Cookie": "tenant=x"}})),
        mismatch(json!({"request": "POST /f", "form": {"id": ["a", "7"]}})),
        mismatch(json!({"request": "POST /f", "form": {"id[]": "a"}})),
        case(json!({"request": "POST /f", "body": {"id": "a"}, "expect": "deny", "reason": "body_invalid"})),
        case(json!({"request": "POST /f", "expect": "deny", "reason": "body_invalid"})),
        case(json!({"request": "POST /o"})),
        case(json!({"request": "POST /o", "body": {}})),
        case(json!({"request": "POST /o", "form": {"id": "a"}})),
        mismatch(json!({"request": "POST /o", "body": {"id": "b"}})),
        mismatch(json!({"request": "POST /o", "form": {"id": "b"}})),
        case(json!({"request": "POST /c", "expect": "deny", "reason": "body_invalid"})),
        case(json!({"request": "GET /h", "headers": {"Host": "API.example.com:443"}})),
        case(json!({"request": "GET /h", "expect": "deny", "reason": "route_unknown"})),
    ];
    let output = test(&cases);
    assert_code(&output, 0);
    assert_eq!(text(&output.stdout), "32 of 32 decisions as expected\n");
    // Each of them is decided: with the opposite expected, it fails.
    for case in &cases {
        let mut case = case.clone();
        case["expect"] = json!(if case["expect"] == "allow" { "deny" } else { "allow" });
        case.as_object_mut().unwrap().remove("reason");
        assert_code(&test(&[case]), 1);
    }
    let output = test(&[case(json!({"expect": "deny"}))]);
    assert_eq!(
        text(&output.stdout),
        "✗ /cases/0: alice (reader), GET /c/a?user=alice: expected deny, got allow\n0 of 1 decision as expected\n"
    );

    for (wrong, expected) in [
        (case(json!({"claims": []})), "/cases/0/claims: expected an object"),
        (case(json!({"subject": 1})), "/cases/0/subject: expected a string"),
        (case(json!({"headers": "X-Tenant: acme"})), "/cases/0/headers: expected an object of strings"),
        (case(json!({"form": ["id"]})), "/cases/0/form: expected an object of strings"),
        (case(json!({"form": {}, "body": {}})), "/cases/0/form: a request has one body"),
        (case(json!({"headers": {"X-Tenant": [1]}})), "/cases/0/headers: expected an object of strings"),
        (
            json!({"anonymous": true, "tenant": "acme", "request": "GET /", "expect": "allow"}),
            "/cases/0/tenant: nothing is known about an anonymous caller",
        ),
    ] {
        let output = test(&[wrong]);
        assert_code(&output, 2);
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}
