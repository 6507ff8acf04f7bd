//! `portcullis api-key rotate`: another key with the same record, while the old one is good for a little longer.

use clap::Args;
use portcullis::UnixTime;
use portcullis::api_key::RecordLookup;
use portcullis::limits::API_KEY_LABEL_CHARS;
use portcullis::parts::ApiKeyRecord;
use portcullis_config::api_key_record;
use serde_json::{Value, json};

use super::edit::Record;
use super::kv::{KvOptions, check_store_key};
use super::make::KeyOptions;
use super::target::{Changed, DocumentOptions};
use crate::bundle::BundleOptions;
use crate::output::{self, Failure, Outcome, printable};
use crate::{input, time};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The identifier of the record; with --kv, of a key of another system `sha256:` and the digits of its hash.
    id: String,
    #[command(flatten)]
    document: DocumentOptions,
    /// Identifier of the new key: 1 to 64 letters and digits; if absent, the old one, `r` and the date.
    #[arg(long, value_name = "ID")]
    new_id: Option<String>,
    /// How long the old key is still good: a duration, a date or a time.
    #[arg(long, value_name = "WHEN", default_value = "7d")]
    grace: String,
    /// When the new key ends: a date, a time or a duration; with the old record's end if absent.
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// The time from which durations count, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    key: KeyOptions,
    #[command(flatten)]
    kv: KvOptions,
    #[command(flatten)]
    bundle: BundleOptions,
}

/// What comes out of it.
struct Rotated {
    key: String,
    record: Record,
    old: Record,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let now = time::instant("--at", arguments.at.as_deref())?;
    if arguments.kv.is_chosen(arguments.document.is_given(), arguments.bundle.is_given())? {
        return in_kv(arguments, now);
    }
    if arguments.bundle.is_given() {
        return in_bundle(arguments, now, json);
    }
    let target = arguments.document.open()?;
    let found = target.find(&arguments.id)?;
    let known = target.known(&arguments.id).ok_or("ID: the gate does not read this record")?;
    let rotated = rotate(arguments, found.record(), known, now)?;
    Ok(match target.replace(&found, &[&rotated.old, &rotated.record])? {
        Changed::Printed(document) if json => {
            let document: Value = serde_json::from_str(&document).map_err(|error| error.to_string())?;
            let mut told = rotated.told()?;
            if let Some(members) = told.as_object_mut() {
                members.insert("document".to_owned(), document);
            }
            Outcome::success(output::json(&told)?)
        }
        Changed::Printed(document) => {
            let key = format!("the new key, which is shown this once: {}", rotated.key);
            Outcome::success(document).with_notes(vec![key])
        }
        Changed::Written => Outcome::success(output::json(&rotated.told()?)?),
        Changed::Told(where_to) => {
            Outcome::success(output::json(&rotated.told()?)?).with_notes(vec![where_to])
        }
    })
}

/// The same for a record in Workers KV: from standard input, if wrangler is not run.
fn in_kv(arguments: &Arguments, now: UnixTime) -> Result<Outcome, Failure> {
    let (kv, id) = (&arguments.kv, &arguments.id);
    check_store_key(id)?;
    let text = if kv.runs() {
        kv.get(id).run()?
    } else {
        String::from_utf8(input::stdin("record")?).map_err(|_| "the record is not UTF-8 text".to_owned())?
    };
    let text = text.trim();
    if text.is_empty() || text == "Value not found" {
        return Err(format!(
            "ID: there is no record under `{}`; without --run, give it on standard input, as from `{}`",
            printable(id),
            kv.get(id).shown()
        ));
    }
    let rotated = rotate(arguments, Record::new(text), &read(text)?, now)?;
    // SECURITY: the new one first. If the second step fails, the old key is good for longer, and nobody is locked out.
    let notes = kv.put_all([&rotated.record.value()?, &rotated.old.value()?])?;
    Ok(Outcome::success(output::json(&rotated.told()?)?).with_notes(notes))
}

/// The same for a record in a bundle, which gets the next version.
fn in_bundle(arguments: &Arguments, now: UnixTime, json: bool) -> Result<Outcome, Failure> {
    let mut edited = arguments.bundle.open(now)?;
    let (records, at) = edited.payload.record(&arguments.id)?;
    let text = records.get(at).map(Value::to_string).unwrap_or_default();
    let rotated = rotate(arguments, Record::new(&text), &read(&text)?, now)?;
    records.splice(at..=at, [rotated.old.value()?, rotated.record.value()?]);
    edited.finish(arguments.document.in_place, &rotated.told()?, json)
}

/// What a record by itself says.
fn read(text: &str) -> Result<ApiKeyRecord, Failure> {
    match api_key_record(text.as_bytes()) {
        RecordLookup::Found(record) => Ok(record),
        RecordLookup::Unusable(why) => Err(printable(&format!("the record cannot be used: {why}"))),
        RecordLookup::NotFound | RecordLookup::Unavailable => Err("there is no record".to_owned()),
    }
}

fn rotate(
    arguments: &Arguments,
    mut old: Record,
    known: &ApiKeyRecord,
    now: UnixTime,
) -> Result<Rotated, Failure> {
    known.check(now).map_err(|error| format!("ID: {error}: it has nothing to hand on; create a key"))?;
    let id = match &arguments.new_id {
        Some(id) => id.clone(),
        None => next_id(&known.id, now)?,
    };
    if id == known.id {
        return Err("--new-id: the new key takes another identifier, which stands inside the key".to_owned());
    }
    let grace = time::end("--grace", &arguments.grace, now)?;
    let end = known.expires_at.map_or(grace, |end| end.min(grace));
    let expires = arguments.expires.as_deref().map(|text| time::end("--expires", text, now)).transpose()?;
    if let Some(expires) = expires.filter(|expires| *expires <= now) {
        return Err(format!("--expires: {} has passed", expires.to_rfc3339()));
    }
    let made = arguments.key.make("--new-id", &id)?;
    let mut record = old.clone();
    record.set("id", &id.into())?;
    record.set("hash", &made.hash.into())?;
    // Whoever has no owner goes by the identifier of the key: to bindings, logs and the origin it stays the same caller.
    if known.owner.is_none() {
        record.set("owner", &known.subject().into())?;
    }
    if record.has("created_at")? {
        record.set("created_at", &now.to_rfc3339().into())?;
    }
    if let Some(expires) = expires {
        record.set("expires_at", &expires.to_rfc3339().into())?;
    }
    old.set("expires_at", &end.to_rfc3339().into())?;
    Ok(Rotated { key: made.key, record, old })
}

/// The old identifier and the date; not that of an earlier rotation.
fn next_id(id: &str, now: UnixTime) -> Result<String, Failure> {
    let is_date = |text: &&str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let stem = match id.rsplit_once('r') {
        Some((stem, date)) if !stem.is_empty() && is_date(&date) => stem,
        _ => id,
    };
    let date: String = now.to_rfc3339().chars().take(10).filter(char::is_ascii_digit).collect();
    let next = format!("{stem}r{date}");
    if next == id
        || next.len() > API_KEY_LABEL_CHARS
        || !next.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return Err("--new-id: give the new key an identifier: 1 to 64 ASCII letters and digits".to_owned());
    }
    Ok(next)
}

impl Rotated {
    fn told(&self) -> Result<Value, Failure> {
        Ok(json!({"key": self.key, "record": self.record.value()?, "old": self.old.value()?}))
    }
}
