//! `portcullis policy` as a user runs it: who may do what, tests and coverage.

use std::process::Output;

use crate::common::{Folder, assert_code, json, run, text};
use serde_json::{Value, json};

/// Names secrets that are set nowhere, in each encoding and for the longest hash.
fn config(policy: Value) -> String {
    json!({
        "profile": "agentflow", "policy": policy,
        "issuers": [{"keys": [
            {"kid": "a", "alg": "HS512", "secret": {"env": "UNSET_SECRET_A", "encoding": "hex"}},
            {"kid": "b", "alg": "HS256", "secret": {"env": "UNSET_SECRET_B", "encoding": "base64url"}},
            {"kid": "c", "alg": "HS384", "secret": {"env": "UNSET_SECRET_C"}},
        ]}],
        "upstream": {"credential": "swap", "token": {"secret": {"env": "UNSET_SECRET_D"}}},
        "api_keys": {"pepper": {"env": "UNSET_PEPPER"}, "records": []},
    })
    .to_string()
}

fn matrix(folder: &Folder, policy: Value, arguments: &[&str]) -> Output {
    let path = folder.write("portcullis.json", config(policy));
    run(&[&["policy", "matrix", "--config", &path], arguments].concat())
}

#[test]
fn the_matrix_in_three_formats() {
    let folder = Folder::new();
    let output = matrix(&folder, json!({}), &[]);
    assert_code(&output, 0);
    let table = text(&output.stdout);
    let line = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap();
    let signs = |start: &str| -> Vec<&str> { line(start).split_whitespace().skip(3).collect() };
    assert_eq!(
        table
            .lines()
            .next()
            .unwrap()
            .split("  ")
            .filter(|text| !text.is_empty())
            .map(str::trim)
            .collect::<Vec<_>>(),
        ["(anonymous)", "(no role)", "admin", "guest", "user"]
    );
    assert_eq!(signs("POST      /v1/graph/invoke "), ["·", "✓", "✓", "✓", "✓"]);
    assert_eq!(signs("GET       /v1/threads "), ["·", "·", "✓", "·", "✓"]);
    assert_eq!(signs("GET       /ping "), ["✓"; 5]);
    assert_eq!(signs("GET       /docs "), ["✗"; 5]);
    assert!(table.ends_with(
        "42 routes; ✓ allowed, · not granted, ✗ denied or refused; (no role) has the default role guest\n"
    ));

    let value = json(&matrix(&folder, json!({}), &["--json"]));
    assert_eq!(value["callers"][0], json!({"caller": "anonymous"}));
    assert_eq!(value["callers"][4], json!({"caller": "role", "role": "user"}));
    let route =
        value["routes"].as_array().unwrap().iter().find(|row| row["route"] == "GET /v1/threads").unwrap();
    assert_eq!(route["answers"][3], json!({"decision": "deny", "reason": "permission_missing"}));
    assert_eq!(route["answers"][4], json!({"decision": "allow", "reason": null}));

    let roles = json!({"roles": {"=cmd,\"x\"": {"permissions": ["*"], "deny": ["store:*"]}}});
    let output = matrix(&folder, roles, &["--format", "csv"]);
    let lines: Vec<&str> = text(&output.stdout).split("\r\n").collect();
    assert_eq!(lines[0], "method,path,access,bindings,(anonymous),(no role),\"'=cmd,\"\"x\"\"\"");
    assert!(lines.contains(
        &"POST,/v1/store/search,store:read,,credential_missing,permission_missing,permission_denied"
    ));
    assert!(lines.contains(&"GET,/ping,public,,allow,allow,allow"));
    assert_eq!(lines.len(), 42 + 2);
    assert_code(&matrix(&folder, json!({}), &["--json", "--format", "csv"]), 2);
}

