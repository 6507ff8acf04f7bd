//! `portcullis bundle build`.

use std::path::{Path, PathBuf};

use clap::Args;
use portcullis_analysis::bundle::BundleSummary;
use serde_json::{Map, Value, json};

use super::payload::Payload;
use super::sign::Signer;
use crate::input::{self, shown};
use crate::output::{self, Failure, Outcome, printable};
use crate::time;

#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Arguments {
    /// The private key that signs: a JWK, or a PEM document; Ed25519 or P-256.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The version: higher than that of every bundle before.
    #[arg(long = "version", id = "number", value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    version: u64,
    /// When it ends: a date, a time or a duration.
    #[arg(long, value_name = "WHEN")]
    expires: String,
    /// Records of API keys, as `api-key create`, `import` and `hash --id` print them; may be repeated.
    #[arg(long, value_name = "FILE")]
    records: Vec<PathBuf>,
    /// What was taken back, as `revoked` of a configuration; may be repeated.
    #[arg(long, value_name = "FILE")]
    revoked: Vec<PathBuf>,
    /// The JWK Set of an issuer; may be repeated.
    #[arg(long, value_name = "ISSUER=FILE")]
    jwks: Vec<String>,
    /// The time of it, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let signer = Signer::read(&arguments.key)?;
    let now = time::instant("--at", arguments.at.as_deref())?;
    let expires_at = time::end("--expires", &arguments.expires, now)?;
    if expires_at <= now {
        return Err(format!("--expires: {} has passed", expires_at.to_rfc3339()));
    }
    let mut payload = Payload::new(arguments.version, now, expires_at);
    for path in &arguments.records {
        let at = |error: String| format!("--records: {}: {error}", shown(path));
        let mut found = read("--records", path)?;
        payload.add_records(records(&mut found).map_err(at)?)?;
    }
    for path in &arguments.revoked {
        let at = |error: String| format!("--revoked: {}: {error}", shown(path));
        let found = read("--revoked", path)?;
        payload.revoke_all(revoked(&found).map_err(at)?).map_err(at)?;
    }
    for written in &arguments.jwks {
        let (issuer, path) = written
            .rsplit_once('=')
            .ok_or("--jwks: write ISSUER=FILE, like https://login.example.com=keys.json")?;
        payload.add_keys(issuer, read("--jwks", Path::new(path))?)?;
    }
    let contents = payload.contents()?;
    let summary = BundleSummary::from(&contents);
    let bundle = signer.sign(&payload)?;
    Ok(match json {
        true => Outcome::success(output::json(&json!({"bundle": bundle, "summary": summary}))?),
        false => Outcome::success(bundle + "\n").with_notes(vec![printable(&summary.to_string())]),
    })
}

fn read(option: &str, path: &Path) -> Result<Value, Failure> {
    let text = input::file(option, path)?;
    serde_json::from_slice(&text).map_err(|error| format!("{option}: {}: not JSON: {error}", shown(path)))
}

/// The records in what a command has printed. The key itself, where that is printed as well, stays behind.
fn records(found: &mut Value) -> Result<Vec<Value>, Failure> {
    const NONE: &str =
        "no records: write one, a list of them, or what `portcullis api-key create` or `import` prints";
    if let Value::Array(records) = found {
        return Ok(core::mem::take(records));
    }
    let members = found.as_object_mut().ok_or(NONE)?;
    if let Some(record) = members.remove("record") {
        return Ok(vec![record]);
    }
    match members.remove("records") {
        Some(Value::Array(records)) => Ok(records),
        None if members.contains_key("hash") => Ok(vec![Value::Object(core::mem::take(members))]),
        _ => Err(NONE.to_owned()),
    }
}

/// The lists of what was taken back: by themselves, or under the name that they have in a configuration.
fn revoked(found: &Value) -> Result<&Map<String, Value>, Failure> {
    let members = found.as_object().ok_or("write an object, as `revoked` of a configuration")?;
    match members.get("revoked") {
        Some(inner) => inner.as_object().ok_or_else(|| "`revoked` is an object".to_owned()),
        None => Ok(members),
    }
}
