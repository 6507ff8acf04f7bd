//! `portcullis config`: checks, beginnings, and the schema beside the gate that it describes.

use crate::common::{Folder, assert_code, json, run, text};
use serde_json::{Value, json};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{REPOSITORY}/{path}")).unwrap()
}

/// A document with one piece of advice (no `audience`) and one warning (public documentation).
const NOTICED: &str = r#"{
  "profile": "agentflow",
  "issuers": [
    { "max_age_secs": 60, "keys": [{ "alg": "HS512", "secret": { "env": "KEY", "encoding": "base64url" } }] }
  ],
  "policy": { "docs": "public" }
}"#;

#[test]
fn notices_with_their_places() {
    let folder = Folder::new();
    let file = folder.write("c.json", NOTICED);
    let check = ["config", "check", "--no-secrets", "--config", &file];
    let output = run(&check);
    assert_code(&output, 0);
    assert_eq!(
        text(&output.stdout).replace(&file, "c.json"),
        "advice[audience_missing]: c.json:4:5: /issuers/0: no \"audience\": its tokens are taken whoever they are meant for\n  \
         why: a token that the issuer made for another service opens this one (RFC 8725 section 3.9)\n  \
         remedy: set \"audience\" to what the issuer writes into the `aud` of tokens for this API\n\
         warning[docs_open]: c.json:6:23: /policy/docs: anybody may read the documentation of the API\n  \
         why: the description of every route and parameter is where an attacker begins\n  \
         remedy: write \"refused\", or a permission that developers have\n\
         c.json: no errors, 1 warning, advice on 1\n"
    );
    let deny = [&check[..], &["--deny-warnings"]].concat();
    assert_code(&run(&deny), 1);
    let some = [&deny[..], &["--allow", "docs_open"]].concat();
    assert_code(&run(&some), 1);
    let all = [&some[..], &["--allow", "audience_missing"]].concat();
    let output = run(&all);
    assert_code(&output, 0);
    assert!(text(&output.stdout).ends_with("c.json: no errors, no notices\n"));
    let output = run(&[&deny[..], &["--allow", "docs"]].concat());
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("the codes are key_unused, "), "{}", text(&output.stderr));

    let report = json(&run(&[&deny[..], &["--json"]].concat()));
    assert_eq!((&report["valid"], &report["errors"]), (&json!(true), &json!([])));
    assert_eq!(
        report["notices"][1],
        json!({"code": "docs_open", "severity": "warning", "pointer": "/policy/docs", "line": 6, "column": 23,
            "message": "anybody may read the documentation of the API",
            "why": "the description of every route and parameter is where an attacker begins",
            "remedy": "write \"refused\", or a permission that developers have"})
    );
}

#[test]
fn errors_with_their_places() {
    let folder = Folder::new();
    let file = folder.write(
        "c.json",
        NOTICED.replace(
            "\"docs\": \"public\"",
            "\n\"routes\": {\"GET /a/{b\": \"x:y\"}, \"default_role\": \"nobody\"",
        ),
    );
    let check = ["config", "check", "--no-secrets", "--config", &file];
    let output = run(&check);
    assert_code(&output, 2);
    let stderr = text(&output.stderr).replace(&file, "c.json");
    let lines: Vec<&str> = stderr.lines().collect();
    assert!(
        lines[0].starts_with("error: c.json:7:25: /policy/routes/GET ~1a~1{b: a parameter is"),
        "{stderr}"
    );
    assert!(lines[1].starts_with("error: c.json:7:49: /policy/default_role: no role \"nobody\""), "{stderr}");
    let report = run(&[&check[..], &["--json"]].concat());
    assert_code(&report, 2);
    let report = json(&report);
    assert_eq!((&report["valid"], &report["notices"]), (&json!(false), &json!([])));
    assert_eq!(report["errors"].as_array().unwrap().len(), 2);
    let first = &report["errors"][0];
    assert_eq!((&first["line"], &first["column"]), (&json!(7), &json!(25)));
}