#[test]
fn the_page_stands_by_itself_and_runs_nothing_of_the_policy() {
    let folder = Folder::new();
    let hostile = "</script><img src=x onerror='alert(1)'>&\"";
    let out = folder.path("matrix.html");
    let policy = json!({"roles": {(hostile): {"permissions": ["graph:*"]}}, "default_role": hostile,
        "routes": {"GET /a/'&b": "graph:read"}});
    let output = matrix(&folder, policy, &["--format", "html", "--out", out.to_str().unwrap()]);
    assert_code(&output, 0);
    assert_eq!(output.stdout, b"");
    let page = std::fs::read_to_string(out).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(!page.contains("<img") && !page.contains("http:") && !page.contains("https:"));
    for loading in ["<link", " src=", "url(", "@import", "fetch(", "import("] {
        assert!(!page.replace("&lt;img src=x", "").contains(loading), "{loading}");
    }
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(page.contains("&lt;/script&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;&quot;</span>"));
    // The policy of the page allows its own style and script only, by their hashes.
    assert!(page.contains("default-src 'none'; style-src 'sha256-") && page.contains("script-src 'sha256-"));
    assert!(!page.contains("unsafe-inline"));
    let element = |name: &str| {
        let rest = page.split_once(&format!("<{name}>")).unwrap().1;
        rest.split_once(&format!("</{name}>")).unwrap().0.to_owned()
    };
    for name in ["style", "script"] {
        use base64::Engine as _;
        let digest = sha256(&element(name));
        let hash = base64::engine::general_purpose::STANDARD.encode(digest);
        assert!(page.contains(&format!("{name}-src 'sha256-{hash}'")), "{name}");
    }
    // Everything can be read without the script: nothing is hidden but the filters, what they say, and their keys.
    assert_eq!(page.matches(" hidden>").count(), 4);
    assert_eq!(page.matches("<tr data-method=").count(), 43);
    assert!(page.contains("<tr data-method=\"GET\" data-may=\"011\""));
    assert!(page.contains("<code>/a/&#39;&amp;b</code>"));
}

fn sha256(text: &str) -> Vec<u8> {
    let hash = portcullis::api_key::plain_hash(text);
    let digits = hash.strip_prefix("sha256:").unwrap();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_bytes().chunks_exact(2).map(byte).collect()
}

#[test]
fn who_can() {
    let folder = Folder::new();
    let path = folder.write(
        "portcullis.json",
        config(json!({"routes": {"GET /v3/{rest:path}": "graph:read", "GET /v3/{id}": "graph:invoke", "PUT /v3/{rest:path}": "public"},
            "roles": {"a": {"permissions": ["graph:invoke"]}, "b": {"inherits": ["a"], "deny": ["graph:invoke"]}}, "default_role": "a"})),
    );
    let ask = |request: &str| {
        let output = run(&["policy", "who-can", "--config", &path, "--json", request]);
        let value = json(&output);
        let names = |list: &str| -> Vec<String> {
            let name =
                |entry: &Value| entry["role"].as_str().or(entry["caller"].as_str()).unwrap().to_owned();
            value[list].as_array().unwrap().iter().map(name).collect()
        };
        let (allowed, denied) = (names("allowed"), names("denied"));
        (output.status.code().unwrap(), value, allowed, denied)
    };
    // As written, with other names, and as requests.
    for request in ["GET /v3/{id}", "GET /v3/{other}", "GET /v3/x", "GET //v3/%78?q=1"] {
        let (code, value, allowed, denied) = ask(request);
        assert_eq!((code, &value["route"]), (0, &json!("GET /v3/{id}")), "{request}");
        assert_eq!(value["permission"], "graph:invoke");
        assert_eq!(
            (allowed, denied),
            (vec!["no_role".into(), "a".into()], vec!["anonymous".into(), "b".into()])
        );
        assert_eq!(value["denied"][0]["reason"], "credential_missing");
        assert_eq!(value["denied"][1]["reason"], "permission_denied");
    }
    let (code, value, allowed, _) = ask("GET /v3/{rest:path}");
    assert_eq!((code, &value["route"], allowed.len()), (1, &json!("GET /v3/{rest:path}"), 0));
    // A template that is no route is served by a wider one: nobody would be the wrong answer.
    let (code, value, allowed, denied) = ask("PUT /v3/{a}/{b}");
    assert_eq!((code, &value["access"], allowed.len(), denied.len()), (0, &json!("public"), 4, 0));
    let (code, value, allowed, denied) = ask("DELETE /v3/{id}");
    assert_eq!((code, &value["route"], allowed.len(), denied.len()), (1, &Value::Null, 0, 0));
    let (code, value, ..) = ask("GET /docs");
    assert_eq!(
        (code, &value["access"], &value["denied"][1]["reason"]),
        (1, &json!("refused"), &json!("route_refused"))
    );

    for wrong in ["/v3/x", "GET v3", "GET /v3/{id", "GET /v3/a%2Fb"] {
        assert_code(&run(&["policy", "who-can", "--config", &path, wrong]), 2);
    }
    let output = run(&["policy", "who-can", "--config", &path, "GET /nothing"]);
    assert_eq!(text(&output.stdout), "nobody: the policy has no route for this\n");
}

