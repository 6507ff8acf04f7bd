//! `portcullis key` as a user runs it, compared with OpenSSL (`tests/keys`) and jwt-simple.

use crate::common::{Folder, assert_code, json, run, run_with, text};
use jwt_simple::prelude::*;
use portcullis::base64url;
use serde_json::{Value, json};

fn fixture(name: &str) -> String {
    format!("{}/tests/keys/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Generates a key into a new file and returns its path and the JWK.
fn generate(folder: &Folder, algorithm: &str, more: &[&str]) -> (String, Value) {
    let path = folder.path(&format!("{algorithm}.json"));
    let path = path.to_str().unwrap().to_owned();
    let output = run(&[&["key", "generate", "--alg", algorithm, "--out", &path], more].concat());
    assert_code(&output, 0);
    assert_eq!(text(&output.stdout), "");
    let jwk = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    (path, jwk)
}

fn bytes(value: &Value) -> Vec<u8> {
    base64url::decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn generated_keys_have_the_right_form() {
    let folder = Folder::new();
    for (algorithm, kty, crv, lengths) in [
        ("HS256", "oct", None, &[("k", 32)][..]),
        ("HS384", "oct", None, &[("k", 48)]),
        ("HS512", "oct", None, &[("k", 64)]),
        ("ES256", "EC", Some("P-256"), &[("x", 32), ("y", 32), ("d", 32)]),
        ("ES384", "EC", Some("P-384"), &[("x", 48), ("y", 48), ("d", 48)]),
        ("ES512", "EC", Some("P-521"), &[("x", 66), ("y", 66), ("d", 66)]),
        ("EdDSA", "OKP", Some("Ed25519"), &[("x", 32), ("d", 32)]),
        ("Ed25519", "OKP", Some("Ed25519"), &[("x", 32), ("d", 32)]),
    ] {
        let (path, jwk) = generate(&folder, algorithm, &[]);
        assert_eq!((&jwk["alg"], &jwk["kty"], &jwk["use"]), (&json!(algorithm), &json!(kty), &json!("sig")));
        assert_eq!(jwk["crv"].as_str(), crv);
        for (member, length) in lengths {
            assert_eq!(bytes(&jwk[member]).len(), *length, "{algorithm} {member}");
        }
        let thumbprint = run(&["key", "thumbprint", &path]);
        assert_code(&thumbprint, 0);
        let thumbprint = text(&thumbprint.stdout).trim_end().to_owned();
        // Tokens show the `kid` of a secret to everybody, so it is no hash of it.
        assert_eq!(jwk["kid"] == json!(thumbprint), kty != "oct", "{jwk}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        // Nothing is overwritten, and no key comes twice.
        let again = run(&["key", "generate", "--alg", algorithm, "--out", &path]);
        assert_code(&again, 2);
        assert!(text(&again.stderr).contains("exists and is not overwritten"), "{}", text(&again.stderr));
        let printed = json(&run(&["key", "generate", "--alg", algorithm, "--kid", "k1"]));
        assert_eq!(printed["kid"], "k1");
        let secret = if kty == "oct" { "k" } else { "d" };
        assert_ne!(printed[secret], jwk[secret]);
    }
    let report = json(&run(&[
        "key",
        "generate",
        "--json",
        "--alg",
        "ES256",
        "--kid",
        "a",
        "--out",
        folder.path("new.json").to_str().unwrap(),
    ]));
    assert_eq!(report["kid"], "a");
}

#[test]
fn generated_keys_sign_and_verify() {
    let folder = Folder::new();
    for algorithm in
        ["HS256", "HS384", "HS512", "RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
    {
        let bits: &[&str] = if algorithm.starts_with(['R', 'P']) { &["--bits", "2048"] } else { &[] };
        let (path, jwk) = generate(&folder, algorithm, bits);
        let minted = run(&["token", "mint", "--key", &path, "--subject", "alice"]);
        assert_code(&minted, 0);
        let public = if jwk["kty"] == "oct" {
            path
        } else {
            let public = run(&["key", "public", "--set", &path]);
            assert_code(&public, 0);
            assert!(json(&public)["keys"][0]["d"].is_null());
            folder.write("public.json", public.stdout)
        };
        let output = run_with(minted.stdout, &["jws", "verify", "--json", "--keys", &public]);
        assert_code(&output, 0);
        let report = json(&output);
        assert_eq!((&report["alg"], &report["kid"]), (&json!(algorithm), &jwk["kid"]));
        assert_eq!(report["payload_json"]["sub"], "alice");
    }
}

#[test]
fn public_halves_are_those_of_openssl() {
    for (private, public) in [
        ("rsa.pkcs8.pem", "rsa.public.pem"),
        ("rsa.pkcs1.pem", "rsa.public.pem"),
        ("p256.pkcs8.pem", "p256.public.pem"),
        ("p384.sec1.pem", "p384.public.pem"),
        ("p521.pkcs8.pem", "p521.public.pem"),
        ("ed25519.pkcs8.pem", "ed25519.public.pem"),
    ] {
        let expected = std::fs::read_to_string(fixture(public)).unwrap();
        for file in [private, public] {
            let output = run(&["key", "public", "--pem", &fixture(file)]);
            assert_code(&output, 0);
            assert_eq!(text(&output.stdout), expected, "{file}");
        }
        let jwk = run_with(std::fs::read(fixture(private)).unwrap(), &["key", "public"]);
        assert_code(&jwk, 0);
        assert!(json(&jwk).get("d").is_none());
        // There and back again.
        let output = run_with(jwk.stdout, &["key", "public", "--pem", "-"]);
        assert_eq!(text(&output.stdout), expected, "{private}");
        let report = json(&run(&["key", "public", "--json", "--pem", &fixture(private)]));
        assert_eq!(report["pem"], expected);
    }
}

#[test]
fn thumbprints_are_those_of_others() {
    // RFC 7638 section 3.1; its other members do not count.
    let rfc = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    let output = run_with(rfc, &["key", "thumbprint"]);
    assert_code(&output, 0);
    assert_eq!(text(&output.stdout), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\n");
    assert_eq!(
        json(&run_with(rfc, &["key", "thumbprint", "--json"]))["thumbprint"],
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
    // What the key is for does not count either.
    let other_use = rfc.replace("\"alg\":\"RS256\"", "\"alg\":\"RSA-OAEP\",\"use\":\"enc\"");
    assert_eq!(run_with(other_use.as_str(), &["key", "thumbprint"]).stdout, output.stdout);
    assert_code(&run_with(other_use, &["key", "public"]), 2);
    // RFC 8037 appendix A.3, of the private key of A.1.
    let rfc = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert_eq!(
        text(&run_with(rfc, &["key", "thumbprint"]).stdout),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\n"
    );

    let folder = Folder::new();
    let thumbprint = |jwk: &str| text(&run_with(jwk, &["key", "thumbprint"]).stdout).trim_end().to_owned();
    let (_, jwk) = generate(&folder, "ES256", &[]);
    assert_eq!(
        ES256KeyPair::from_jwk(&jwk.to_string()).unwrap().jwk_thumbprint(),
        thumbprint(&jwk.to_string())
    );
    let (_, jwk) = generate(&folder, "ES384", &[]);
    assert_eq!(
        ES384KeyPair::from_jwk(&jwk.to_string()).unwrap().jwk_thumbprint(),
        thumbprint(&jwk.to_string())
    );
    let (_, jwk) = generate(&folder, "EdDSA", &[]);
    assert_eq!(
        Ed25519KeyPair::from_jwk(&jwk.to_string()).unwrap().jwk_thumbprint(),
        thumbprint(&jwk.to_string())
    );
    // jwt-simple checks every private number of an RSA key.
    let (_, jwk) = generate(&folder, "RS256", &["--bits", "2048"]);
    assert_eq!(bytes(&jwk["n"]).len(), 256);
    assert_eq!(
        RS256KeyPair::from_jwk(&jwk.to_string()).unwrap().jwk_thumbprint(),
        thumbprint(&jwk.to_string())
    );
    for name in ["rsa", "p256", "p384", "p521", "ed25519"] {
        let private = if name == "p384" { "p384.sec1.pem".to_owned() } else { format!("{name}.pkcs8.pem") };
        let of = |file: &str| run(&["key", "thumbprint", &fixture(file)]).stdout;
        assert_eq!(of(&private), of(&format!("{name}.public.pem")));
    }
}

#[test]
fn keys_that_do_not_hold_together() {
    let folder = Folder::new();
    let (_, ec) = generate(&folder, "ES256", &[]);
    let (_, ed) = generate(&folder, "EdDSA", &[]);
    let (_, rsa) = generate(&folder, "RS256", &["--bits", "2048"]);
    let (_, secret) = generate(&folder, "HS256", &[]);
    let with = |jwk: &Value, member: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[member] = value;
        jwk.to_string()
    };
    let other = json!(base64url::encode(&[7; 32]));
    for (key, expected) in [
        (secret.to_string(), "a shared secret has no public half"),
        (with(&ec, "d", other.clone()), "`d` does not belong"),
        (with(&ed, "d", other.clone()), "`d` does not belong"),
        (with(&ec, "x", other), "no point on P-256"),
        (with(&rsa, "d", rsa["e"].clone()), "the private components do not belong"),
        (with(&rsa, "p", Value::Null), "`p` is not a string"),
        (with(&rsa, "alg", json!("ES256")), "another type or curve"),
        (with(&ec, "use", json!("enc")), "reserve it for something else"),
        (with(&ec, "key_ops", json!(["deriveKey"])), "reserve it for something else"),
        (with(&ec, "crv", json!("secp256k1")), "`crv` is none of"),
        (json!({"keys": [ec]}).to_string(), "a JWK Set; take one key out"),
        ("{}".to_owned(), "member `kty` is missing"),
        ("{\"kty\":\"EC\",\"kty\":\"EC\"}".to_owned(), "occurs twice"),
        (String::new(), "neither a JWK"),
        ("hello".to_owned(), "neither a JWK"),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
            "damaged, or a key for none",
        ),
        (std::fs::read_to_string(fixture("secp256k1.pkcs8.pem")).unwrap(), "damaged, or a key for none"),
        (
            std::fs::read_to_string(fixture("p256.encrypted.pem")).unwrap(),
            "an encrypted private key; decrypt it",
        ),
        (std::fs::read_to_string(fixture("certificate.pem")).unwrap(), "a certificate; take the key out"),
    ] {
        let output = run_with(key.as_str(), &["key", "public"]);
        assert_code(&output, 2);
        let stderr = text(&output.stderr);
        assert!(
            stderr.starts_with("error: standard input: ") && stderr.contains(expected),
            "{expected}: {stderr}"
        );
        assert_eq!(output.stdout, b"");
        for secret in [&secret["k"], &ec["d"], &ed["d"], &rsa["d"]] {
            assert!(!stderr.contains(secret.as_str().unwrap()), "{stderr}");
        }
    }
    // Without the primes they are found again.
    let mut short = rsa.clone();
    for member in ["p", "q", "dp", "dq", "qi"] {
        short.as_object_mut().unwrap().remove(member);
    }
    let output = run_with(short.to_string(), &["key", "public"]);
    assert_code(&output, 0);
    assert_eq!(json(&output)["n"], rsa["n"]);
}

#[test]
fn mistakes_of_the_user() {
    let long = "k".repeat(257);
    for (arguments, expected) in [
        (&["generate"][..], "--alg"),
        (&["generate", "--alg", "none"], "write one of HS256, HS384"),
        (&["generate", "--alg", "ES521"], "write one of HS256, HS384"),
        (&["generate", "--alg", "ES256", "--bits", "2048"], "--bits: the size of a key for ES256 is fixed"),
        (&["generate", "--alg", "RS256", "--bits", "1024"], "--bits: write a multiple of 8 from 2048"),
        (&["generate", "--alg", "RS256", "--bits", "2049"], "--bits: write a multiple of 8 from 2048"),
        (&["generate", "--alg", "ES256", "--kid", ""], "--kid: write 1 to 256 bytes"),
        (&["generate", "--alg", "ES256", "--kid", &long], "--kid: write 1 to 256 bytes"),
        (
            &["generate", "--alg", "ES256", "--out", "/absent/folder/key.json"],
            "--out: cannot write `/absent/folder/key.json`",
        ),
        (&["public", "/absent/key.json"], "cannot read `/absent/key.json`"),
        (&["public", "--set", "--pem", "/absent/key.json"], "cannot be used with"),
        (&["thumbprint", "/absent/key.json"], "cannot read `/absent/key.json`"),
    ] {
        let output = run(&[&["key"], arguments].concat());
        assert_code(&output, 2);
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}
