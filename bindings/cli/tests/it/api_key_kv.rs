//! `portcullis api-key … --kv`: the commands of wrangler that are printed, and those that are run.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use serde_json::{Value, json};

use crate::common::{Folder, assert_code, json as printed, portcullis, text};

const PEPPER: &str = "5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1";
const AT: &str = "2026-11-22T00:00:00Z";
const FOREIGN: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

/// A namespace in a folder, and an `npx` that keeps to what wrangler does: a value is in a file of its key, `put` writes,
/// `get` prints, or says with exit code 0 that there is none.
struct Namespace(Folder);

impl Namespace {
    fn new() -> Self {
        let folder = Folder::new();
        std::fs::create_dir(folder.path("kv")).unwrap();
        folder.write(
            "npx",
            r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
printf '%s\n' "$*" >> ran
[ "$1 $2 $3 $5 $6" = "wrangler kv key --binding PORTCULLIS_KEYS" ] || exit 1
[ ! -e broken ] || { echo "authentication error"; exit 1; }
verb=$4
shift 7
case $verb in
  put) printf '%s' "$2" > "kv/$1" ;;
  get) cat "kv/$1" 2> /dev/null || echo "Value not found" ;;
  delete) rm "kv/$1" ;;
  list) printf '['; comma=; for name in kv/*; do printf '%s{"name": "%s"}' "$comma" "${name#kv/}"; comma=,; done; printf ']' ;;
esac
"#,
        );
        std::fs::set_permissions(folder.path("npx"), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let path = format!("{}:{}", self.0.path("").display(), std::env::var("PATH").unwrap());
        let mut command = portcullis(&["api-key"]);
        command.args(arguments).env("PATH", path).env("PORTCULLIS_PEPPER", PEPPER).write_stdin(input);
        command.output().unwrap()
    }

    fn ran(&self) -> Vec<String> {
        let ran = std::fs::read_to_string(self.0.path("ran")).unwrap_or_default();
        ran.lines().map(str::to_owned).collect()
    }

    fn value(&self, key: &str) -> Option<Value> {
        let text = std::fs::read_to_string(self.0.path("kv").join(key)).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }
}

#[test]
fn the_commands_are_printed_as_a_shell_takes_them() {
    let namespace = Namespace::new();
    let output =
        namespace.run(&["create", "--id", "ci1", "--role", "user", "--owner", "it's me", "--kv"], "");
    assert_code(&output, 0);
    let created = printed(&output);
    let shown = text(&output.stderr);
    assert!(
        shown.starts_with("npx wrangler kv key put --binding PORTCULLIS_KEYS --remote ci1 '{"),
        "{shown}"
    );
    assert!(!shown.contains(created["key"].as_str().unwrap()), "{shown}");
    assert!(namespace.ran().is_empty());
    // Typed, it does what it says.
    let path = format!("{}:{}", namespace.0.path("").display(), std::env::var("PATH").unwrap());
    let typed = std::process::Command::new("sh").args(["-c", shown]).env("PATH", path).status().unwrap();
    assert!(typed.success());
    assert_eq!(namespace.value("ci1").unwrap(), created["record"]);

    let output = namespace.run(
        &["revoke", FOREIGN, "--kv", "--local", "--wrangler-config", "w.toml", "--wrangler-env", "staging"],
        "",
    );
    assert_code(&output, 0);
    assert_eq!(
        text(&output.stderr),
        format!(
            "npx wrangler kv key delete --binding PORTCULLIS_KEYS --local --config w.toml --env staging {FOREIGN}\n"
        )
    );
    assert_eq!(text(&output.stdout), "");
    let output = namespace.run(&["list", "--kv"], "");
    assert_eq!(text(&output.stderr), "npx wrangler kv key list --binding PORTCULLIS_KEYS --remote\n");
}

#[test]
fn keys_of_another_system_are_stored_under_their_hashes() {
    let namespace = Namespace::new();
    let keys = "first-key-of-some-length,second-key-of-some-length";
    let output =
        namespace.run(&["import", "--role", "user", "--expires", "2999-01-01", "--kv", "--run"], keys);
    assert_code(&output, 0);
    let imported = printed(&output);
    for record in imported["records"].as_array().unwrap() {
        assert_eq!(namespace.value(record["hash"].as_str().unwrap()).as_ref(), Some(record));
    }
    assert!(
        namespace.ran().iter().all(|line| !line.contains("-key-of-some-length")),
        "{:?}",
        namespace.ran()
    );

    std::fs::write(namespace.0.path("kv/stranger"), "<html>").unwrap();
    let output = namespace.run(&["list", "--kv", "--run", "--json", "--at", AT], "");
    assert_code(&output, 0);
    let listed = printed(&output);
    let ids = |records: &Value| {
        let mut ids: Vec<String> = records
            .as_array()
            .unwrap()
            .iter()
            .map(|record| record["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&listed["records"]), ids(&imported["records"]));
    assert_eq!(listed["records"][0]["state"], "active");
    assert!(
        text(&output.stderr).contains("note: under `stranger`: not usable JSON"),
        "{}",
        text(&output.stderr)
    );

    let hash = imported["records"][0]["hash"].as_str().unwrap();
    let output = namespace.run(&["revoke", hash, "--kv", "--run"], "");
    assert_code(&output, 0);
    assert_eq!((printed(&output), namespace.value(hash)), (json!({"removed": hash}), None));
}

#[test]
fn a_rotation_writes_the_new_record_first() {
    let namespace = Namespace::new();
    let created = printed(&namespace.run(&["create", "--id", "ci1", "--role", "user", "--kv", "--run"], ""));
    assert_eq!(namespace.value("ci1").unwrap(), created["record"]);
    let output = namespace.run(&["rotate", "ci1", "--kv", "--run", "--at", AT, "--grace", "1h"], "");
    assert_code(&output, 0);
    let rotated = printed(&output);
    assert_eq!(namespace.value("ci1").unwrap(), rotated["old"]);
    assert_eq!(namespace.value("ci1r20261122").unwrap(), rotated["record"]);
    assert_eq!(
        (&rotated["old"]["expires_at"], &rotated["record"]["owner"]),
        (&json!("2026-11-22T01:00:00Z"), &json!("key:ci1"))
    );
    let ran = namespace.ran().join("\n");
    let position = |part: &str| ran.find(part).unwrap_or_else(|| panic!("{part}: {ran}"));
    assert!(position("--remote ci1r20261122 {") < position("\"expires_at\":\"2026-11-22T01:00:00Z\""));
    assert!(!ran.contains(rotated["key"].as_str().unwrap()) && !ran.contains(PEPPER), "{ran}");

    // Without --run, the record comes from standard input.
    let record = created["record"].to_string();
    let output = namespace.run(&["rotate", "ci1", "--kv", "--new-id", "ci2", "--at", AT], &record);
    assert_code(&output, 0);
    assert_eq!(text(&output.stderr).lines().count(), 2);
    assert_eq!(namespace.value("ci2"), None);
    for (arguments, input, complaint) in [
        (&["rotate", "ci2", "--kv", "--run"][..], "", "ID: there is no record under `ci2`"),
        (
            &["rotate", "ci1", "--kv"],
            "",
            "npx wrangler kv key get --binding PORTCULLIS_KEYS --remote ci1 --text",
        ),
        (&["rotate", "ci1", "--kv"], "{}", "the record cannot be used: "),
        (&["revoke", "a b", "--kv"], "", "ID: in Workers KV, a record is under"),
        (&["revoke", "ci1"], "", "--config"),
        (&["revoke", "ci1", "--config", "c.json", "--run"], "", "--kv"),
        (&["revoke", "ci1", "--config", "c.json", "--kv"], "", "choose one of --config, --bundle and --kv"),
        (&["list", "--config", "c.json", "--kv"], "", "choose one of --config, --bundle and --kv"),
    ] {
        let output = namespace.run(arguments, input);
        assert_code(&output, 2);
        assert!(text(&output.stderr).contains(complaint), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_key_whose_record_is_not_stored_is_not_shown() {
    let namespace = Namespace::new();
    namespace.0.write("broken", "");
    let output = namespace.run(&["create", "--id", "ci1", "--kv", "--run"], "");
    assert_code(&output, 2);
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).contains("`wrangler kv key put` failed"), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("authentication error") && !text(&output.stderr).contains("pc_live")
    );
}