#[test]
fn secrets_are_looked_for_unless_told_otherwise() {
    let folder = Folder::new();
    let file = folder.write("c.json", NOTICED);
    let output = run(&["config", "check", "--config", &file]);
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains(":4:73: /issuers/0/keys/0/secret/env: secret \"KEY\" is not set"));
    let env = folder.write("e.env", format!("KEY={}\n", "0123456789abcdef".repeat(6)));
    assert_code(&run(&["config", "check", "--config", &file, "--env-file", &env]), 0);
    assert_code(&run(&["config", "check", "--config", &file, "--env-file", &env, "--no-secrets"]), 2);
    // What cannot be a name is no secret to be taken for granted, and is not shown.
    let secret = "hunter2-hunter2-hunter2-hunter2-hunter2";
    let file = folder.write("d.json", NOTICED.replace("\"KEY\"", &format!("\"{secret}\"")));
    let output = run(&["config", "check", "--no-secrets", "--config", &file]);
    assert_code(&output, 2);
    assert!(!text(&output.stderr).contains("hunter2"), "{}", text(&output.stderr));
}

#[test]
fn a_beginning_is_good_as_it_is() {
    let folder = Folder::new();
    for (profile, secrets, notices) in [
        // The tokens of the guide have neither `aud` nor `iat`.
        (
            "agentflow",
            &["JWT_SECRET_KEY", "ORIGIN_JWT_SECRET"][..],
            &["audience_missing", "token_age_unbounded"][..],
        ),
        // Its tokens are good for 41 days, and its pages are served to every site.
        ("r2r", &["R2R_SECRET_KEY"], &["token_age_unbounded", "cors_any_origin"]),
        // The tokens of its login have no `iat`.
        ("rag-modulo", &["JWT_SECRET_KEY"], &["token_age_unbounded"]),
        // Not every host knows its clients.
        ("ragflow", &["RAGFLOW_SECRET_KEY"], &["asks_unlimited"]),
        ("ragflow-0.24", &["RAGFLOW_SECRET_KEY"], &["asks_unlimited"]),
        ("generic", &["JWT_SECRET_KEY"], &[]),
    ] {
        let output = run(&["config", "init", "--profile", profile]);
        assert_code(&output, 0);
        let file = folder.write(profile, &output.stdout);
        let env: String =
            secrets.iter().map(|name| format!("{name}=0f1e2d3c4b5a69788796a5b4c3d2e1f0{name}\n")).collect();
        let env = folder.write("e.env", env);
        let check = run(&["config", "check", "--json", "--config", &file, "--env-file", &env]);
        assert_code(&check, 0);
        let check = json(&check);
        let said: Vec<&str> = check["notices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|notice| notice["code"].as_str().unwrap())
            .collect();
        assert_eq!(said, notices, "{profile}");
        // Every secret and every member at the top is explained.
        let explanation = text(&output.stderr);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        for name in document.as_object().unwrap().keys() {
            assert!(explanation.contains(&format!("/{name}")), "{profile}: {name}");
        }
        for name in secrets {
            assert!(explanation.contains(name), "{profile}: {name}");
        }
        // It asks for no other secrets.
        let without = folder.write("e.env", "");
        let output = run(&["config", "check", "--config", &file, "--env-file", &without]);
        assert_eq!(text(&output.stderr).matches("is not set").count(), secrets.len());
    }
}

fn published() -> Value {
    serde_json::from_str(&read("docs/portcullis.schema.json")).unwrap()
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::options().build(&published()).unwrap()
}

fn complaints(validator: &jsonschema::Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| error.to_string()).collect()
}

#[test]
fn the_published_schema_is_the_generated_one() {
    let generated = json(&run(&["config", "schema"]));
    assert!(
        published() == generated,
        "docs/portcullis.schema.json is out of date: `portcullis config schema > docs/portcullis.schema.json`"
    );
    jsonschema::draft202012::meta::validate(&generated).unwrap();
}

#[test]
fn what_loads_fits_the_schema() {
    let validator = validator();
    let mut documents: Vec<(String, Value)> = Vec::new();
    for file in std::fs::read_dir(format!("{REPOSITORY}/tests/cases")).unwrap() {
        let cases: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let configurations = cases["configurations"].as_object().into_iter().flatten();
        documents.extend(configurations.map(|(name, document)| (name.clone(), document.clone())));
    }
    assert!(documents.len() > 20);
    for folder in std::fs::read_dir(format!("{REPOSITORY}/examples")).unwrap() {
        let file = folder.unwrap().path().join("portcullis.json");
        let document = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        documents.push((file.display().to_string(), serde_json::from_slice(&document).unwrap()));
    }
    for profile in ["agentflow", "r2r", "rag-modulo", "ragflow", "ragflow-0.24", "generic"] {
        documents.push((format!("init {profile}"), json(&run(&["config", "init", "--profile", profile]))));
    }
    for (name, document) in documents {
        assert_eq!(complaints(&validator, &document), [""; 0], "{name}");
    }
}

