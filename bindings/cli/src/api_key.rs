//! `portcullis api-key`: make a key with its record, or hash a key of another system.

use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use portcullis::SecretBytes;
use portcullis::api_key::{Pepper, assemble, is_label, plain_hash};
use portcullis::limits::PEPPER_BYTES;
use portcullis_config::Secrets as _;
use serde_json::json;

use crate::environment::Environment;
use crate::output::{self, Failure, Outcome};

/// Random bytes drawn for one key: a key takes 43 that are below 248, and fewer than 43 among 128 do not happen.
const RANDOM_BYTES: usize = 128;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key. Prints the key, which is shown this once, and the record for `api_keys.records`.
    Create(Create),
    /// Hash the key of another system, read from standard input, for `api_keys.records`.
    Hash,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Public identifier of the key: 1 to 64 letters and digits.
    #[arg(long)]
    id: String,
    /// Environment label inside the key: 1 to 64 letters and digits.
    #[arg(long, default_value = "live")]
    env: String,
    /// A role of the key; may be repeated.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// The subject its requests are attributed to; the identifier if absent.
    #[arg(long)]
    owner: Option<String>,
    /// Name of the secret that holds the pepper.
    #[arg(long, value_name = "NAME", default_value = "PORTCULLIS_PEPPER")]
    pepper_env: String,
    /// File of `NAME=value` lines with secrets.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

pub(crate) fn run(command: &Command) -> Result<Outcome, Failure> {
    let value = match command {
        Command::Create(arguments) => create(arguments)?,
        Command::Hash => hash()?,
    };
    output::json(&value).map(Outcome::success)
}

fn create(arguments: &Create) -> Result<serde_json::Value, Failure> {
    for (option, label) in [("--id", &arguments.id), ("--env", &arguments.env)] {
        if !is_label(label) {
            return Err(format!("{option}: write 1 to 64 ASCII letters and digits, for example `ci1`"));
        }
    }
    let name = &arguments.pepper_env;
    let environment = Environment::read(arguments.env_file.as_deref())?;
    let secret = environment
        .get(name)
        .map(|text| SecretBytes::new(text.into_bytes()))
        .ok_or_else(|| format!("the pepper \"{name}\" is not set; {}", environment.hint(name)))?;
    let pepper = Pepper::new(secret.expose()).ok_or_else(|| {
        format!(
            "the pepper \"{name}\" is shorter than {PEPPER_BYTES} bytes; make one with `openssl rand -hex 32`"
        )
    })?;
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(|error| format!("the system gave no random numbers: {error}"))?;
    let key = assemble(&arguments.env, &arguments.id, random)
        .ok_or("the system gave no usable random numbers; try again")?;
    let mut record = json!({"id": arguments.id, "hash": pepper.hash(&key), "roles": arguments.roles});
    if let (Some(owner), Some(members)) = (&arguments.owner, record.as_object_mut()) {
        members.insert("owner".to_owned(), json!(owner));
    }
    Ok(json!({"key": key, "record": record}))
}

fn hash() -> Result<serde_json::Value, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot read the key from standard input: {error}"))?;
    let key = text.trim();
    if key.is_empty() {
        return Err("standard input is empty; type `printf %s \"$KEY\" | portcullis api-key hash`".to_owned());
    }
    Ok(json!({"hash": plain_hash(key)}))
}
