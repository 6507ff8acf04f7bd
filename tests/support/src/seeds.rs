//! Seeds: inputs to begin with, made of the case files, the examples and, where they are, third-party vectors.
//!
//! `tests/fuzz/src/setting.rs` and `input.rs` read what is written here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use portcullis::{api_key::Pepper, base64url};
use serde_json::{Value, json};

use crate::cases::case::{Case, Concrete};
use crate::cases::suite::Suite;
use crate::root::root;
use crate::step::Step;

/// 2026-11-22T00:00:00Z: the time in the seeds, so that the same cases make the same seeds.
const NOW_SECS: u64 = 1_795_305_600;

/// ASCII's separators of groups, records and units.
const GROUP: &str = "\x1d";
const RECORD: &str = "\x1e";
const UNIT: &str = "\x1f";

/// Seeds by the name of their file.
type Seeds = BTreeMap<String, Vec<u8>>;

/// Writes the seeds of the fuzz targets `targets` to `<folder>/<target>`, in place of those that were there.
///
/// # Errors
///
/// If a case file or a vector cannot be read, a seed cannot be written, or there is no such target.
pub fn write(suite: &Suite, targets: &[String], folder: &Path, step: &Step) -> Result<()> {
    for target in targets {
        let seeds = match target.as_str() {
            "token" => tokens(suite, step)?,
            "jwk_set" => jwk_sets(step)?,
            "configuration" => configurations(suite, step)?,
            "request_head" => requests(suite, step)?,
            other => bail!("no seeds are made for a target `{other}`"),
        };
        let folder = folder.join(target);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        for (name, bytes) in seeds {
            let path = folder.join(name);
            fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// The ten bytes that choose a configuration, a secret and the time.
fn setting(suite: &Suite, configuration: &str, secret: &str) -> Result<Vec<u8>> {
    let place = |found: Option<usize>, name: &str| {
        found
            .and_then(|index| u8::try_from(index).ok())
            .with_context(|| format!("`{name}` is not in the cases"))
    };
    let configuration =
        place(suite.configurations.keys().position(|name| name == configuration), configuration)?;
    let secret = place(suite.secrets.keys().position(|name| name == secret), secret)?;
    let mut bytes = vec![configuration, secret];
    bytes.extend(NOW_SECS.to_be_bytes());
    Ok(bytes)
}

/// The cases whose configuration loads, with their places.
fn usable(suite: &Suite) -> impl Iterator<Item = (usize, &Case)> {
    let loads = |case: &Case| suite.configurations.contains_key(&case.configuration);
    suite.cases.iter().enumerate().filter(move |(_, case)| loads(case))
}

/// A case's header, claims and name of the secret, if the target can make its token of them.
fn parts(case: &Case) -> Result<Option<(&str, String, &str)>> {
    Ok(case.token.as_ref().map(|token| token.parts(NOW_SECS)).transpose()?.flatten())
}

fn tokens(suite: &Suite, step: &Step) -> Result<Seeds> {
    let mut seeds = Seeds::new();
    for (index, case) in usable(suite) {
        if let Some((header, claims, secret)) = parts(case)? {
            let text = format!("{header}{GROUP}{claims}");
            let setting = setting(suite, &case.configuration, secret)?;
            seeds.insert(format!("case-{index}"), [&setting, text.as_bytes()].concat());
        }
        // The whole token too: so that its parts get altered as well as its text.
        if let Some(token) = bearer(&suite.concrete(case, NOW_SECS)?) {
            let setting = setting(suite, &case.configuration, "JWT_SECRET_KEY")?;
            seeds.insert(format!("whole-{index}"), [&setting, token.as_bytes()].concat());
        }
    }
    let setting = setting(suite, "agentflow", "JWT_SECRET_KEY")?;
    for (index, case) in vectors("jws_cases.json", "", step)?.iter().enumerate() {
        let token = case["token"].as_str().unwrap_or_default();
        seeds.insert(format!("jws-{index}"), [&setting, token.as_bytes()].concat());
    }
    for (index, text) in json_texts(step)?.into_iter().enumerate() {
        let header = format!("{{\"alg\":\"HS256\"}}{GROUP}");
        seeds.insert(format!("json-{index}"), [&setting, header.as_bytes(), &text].concat());
    }
    Ok(seeds)
}

fn bearer(request: &Concrete) -> Option<&str> {
    request.headers.iter().find_map(|(_, value)| value.strip_prefix("Bearer "))
}

fn configurations(suite: &Suite, step: &Step) -> Result<Seeds> {
    let mut seeds = Seeds::new();
    for (name, configuration) in &suite.configurations {
        seeds.insert(format!("case-{name}"), configuration.to_string().into());
        seeds.insert(format!("pretty-{name}"), format!("{configuration:#}").into());
        // A secret where its name should be: the error must not repeat it.
        let secret = suite.secret("JWT_SECRET_KEY")?;
        let misplaced =
            configuration.to_string().replace(r#"{"env":"JWT_SECRET_KEY"}"#, &format!("\"{secret}\""));
        seeds.insert(format!("misplaced-{name}"), misplaced.into());
        for weak in ["EMPTY", "SHORT", "SPACED", "PUBLISHED", "HEX", "BASE64URL", "UNKNOWN"] {
            let encoding = format!("{weak}\",\"encoding\":\"{}", weak.to_ascii_lowercase());
            for (kind, text) in [("text", weak), ("encoded", &encoding)] {
                let document = configuration.to_string().replace("JWT_SECRET_KEY", text);
                seeds.insert(format!("{}-{kind}-{name}", weak.to_ascii_lowercase()), document.into());
            }
        }
    }
    for (name, text) in &suite.broken {
        seeds.insert(format!("broken-{name}"), text.as_bytes().to_vec());
    }
    for (index, jwk) in example_keys()?.into_iter().enumerate() {
        let key = json!({ "issuer": "https://idp.example", "keys": [{ "jwk": jwk }] });
        let set = json!({ "issuer": "https://b.example", "jwks": { "keys": [jwk] }, "algorithms": ["RS256", "ES256"] });
        let document = json!({ "profile": "generic", "issuers": [key, set] });
        seeds.insert(format!("jwk-{index}"), document.to_string().into());
    }
    let example = root().join("examples/agentflow/portcullis.json");
    seeds.insert("example".to_owned(), fs::read(&example).with_context(|| example.display().to_string())?);
    for (index, text) in json_texts(step)?.into_iter().enumerate() {
        seeds.insert(format!("json-{index}"), text);
    }
    Ok(seeds)
}

/// Sets of one key of an RFC each, of all of them, and of those that third-party tokens come with; from either source,
/// with no algorithm asked for and with all.
fn jwk_sets(step: &Step) -> Result<Seeds> {
    let keys = example_keys()?;
    let mut sets: Vec<Value> = keys.iter().map(|jwk| json!({ "keys": [jwk] })).collect();
    sets.push(json!({ "keys": keys }));
    sets.extend(weak_keys().iter().map(|jwk| json!({ "keys": [jwk] })));
    sets.extend(vectors("jws_cases.json", "", step)?.iter().map(|case| json!({ "keys": case["keys"] })));
    let mut seeds = Seeds::new();
    for (index, set) in sets.iter().enumerate() {
        for (kind, choice) in [("local", [0, 0, 0]), ("public", [1, 0, 0]), ("all", [0, 0xff, 0xff])] {
            seeds.insert(format!("{kind}-{index}"), [&choice, set.to_string().as_bytes()].concat());
        }
    }
    Ok(seeds)
}

/// Keys under which anybody can sign, if they are believed: neutral and zero points, exponent 1.
fn weak_keys() -> [Value; 4] {
    let zero = "A".repeat(43);
    let neutral = format!("AQ{}", "A".repeat(41));
    let modulus = format!("_{}Q", "A".repeat(340));
    [
        json!({ "kty": "OKP", "crv": "Ed25519", "x": neutral }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": zero }),
        json!({ "kty": "EC", "crv": "P-256", "x": zero, "y": zero }),
        json!({ "kty": "RSA", "alg": "RS256", "n": modulus, "e": "AQ" }),
    ]
}

/// The keys of the examples in RFCs.
fn example_keys() -> Result<Vec<Value>> {
    let path = root().join("tests/core/tests/it/examples/rfc.json");
    let examples = read_json(&path)?;
    let signatures = examples["signatures"].as_array().with_context(|| path.display().to_string())?;
    Ok(signatures.iter().map(|example| example["key"].clone()).filter(Value::is_object).collect())
}

fn requests(suite: &Suite, step: &Step) -> Result<Seeds> {
    let mut seeds = Seeds::new();
    for (index, case) in usable(suite) {
        let concrete = suite.concrete(case, NOW_SECS)?;
        let (mut text, secret) = match parts(case)? {
            Some((header, claims, secret)) => {
                let spec = &case.request;
                let head = head(&spec.method, &spec.target, &spec.headers);
                (format!("{head}{GROUP}{header}{GROUP}{claims}"), secret)
            }
            None => {
                let head = head(&concrete.method, &concrete.target, &concrete.headers);
                (format!("{head}{GROUP}{GROUP}"), "JWT_SECRET_KEY")
            }
        };
        let setting = setting(suite, &case.configuration, secret)?;
        // What the host supplies: a record, or else the body.
        let supplied = match record(suite, &concrete)? {
            Some(record) => Some(record.into_bytes()),
            None => concrete.body.clone().map(String::into_bytes),
        };
        if supplied.is_some() {
            text.push_str(GROUP);
        }
        let supplied = supplied.unwrap_or_default();
        seeds.insert(format!("case-{index}"), [&setting, text.as_bytes(), &supplied].concat());
    }
    let setting = setting(suite, "agentflow", "JWT_SECRET_KEY")?;
    for section in ["normalize", "merge_slashes", "remove_query_and_fragment", "unescape_slashes"] {
        for (index, case) in vectors("path_normalisation.json", section, step)?.iter().enumerate() {
            let text = head("GET", case["path"].as_str().unwrap_or_default(), &[]);
            seeds.insert(format!("{section}-{index}"), [&setting, text.as_bytes()].concat());
        }
    }
    Ok(seeds)
}

fn head(method: &str, target: &str, headers: &[(String, String)]) -> String {
    let mut text = format!("{method}{UNIT}{target}");
    for (name, value) in headers {
        text.push_str(&format!("{RECORD}{name}{UNIT}{value}"));
    }
    text
}

/// The record that a host would have for the API key of a request.
fn record(suite: &Suite, request: &Concrete) -> Result<Option<String>> {
    let values = request.headers.iter().map(|(_, value)| value.strip_prefix("Bearer ").unwrap_or(value));
    let Some(key) = values.into_iter().find(|value| value.starts_with("pc_")) else { return Ok(None) };
    let pepper =
        Pepper::new(suite.secret("PEPPER")?.as_bytes()).context("the pepper of the cases is too short")?;
    let id = key.split('_').nth(2).unwrap_or_default();
    Ok(Some(json!({ "id": id, "hash": pepper.hash(key), "roles": ["user"] }).to_string()))
}

/// A list of third-party cases: the file itself, or its member `section`. Empty where the vectors are not at hand.
fn vectors(name: &str, section: &str, step: &Step) -> Result<Vec<Value>> {
    let path = root().join("../shared/vectors").join(name);
    if !path.exists() {
        step.say(&format!("NOT USED: the vectors {name} are not on this machine"));
        return Ok(Vec::new());
    }
    let document = read_json(&path)?;
    let list = if section.is_empty() { &document } else { &document[section] };
    list.as_array().cloned().with_context(|| format!("{}: no list {section}", path.display()))
}

fn read_json(path: &Path) -> Result<Value> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// The documents of JSONTestSuite.
fn json_texts(step: &Step) -> Result<Vec<Vec<u8>>> {
    let cases = vectors("json_parsing.json", "test_parsing", step)?;
    let texts = cases.iter().map(|case| {
        let text = case["base64"].as_str().unwrap_or_default();
        let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
        base64url::decode(&text).ok().with_context(|| format!("{} is not base64", case["name"]))
    });
    texts.collect()
}