/// Errors of form, in turn, in a document that has every object once: the gate refuses each, and so does the schema.
#[test]
fn what_has_another_form_fits_neither() {
    let validator = validator();
    let full = json!({
        "profile": "agentflow",
        "issuers": [{
            "issuer": "https://idp.example", "audience": ["api"], "leeway_secs": 5, "max_age_secs": 60,
            "token_profile": "jwt", "algorithms": ["HS256"], "required_claims": ["/a"],
            "keys": [{"kid": "k", "alg": "HS256", "secret": {"env": "KEY", "encoding": "text"}}],
            "claims": {"subject": "/user_id", "roles": ["/roles"]},
            "subject_roles": {"alice": ["user"]}
        }],
        "api_keys": {"pepper": {"env": "KEY"},
            "records": [{"id": "a", "hash": format!("sha256:{}", "0".repeat(64)), "roles": ["user"]}]},
        "credentials": {"authorization": true},
        "policy": {"roles": {"user": {"permissions": ["a:b"]}}, "default_role": "", "routes": {"GET /a": "a:b"},
            "trailing_slash": "ignored"},
        "upstream": {"credential": "swap", "token": {"secret": {"env": "KEY"}}},
        "cors": {"preflight": "refuse"},
        "limits": {"token_bytes": 4096},
        "audit": {"reason_header": false}
    });
    let folder = Folder::new();
    let loads = |document: &Value| {
        let file = folder.write("c.json", document.to_string());
        run(&["config", "check", "--no-secrets", "--config", &file]).status.code() == Some(0)
    };
    assert_eq!(complaints(&validator, &full), [""; 0]);
    assert!(loads(&full));

    let mut broken: Vec<(String, Value)> = Vec::new();
    let mut change = |pointer: &str, change: &dyn Fn(&mut Value)| {
        let mut document = full.clone();
        change(document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")));
        broken.push((pointer.to_owned(), document));
    };
    let objects = [
        "",
        "/issuers/0",
        "/issuers/0/keys/0",
        "/issuers/0/keys/0/secret",
        "/issuers/0/claims",
        "/api_keys",
        "/api_keys/pepper",
        "/api_keys/records/0",
        "/credentials",
        "/policy",
        "/policy/roles/user",
        "/upstream",
        "/upstream/token",
        "/cors",
        "/limits",
        "/audit",
    ];
    for pointer in objects {
        change(pointer, &|value| {
            value.as_object_mut().unwrap().insert("unknown".to_owned(), json!(1));
        });
        change(pointer, &|value| *value = json!("text"));
    }
    for (pointer, value) in [
        ("/profile", json!("agentflo")),
        ("/issuers", json!({})),
        ("/issuers/0/audience", json!(7)),
        ("/issuers/0/leeway_secs", json!(-1)),
        ("/issuers/0/leeway_secs", json!(1.5)),
        ("/issuers/0/algorithms/0", json!("none")),
        ("/issuers/0/token_profile", json!("JWT")),
        ("/issuers/0/required_claims/0", json!("a")),
        ("/issuers/0/required_claims/0", json!("/~2")),
        ("/issuers/0/claims/roles/0", json!("roles")),
        ("/issuers/0/keys/0/secret/encoding", json!("base64")),
        ("/issuers/0/keys/0/secret/env", json!(null)),
        ("/issuers/0/subject_roles", json!(["admin"])),
        ("/issuers/0/subject_roles/alice", json!("admin")),
        ("/policy/routes/GET ~1a", json!(true)),
        ("/policy/trailing_slash", json!("ignore")),
        ("/policy/trailing_slash", json!(true)),
        ("/upstream/credential", json!("Swap")),
        ("/cors/preflight", json!("Refuse")),
        ("/audit/reason_header", json!("yes")),
        ("/limits/token_bytes", json!("4096")),
    ] {
        change(pointer, &|place| *place = value.clone());
    }
    change("/upstream", &|upstream| upstream["origin_key"] = json!("ragflow-key"));
    for (pointer, member) in [
        ("", "profile"),
        ("/issuers/0/keys/0/secret", "env"),
        ("/api_keys/records/0", "id"),
        ("/api_keys/records/0", "hash"),
        ("/upstream/token", "secret"),
    ] {
        change(pointer, &|value| {
            value.as_object_mut().unwrap().remove(member).unwrap();
        });
    }
    for (pointer, document) in broken {
        assert!(!complaints(&validator, &document).is_empty(), "{pointer} fits the schema: {document}");
        assert!(!loads(&document), "{pointer} loads: {document}");
    }
}

/// It opens what no other route names, an administration for example, and says nothing of it.
#[test]
fn a_public_route_for_everything_is_told() {
    let folder = Folder::new();
    let document =
        NOTICED.replace("\"docs\": \"public\"", "\n\"routes\": {\"GET /{path:path}\": \"public\"}");
    let file = folder.write("c.json", document);
    let check = ["config", "check", "--no-secrets", "--deny-warnings", "--allow", "audience_missing"];
    let output = run(&[&check[..], &["--config", &file]].concat());
    assert_code(&output, 1);
    let said = text(&output.stdout).replace(&file, "c.json");
    let expected = "warning[public_rest]: c.json:7:32: /policy/routes/GET ~1{path:path}: anybody may send GET to every path that no other route names\n";
    assert!(said.contains(expected), "{said}");
}

/// An entry of the list of crackers that loads: it is long enough, and no guide prints it.
const CRACKED: &str = "reallyreallyreallyreallyverysafe";

#[test]
fn a_secret_that_crackers_know_is_an_error() {
    let folder = Folder::new();
    let document = r#"{
  "profile": "generic",
  "issuers": [{ "max_age_secs": 60, "audience": "a", "keys": [{ "alg": "HS256", "secret": { "env": "KNOWN" } }] }],
  "upstream": { "credential": "swap", "token": { "secret": { "env": "FINE" } } }
}"#;
    let fine = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
    let said = |document: &str, known: &str, more: &[&str]| {
        let file = folder.write("c.json", document);
        let secrets = folder.write("secrets.env", format!("KNOWN={known}\nFINE={fine}\n"));
        let check = ["config", "check", "--config", &file, "--env-file", &secrets];
        let output = run(&[&check[..], more].concat());
        let printed = format!("{}{}", text(&output.stdout), text(&output.stderr)).replace(&file, "c.json");
        assert!(!printed.contains(known), "{printed}");
        (output.status.code(), printed)
    };
    let (code, printed) = said(document, CRACKED, &[]);
    assert_eq!(code, Some(2), "{printed}");
    assert!(
        printed.contains(
            "c.json:3:100: /issuers/0/keys/0/secret/env: the secret is on a public list of secrets"
        ),
        "{printed}"
    );
    assert!(printed.contains("set the environment variable KNOWN"), "{printed}");
    let (code, printed) = said(document, CRACKED, &["--json"]);
    assert_eq!(code, Some(2), "{printed}");
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&report["valid"], &report["notices"]), (&json!(false), &json!([])));
    assert_eq!(report["errors"][0]["pointer"], "/issuers/0/keys/0/secret/env");
    // Every place of a secret is looked at.
    let swapped = document.replace("KNOWN", "OTHER").replace("FINE", "KNOWN").replace("OTHER", "FINE");
    assert!(
        said(&swapped, CRACKED, &[]).1.contains("/upstream/token/secret/env: the secret is on a public list")
    );
    let keys = document
        .replace("\"upstream\"", "\"api_keys\": { \"pepper\": { \"env\": \"KNOWN\" } }, \"upstream\"");
    let keys = keys.replacen("KNOWN", "FINE", 1);
    assert!(said(&keys, CRACKED, &[]).1.contains("/api_keys/pepper/env: the secret is on a public list"));
    let (code, printed) = said(document, &format!("{CRACKED}!"), &[]);
    assert_eq!(code, Some(0), "{printed}");
}
