//! Configurations in other forms than a file of JSON, and the place in them that an error names.

use std::path::Path;

use crate::common::{Folder, portcullis, run_with, text};

const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const PEPPER: &str = "5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1";

/// The code of `config check` on the file at `path`, and all that it prints.
fn check(path: &Path) -> (Option<i32>, String) {
    let mut command = portcullis(&["config", "check", "--config"]);
    command.arg(path);
    for (name, value) in
        [("JWT_SECRET_KEY", SECRET), ("ORIGIN_JWT_SECRET", SECRET), ("PORTCULLIS_PEPPER", PEPPER)]
    {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agentflow");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The line, counted from 1, in which `part` stands.
fn line_of(part: &str, file: &str) -> usize {
    file.lines().position(|line| line.contains(part)).unwrap() + 1
}

#[test]
fn the_files_of_a_deployment() {
    for (name, right, wrong) in [
        ("envoy.yaml", "leeway_secs: 30", "leeway_secs: 300"),
        ("istio-wasmplugin.yaml", "leeway_secs: 30", "leeway_secs: 300"),
        ("wrangler.toml", "\"leeway_secs\": 30", "\"leeway_secs\": 300"),
    ] {
        let folder = Folder::new();
        let file = example(name);
        std::fs::write(folder.path(name), &file).unwrap();
        let (code, printed) = check(&folder.path(name));
        assert_eq!(code, Some(0), "{name}: {printed}");
        assert!(printed.contains(": no errors"), "{name}: {printed}");

        assert!(file.contains(right), "{name}");
        let file = file.replace(right, wrong);
        std::fs::write(folder.path(name), &file).unwrap();
        let (code, printed) = check(&folder.path(name));
        assert_eq!(code, Some(2), "{name}: {printed}");
        let place = format!("{name}:{}:", line_of(wrong, &file));
        assert!(printed.contains(&place) && printed.contains("/issuers/0/leeway_secs"), "{place}: {printed}");
    }
}

#[test]
fn the_examples_of_each_system() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut checked = 0;
    for folder in std::fs::read_dir(examples).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if !["json", "yaml", "toml"].contains(&path.extension().unwrap_or_default().to_str().unwrap()) {
                continue;
            }
            let content = std::fs::read_to_string(&path).unwrap();
            // The settings of an origin are no document.
            if !content.contains("profile") {
                continue;
            }
            let mut command = portcullis(&["config", "check", "--no-secrets", "--config"]);
            let output = command.arg(&path).output().unwrap();
            let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert_eq!(output.status.code(), Some(0), "{}: {told}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked}");
}

/// Envoy and Istio have no store of records: what asks for one is refused there, and is here.
#[test]
fn a_host_without_a_store_is_known_by_its_file() {
    let folder = Folder::new();
    for name in ["envoy.yaml", "istio-wasmplugin.yaml"] {
        let file = example(name);
        let line = file.lines().find(|line| line.contains("profile: agentflow")).unwrap();
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        assert!(!file.contains("api_keys:"), "{name}");
        let lookup =
            format!("{line}\n{indent}api_keys: {{ lookup: true, pepper: {{ env: PORTCULLIS_PEPPER }} }}");
        let file = file.replace(line, &lookup);
        std::fs::write(folder.path(name), &file).unwrap();
        let (code, printed) = check(&folder.path(name));
        assert_eq!(code, Some(2), "{name}: {printed}");
        let place = format!("{name}:{}:", line_of("lookup: true", &file));
        let said = "/api_keys/lookup: this host has no store to look records up in; list the records";
        assert!(printed.contains(&place) && printed.contains(said), "{place}: {printed}");
        let file = example(name).replace(line, &format!("{line}\n{indent}revoked: {{ lookup: true }}"));
        std::fs::write(folder.path(name), &file).unwrap();
        let (code, printed) = check(&folder.path(name));
        assert_eq!(code, Some(2), "{name}: {printed}");
        assert!(printed.contains("/revoked/lookup: this host has no store"), "{name}: {printed}");
    }
}

#[test]
fn yaml_and_standard_input() {
    let yaml = format!(
        "# my gate\nprofile: generic\nissuers:\n  - keys: [{{ alg: HS256, secret: {{ env: S }} }}]\npolicy:\n  routes:\n    {}: \"public\"\n",
        "GET /a"
    );
    let json = r#"{"profile": "generic", "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "S"}}]}], "policy": {"routes": {"GET /a": "public"}}}"#;
    for document in [
        yaml.as_str(),
        json,
        "---\nprofile: agentflow\nissuers: [{keys: [{alg: HS256, secret: {env: S}}]}]\n",
    ] {
        let output = run_with(document, &["config", "check", "--no-secrets", "--config", "-"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("standard input: no errors"), "{}", text(&output.stdout));
    }
    for (document, complaint) in [
        (
            "profile: generic\nissuers:\n  - keyz: []\n",
            "standard input:3:11: /issuers/0/keyz: unknown member",
        ),
        (
            "profile: generic\nprofile: r2r\n",
            "standard input:2:1: not usable YAML: duplicated key in mapping",
        ),
        ("profile: [\n", "standard input:2:1: not usable YAML: "),
        ("profile: generic\nissuers: !set { a }\n", "standard input:2:"),
        ("profile: generic\n1: 2\n", "standard input:2:1: the name of a member is a text"),
    ] {
        let output = run_with(document, &["config", "check", "--no-secrets", "--config", "-"]);
        assert_eq!(output.status.code(), Some(2), "{document}");
        assert!(text(&output.stderr).contains(complaint), "{document}: {}", text(&output.stderr));
    }
}

#[test]
fn a_file_without_a_document_or_with_several() {
    let filter = |line: &str| {
        format!(
            "  - \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n    config:\n      configuration:\n        \"@type\": type.googleapis.com/google.protobuf.StringValue\n        value: '{line}'\n"
        )
    };
    let document = r#"{"profile":"agentflow","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"S"}}]}]}"#;
    let folder = Folder::new();
    for (name, file, code, part) in [
        ("one.yaml", format!("filters:\n{}", filter(document)), 0, "one.yaml: no errors"),
        (
            "two.yaml",
            format!("filters:\n{}{}", filter(document), filter(document)),
            2,
            "several filters, in lines 5, 10",
        ),
        ("wrong.yaml", format!("filters:\n{}", filter("{")), 2, "wrong.yaml:6:"),
        ("none.toml", "[vars]\nORIGIN = \"x\"\n".to_owned(), 2, "no variable PORTCULLIS_CONFIG under [vars]"),
        ("broken.toml", "[vars\n".to_owned(), 2, "broken.toml:1:"),
        (
            "several.toml",
            "[env.a.vars]\nPORTCULLIS_CONFIG = '{}'\n[env.b.vars]\nPORTCULLIS_CONFIG = '{}'\n".to_owned(),
            2,
            "(env.a, env.b)",
        ),
    ] {
        std::fs::write(folder.path(name), file).unwrap();
        let mut command = portcullis(&["config", "check", "--no-secrets", "--config"]);
        let output = command.arg(folder.path(name)).output().unwrap();
        let printed = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{name}: {printed}");
        assert!(printed.contains(part), "{name}: {printed}");
    }
}

#[test]
fn every_command_takes_the_other_forms() {
    let yaml = "profile: generic\nissuers: [{keys: [{alg: HS256, secret: {env: S}}]}]\npolicy: {routes: {GET /a: public}}\n";
    for arguments in
        [&["policy", "matrix", "--config", "-"][..], &["policy", "who-can", "--config", "-", "GET /a"]]
    {
        let output = run_with(yaml, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    }
    let mut command = portcullis(&["explain", "--config", "-", "GET /a"]);
    let output = command.env("S", SECRET).write_stdin(yaml).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}
