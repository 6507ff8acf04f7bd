//! `--fetch`, before a server of an identity provider that works, and that fails in each of its ways.

use std::time::Duration;

use portcullis_test_support::identity_provider::{
    BUNDLE, CLIENT, Fault, INTROSPECT, IdentityProvider, KEYS, ME, METADATA, Person, Signing,
};
use serde_json::{Value, json};

use crate::common::{Folder, assert_code, json as printed, portcullis, text};

/// An identity provider, and a folder with configurations that name it.
struct Scene {
    provider: IdentityProvider,
    folder: Folder,
}

/// What a command said: its exit code, its output and its notes.
struct Said {
    code: i32,
    output: String,
    notes: String,
}

impl Scene {
    fn new() -> Self {
        Self { provider: IdentityProvider::start().unwrap(), folder: Folder::new() }
    }

    /// A configuration with these members.
    fn document(&self, members: &Value) -> String {
        let mut document = json!({
            "profile": "generic",
            "policy": {"roles": {"reader": {"permissions": ["notes:read"]}, "admin": {"permissions": ["*"]}},
                "routes": {"GET /notes": "notes:read", "DELETE /notes": "notes:delete"}},
        });
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        self.folder.write("c.json", format!("{document:#}"))
    }

    /// One whose issuer is the provider, with this place of its keys.
    fn issuer(&self, keys: &Value) -> String {
        let mut issuer = json!({"issuer": self.provider.issuer()});
        issuer.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        self.document(&json!({"issuers": [issuer]}))
    }

    fn by_url(&self) -> String {
        self.issuer(&json!({"jwks": {"url": self.provider.url(KEYS)}}))
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let mut command = portcullis(arguments);
        command.env_clear().env("INTROSPECTION_SECRET", CLIENT.1);
        let output = command.output().unwrap();
        let said = Said {
            code: output.status.code().unwrap(),
            output: text(&output.stdout).to_owned(),
            notes: text(&output.stderr).to_owned(),
        };
        for secret in [CLIENT.1, "opaque-credential"] {
            assert!(
                !said.output.contains(secret) && !said.notes.contains(secret),
                "{}{}",
                said.output,
                said.notes
            );
        }
        said
    }

    fn explain(&self, config: &str, credential: &str, request: &str, options: &[&str]) -> Said {
        let header = format!("Authorization: Bearer {credential}");
        let arguments = ["explain", "--config", config, "-H", &header, request];
        self.run(&[&arguments, options].concat())
    }
}

#[test]
fn nothing_is_sent_unless_asked_for() {
    let scene = Scene::new();
    let token = scene.provider.token("ES256-1", "alice", "reader").unwrap();
    let config = scene.by_url();
    let said = scene.explain(&config, &token, "GET /notes", &[]);
    assert_eq!(said.code, 1);
    assert!(said.output.contains("503 keys_unavailable"), "{}", said.output);
    assert!(said.output.contains("→ fetch the keys of the issuer: with --fetch, "), "{}", said.output);
    let said = scene.run(&["token", "verify", "--config", &config, &token]);
    assert!(said.code == 1 && said.notes.contains("keys_unavailable"), "{}", said.notes);
    assert_eq!(scene.run(&["config", "check", "--config", &config]).code, 0);

    let config = scene.document(&json!({"identity": {"ask": ME, "subject": "/results/id"}}));
    let said = scene.explain(&config, "opaque-credential", "GET /notes", &[]);
    assert!(
        said.code == 1 && said.output.contains("→ ask who the caller is: with --fetch, "),
        "{}",
        said.output
    );
    for path in [KEYS, METADATA, ME] {
        assert_eq!(scene.provider.requests(path), 0, "{path}");
    }
}

