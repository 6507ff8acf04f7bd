//! `portcullis api-key revoke`.

use clap::Args;
use serde_json::{Value, json};

use super::kv::{KvOptions, check_store_key};
use super::target::{Changed, DocumentOptions};
use crate::output::{self, Failure, Outcome};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The identifier of the record; with --kv, of a key of another system `sha256:` and the digits of its hash.
    id: String,
    #[command(flatten)]
    document: DocumentOptions,
    /// Take the record out, instead of switching it off.
    #[arg(long, requires = "config")]
    remove: bool,
    #[command(flatten)]
    kv: KvOptions,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let id = &arguments.id;
    if arguments.kv.is_chosen(arguments.document.is_given())? {
        check_store_key(id)?;
        let notes = arguments.kv.carry_out(&[arguments.kv.delete(id)])?;
        let done = if arguments.kv.runs() { output::json(&json!({"removed": id}))? } else { String::new() };
        return Ok(Outcome::success(done).with_notes(notes));
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