fn test(folder: &Folder, cases: &Value, arguments: &[&str]) -> Output {
    // The configuration is found from the file, wherever the command runs.
    let path = folder.write("cases.json", json!({"config": "portcullis.json", "cases": cases}).to_string());
    run(&[&["policy", "test", &path], arguments].concat())
}

#[test]
fn expected_decisions() {
    let folder = Folder::new();
    folder.write("portcullis.json", config(json!({})));
    let good = json!([
        {"role": "user", "request": "GET /v1/threads?limit=1", "expect": "allow"},
        {"role": "guest", "request": "GET /v1/threads", "expect": "deny", "reason": "permission_missing"},
        {"roles": ["guest", "user"], "request": "WEBSOCKET /v1/graph/ws", "expect": "allow"},
        {"roles": [], "request": "POST /v1/graph/invoke", "expect": "deny"},
        {"no_role": true, "request": "POST /v1/graph/invoke", "expect": "allow"},
        {"anonymous": true, "request": "GET /ping", "expect": "allow"},
        {"anonymous": true, "request": "GET /nothing", "expect": "deny", "reason": "credential_missing"},
        {"role": "admin", "request": "GET /docs", "expect": "deny", "reason": "route_refused"},
        {"role": "admin", "request": "GET /nothing", "expect": "deny", "reason": "route_unknown"},
        {"role": "admin", "request": "GET /a%2Fb", "expect": "deny", "reason": "path_invalid"},
    ]);
    let output = test(&folder, &good, &[]);
    assert_code(&output, 0);
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("10 of 10 decisions as expected\n", ""));

    // Each case fails when the opposite, or another reason, is expected.
    for index in 0..10 {
        let mut cases = good.clone();
        let case = cases[index].as_object_mut().unwrap();
        let opposite = if case["expect"] == "allow" { "deny" } else { "allow" };
        case.remove("reason");
        case.insert("expect".into(), json!(opposite));
        let output = test(&folder, &cases, &["--json"]);
        assert_code(&output, 1);
        let value = json(&output);
        assert_eq!((&value["passed"], value["failed"].as_array().unwrap().len()), (&json!(9), 1));
        assert_eq!(value["failed"][0]["case"], format!("/cases/{index}"));
    }
    let other = json!([{"role": "usr", "request": "GET /v1/threads", "expect": "deny", "reason": "permission_denied"}]);
    let output = test(&folder, &other, &[]);
    assert_code(&output, 1);
    assert_eq!(
        text(&output.stdout),
        "✗ /cases/0: usr, GET /v1/threads: expected deny (permission_denied), got deny (permission_missing)\n\
         0 of 1 decision as expected\n"
    );
    assert!(text(&output.stderr).contains("/cases/0: the policy has no role \"usr\""));
}

