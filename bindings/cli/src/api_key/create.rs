//! `portcullis api-key create`.

use clap::Args;
use serde_json::json;

use super::kv::KvOptions;
use super::make::KeyOptions;
use super::record::RecordOptions;
use crate::output::{self, Failure, Outcome};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Public identifier of the key: 1 to 64 letters and digits.
    #[arg(long)]
    id: String,
    /// The subject its requests are attributed to.
    #[arg(long)]
    owner: Option<String>,
    #[command(flatten)]
    record: RecordOptions,
    #[command(flatten)]
    key: KeyOptions,
    #[command(flatten)]
    kv: KvOptions,
}

/// The key and its record.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let made = arguments.key.make("--id", &arguments.id)?;
    let record = arguments.record.record(&arguments.id, made.hash, arguments.owner.as_deref())?;
    let notes = arguments.kv.put_all([&record])?;
    Ok(Outcome::success(output::json(&json!({"key": made.key, "record": record}))?).with_notes(notes))
}
