//! `portcullis bundle` and `portcullis revoke --bundle`: what is made is what a gate takes, and what is changed was its own.

use serde_json::{Value, json};

use crate::common::{Folder, assert_code, json as printed, run, run_with, text};

const AT: &str = "2026-11-22T00:00:00Z";
const KEY: &str = "key-of-another-system-0123456789abcdef";

/// A folder with a key that signs, its public half, and a configuration that pins it.
struct Desk {
    folder: Folder,
    key: String,
    public: String,
    config: String,
}

impl Desk {
    fn new(alg: &str) -> Self {
        let folder = Folder::new();
        let key = folder.path("signer.json").to_str().unwrap().to_owned();
        assert_code(&run(&["key", "generate", "--alg", alg, "--out", &key]), 0);
        let public = run(&["key", "public", &key]);
        let jwk: Value = serde_json::from_slice(&public.stdout).unwrap();
        let config = json!({
            "profile": "generic", "api_keys": {},
            "bundle": {"url": "https://cdn.example/gate.jws", "keys": [{"jwk": jwk}]},
            "policy": {"roles": {"user": {"permissions": ["x:read"]}}, "routes": {"GET /x": "x:read"}},
        });
        let public = folder.write("signer.public.json", public.stdout);
        let config = folder.write("c.json", config.to_string());
        Self { folder, key, public, config }
    }

    fn records(&self, role: &str) -> String {
        let made = run_with(KEY, &["api-key", "import", "--role", role]);
        self.folder.write("records.json", made.stdout)
    }

    fn build(&self, version: &str, more: &[&str]) -> String {
        let always =
            ["bundle", "build", "--key", &self.key, "--version", version, "--expires", "2d", "--at", AT];
        let built = run(&[&always, more].concat());
        assert_code(&built, 0);
        self.folder.write("gate.jws", built.stdout)
    }

