//! `portcullis token mint` as a user runs it.

use std::process::Output;

use crate::common::{Folder, assert_code, json, portcullis, run, run_with, text};
use jwt_simple::prelude::*;
use serde_json::{Value, json};

const AT: &str = "2026-11-22T00:00:00Z";
/// The same in seconds.
const NOW: u64 = 1_795_305_600;
const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn fixture(name: &str) -> String {
    format!("{}/tests/keys/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn env_file(folder: &Folder) -> String {
    folder.write("secrets.env", format!("JWT_SECRET_KEY={SECRET}\n"))
}

/// Mints with the secret, at a fixed time.
fn mint(folder: &Folder, arguments: &[&str]) -> Output {
    let env = env_file(folder);
    let fixed = ["token", "mint", "--secret-env", "JWT_SECRET_KEY", "--env-file", &env, "--alg", "HS256"];
    run(&[&fixed[..], &["--at", AT], arguments].concat())
}

/// Header and claims, as they are written.
fn parts(output: &Output) -> (Value, String) {
    assert_code(output, 0);
    let token = text(&output.stdout).strip_suffix('\n').unwrap();
    let part = |index| {
        String::from_utf8(portcullis::base64url::decode(token.split('.').nth(index).unwrap()).unwrap())
            .unwrap()
    };
    (serde_json::from_str(&part(0)).unwrap(), part(1))
}

#[test]
fn claims_are_written_as_they_were_given() {
    let folder = Folder::new();
    let output = mint(&folder, &[]);
    let (header, claims) = parts(&output);
    assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
    assert_eq!(claims, format!(r#"{{"exp":{},"iat":{NOW}}}"#, NOW + 900));
    assert_eq!(text(&output.stderr), "");

    let (header, claims) = parts(&mint(
        &folder,
        &[
            "--subject",
            "alice",
            "--issuer",
            "https://issuer.example",
            "--audience",
            "a",
            "--ttl",
            "1h 30m",
            "--not-before",
            "1795305000",
            "--kid",
            "k1",
            "--claim",
            "n=1.50",
            "--claim",
            "big=18446744073709551616",
            "--claim",
            r#"o={"z": [1e2], "a":null}"#,
            "--claim",
            "equals=\"a=b\"",
        ],
    ));
    assert_eq!(header, json!({"alg": "HS256", "typ": "JWT", "kid": "k1"}));
    assert_eq!(
        claims,
        format!(
            r#"{{"aud":"a","big":18446744073709551616,"equals":"a=b","exp":{},"iat":{NOW},"iss":"https://issuer.example","n":1.50,"nbf":1795305000,"o":{{"z": [1e2], "a":null}},"sub":"alice"}}"#,
            NOW + 5400
        )
    );
    let (_, claims) = parts(&mint(&folder, &["--audience", "a", "--audience", "b"]));
    assert!(claims.contains(r#""aud":["a","b"]"#), "{claims}");
    // A registered claim may be given as JSON instead, whatever its worth: to see that it is refused.
    let (_, claims) = parts(&mint(&folder, &["--claim", "exp=\"soon\"", "--claim", "aud=[]"]));
    assert_eq!(claims, format!(r#"{{"aud":[],"exp":"soon","iat":{NOW}}}"#));
}

#[test]
fn without_a_time_it_is_now() {
    let before = Clock::now_since_epoch().as_secs();
    let output =
        portcullis(&["token", "mint", "--secret-env", "MINT_SECRET", "--alg", "HS256", "--ttl", "90s"])
            .env("MINT_SECRET", SECRET)
            .output()
            .unwrap();
    let (_, claims) = parts(&output);
    let claims: Value = serde_json::from_str(&claims).unwrap();
    let issued = claims["iat"].as_u64().unwrap();
    assert!((before..before + 60).contains(&issued));
    assert_eq!(claims["exp"], issued + 90);
    // An unrelated verifier takes it.
    let key = HS256Key::from_bytes(SECRET.as_bytes());
    key.verify_token::<NoCustomClaims>(text(&output.stdout).trim_end(), None).unwrap();
}

#[test]
fn with_keys_of_openssl() {
    let folder = Folder::new();
    for (file, algorithms) in [
        ("rsa.pkcs1.pem", &["RS256", "RS384", "RS512"][..]),
        ("rsa.pkcs8.pem", &["PS256", "PS384", "PS512"]),
        ("p256.pkcs8.pem", &["ES256"]),
        ("p384.sec1.pem", &["ES384"]),
        ("p521.pkcs8.pem", &["ES512"]),
        ("ed25519.pkcs8.pem", &["EdDSA", "Ed25519"]),
    ] {
        let public = run(&["key", "public", &fixture(file)]);
        let keys = folder.write("public.json", public.stdout);
        for algorithm in algorithms {
            let minted = run(&["token", "mint", "--key", &fixture(file), "--alg", algorithm, "--kid", "k"]);
            let (header, _) = parts(&minted);
            assert_eq!(header, json!({"alg": algorithm, "typ": "JWT", "kid": "k"}));
            assert_code(&run_with(minted.stdout, &["jws", "verify", "--alg", algorithm, "--keys", &keys]), 0);
        }
        // A curve says by itself what it is for.
        let minted = run(&["token", "mint", "--key", &fixture(file)]);
        if file.starts_with("rsa") {
            assert_code(&minted, 2);
            assert!(text(&minted.stderr).contains("add --alg RS256 or PS256"), "{}", text(&minted.stderr));
        } else {
            assert_eq!(parts(&minted).0["alg"], algorithms[0]);
        }
    }
    // An unrelated verifier takes what jwt-simple has not signed either: the name alone differs.
    let pem = std::fs::read_to_string(fixture("ed25519.public.pem")).unwrap();
    let minted = run(&["token", "mint", "--key", &fixture("ed25519.pkcs8.pem"), "--subject", "a"]);
    let key = Ed25519PublicKey::from_pem(&pem).unwrap();
    key.verify_token::<NoCustomClaims>(text(&minted.stdout).trim_end(), None).unwrap();
}

#[test]
fn the_gate_lets_it_in() {
    let folder = Folder::new();
    let env = env_file(&folder);
    let config = folder.write(
        "portcullis.json",
        json!({"profile": "generic", "issuers": [{
            "issuer": "https://issuer.example", "audience": "api", "token_profile": "at+jwt",
            "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}],
        }]})
        .to_string(),
    );
    let arguments = [
        "--typ",
        "at+jwt",
        "--subject",
        "alice",
        "--issuer",
        "https://issuer.example",
        "--audience",
        "api",
        "--claim",
        "client_id=\"cli\"",
    ];
    let whole = mint(&folder, &[&arguments[..], &["--claim", "jti=\"1\""]].concat());
    assert_eq!(text(&whole.stderr), "");
    let verify = ["token", "verify", "--json", "--config", &config, "--env-file", &env, "--at", AT];
    let output = run_with(whole.stdout, &verify);
    assert_code(&output, 0);
    assert_eq!(json(&output)["principal"]["subject"], "alice");

    let lacking = mint(&folder, &arguments);
    assert_code(&lacking, 0);
    assert!(
        text(&lacking.stderr).starts_with("warning: an `at+jwt` has jti too"),
        "{}",
        text(&lacking.stderr)
    );
    let output = run_with(lacking.stdout, &verify);
    assert_code(&output, 1);
    assert_eq!(json(&output)["reason"], "claim_missing");
}

#[test]
fn as_json_and_warnings() {
    let folder = Folder::new();
    let report = json(&mint(&folder, &["--json", "--subject", "a"]));
    assert_eq!(report["header"], json!({"alg": "HS256", "typ": "JWT", "kid": null}));
    assert_eq!(report["claims"]["sub"], "a");
    assert_eq!(report["token"].as_str().unwrap().split('.').count(), 3);
    let output = mint(&folder, &["--ttl", "25h"]);
    assert_code(&output, 0);
    assert!(text(&output.stderr).starts_with("warning: --ttl: 1 day is long"), "{}", text(&output.stderr));
    let output = mint(&folder, &["--claim", &format!("a=\"{}\"", "a".repeat(20_000))]);
    assert_code(&output, 0);
    assert!(text(&output.stderr).contains("the gate reads at most 16384"), "{}", text(&output.stderr));
}

#[test]
fn mistakes_of_the_user() {
    let folder = Folder::new();
    let env = env_file(&folder);
    let short = folder.write("short.env", "SHORT=abc\n");
    let (ec, public) = (fixture("p256.pkcs8.pem"), fixture("p256.public.pem"));
    let jwk = folder.write("jwk.json", run(&["key", "generate", "--alg", "HS256"]).stdout);
    let with_secret = ["--secret-env", "JWT_SECRET_KEY", "--env-file", &env];
    for (arguments, expected) in [
        (&[][..], "--key <FILE>|--secret-env <NAME>"),
        (&["--key", &ec, "--secret-env", "A"], "cannot be used with"),
        (&["--key", "/absent.pem"], "--key: cannot read `/absent.pem`"),
        (&["--key", &public], "a public key; signing takes the private one"),
        (&["--key", &ec, "--alg", "ES384"], "the key is for ES256; leave out --alg"),
        (&["--key", &jwk, "--alg", "HS384"], "the key is for HS256; leave out --alg"),
        (&["--key", &ec, "--alg", "HS256"], "the key is for ES256; leave out --alg"),
        (&["--key", &ec, "--kid", ""], "--kid: write 1 to 256 bytes"),
        (&with_secret, "add --alg HS256, HS384 or HS512"),
        (&[&with_secret[..], &["--alg", "RS256"]].concat(), "another type or curve"),
        (&["--secret-env", "UNSET", "--alg", "HS256"], "set the environment variable UNSET, or add it to"),
        (&["--secret-env", "SHORT", "--env-file", &short, "--alg", "HS256"], "shorter than 32 bytes"),
        (&["--key", &ec, "--claim", "role"], "write NAME=JSON"),
        (&["--key", &ec, "--claim", "=1"], "write NAME=JSON"),
        (&["--key", &ec, "--claim", "role=user"], "a text needs quotes: --claim 'role=\"…\"'"),
        (&["--key", &ec, "--claim", "a={\"b\":1,\"b\":2}"], "occurs twice"),
        (&["--key", &ec, "--claim", "a=1", "--claim", "a=1"], "the claim `a` is given twice"),
        (
            &["--key", &ec, "--claim", "sub=\"a\"", "--subject", "a"],
            "--subject: the claim `sub` is given twice",
        ),
        (
            &["--key", &ec, "--claim", "iss=\"a\"", "--issuer", "a"],
            "--issuer: the claim `iss` is given twice",
        ),
        (
            &["--key", &ec, "--claim", "aud=\"a\"", "--audience", "a"],
            "--audience: the claim `aud` is given twice",
        ),
        (
            &["--key", &ec, "--claim", "nbf=1", "--not-before", "1"],
            "--not-before: the claim `nbf` is given twice",
        ),
        (&["--key", &ec, "--claim", "exp=1", "--ttl", "1h"], "--ttl: the claim `exp` is given twice"),
        (&["--key", &ec, "--claim", "iat=1", "--at", "1"], "--at: the claim `iat` is given twice"),
        (&["--key", &ec, "--ttl", "soon"], "--ttl: write whole seconds"),
        (&["--key", &ec, "--ttl", "0s"], "--ttl: write whole seconds"),
        (&["--key", &ec, "--ttl", "1.5s"], "--ttl: write whole seconds"),
        (&["--key", &ec, "--ttl=-1h"], "--ttl: write whole seconds"),
        (&["--key", &ec, "--ttl", "100000000h"], "--ttl: the token would end after the year 9999"),
        (&["--key", &ec, "--not-before", "noon"], "--not-before: write a time like"),
    ] {
        let output = run(&[&["token", "mint"], arguments].concat());
        assert_code(&output, 2);
        let stderr = text(&output.stderr);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(!stderr.contains(SECRET), "{stderr}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
}
