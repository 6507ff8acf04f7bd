//! `portcullis token inspect` and `token verify` as a user runs them.

use std::process::Output;

use crate::common::{Folder, assert_code, json, run, run_with, text};
use jwt_simple::prelude::*;
use portcullis::base64url;
use serde_json::{Value, json};

const AT: &str = "2026-11-22T00:00:00Z";
/// The same in seconds.
const NOW: u64 = 1_795_305_600;
const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn token(header: &str, payload: &str) -> String {
    format!("{}.{}.AAAA", base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes()))
}

fn inspect(token: &str) -> Output {
    run(&["token", "inspect", "--at", AT, "--", token])
}

fn report(token: &str) -> Value {
    let output = run(&["token", "inspect", "--json", "--at", AT, "--", token]);
    assert_code(&output, 0);
    json(&output)
}

#[test]
fn in_words() {
    let payload = json!({"sub": "alice", "exp": NOW - 3 * 3600, "iat": NOW - 4 * 3600, "nbf": NOW + 300});
    let output = inspect(&token(r#"{"alg":"HS256","typ":"JWT"}"#, &payload.to_string()));
    assert_code(&output, 0);
    assert_eq!(
        text(&output.stdout),
        r#"SIGNATURE NOT CHECKED: anybody can have written this

kind
  JSON Web Token (RFC 7519)

header
  {
    "alg": "HS256",
    "typ": "JWT"
  }

claims
  {
    "exp": 1795294800,
    "iat": 1795291200,
    "nbf": 1795305900,
    "sub": "alice"
  }

times
  iat       2026-11-21T20:00:00Z  issued 4 hours ago
  nbf       2026-11-22T00:05:00Z  begins in 5 minutes
  exp       2026-11-21T21:00:00Z  expired 3 hours ago

would be refused
  - `exp` has passed
  - `nbf` lies ahead
"#
    );
    let fine = token(r#"{"alg":"ES256"}"#, &json!({"exp": NOW + 60}).to_string());
    let output = run_with(format!("{fine}\n"), &["token", "inspect", "--at", "1795305600"]);
    assert_code(&output, 0);
    assert!(!text(&output.stdout).contains("refused"), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("expires in 1 minute"), "{}", text(&output.stdout));
}

#[test]
fn what_would_be_refused() {
    let good = json!({"exp": NOW + 60}).to_string();
    let long = "a".repeat(20_000);
    for (header, payload, expected) in [
        (r#"{"alg":"none"}"#, good.as_str(), "`alg` is `none`"),
        (r#"{"alg":"nOnE"}"#, &good, "`alg` is `none`"),
        (r#"{"alg":"ES521"}"#, &good, "`alg` is no algorithm"),
        (r#"{"typ":"JWT"}"#, &good, "the header has no `alg`"),
        (r#"["HS256"]"#, &good, "the header is not a JSON object"),
        (r#"{"alg":"HS256","crit":["exp"]}"#, &good, "`crit` in the header"),
        (r#"{"alg":"HS256","b64":false}"#, &good, "`b64` in the header"),
        (r#"{"alg":"HS256","zip":"DEF"}"#, &good, "`zip` in the header"),
        (r#"{"alg":"HS256","kid":1}"#, &good, "`kid` in the header is not a string"),
        (r#"{"alg":"HS256","alg":"HS256"}"#, &good, "the header is refused: member `alg` occurs twice"),
        (r#"{"alg":"HS256","cty":"application/jwt"}"#, &good, "`cty` is `JWT`"),
        (r#"{"alg":"HS256","typ":"logout+jwt"}"#, &good, "`typ` is neither"),
        (r#"{"alg":"HS256"}"#, r#"{"sub":"a"}"#, "no `exp`"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":"1795305660"}"#, "`exp` is not a number"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":-1}"#, "`exp` is not a number"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1e300}"#, "`exp` is not a number"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1e999}"#, "the payload is not JSON"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1795305660,"iat":1795305660}"#, "`iat` lies ahead"),
        (
            r#"{"alg":"HS256"}"#,
            r#"{"exp":1795305660,"a":{"b":1,"b":2}}"#,
            "the payload is refused: member `b`",
        ),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1795305660,"token_type":"refresh"}"#, "the claim `token_type`"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1795305660,"nonce":"n"}"#, "`nonce` is a mark of"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1795305660,"aud":[1]}"#, "`aud` is neither"),
        (r#"{"alg":"HS256"}"#, "[1]", "the payload is not a JSON object"),
        (r#"{"alg":"HS256"}"#, "hello", "the payload is not JSON"),
        (r#"{"alg":"HS256"}"#, &format!(r#"{{"exp":1795305660,"a":"{long}"}}"#), "bytes long"),
    ] {
        let report = report(&token(header, payload));
        let refusals: Vec<&str> =
            report["refusals"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        assert!(refusals.iter().any(|line| line.contains(expected)), "{header} {payload}: {refusals:?}");
        assert_eq!(report["signature"], "not checked");
    }
    for (header, payload, expected) in [
        (r#"{"alg":"HS256","jku":"https://evil.example"}"#, good.as_str(), "`jku` in the header is ignored"),
        (r#"{"alg":"HS256","jwk":{}}"#, &good, "`jwk` in the header is ignored"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1797897600,"iat":1795305600}"#, "it lives for 30 days"),
    ] {
        let report = report(&token(header, payload));
        assert_eq!(report["refusals"], json!([]), "{header} {payload}");
        assert!(report["notes"][0].as_str().unwrap().contains(expected), "{}", report["notes"]);
    }
}

#[test]
fn kinds() {
    for (header, payload, expected) in [
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, "{}", "access token (RFC 9068)"),
        (r#"{"alg":"HS256","typ":"application/at+JWT"}"#, "{}", "access token (RFC 9068)"),
        (r#"{"alg":"HS256"}"#, r#"{"token_type":"refresh"}"#, "refresh token"),
        (r#"{"alg":"HS256"}"#, r#"{"token_type":"access","nonce":"a"}"#, "access token"),
        (r#"{"alg":"HS256"}"#, r#"{"at_hash":"a"}"#, "ID token (OpenID Connect)"),
        (r#"{"alg":"HS256","typ":"logout+jwt"}"#, "{}", "logout token (OpenID Connect Back-Channel Logout)"),
        (r#"{"alg":"HS256"}"#, "{}", "JSON Web Token (RFC 7519)"),
        (r#"{"alg":"HS256"}"#, "hi", "signed bytes (JWS, RFC 7515)"),
    ] {
        assert_eq!(report(&token(header, payload))["kind"], expected, "{header} {payload}");
    }
}

#[test]
fn broken_tokens_are_shown_as_far_as_they_can_be_read() {
    let whole = token(r#"{"alg":"HS256"}"#, r#"{"exp":1795305660,"sub":"alice"}"#);
    let [header, payload, _] = whole.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for (broken, expected) in [
        (format!("{header}=.{payload}.AAAA"), "the header is not canonical base64url"),
        (format!("{header}.{payload}=.AAAA"), "the payload is not canonical base64url"),
        (format!("{header}.{payload}.AAB"), "the signature is not canonical base64url"),
        (format!("{header}.{payload}."), "the signature is empty"),
        (format!("Bearer {whole}"), "white space or `Bearer`"),
        (format!(" {whole}"), "white space or `Bearer`"),
    ] {
        let report = report(&broken);
        assert_eq!((&report["claims"]["sub"], &report["header"]["alg"]), (&json!("alice"), &json!("HS256")));
        assert!(report["refusals"][0].as_str().unwrap().contains(expected), "{report}");
    }
    assert_eq!(report(&format!("{header}.\u{1}.AAAA"))["claims"], Value::Null);
    let encrypted = report("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA");
    assert_eq!(encrypted["kind"], "encrypted token (JWE, RFC 7516)");
    assert_eq!(encrypted["header"]["enc"], "A256GCM");
    assert!(encrypted["refusals"][0].as_str().unwrap().contains("five segments"));
    for nothing in ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e.f"] {
        let output = inspect(nothing);
        assert_code(&output, 1);
        assert_eq!(text(&output.stdout), "");
        assert!(text(&output.stderr).starts_with("not a token: "), "{}", text(&output.stderr));
    }
    assert_code(&run_with(*b"\xff.\xff.\xff", &["token", "inspect"]), 1);
    // What moves the cursor or turns the reading direction does not reach the terminal.
    let output = inspect(&token(r#"{"alg":"HS256"}"#, "{\"sub\":\"\u{9b}2J\u{202e}\\u001b[2J\"}"));
    assert!(!text(&output.stdout).contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{}", text(&output.stdout));
}

#[test]
fn no_word_sounds_like_a_check() {
    for (header, payload) in [
        (r#"{"alg":"HS256"}"#, r#"{"exp":1795305660}"#),
        (r#"{"alg":"none","typ":"x"}"#, r#"{"exp":"x"}"#),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1,}"#),
        (r#"{"alg":"HS256"}"#, "\"\\x\""),
        (r#"{"alg":"HS256"}"#, ""),
        (r#"{"alg":1e999}"#, "[[[[[[[[[[[[[[[[[[[["),
    ] {
        let output = inspect(&token(header, payload));
        let stdout = text(&output.stdout).to_lowercase();
        assert!(stdout.starts_with("signature not checked"), "{stdout}");
        for word in ["valid", "verified", "authentic", "genuine", "trusted", "accepted", "success", "ok\n"] {
            assert!(!stdout.contains(word), "{word}: {stdout}");
        }
    }
}

/// A configuration, its secrets, and a token for it.
fn gate(folder: &Folder) -> [String; 3] {
    let document = json!({"profile": "generic", "issuers": [{
        "issuer": "https://issuer.example",
        "keys": [{"kid": "k1", "alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}],
    }]});
    let claims = json!({"iss": "https://issuer.example", "sub": "alice", "roles": ["user", "admin"],
        "scope": "a:read b:write", "tenant": "acme", "exp": NOW + 900});
    [
        folder.write("portcullis.json", document.to_string()),
        folder.write("secrets.env", format!("JWT_SECRET_KEY={SECRET}\n")),
        signed(&claims),
    ]
}

fn signed(claims: &Value) -> String {
    let mut claims = Claims::with_custom_claims(claims.clone(), Duration::from_secs(1));
    (claims.issued_at, claims.expires_at, claims.invalid_before) = (None, None, None);
    HS256Key::from_bytes(SECRET.as_bytes()).with_key_id("k1").authenticate(claims).unwrap()
}

#[test]
fn verify_says_who() {
    let folder = Folder::new();
    let [config, env, token] = gate(&folder);
    let arguments = ["token", "verify", "--config", &config, "--env-file", &env, "--at", AT];
    for output in [run(&[&arguments[..], &[&token]].concat()), run_with(format!("{token}\n"), &arguments)] {
        assert_code(&output, 0);
        assert_eq!(text(&output.stderr), "");
        assert_eq!(
            text(&output.stdout),
            "subject      alice\n\
             roles        user, admin\n\
             scopes       a:read, b:write\n\
             tenant       acme\n\
             issuer       https://issuer.example\n\
             key          k1\n\
             valid until  2026-11-22T00:15:00Z, in 15 minutes\n"
        );
    }
    let output = run(&[&arguments[..], &["--json", &token]].concat());
    assert_code(&output, 0);
    let report = json(&output);
    assert_eq!((&report["valid"], &report["reason"]), (&json!(true), &Value::Null));
    assert_eq!(report["principal"]["subject"], "alice");
    assert_eq!(report["principal"]["proof"]["token"]["key_id"], "k1");
    assert_eq!(report["valid_until"], "2026-11-22T00:15:00Z");
}

#[test]
fn verify_says_why_not() {
    let folder = Folder::new();
    let [config, env, token] = gate(&folder);
    let arguments = ["token", "verify", "--config", &config, "--env-file", &env];
    let expired = run(&[&arguments[..], &["--at", "2026-11-22T00:15:00Z", &token]].concat());
    assert_code(&expired, 1);
    assert_eq!(text(&expired.stdout), "");
    assert_eq!(
        text(&expired.stderr),
        "token_expired: expired at 2026-11-22T00:15:00Z, it is now 2026-11-22T00:15:00Z\n"
    );
    let other = signed(&json!({"iss": "https://other.example", "sub": "a", "exp": NOW + 60}));
    let output = run(&[&arguments[..], &["--json", "--at", AT, &other]].concat());
    assert_code(&output, 1);
    let report = json(&output);
    assert_eq!((&report["valid"], &report["reason"]), (&json!(false), &json!("issuer_untrusted")));
    assert_eq!(report["principal"], Value::Null);
    for (token, reason) in [("", "token_malformed: "), ("a.b", "token_malformed: ")] {
        let output = run(&[&arguments[..], &[token]].concat());
        assert_code(&output, 1);
        assert!(text(&output.stderr).starts_with(reason), "{}", text(&output.stderr));
    }
}

#[test]
fn mistakes_of_the_user() {
    let folder = Folder::new();
    let [config, env, token] = gate(&folder);
    let absent = folder.path("absent.json");
    let broken = folder.write("broken.json", r#"{"profile":"generic","issuer":1}"#);
    for (arguments, expected) in [
        (&["--config", absent.to_str().unwrap(), &token][..], "error: --config: cannot read "),
        (&["--config", &config, &token], "is not set; set the environment variable JWT_SECRET_KEY"),
        (&["--config", &broken, &token], "did you mean \"issuers\"?"),
        (
            &["--config", &config, "--env-file", &env, "--at", "noon", &token],
            "error: --at: write a time like",
        ),
        (&["--config", &config, "--env-file", &env, "--at", "-1", &token], "error: "),
        (&[&token], "--config"),
    ] {
        let output = run(&[&["token", "verify"], arguments].concat());
        assert_code(&output, 2);
        let stderr = text(&output.stderr);
        assert!(stderr.contains(expected), "{stderr}");
        assert!(!stderr.contains(&token) && !stderr.contains(SECRET), "{stderr}");
    }
}