    fn verify(&self, bundle: &str, pinned: &[&str]) -> (i32, String) {
        let output = run(&[&["bundle", "verify", "--at", AT, bundle], pinned].concat());
        (output.status.code().unwrap(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    }
}

#[test]
fn what_is_built_is_what_a_gate_takes() {
    for alg in ["EdDSA", "Ed25519", "ES256"] {
        let desk = Desk::new(alg);
        let records = desk.records("user");
        let revoked = desk.folder.write(
            "revoked.json",
            json!({"revoked": {"tokens": [{"issuer": "https://idp.example", "jti": "1"}], "api_keys": ["old"]}})
                .to_string(),
        );
        let set = run(&["key", "public", "--set", &desk.key]);
        let set = format!("https://idp.example={}", desk.folder.write("jwks.json", set.stdout));
        let bundle = desk.build("7", &["--records", &records, "--revoked", &revoked, "--jwks", &set]);
        let told = "version 7 until 2026-11-24T00:00:00Z: records 1, revocations 2, issuers 1\n";
        assert_eq!(desk.verify(&bundle, &["--config", &desk.config]), (0, told.to_owned()), "{alg}");
        assert_eq!(desk.verify(&bundle, &["--public-key", &desk.public]), (0, told.to_owned()), "{alg}");
        // Nobody finds the key in it.
        assert!(
            !std::fs::read_to_string(&bundle)
                .unwrap()
                .contains(&portcullis::base64url::encode(KEY.as_bytes()))
        );
        let inspected = run(&["bundle", "inspect", &bundle, "--at", AT]);
        assert_code(&inspected, 0);
        assert!(text(&inspected.stdout).starts_with("SIGNATURE NOT CHECKED: "), "{inspected:?}");
        let inspected = printed(&run(&["--json", "bundle", "inspect", &bundle, "--at", AT]));
        assert_eq!(inspected["verified"], false);
        assert_eq!(inspected["alg"], alg);
        assert_eq!(inspected["payload"]["iat"], 1_795_305_600);
    }
}

#[test]
fn whatever_a_gate_refuses_is_refused() {
    let desk = Desk::new("EdDSA");
    let bundle = desk.build("7", &[]);
    let text = std::fs::read_to_string(&bundle).unwrap();
    let other = Desk::new("EdDSA");
    let pinned: &[&str] = &["--config", &desk.config];
    let at = |name: &str, content: &str| desk.folder.write(name, content);
    let (head, signature) = text.trim().rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{head}.{flipped}{}", signature.split_at(1).1);
    // By as much as leaves base64url.
    let cut = text.trim().split_at(text.trim().len() - 2).0;
    let token = run(&["token", "mint", "--key", &desk.key, "--subject", "a", "--at", AT]);
    for (name, file, told) in [
        ("another key", other.build("7", &[]), "no bundle that a pinned key has signed: "),
        ("forged", at("forged", &forged), "the signature does not match"),
        ("cut off", at("cut", cut), "no bundle that a pinned key has signed: "),
        ("a token", at("token", std::str::from_utf8(&token.stdout).unwrap()), "the `typ` of a bundle is"),
        ("nothing", at("nothing", ""), "no bundle that a pinned key has signed: "),
        (
            "an unknown role",
            desk.build("8", &["--records", &desk.records("nobody")]),
            "the policy has no role \"nobody\"",
        ),
    ] {
        let (code, said) = desk.verify(&file, pinned);
        assert_eq!(code, 1, "{name}: {said}");
        assert!(said.contains(told), "{name}: {said}");
    }
    // The key alone says nothing about roles.
    assert_eq!(
        desk.verify(
            &desk.build("8", &["--records", &desk.records("nobody")]),
            &["--public-key", &desk.public]
        )
        .0,
        0
    );
    let bundle = desk.build("7", &[]);
    let late = run(&["bundle", "verify", "--at", "2026-11-24T00:00:00Z", &bundle, "--config", &desk.config]);
    assert_code(&late, 1);
    assert!(String::from_utf8_lossy(&late.stderr).contains("expired at 2026-11-24T00:00:00Z"), "{late:?}");
    let report =
        printed(&run(&["--json", "bundle", "verify", "--at", AT, &bundle, "--public-key", &other.public]));
    assert_eq!((report["valid"].clone(), report["bundle"].clone()), (false.into(), Value::Null));
    for file in ["cut", "token", "nothing"] {
        let path = desk.folder.path(file);
        let output = run(&["bundle", "inspect", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(if file == "cut" { 0 } else { 1 }), "{file}: {output:?}");
    }
}

#[test]
fn what_cannot_be_built_says_why() {
    let desk = Desk::new("EdDSA");
    let rsa = desk.folder.path("rsa.json").to_str().unwrap().to_owned();
    run(&["key", "generate", "--alg", "RS256", "--bits", "2048", "--out", &rsa]);
    let bad = desk.folder.write("bad.json", json!({"id": "a", "hash": KEY}).to_string());
    let list = desk.folder.write("list.json", json!({"tokenz": []}).to_string());
    let credentials = desk.folder.write("cred.json", json!({"credentials": [KEY]}).to_string());
    let (key, public) = (desk.key.as_str(), desk.public.as_str());
    for (arguments, told) in [
        (
            &["--key", &rsa, "--version", "1", "--expires", "1d"][..],
            "a bundle is signed under one of EdDSA, Ed25519, ES256",
        ),
        (
            &["--key", public, "--version", "1", "--expires", "1d"],
            "a public key; signing takes the private one",
        ),
        (&["--key", key, "--version", "0", "--expires", "1d"], "0 is not in 1.."),
        (&["--key", key, "--version", "1", "--expires", "2020-01-01"], "has passed"),
        (&["--key", key, "--version", "1", "--expires", "1d", "--records", &bad], "/records/0/hash: write "),
        (&["--key", key, "--version", "1", "--expires", "1d", "--records", &list], "no records: "),
        (
            &["--key", key, "--version", "1", "--expires", "1d", "--revoked", &list],
            "none of the lists of \"revoked\"",
        ),
        (
            &["--key", key, "--version", "1", "--expires", "1d", "--revoked", &credentials],
            "/revoked/credentials/0: ",
        ),
        (&["--key", key, "--version", "1", "--expires", "1d", "--jwks", "keys.json"], "write ISSUER=FILE"),
        (
            &[
                "--key",
                key,
                "--version",
                "1",
                "--expires",
                "1d",
                "--jwks",
                &format!("https://a.example={key}"),
            ],
            "/jwks/https:~1~1a.example: ",
        ),
    ] {
        let output = run(&[&["bundle", "build"], arguments].concat());
        assert_code(&output, 2);
        let said = text(&output.stderr);
        assert!(said.contains(told), "{said}");
        assert!(!said.contains(KEY), "{said}");
    }
}

#[test]
fn what_is_revoked_stands_in_the_next_version() {
    let desk = Desk::new("ES256");
    let bundle = desk.build("7", &["--records", &desk.records("user")]);
    // As wall-clock time is what a revocation counts from, the bundle is made now.
    let now = run(&["bundle", "build", "--key", &desk.key, "--version", "7", "--expires", "2d"]);
    std::fs::write(&bundle, now.stdout).unwrap();
    let place = ["--bundle", &bundle, "--key", &desk.key];
    for arguments in [
        &["token", "jti-1", "--issuer", "https://idp.example"][..],
        &["session", "sid-1"],
        &["subject", "alice", "--before", "2026-11-22T00:00:00Z"],
        &["issuer", "https://idp.example", "--before", "1795305600"],
        &["api-key", "ci1"],
        &["credential", "--hash", &format!("sha256:{}", "a".repeat(64))],
    ] {
        let output = run(&[&["revoke"], arguments, &place, &["--in-place"]].concat());
        assert_code(&output, 0);
    }
    let output = run_with(format!("{KEY}\n"), &[&["revoke", "credential"][..], &place].concat());
    assert_code(&output, 0);
    assert!(!text(&output.stderr).contains(KEY));
    std::fs::write(&bundle, &output.stdout).unwrap();
    let inspected = printed(&run(&["--json", "bundle", "inspect", &bundle]));
    let payload = &inspected["payload"];
    assert_eq!(payload["version"], 14);
    let hash = run_with(KEY, &["api-key", "hash"]);
    assert_eq!(
        payload["revoked"],
        json!({
            "tokens": [{"issuer": "https://idp.example", "jti": "jti-1"}], "sessions": [{"sid": "sid-1"}],
            "subjects": [{"subject": "alice", "before": "2026-11-22T00:00:00Z"}],
            "issuers": [{"issuer": "https://idp.example", "before": "2026-11-22T00:00:00Z"}],
            "api_keys": ["ci1"],
            "credentials": [format!("sha256:{}", "a".repeat(64)), printed(&hash)["hash"]],
        })
    );
    let lifetime = payload["exp"].as_u64().unwrap() - payload["iat"].as_u64().unwrap();
    assert_eq!(lifetime, 2 * 86_400);
    assert_code(&run(&["bundle", "verify", &bundle, "--config", &desk.config]), 0);
}

#[test]
fn nothing_of_somebody_else_is_signed() {
    let (desk, other) = (Desk::new("EdDSA"), Desk::new("EdDSA"));
    let theirs = other.build("9", &[]);
    let output = run(&["revoke", "token", "1", "--bundle", &theirs, "--key", &desk.key, "--in-place"]);
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("not signed by the key given with --key"), "{output:?}");
    let token = run(&["token", "mint", "--key", &desk.key, "--subject", "a"]);
    let token = desk.folder.write("token", token.stdout);
    let output = run(&["revoke", "token", "1", "--bundle", &token, "--key", &desk.key]);
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("something else than a bundle"), "{output:?}");
    assert_code(&run(&["revoke", "token", "1"]), 2);
    assert_code(&run(&["revoke", "token", "1", "--bundle", &theirs]), 2);
}

#[test]
fn a_file_takes_the_place_of_the_bundle() {
    let desk = Desk::new("ES256");
    let config: Value = serde_json::from_str(&std::fs::read_to_string(&desk.config).unwrap()).unwrap();
    let mut config = config.as_object().unwrap().clone();
    let issuer = json!({"issuer": "https://idp.example", "audience": "a", "jwks": {"bundle": true}});
    config.insert("issuers".to_owned(), json!([issuer]));
    let config = desk.folder.write("i.json", json!(config).to_string());
    let set = run(&["key", "public", "--set", &desk.key]);
    let set = format!("https://idp.example={}", desk.folder.write("jwks.json", set.stdout));
    let bundle = desk.build("1", &["--jwks", &set]);
    let claims = [
        "--issuer",
        "https://idp.example",
        "--audience",
        "a",
        "--claim",
        "jti=\"1\"",
        "--claim",
        "roles=\"user\"",
    ];
    let token =
        run(&[&["token", "mint", "--key", &desk.key, "--subject", "a", "--at", AT], &claims[..]].concat());
    let token = text(&token.stdout).trim();
    let verify = |more: &[&str]| {
        let output = run(&[&["token", "verify", token, "--config", &config, "--at", AT], more].concat());
        (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    };
    let (code, said) = verify(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("bundle_unavailable: "), "{said}");
    assert_eq!(verify(&["--bundle", &bundle]).0, Some(0), "{}", verify(&["--bundle", &bundle]).1);
    let header = format!("Authorization: Bearer {token}");
    let explain = |more: &[&str]| {
        run(&[&["explain", "--config", &config, "--at", AT, "-H", &header, "GET /x"], more].concat())
    };
    assert_code(&explain(&["--bundle", &bundle]), 0);
    let later = ["--at", "2026-11-22T00:05:00Z", "-H", &header, "GET /x", "--bundle", &bundle];
    let later = run(&[&["explain", "--config", &config][..], &later].concat());
    assert_code(&later, 0);
    let age = "note: /bundle/url: version 1, made 5 minutes ago; it ends in ";
    assert!(text(&later.stderr).contains(age), "{later:?}");
    let refused = explain(&[]);
    assert_code(&refused, 1);
    assert!(text(&refused.stdout).contains("fetch the bundle: with --fetch"), "{refused:?}");

    let list = desk
        .folder
        .write("r.json", json!({"tokens": [{"issuer": "https://idp.example", "jti": "1"}]}).to_string());
    let next = desk.build("2", &["--jwks", &set, "--revoked", &list]);
    let (code, said) = verify(&["--bundle", &next]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("token_revoked"), "{said}");
    let checked = run(&["config", "check", "--config", &config, "--no-secrets", "--bundle", &next]);
    // Wall-clock time: that of the bundle has passed, or lies ahead.
    assert!(text(&checked.stdout).contains("/bundle/url: "), "{checked:?}");
}

#[test]
fn records_are_listed_revoked_and_rotated() {
    let desk = Desk::new("EdDSA");
    let record = |id: &str, hash: char| json!({"id": id, "hash": format!("sha256:{}", hash.to_string().repeat(64)), "roles": ["user"]});
    let records = desk.folder.write("r.json", json!([record("b", '1'), record("a", '2')]).to_string());
    let bundle = desk.build("1", &["--records", &records]);
    let list = |bundle: &str| {
        let output = run(&["api-key", "list", "--bundle", bundle, "--at", AT]);
        assert_code(&output, 0);
        assert!(text(&output.stderr).contains("the signature of the bundle was not checked"));
        text(&output.stdout).to_owned()
    };
    assert_eq!(
        list(&bundle),
        "id  state   ends   subject  roles\na   active  never  key:a    user\nb   active  never  key:b    user\n2 records; 2 active\n"
    );
    let place = ["--bundle", &bundle, "--key", &desk.key, "--in-place"];
    assert_code(&run(&[&["api-key", "revoke", "b"], &place[..]].concat()), 0);
    assert!(list(&bundle).contains("b   disabled  never"), "{}", list(&bundle));
    assert_code(&run(&[&["api-key", "revoke", "b", "--remove"], &place[..]].concat()), 0);
    assert!(list(&bundle).ends_with("1 record; 1 active\n"), "{}", list(&bundle));
    assert_code(&run(&[&["api-key", "revoke", "b"], &place[..]].concat()), 2);
    let mut rotate = crate::common::portcullis(&["api-key", "rotate", "a", "--at", AT, "--new-id", "a2"]);
    let rotated = rotate.args(place).env("PORTCULLIS_PEPPER", "5c".repeat(32)).output().unwrap();
    assert_code(&rotated, 0);
    let key = printed(&rotated)["key"].as_str().unwrap().to_owned();
    assert!(portcullis::api_key::is_key(&key), "{key}");
    let payload = printed(&run(&["--json", "bundle", "inspect", &bundle, "--at", AT]))["payload"].clone();
    assert_eq!(payload["version"], 4);
    assert_eq!(payload["records"][0]["expires_at"], "2026-11-29T00:00:00Z");
    assert_eq!(
        (&payload["records"][1]["id"], &payload["records"][1]["owner"]),
        (&json!("a2"), &json!("key:a"))
    );
    // The key is told, and is not in the bundle.
    assert!(!payload.to_string().contains(&key));
    for (arguments, told) in [
        (
            &["api-key", "revoke", "a", "--kv", "--bundle", &bundle, "--key", &desk.key][..],
            "choose one of --config, --bundle and --kv",
        ),
        (
            &["api-key", "revoke", "a", "--config", &desk.config, "--bundle", &bundle, "--key", &desk.key],
            "choose one of --config, --bundle and --kv",
        ),
        (&["api-key", "revoke", "a", "--bundle", &bundle], "--key"),
        (&["api-key", "revoke", "a"], "--config"),
    ] {
        let output = run(arguments);
        assert_code(&output, 2);
        assert!(text(&output.stderr).contains(told), "{output:?}");
    }
}
