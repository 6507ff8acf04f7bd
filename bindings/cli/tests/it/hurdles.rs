//! What people type in their first hour, and what they are told.

use crate::common::{Folder, portcullis, run, text};

#[test]
fn commands_of_other_names() {
    for (arguments, command) in [
        (&["lint"][..], "portcullis config check"),
        (&["validate"], "portcullis config check"),
        (&["config", "validate"], "portcullis config check"),
        (&["verify"], "portcullis token verify"),
        (&["token", "decode"], "portcullis token inspect"),
        (&["keygen"], "portcullis key generate"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let tip = format!("tip: `{command}");
        assert!(text(&output.stderr).contains(&tip), "{arguments:?}: {}", text(&output.stderr));
    }
    assert!(!text(&run(&["frobnicate"]).stderr).contains("tip: `portcullis"));
}

#[test]
fn a_request_in_two_words_or_one() {
    let folder = Folder::new();
    let document = r#"{"profile":"agentflow","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"S"}}]}]}"#;
    let file = folder.write("portcullis.json", document);
    for command in [&["explain"][..], &["policy", "who-can"]] {
        let said = |request: &[&str]| {
            let mut command = portcullis(&[command, &["--config", &file], request].concat());
            let output = command.env("S", "0f1e2d3c4b5a69788796a5b4c3d2e1f0").output().unwrap();
            (output.status.code(), text(&output.stdout).to_owned())
        };
        let one = said(&["GET /ping"]);
        assert_eq!(one.0, Some(0), "{one:?}");
        assert_eq!(said(&["GET", "/ping"]), one);
        assert_eq!(said(&["GET", "/ping", "HTTP/1.1"]).0, Some(2));
    }
}

#[test]
fn tokens_with_something_around_them() {
    for (token, complaint) in [
        ("Bearer a.b.c", "begins with `Bearer `"),
        ("bearer a.b.c", "begins with `Bearer `"),
        ("a.b.c\n\n", "white space around it"),
        ("a.b.c\r\n", "white space around it"),
        (" a.b.c", "white space around it"),
    ] {
        let document =
            r#"{"profile":"agentflow","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"S"}}]}]}"#;
        let folder = Folder::new();
        let file = folder.write("portcullis.json", document);
        for (input, argument) in [("", Some(token)), (token, None)] {
            let mut command = portcullis(&["token", "verify", "--config", &file]);
            let command = command.args(argument).env("S", "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
            let output = command.write_stdin(input).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{token:?}");
            let printed = text(&output.stderr);
            assert!(printed.contains(complaint) && !printed.contains("a.b.c"), "{token:?}: {printed}");
        }
    }
}

#[test]
fn a_line_of_a_file_of_secrets() {
    let folder = Folder::new();
    let file = folder.path("secrets.env");
    std::fs::write(&file, "# secrets\nA=1\nNAME=two words\n").unwrap();
    let mut command = portcullis(&["config", "check", "--config", "-", "--env-file"]);
    let output = command.arg(&file).write_stdin(r#"{"profile":"generic"}"#).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let printed = text(&output.stderr);
    assert!(printed.contains("secrets.env`:3: not `NAME=value`"), "{printed}");
    assert!(printed.contains("takes quotes") && !printed.contains("two words`"), "{printed}");
}

#[test]
fn a_shell_and_a_manual() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(text(&output.stdout).contains("api-key"), "{shell}");
    }
    let folder = Folder::new();
    let mut command = portcullis(&["man", "--out"]);
    assert!(command.arg(folder.path("man")).output().unwrap().status.success());
    for page in ["portcullis.1", "portcullis-config-check.1", "portcullis-api-key-import.1"] {
        let page = std::fs::read_to_string(folder.path("man").join(page)).unwrap();
        assert!(page.contains(".SH OPTIONS"));
    }
    assert!(text(&run(&["man"]).stdout).contains(".TH portcullis 1"));
}
