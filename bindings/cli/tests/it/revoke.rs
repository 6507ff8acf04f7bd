//! `portcullis revoke --kv`: the command of wrangler that is printed or run, and that a gate finds what it writes.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use portcullis::api_key::plain_hash;
use portcullis::{Gate, HeaderPair, Need, RequestHead, RevocationLookup, Step, UnixTime};
use portcullis_config::{RecordStore, Secrets, load};
use serde_json::{Value, json};

use crate::common::{Folder, assert_code, json as printed, portcullis, text};

const AT: &str = "2026-11-22T00:00:00Z";
/// Ten minutes later.
const NOW: UnixTime = UnixTime::from_secs(1_795_306_200);
const SECRET: &str = "5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1";
const KEY: &str = "key-of-another-system-1f6a-0011223344";

fn revoke(folder: &Folder, arguments: &[&str], input: &str) -> Output {
    let path = format!("{}:{}", folder.path("").display(), std::env::var("PATH").unwrap());
    let mut command = portcullis(&["revoke"]);
    command.args(arguments).args(["--at", AT]).env("PATH", path).write_stdin(input);
    command.output().unwrap()
}

struct Host;

impl Secrets for Host {
    fn get(&self, _: &str) -> Option<String> {
        Some(SECRET.to_owned())
    }

    fn hint(&self, name: &str) -> String {
        name.to_owned()
    }

    fn revocation_store(&self) -> RecordStore {
        RecordStore::Available
    }
}

fn gate() -> Gate {
    let document = json!({
        "profile": "generic",
        "issuers": [{"issuer": "https://idp.example", "keys": [{"alg": "HS256", "secret": {"env": "S"}}]}],
        "api_keys": {"records": [{"id": "bot", "hash": plain_hash(KEY), "roles": ["user"]}]},
        "revoked": {"lookup": true},
        "policy": {"roles": {"user": {"permissions": ["x:read"]}}, "routes": {"GET /x": "x:read"}},
    });
    load(document.to_string().as_bytes(), &Host).unwrap().gate
}

/// The reason for which the gate refuses a credential when `stored` is in its store, and nothing else.
fn reason(name: &str, value: &str, stored: &Value) -> String {
    let pairs = [HeaderPair::new(name, value)];
    let Step::Need(Need::Revocations(need)) = gate().begin(&RequestHead::new("GET", "/x", &pairs), NOW)
    else {
        panic!("nothing is looked up");
    };
    let value = stored["value"].to_string();
    let keys = need.store_keys().iter();
    let found: Vec<_> = keys.map(|key| (*key == stored["key"]).then_some(value.as_str())).collect();
    let Step::Verdict(verdict) = need.supply(&RevocationLookup::Found(&found), NOW) else {
        panic!("no verdict")
    };
    verdict.diagnostics.reason.map_or("-".to_owned(), |reason| reason.code().to_owned())
}

/// A token of `alice`, issued five minutes before [`NOW`].
fn token() -> String {
    let folder = Folder::new();
    let secrets = folder.write("secrets.env", format!("S={SECRET}\n"));
    let minted =
        portcullis(&["token", "mint", "--secret-env", "S", "--env-file", &secrets, "--alg", "HS256"])
            .args([
                "--subject",
                "alice",
                "--claim",
                "roles=[\"user\"]",
                "--claim",
                "jti=\"j\"",
                "--claim",
                "sid=\"s\"",
            ])
            .args(["--issuer", "https://idp.example", "--at", "2026-11-22T00:05:00Z", "--ttl", "1h"])
            .output()
            .unwrap();
    assert_code(&minted, 0);
    text(&minted.stdout).trim().to_owned()
}