#[test]
fn a_decision_is_explained_with_the_keys_of_now() {
    let scene = Scene::new();
    let old = scene.provider.token("ES256-1", "alice", "reader").unwrap();
    let rsa = scene.provider.token("RS256-1", "alice", "reader").unwrap();
    for keys in [json!({"discover": true}), json!({"jwks": {"url": scene.provider.url(KEYS)}})] {
        let config = scene.issuer(&keys);
        for token in [&old, &rsa] {
            let said = scene.explain(&config, token, "GET /notes", &["--fetch"]);
            assert!(said.code == 0 && said.output.starts_with("ALLOW"), "{}{}", said.output, said.notes);
        }
        let said = scene.explain(&config, &old, "GET /notes", &["--fetch"]);
        assert!(said.output.contains("`ES256-1` (ES256)"), "{}", said.output);
        let said = scene.explain(&config, &old, "DELETE /notes", &["--fetch"]);
        assert!(said.output.contains("permission_missing"), "{}", said.output);
        let said = scene.run(&["token", "verify", "--config", &config, "--fetch", &old]);
        assert!(
            said.code == 0 && said.output.contains("subject      alice"),
            "{}{}",
            said.output,
            said.notes
        );
    }
    let new = scene.provider.rotate(Signing::Es256).unwrap();
    let config = scene.by_url();
    let said = scene.explain(&config, &old, "GET /notes", &["--fetch"]);
    assert!(said.code == 1 && said.output.contains("401 key_unknown"), "{}", said.output);
    let said = scene.run(&["token", "verify", "--config", &config, "--fetch", &old]);
    assert!(said.code == 1 && said.notes.contains("key_unknown"), "{}", said.notes);
    let fresh = scene.provider.token(&new, "alice", "reader").unwrap();
    assert_eq!(scene.explain(&config, &fresh, "GET /notes", &["--fetch"]).code, 0);
}

#[test]
fn config_check_tells_what_each_source_has() {
    let scene = Scene::new();
    let discovered = scene.issuer(&json!({"discover": true}));
    let said = scene.run(&["config", "check", "--config", &discovered, "--fetch"]);
    assert_eq!(said.code, 0);
    let expected = format!(
        "/issuers/0/discover: 2 keys from {}: ES256-1 (ES256), RS256-1 (RS256)\n",
        scene.provider.url(KEYS)
    );
    assert!(said.output.starts_with("fetched: ") && said.output.contains(&expected), "{}", said.output);

    let config = scene.by_url();
    let check = ["config", "check", "--config", &config, "--fetch", "--deny-warnings"];
    let allowed =
        ["provider_audience_missing", "token_age_unbounded", "wildcard_write"].map(|code| ["--allow", code]);
    let check = [&check[..], allowed.as_flattened()].concat();
    assert_eq!(scene.run(&check).code, 0);
    for (fault, why) in [
        (Fault::Down, "there was no answer"),
        (Fault::Stalling, "there was no answer"),
        (Fault::Error, "status 500"),
        (Fault::Redirect, "no redirect is followed"),
        (Fault::Html, "not announced as JSON, but text/html"),
        (Fault::TooLong, "longer than 65536 bytes"),
        (Fault::BadJson, "not usable JSON"),
        (Fault::EmptySet, "has no key that verifies signatures"),
    ] {
        scene.provider.fail(fault);
        let said = scene.run(&check);
        assert_eq!(said.code, 1, "{fault:?}: {}", said.output);
        assert!(said.output.contains("warning: ") && said.output.contains(why), "{fault:?}: {}", said.output);
        assert!(said.output.contains("no errors, 1 warning,"), "{fault:?}: {}", said.output);
        scene.provider.recover();
    }
    scene.provider.fail_at(KEYS, Fault::OneBadKey);
    let said = scene.run(&check);
    assert!(said.code == 1 && said.output.contains("  passed over: keys["), "{}", said.output);
    assert!(said.output.contains("ES256-1 (ES256)"), "{}", said.output);
    scene.provider.recover();

    let output = portcullis(&["--json"]).args(&check).output().unwrap();
    assert_code(&output, 0);
    let source = &printed(&output)["sources"][0];
    assert_eq!(source["pointer"], "/issuers/0/jwks/url");
    assert_eq!(source["asked"], json!([scene.provider.url(KEYS)]));
    assert_eq!(source["keys"].as_array().unwrap().len(), 2);
    assert_eq!((&source["failure"], &source["passed_over"]), (&Value::Null, &json!([])));

    scene.provider.fail(Fault::WrongIssuer);
    let discovered = scene.issuer(&json!({"discover": true}));
    let said = scene.run(&["config", "check", "--config", &discovered, "--fetch"]);
    assert!(
        said.code == 0 && said.output.contains("these are no metadata of http://127.0.0.1:"),
        "{}",
        said.output
    );
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let scene = Scene::new();
    let config = scene.by_url();
    scene.provider.fail(Fault::Hanging);
    let started = std::time::Instant::now();
    let said = scene.run(&["config", "check", "--config", &config, "--fetch"]);
    let took = started.elapsed();
    assert!(
        said.output.contains("there was no answer") && said.notes.contains("timeout"),
        "{}{}",
        said.output,
        said.notes
    );
    assert!((Duration::from_secs(4)..Duration::from_secs(30)).contains(&took), "{took:?}");
}

