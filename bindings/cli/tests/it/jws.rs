//! `portcullis jws` as a user runs it.

use std::path::Path;
use std::process::Output;

use crate::common::{Folder, assert_code, json, portcullis, run, run_with, text};
use serde_json::{Value, json};

/// The key and the token of RFC 7515 appendix A.1.
const RFC_KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
const RFC_TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const RFC_PAYLOAD: &str =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

fn verify(keys: &str, arguments: &[&str]) -> Output {
    run(&[&["jws", "verify", "--keys", keys], arguments].concat())
}

fn first_line(output: &Output) -> &str {
    text(&output.stderr).lines().next().unwrap_or_default()
}

#[test]
fn the_payload_and_nothing_else() {
    let folder = Folder::new();
    let jwk = folder.write("jwk.json", RFC_KEY);
    let set = folder.write("set.json", format!("{{\"keys\":[{RFC_KEY}]}}"));
    for keys in [&jwk, &set] {
        let arguments = ["jws", "verify", "--keys", keys];
        for output in [
            verify(keys, &[RFC_TOKEN]),
            verify(keys, &["--alg", "HS256", "--alg", "RS256", RFC_TOKEN]),
            verify(keys, &["--", RFC_TOKEN]),
            run_with(RFC_TOKEN, &arguments),
            run_with(format!("{RFC_TOKEN}\n"), &[&arguments[..], &["-"]].concat()),
        ] {
            assert_code(&output, 0);
            assert_eq!((text(&output.stdout), text(&output.stderr)), (RFC_PAYLOAD, ""));
        }
        // One line end, and nothing else that is around the token.
        for input in [format!("{RFC_TOKEN}\n\n"), format!(" {RFC_TOKEN}"), format!("{RFC_TOKEN}\r\n")] {
            let output = run_with(input, &arguments);
            assert_code(&output, 1);
            assert_eq!(output.stdout, b"");
        }
    }
}

#[test]
fn refusals_begin_with_the_reason() {
    let folder = Folder::new();
    let keys = folder.write("keys.json", RFC_KEY);
    let (rest, signature) = RFC_TOKEN.rsplit_once('.').unwrap();
    let forged = format!("{rest}.{}", signature.replacen('d', "e", 1));
    let unsigned = "eyJhbGciOiJub25lIn0.e30.AA";
    let critical = "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9.e30.AA";
    for (arguments, reason) in [
        (&[forged.as_str()][..], "signature_invalid"),
        (&[unsigned], "algorithm_not_allowed"),
        (&[critical], "critical_header"),
        (&["not-a-token"], "token_malformed"),
        (&[""], "token_malformed"),
        (&["--alg", "HS384", RFC_TOKEN], "algorithm_not_allowed"),
        (&["--alg", "HS512", "--alg", "RS256", RFC_TOKEN], "algorithm_not_allowed"),
    ] {
        let output = verify(&keys, arguments);
        assert_code(&output, 1);
        assert_eq!(text(&output.stdout), "");
        assert!(first_line(&output).starts_with(&format!("{reason}: ")), "{}", text(&output.stderr));

        let report = json(&verify(&keys, &[&["--json"], arguments].concat()));
        assert_eq!((&report["valid"], &report["reason"]), (&json!(false), &json!(reason)));
        assert_eq!((&report["payload"], &report["payload_json"]), (&Value::Null, &Value::Null));
    }
    let output = run_with(*b"\xff\xfe.a.b", &["jws", "verify", "--keys", &keys]);
    assert_code(&output, 1);
    assert!(first_line(&output).starts_with("token_malformed: "));
    let long = format!("{RFC_TOKEN}{}", "A".repeat(64 * 1024));
    let output = run_with(long, &["jws", "verify", "--keys", &keys]);
    assert!(first_line(&output).starts_with("token_too_large: "), "{}", text(&output.stderr));
}

