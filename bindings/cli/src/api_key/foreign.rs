//! `portcullis api-key hash` and `import`: keys that another system has made.

use clap::Args;
use portcullis::api_key::{is_label, plain_hash};
use serde_json::json;

use super::kv::KvOptions;
use super::record::RecordOptions;
use crate::input;
use crate::output::{self, Failure, Outcome};

/// How many digits of the hash stand in the identifier of an imported key.
const ID_DIGITS: usize = 8;

#[derive(Debug, Args)]
pub(crate) struct HashArguments {
    /// Identifier of the key in logs: 1 to 64 letters and digits. Prints a whole record.
    #[arg(long)]
    id: Option<String>,
    /// The subject its requests are attributed to.
    #[arg(long, requires = "id")]
    owner: Option<String>,
    #[command(flatten)]
    record: RecordOptions,
    #[command(flatten)]
    kv: KvOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// What the identifiers begin with: letters and digits. A part of the hash follows, which shows nothing of the key.
    #[arg(long, value_name = "TEXT", default_value = "key")]
    id_prefix: String,
    #[command(flatten)]
    record: RecordOptions,
    #[command(flatten)]
    kv: KvOptions,
}

/// The hashes of the keys, or the record of one.
pub(super) fn hash(arguments: &HashArguments) -> Result<Outcome, Failure> {
    let text = read()?;
    let keys = split(&text);
    let Some(id) = &arguments.id else {
        if arguments.kv.is_asked_for() {
            return Err("--kv: a hash by itself is no record; give --id, or use `api-key import`".to_owned());
        }
        let hashes: Vec<String> = keys.iter().map(|key| plain_hash(key)).collect();
        return Ok(Outcome::success(output::json(&match hashes.as_slice() {
            [hash] => json!({"hash": hash}),
            hashes => json!({"hashes": hashes}),
        })?));
    };
    let [key] = keys.as_slice() else {
        return Err(format!(
            "standard input has {} keys, separated by commas or white space, and --id names one; \
             `portcullis api-key import` makes a record of each",
            keys.len()
        ));
    };
    if !is_label(id) {
        return Err("--id: write 1 to 64 ASCII letters and digits, for example `ci1`".to_owned());
    }
    let record = arguments.record.record(id, plain_hash(key), arguments.owner.as_deref())?;
    let notes = arguments.kv.put_all([&record])?;
    Ok(Outcome::success(output::json(&record)?).with_notes(notes))
}

/// The records of all keys, in their order.
pub(super) fn import(arguments: &ImportArguments) -> Result<Outcome, Failure> {
    if !is_label(&arguments.id_prefix) {
        return Err("--id-prefix: write ASCII letters and digits, for example `ci`".to_owned());
    }
    let text = read()?;
    let mut hashes: Vec<String> = Vec::new();
    for key in split(&text) {
        let hash = plain_hash(key);
        if hashes.contains(&hash) {
            return Err("a key stands there twice; write each once".to_owned());
        }
        hashes.push(hash);
    }
    let record = |hash: String| {
        let digits = hash.rsplit(':').next().and_then(|digits| digits.get(..ID_DIGITS)).unwrap_or_default();
        let id = format!("{}{digits}", arguments.id_prefix);
        arguments.record.record(&id, hash, None)
    };
    let records = hashes.into_iter().map(record).collect::<Result<Vec<_>, _>>()?;
    let notes = arguments.kv.put_all(&records)?;
    Ok(Outcome::success(output::json(&json!({"records": records}))?).with_notes(notes))
}

fn read() -> Result<String, Failure> {
    let text = String::from_utf8(input::stdin("key")?).map_err(|_| "the key is not UTF-8 text".to_owned())?;
    if split(&text).is_empty() {
        return Err("standard input is empty; type `printf %s \"$KEY\" | portcullis api-key hash`".to_owned());
    }
    Ok(text)
}

/// The keys in `text`. No key has a comma or white space in it, or it would stand in no header.
fn split(text: &str) -> Vec<&str> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|key| !key.is_empty()).collect()
}
