//! `portcullis api-key list`.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use portcullis::UnixTime;
use portcullis::api_key::RecordLookup;
use portcullis_analysis::api_keys::{KeyState, KnownKey};
use portcullis_config::api_key_record;
use serde_json::{Value, json};

use super::kv::KvOptions;
use crate::document::Document;
use crate::output::{self, Failure, Outcome, counted, printable};
use crate::{bundle, secretless, time};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document: JSON, YAML, or a file of a deployment that has one inside; `-` is standard input.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["kv", "bundle"])]
    config: Option<PathBuf>,
    /// The time that states are seen from, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// A bundle. Nobody checks who has signed it.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    kv: KvOptions,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let now = time::instant("--at", arguments.at.as_deref())?;
    arguments.kv.is_chosen(arguments.config.is_some(), arguments.bundle.is_some())?;
    let mut notes = Vec::new();
    let keys = match (&arguments.config, &arguments.bundle) {
        (_, Some(path)) => {
            notes.push("note: the signature of the bundle was not checked".to_owned());
            let mut keys: Vec<_> =
                bundle::unverified(path)?.records.iter().map(|record| KnownKey::of(record, now)).collect();
            keys.sort_by(|a, b| a.id.cmp(&b.id));
            keys
        }
        (Some(path), None) => {
            let document = Document::read("--config", path)?;
            let gate =
                secretless::gate(&document.json).map_err(|errors| document.render_errors(errors.iter()))?;
            KnownKey::all(&gate, now)
        }
        (None, None) if arguments.kv.runs() => stored(&arguments.kv, now, &mut notes)?,
        (None, None) => {
            let steps = [arguments.kv.list()];
            return Ok(Outcome::success("").with_notes(arguments.kv.carry_out(&steps)?));
        }
    };
    let text = if json { output::json(&json!({"records": keys}))? } else { table(&keys) };
    Ok(Outcome::success(text).with_notes(notes))
}

/// The records in Workers KV; of those that are none, `notes` tell.
fn stored(kv: &KvOptions, now: UnixTime, notes: &mut Vec<String>) -> Result<Vec<KnownKey>, Failure> {
    let listed: Value = serde_json::from_str(&kv.list().run()?)
        .map_err(|_| "`wrangler kv key list` printed something else than a list".to_owned())?;
    let names = listed.as_array().into_iter().flatten().filter_map(|entry| entry.get("name")?.as_str());
    let mut keys = Vec::new();
    for name in names {
        match api_key_record(kv.get(name).run()?.trim().as_bytes()) {
            RecordLookup::Found(record) => keys.push(KnownKey::of(&record, now)),
            RecordLookup::Unusable(why) => notes.push(printable(&format!("note: under `{name}`: {why}"))),
            RecordLookup::NotFound | RecordLookup::Unavailable => {}
        }
    }
    keys.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(keys)
}

fn table(keys: &[KnownKey]) -> String {
    let mut rows = vec![["id", "state", "ends", "subject", "roles"].map(str::to_owned)];
    rows.extend(keys.iter().map(|key| {
        let ends = key.expires_at.clone().unwrap_or_else(|| "never".to_owned());
        let roles = if key.roles.is_empty() { "(none)".to_owned() } else { key.roles.join(", ") };
        [key.id.clone(), key.state.word().to_owned(), ends, key.subject.clone(), roles]
            .map(|cell| printable(&cell))
    }));
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    let active = keys.iter().filter(|key| key.state == KeyState::Active).count();
    let _ = writeln!(text, "{}; {active} active", counted(keys.len(), "record", "records"));
    text
}