#[test]
fn mistakes_in_expected_decisions_are_named_by_pointer() {
    let folder = Folder::new();
    folder.write("portcullis.json", config(json!({})));
    let with = |member: &str, value: Value| {
        let mut case = json!({"role": "user", "request": "GET /ping", "expect": "allow"});
        case[member] = value;
        json!([case])
    };
    for (cases, expected) in [
        (with("excpect", json!("allow")), "/cases/0/excpect: unknown member"),
        (with("a/b~", json!(1)), "/cases/0/a~1b~0: unknown member"),
        (with("expect", json!("maybe")), "/cases/0/expect: write \"allow\" or \"deny\""),
        (with("expect", json!(1)), "/cases/0/expect: expected a string"),
        (with("request", json!("/ping")), "/cases/0/request: write \"METHOD /path\""),
        (
            with("request", json!("GET /v1/threads/{id}")),
            "/cases/0/request: write the path as a client sends it",
        ),
        (with("reason", json!("permission_missing")), "/cases/0/reason: what is allowed has no reason"),
        (with("anonymous", json!(true)), "/cases/0: say who asks with exactly one of"),
        (with("anonymous", json!(false)), "/cases/0/anonymous: write true, or leave it out"),
        (with("roles", json!("user")), "/cases/0/roles: expected an array of strings"),
        (json!([{"request": "GET /ping", "expect": "allow"}]), "/cases/0: say who asks"),
        (json!([{"role": "user", "expect": "allow"}]), "/cases/0: member \"request\" is missing"),
        (
            json!([{"role": "user", "request": "GET /docs", "expect": "deny", "reason": "no"}]),
            "/cases/0/reason: not a reason",
        ),
        (json!([7]), "/cases/0: expected an object"),
        (json!([]), "/cases: write at least one case"),
    ] {
        let output = test(&folder, &cases, &[]);
        assert_code(&output, 2);
        assert!(text(&output.stderr).contains(expected), "{expected}: {}", text(&output.stderr));
        assert_eq!(output.stdout, b"");
    }
    let twice = folder.write("twice.json", r#"{"config":"portcullis.json","cases":[],"cases":[]}"#);
    assert_code(&run(&["policy", "test", &twice]), 2);
    let elsewhere = folder.write(
        "elsewhere.json",
        r#"{"config":"no.json","cases":[{"role":"a","request":"GET /","expect":"deny"}]}"#,
    );
    assert_code(&run(&["policy", "test", &elsewhere]), 2);
}

#[test]
fn coverage_of_the_real_documents() {
    let folder = Folder::new();
    let documents = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openapi");
    for (name, operations, health) in [("agentflow-0.6.1", 33, false), ("10xgraph-0.9.0", 34, true)] {
        let document = format!("{documents}/{name}.json");
        let path = folder.write("portcullis.json", config(json!({})));
        let output = run(&["policy", "coverage", "--json", "--config", &path, "--openapi", &document]);
        assert_code(&output, 0);
        let value = json(&output);
        assert_eq!((&value["named"], &value["unnamed"]), (&json!(operations), &json!([])), "{name}");
        let mut absent = vec!["GET /docs", "GET /docs/oauth2-redirect", "GET /openapi.json", "GET /redocs"];
        absent.extend(["POST /v1/ag-ui", "POST /v1/graph/setup"]);
        absent.extend(["WEBSOCKET /v1/graph/live", "WEBSOCKET /v1/graph/ws"]);
        absent.extend((!health).then_some("GET /health/ready"));
        absent.sort_unstable();
        let mut undocumented: Vec<&str> =
            value["undocumented"].as_array().unwrap().iter().map(|route| route.as_str().unwrap()).collect();
        undocumented.sort_unstable();
        assert_eq!(undocumented, absent, "{name}");

        // Without the profile's routes nothing is named but what is written, whatever parameters are called.
        let bare = folder.write(
            "bare.json",
            json!({"profile": "generic", "issuers": [{"issuer": "i", "audience": "a", "keys": [{"alg": "HS256", "secret": {"env": "UNSET_SECRET"}}]}],
                "policy": {"routes": {"GET /v1/threads/{t}": "a:b", "GET /v1/files/{rest:path}": "a:b"}, "roles": {}}})
            .to_string(),
        );
        let output = run(&["policy", "coverage", "--config", &bare, "--openapi", &document]);
        assert_code(&output, 1);
        let shown = text(&output.stdout);
        assert!(
            shown.ends_with(&format!("the policy names 2 of the {operations} routes of the origin\n")),
            "{shown}"
        );
        assert!(
            shown.contains("\n  DELETE /v1/threads/{thread_id}\n")
                && !shown.contains("  GET /v1/threads/{thread_id}\n")
        );
        assert!(shown.contains("\n  GET /v1/files/{file_id}/info\n"));
    }
}

#[test]
fn coverage_of_odd_documents() {
    let folder = Folder::new();
    let path = folder.write(
        "portcullis.json",
        config(json!({"routes": {"GET /a/{x}/b": "graph:read", "PURGE /a": "graph:read"}})),
    );
    let cover = |document: &str| {
        let document = folder.write("openapi.json", document);
        run(&["policy", "coverage", "--json", "--config", &path, "--openapi", &document])
    };
    let output = cover(
        r#"{"openapi":"3.2.0","paths":{"x-note":1,"/a/{thing-id}/b":{"summary":"s","parameters":[],"get":{}},
            "/f/{name}.json":{"get":{}},"/a":{"additionalOperations":{"PURGE":{},"LINK":{}}}}}"#,
    );
    assert_code(&output, 1);
    assert_eq!(json(&output)["unnamed"], json!(["LINK /a", "GET /f/{name}.json"]));
    assert_eq!(json(&output)["named"], 2);
    for (document, expected) in [
        (r#"{"swagger":"2.0","paths":{"/a":{"get":{}}}}"#, "/openapi: not an OpenAPI document of version 3"),
        (r#"{"openapi":"3.0.0","paths":{}}"#, "/paths: no operations"),
        (
            r##"{"openapi":"3.0.0","paths":{"/a":{"$ref":"#/x"}}}"##,
            "/paths/~1a/$ref: operations stand elsewhere",
        ),
        ("openapi: 3.0.0", "not usable JSON"),
    ] {
        let output = cover(document);
        assert_code(&output, 2);
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}