#[test]
fn what_is_written_takes_the_credential_back() {
    let (folder, token) = (Folder::new(), token());
    let bearer = format!("Bearer {token}");
    let of_token = |arguments: &[&str], input: &str| {
        let output = revoke(&folder, arguments, input);
        assert_code(&output, 0);
        assert!(!text(&output.stderr).contains(&token) && !text(&output.stdout).contains(&token));
        reason("authorization", &bearer, &printed(&output))
    };
    let issuer = "https://idp.example";
    assert_eq!(of_token(&["token", "j", "--issuer", issuer, "--kv"], ""), "token_revoked");
    assert_eq!(of_token(&["token", "j", "--kv"], ""), "-", "of nobody");
    assert_eq!(of_token(&["session", "s", "--issuer", issuer, "--kv"], ""), "token_revoked");
    assert_eq!(of_token(&["session", "j", "--issuer", issuer, "--kv"], ""), "-");
    let later = ["--kv", "--before", "2026-11-22T00:06:00Z"];
    for what in [["subject", "alice"], ["issuer", issuer]] {
        assert_eq!(of_token(&[&what[..], &later].concat(), ""), "token_revoked", "{what:?}");
        assert_eq!(of_token(&[&what[..], &["--kv"]].concat(), ""), "-", "{what:?}: issued since");
    }
    assert_eq!(of_token(&["credential", "--kv"], &format!("{token}\n")), "token_revoked");
    assert_eq!(of_token(&["credential", "--kv"], "another"), "-");
    assert_eq!(of_token(&["credential", "--kv", "--hash", &plain_hash(&token)], ""), "token_revoked");

    let of_key = |arguments: &[&str], input: &str| {
        let output = revoke(&folder, arguments, input);
        assert_code(&output, 0);
        reason("x-api-key", KEY, &printed(&output))
    };
    assert_eq!(of_key(&["api-key", "bot", "--kv"], ""), "api_key_disabled");
    assert_eq!(of_key(&["credential", "--kv"], KEY), "token_revoked");
}

#[test]
fn the_command_is_printed_and_run() {
    let folder = Folder::new();
    folder.write(
        "npx",
        "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 1\n[ ! -e broken ] || { echo refused; exit 1; }\nprintf '<%s>' \"$@\" > ran\n",
    );
    std::fs::set_permissions(folder.path("npx"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let options = ["--kv", "--expires", "90d", "--wrangler-config", "w.toml", "--wrangler-env", "staging"];
    let arguments = [&["subject", "o'hara"][..], &options].concat();
    let output = revoke(&folder, &arguments, "");
    assert_code(&output, 0);
    let told = printed(&output);
    assert_eq!(told["expires_at"], "2027-02-20T00:00:00Z");
    let key = told["key"].as_str().unwrap();
    let shown = text(&output.stderr);
    assert_eq!(
        shown,
        format!(
            "npx wrangler kv key put --binding PORTCULLIS_REVOKED --remote --config w.toml --env staging {key} \
             '{{\"before\":\"{AT}\",\"subject\":\"o'\\''hara\"}}' --expiration 1803081600\n"
        )
    );
    assert!(!folder.path("ran").exists());

    let output = revoke(&folder, &[&arguments[..], &["--run", "--local"]].concat(), "");
    assert_code(&output, 0);
    let ran = std::fs::read_to_string(folder.path("ran")).unwrap();
    let value = format!(r#"<{{"before":"{AT}","subject":"o'hara"}}>"#);
    assert!(ran.starts_with("<wrangler><kv><key><put><--binding><PORTCULLIS_REVOKED><--local>"), "{ran}");
    assert!(ran.ends_with(&format!("<{key}>{value}<--expiration><1803081600>")), "{ran}");
    assert!(text(&output.stderr).starts_with("done: npx wrangler kv key put "), "{}", text(&output.stderr));

    folder.write("broken", "");
    let output = revoke(&folder, &["token", "j", "--kv", "--run"], "");
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("`wrangler kv key put` failed"), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = Folder::new();
    for (arguments, input, complaint) in [
        (&["token", "j"][..], "", "say where: "),
        (&["subject", "alice", "--kv", "--before", "soon"], "", "--before: write a time"),
        (&["token", "j", "--kv", "--expires", "30s"], "", "--expires: Workers KV takes no end"),
        (&["token", "j", "--kv", "--expires", "2026-11-21"], "", "--expires: Workers KV takes no end"),
        (&["token", "j", "--expires", "90d"], "", "--kv"),
        (&["token", "j", "--run"], "", "--kv"),
        (&["credential", "--kv"], "", "standard input is empty"),
        (&["credential", "--kv"], "Bearer a.b.c", "begins with `Bearer `"),
        (&["credential", "--kv", "--hash", "pc_live_leaked"], "", "--hash: write \"sha256:\""),
        (&["credential", "pc_live_leaked", "--kv"], "", "unexpected argument"),
        (&["token", "j", "--kv", "--bundle", "b", "--key", "k"], "", "choose one of --bundle and --kv"),
    ] {
        let output = revoke(&folder, arguments, input);
        assert_code(&output, 2);
        let told = text(&output.stderr);
        assert!(told.contains(complaint), "{arguments:?}: {told}");
        assert_eq!(text(&output.stdout), "");
    }
}
