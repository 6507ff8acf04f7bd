//! `portcullis api-key revoke`.

use clap::Args;
use serde_json::{Value, json};

use super::kv::{KvOptions, check_store_key};
use super::target::{Changed, DocumentOptions};
use crate::bundle::BundleOptions;
use crate::output::{self, Failure, Outcome};
use crate::time;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The identifier of the record; with --kv, of a key of another system `sha256:` and the digits of its hash.
    id: String,
    #[command(flatten)]
    document: DocumentOptions,
    /// Take the record out, instead of switching it off.
    #[arg(long, conflicts_with = "kv")]
    remove: bool,
    #[command(flatten)]
    bundle: BundleOptions,
    #[command(flatten)]
    kv: KvOptions,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let id = &arguments.id;
    if arguments.kv.is_chosen(arguments.document.is_given(), arguments.bundle.is_given())? {
        check_store_key(id)?;
        let notes = arguments.kv.carry_out(&[arguments.kv.delete(id)])?;
        let done = if arguments.kv.runs() { output::json(&json!({"removed": id}))? } else { String::new() };
        return Ok(Outcome::success(done).with_notes(notes));
    }
    if arguments.bundle.is_given() {
        return in_bundle(arguments, json);
    }
    let target = arguments.document.open()?;
    let found = target.find(id)?;
    let mut record = found.record();
    record.set("disabled", &Value::Bool(true))?;
    let (records, told) = if arguments.remove {
        (Vec::new(), json!({"removed": id}))
    } else {
        (vec![&record], json!({"record": record.value()?}))
    };
    Ok(match target.replace(&found, &records)? {
        Changed::Printed(document) => Outcome::success(document),
        Changed::Written => Outcome::success(output::json(&told)?),
        Changed::Told(where_to) => Outcome::success(output::json(&told)?).with_notes(vec![where_to]),
    })
}

/// The same in a bundle, which gets the next version.
fn in_bundle(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let mut edited = arguments.bundle.open(time::instant("now", None)?)?;
    let (records, at) = edited.payload.record(&arguments.id)?;
    let told = if arguments.remove {
        records.remove(at);
        json!({"removed": arguments.id})
    } else {
        let record = records.get_mut(at).ok_or("ID: there is no such record")?;
        if let Some(members) = record.as_object_mut() {
            members.insert("disabled".to_owned(), Value::Bool(true));
        }
        json!({"record": record})
    };
    edited.finish(arguments.document.in_place, &told, json)
}