#[test]
fn as_json() {
    let folder = Folder::new();
    let other = json!({"kty": "RSA", "use": "enc", "kid": "e1", "n": "AQ", "e": "AQAB"});
    let key: Value = serde_json::from_str(RFC_KEY).unwrap();
    let keys = folder.write("keys.json", json!({"keys": [other, key]}).to_string());
    let output = verify(&keys, &["--json", RFC_TOKEN]);
    assert_code(&output, 0);
    let report = json(&output);
    assert_eq!(
        (&report["valid"], &report["reason"], &report["detail"]),
        (&json!(true), &json!(null), &json!(null))
    );
    assert_eq!((&report["alg"], &report["kid"]), (&json!("HS256"), &json!(null)));
    assert_eq!(report["payload"].as_str(), RFC_TOKEN.split('.').nth(1));
    assert_eq!(report["payload_json"]["http://example.com/is_root"], true);
    assert_eq!(report["unused_keys"][0]["index"], 0);
    assert_eq!(report["unused_keys"][0]["kid"], "e1");
    // The same in words does not disturb the payload.
    let output = verify(&keys, &[RFC_TOKEN]);
    assert_eq!(text(&output.stdout), RFC_PAYLOAD);
    assert!(first_line(&output).starts_with("keys[0] (e1) is not used: "), "{}", text(&output.stderr));
}

#[test]
fn a_payload_need_not_be_json() {
    let folder = Folder::new();
    // RFC 7520 section 4.4.
    let keys = folder.write(
        "keys.json",
        r#"{"kty":"oct","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037","use":"sig","alg":"HS256","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"}"#,
    );
    let token = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0";
    let output = verify(&keys, &[token]);
    assert_code(&output, 0);
    assert!(text(&output.stdout).starts_with("It’s a dangerous business, Frodo"));
    let report = json(&verify(&keys, &["--json", token]));
    assert_eq!((&report["valid"], &report["payload_json"]), (&json!(true), &Value::Null));
    assert_eq!(report["kid"], "018c0ae5-4d9b-471b-bfd6-eef314bc7037");
}

