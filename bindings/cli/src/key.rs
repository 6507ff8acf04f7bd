//! `portcullis key`: make signing keys, and tell their public halves and thumbprints.

mod generate;
mod jwk;
mod material;
mod pem;
mod sign;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::output::{self, Failure, Outcome};

pub(crate) use generate::algorithm;
pub(crate) use jwk::Key;
pub(crate) use material::Material;
pub(crate) use sign::{Members, sign};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key: a private JWK with `alg`, `use` and `kid`.
    Generate(generate::Arguments),
    /// Print the public half of a private JWK or PEM document.
    Public(Public),
    /// Print the thumbprint of RFC 7638 of a JWK or a PEM document, public or private.
    Thumbprint(Thumbprint),
}

#[derive(Debug, Args)]
pub(crate) struct Public {
    /// Print a JWK Set with the one key.
    #[arg(long, conflicts_with = "pem")]
    set: bool,
    /// Print a PEM document (SubjectPublicKeyInfo).
    #[arg(long)]
    pem: bool,
    /// The key; standard input if absent or `-`.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Thumbprint {
    /// The key; standard input if absent or `-`.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(crate) fn run(command: &Command, json: bool) -> Result<Outcome, Failure> {
    match command {
        Command::Generate(arguments) => generate::run(arguments, json),
        Command::Public(arguments) => public(arguments, json),
        Command::Thumbprint(arguments) => thumbprint(arguments, json),
    }
}

fn public(arguments: &Public, json: bool) -> Result<Outcome, Failure> {
    let (key, place) = Key::read_or_stdin(arguments.file.as_deref())?;
    let at = |error: String| format!("{place}: {error}");
    if key.material.is_secret() {
        return Err(at(
            "a shared secret has no public half; whoever verifies with it needs the secret itself".to_owned(),
        ));
    }
    key.check().map_err(at)?;
    let public = key.public_jwk();
    let text = match (arguments.pem, json) {
        (true, false) => key.material.public_pem()?,
        (true, true) => output::json(&json!({"pem": key.material.public_pem()?}))?,
        (false, _) if arguments.set => output::json(&json!({"keys": [public]}))?,
        (false, _) => output::json(&public)?,
    };
    Ok(Outcome::success(text))
}

fn thumbprint(arguments: &Thumbprint, json: bool) -> Result<Outcome, Failure> {
    let (key, place) = Key::read_or_stdin(arguments.file.as_deref())?;
    let thumbprint = key.thumbprint().map_err(|error| format!("{place}: {error}"))?;
    let mut notes = Vec::new();
    if key.material.is_secret() {
        notes
            .push("warning: this is a hash of the secret; do not publish it (RFC 7638 section 7)".to_owned());
    }
    let text =
        if json { output::json(&json!({"thumbprint": thumbprint}))? } else { format!("{thumbprint}\n") };
    Ok(Outcome::success(text).with_notes(notes))
}