#[test]
fn callers_are_asked_about() {
    let scene = Scene::new();
    scene.provider.admit("opaque-credential", Person { is_superuser: true, ..Person::new("alice", "admin") });
    let of_origin = json!({"ask": ME, "subject": "/results/id", "active": {"/results/is_active": true},
        "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["reader"]}}]});
    let config = scene.document(&json!({"identity": of_origin}));
    let origin = ["--fetch", "--origin", &scene.provider.issuer()];
    let said = scene.explain(&config, "opaque-credential", "DELETE /notes", &origin);
    assert!(said.code == 0 && said.output.contains("alice with admin"), "{}{}", said.output, said.notes);
    assert!(said.output.contains("GET /me of the origin answered 200, just now"), "{}", said.output);
    let said = scene.explain(&config, "unknown", "GET /notes", &origin);
    assert!(said.code == 1 && said.output.contains("401 credential_rejected"), "{}", said.output);
    // Nobody knows where the origin is.
    let said = scene.explain(&config, "opaque-credential", "GET /notes", &["--fetch"]);
    assert!(said.code == 1 && said.output.contains("503 ask_unavailable"), "{}", said.output);
    assert!(said.notes.contains("--origin URL"), "{}", said.notes);
    scene.provider.fail(Fault::Html);
    let said = scene.explain(&config, "opaque-credential", "GET /notes", &origin);
    assert!(said.code == 1 && said.output.contains("503 ask_unavailable"), "{}", said.output);
    scene.provider.recover();

    let introspection = json!({"kind": "introspection", "ask": scene.provider.url(INTROSPECT),
        "client": {"id": CLIENT.0, "secret": {"env": "INTROSPECTION_SECRET"}}});
    let members = json!({"identity": introspection});
    let mut members = members;
    members["policy"] = json!({"roles": {"reader": {"permissions": ["notes:read"]}}, "default_role": "reader",
        "routes": {"GET /notes": "notes:read"}});
    let config = scene.document(&members);
    let said = scene.explain(&config, "opaque-credential", "GET /notes", &["--fetch"]);
    assert!(said.code == 0 && said.output.contains("alice with reader"), "{}{}", said.output, said.notes);
    let said = scene.explain(&config, "unknown", "GET /notes", &["--fetch"]);
    assert!(said.code == 1 && said.output.contains("401 credential_rejected"), "{}", said.output);
}

#[test]
fn an_origin_is_an_address() {
    let scene = Scene::new();
    let config = scene.by_url();
    for origin in
        ["127.0.0.1:8000", "ftp://127.0.0.1", "http://me:word@127.0.0.1", "http://127.0.0.1/?x=1", ""]
    {
        let said =
            scene.explain(&config, "opaque-credential", "GET /notes", &["--fetch", "--origin", origin]);
        assert!(said.code == 2 && said.notes.starts_with("error: --origin: "), "{origin}: {}", said.notes);
    }
    let said = scene.explain(&config, "opaque-credential", "GET /notes", &["--origin", "http://127.0.0.1:1"]);
    assert!(said.code == 2 && said.notes.contains("--fetch"), "{}", said.notes);
}

#[test]
fn the_bundle_is_fetched_and_told_of() {
    let scene = Scene::new();
    let provider = &scene.provider;
    let pinned =
        json!({"url": provider.url(BUNDLE), "keys": [{"jwk": provider.public_jwk("ES256-1").unwrap()}]});
    let issuer = json!({"issuer": provider.issuer(), "audience": "a", "jwks": {"bundle": true}});
    let document = scene.document(&json!({"issuers": [issuer], "bundle": pinned}));
    let jwks = json!({provider.issuer(): {"keys": [provider.public_jwk("RS256-1").unwrap()]}});
    provider.publish_bundle(&provider.bundle("ES256-1", &json!({"version": 7, "jwks": jwks})).unwrap());
    let said = scene.run(&["config", "check", "--config", &document, "--fetch"]);
    assert_eq!(said.code, 0, "{} {}", said.output, said.notes);
    assert!(said.output.contains("/bundle/url: version 7 until "), "{}", said.output);
    assert!(said.output.contains("records 0, revocations 0, issuers 1, from "), "{}", said.output);
    // Signed by another key than the one that is pinned.
    provider.publish_bundle(&provider.bundle("RS256-1", &json!({"version": 8, "jwks": jwks})).unwrap());
    let said = scene.run(&["config", "check", "--config", &document, "--fetch", "--deny-warnings"]);
    assert_eq!(said.code, 1, "{} {}", said.output, said.notes);
    assert!(said.output.contains("no bundle that a pinned key has signed"), "{}", said.output);
}