#[test]
fn refused_keys_are_named() {
    let folder = Folder::new();
    let good: Value = serde_json::from_str(RFC_KEY).unwrap();
    let good = |kid: &str| {
        let mut key = good.clone();
        key["kid"] = json!(kid);
        key
    };
    let foreign = json!({"kty": "OKP", "crv": "X25519", "kid": "x", "x": "AA"});
    let weak = json!({"kty": "oct", "alg": "HS256", "kid": "weak", "k": "c2hvcnQ"});
    let private = json!({"kty": "EC", "crv": "P-256", "kid": "p", "x": "AA", "y": "AA", "d": "AA"});
    for (keys, expected) in [
        (json!([foreign, weak]), "keys[1] (weak) is not used: the secret is shorter than 32 bytes"),
        (json!([good("a"), private]), "keys[1] (p) is not used: it has the private member `d`"),
        (json!([good("a"), good("a")]), "keys[1] (a) is not used: an earlier key has this `kid`"),
        (json!([good("a\n\u{1b}[2J"), private]), "keys[1] (p) is not used: "),
        (json!([foreign]), "keys[0] (x) is not used: a key type or curve"),
        (json!([]), ""),
    ] {
        let file = folder.write("keys.json", json!({"keys": keys}).to_string());
        let output = verify(&file, &["--alg", "HS256", RFC_TOKEN]);
        assert_code(&output, 1);
        assert!(first_line(&output).starts_with("key_unknown: "), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
        assert!(!text(&output.stderr).contains('\u{1b}'));
    }
    // What is wrong with one key is nothing against the others (RFC 7517 section 5), and is told.
    let file = folder.write("keys.json", json!({"keys": [foreign, good("a"), weak]}).to_string());
    let output = verify(&file, &["--alg", "HS256", RFC_TOKEN]);
    assert_code(&output, 0);
    assert_eq!(text(&output.stdout), RFC_PAYLOAD);
    let notes: Vec<_> = text(&output.stderr).lines().collect();
    assert!(
        matches!(notes[..], [one, two] if one.starts_with("keys[0] (x) is not used: ")
            && two.starts_with("keys[2] (weak) is not used: the secret is shorter than 32 bytes")),
        "{notes:?}"
    );
    let file = folder.write("weak.json", weak.to_string());
    let output = verify(&file, &[RFC_TOKEN]);
    assert_code(&output, 1);
    assert!(
        text(&output.stderr).contains("key (weak) is not used: the secret is shorter"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn unknown_algorithms_allow_nothing() {
    let folder = Folder::new();
    let keys = folder.write("keys.json", RFC_KEY);
    for name in ["ES521", "none", "hs256", "HS256 ", ""] {
        let output = verify(&keys, &["--alg", name, RFC_TOKEN]);
        assert_code(&output, 1);
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with("algorithm_not_allowed: "), "{stderr}");
        assert!(stderr.contains("warning: --alg:") && stderr.contains("HS256, HS384"), "{stderr}");
        let output = verify(&keys, &["--alg", name, "--alg", "HS256", RFC_TOKEN]);
        assert_code(&output, 0);
        assert!(text(&output.stderr).starts_with("warning: --alg: "));
        let output = verify(&keys, &["--json", "--alg", name, RFC_TOKEN]);
        assert_eq!(json(&output)["reason"], "algorithm_not_allowed");
        assert!(text(&output.stderr).starts_with("warning: --alg: "));
    }
}

#[test]
fn mistakes_of_the_user() {
    let folder = Folder::new();
    let keys = folder.write("keys.json", RFC_KEY);
    for content in [
        "",
        "{}",
        "[]",
        "not json",
        "{\"keys\":1}",
        "{\"kty\":\"oct\",\"kty\":\"oct\"}",
        "-----BEGIN PUBLIC KEY-----",
    ] {
        let output = verify(&folder.write("broken.json", content), &[RFC_TOKEN]);
        assert_code(&output, 2);
        assert!(first_line(&output).starts_with("error: --keys: "), "{}", text(&output.stderr));
        assert_eq!(output.stdout, b"");
    }
    let absent = folder.path("absent.json");
    assert_code(&verify(absent.to_str().unwrap(), &[RFC_TOKEN]), 2);
    // A token that ends up in the wrong place is not repeated.
    for arguments in [
        &["jws", "verify", RFC_TOKEN][..],
        &["jws", "verify", "--keys", RFC_TOKEN],
        &["jws", "verify", "--keys", &keys, RFC_TOKEN, RFC_TOKEN],
        &["jws", "verify", "--keys", &keys, RFC_TOKEN, &format!("--json={RFC_TOKEN}")],
        &["jws", RFC_TOKEN],
        &[RFC_TOKEN],
    ] {
        let output = run(arguments);
        assert_code(&output, 2);
        assert!(!text(&output.stderr).contains("eyJ"), "{}", text(&output.stderr));
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_panic() {
    let folder = Folder::new();
    let keys = folder.write("keys.json", RFC_KEY);
    let command = portcullis(&[]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = std::process::Command::new(command.get_program())
        .args(["jws", "verify", "--keys", &keys, RFC_TOKEN])
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_code(&output, 0);
    assert_eq!(text(&output.stderr), "");
}

/// Third-party vectors, where they are at hand: beside the repository, in `../shared/vectors`.
#[test]
fn vectors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/jws_cases.json");
    let Ok(cases) = std::fs::read(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let exceptions: Value =
        serde_json::from_str(include_str!("../../../../tests/core/tests/it/exceptions.json")).unwrap();
    let refused_here = |id: &Value| {
        exceptions.as_array().unwrap().iter().any(|entry| {
            entry["set"] == "jws_cases"
                && entry["ours"] == "invalid"
                && entry["ids"].as_array().unwrap().contains(id)
        })
    };
    let folder = Folder::new();
    let (mut valid, mut wrong) = (0, Vec::new());
    for case in &cases {
        let keys = folder.write("keys.json", json!({"keys": case["keys"]}).to_string());
        let mut arguments = vec!["jws", "verify", "--keys", &keys];
        for name in case["algs"].as_array().unwrap() {
            arguments.extend(["--alg", name.as_str().unwrap()]);
        }
        // Cases marked as disputed are labelled valid upstream although they break RFC 7515.
        let expected = case["expect"] == "valid"
            && case.get("disputed").is_none_or(Value::is_null)
            && !refused_here(&case["id"]);
        let token = case["token"].as_str().unwrap();
        let output =
            if expected { run(&[&arguments[..], &[token]].concat()) } else { run_with(token, &arguments) };
        let refused = output.status.code() == Some(1)
            && output.stdout.is_empty()
            && first_line(&output).split_once(": ").is_some_and(|(code, _)| !code.contains(' '));
        if output.status.code() != Some(if expected { 0 } else { 1 }) || refused == expected {
            wrong.push(format!("{}: {}: {output:?}", case["id"], case["comment"]));
        }
        valid += usize::from(expected);
    }
    println!("{valid} valid and {} invalid tokens", cases.len() - valid);
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(valid >= 32 && cases.len() - valid >= 200);
}
