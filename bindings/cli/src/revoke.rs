//! `portcullis revoke`: take something back.

use clap::{Args, Subcommand};
use portcullis::api_key::plain_hash;
use portcullis::parts::KeyHash;
use serde_json::{Value, json};

use crate::bundle::BundleOptions;
use crate::output::{Failure, Outcome};
use crate::{input, time};

/// Where it is taken back.
#[derive(Debug, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    bundle: BundleOptions,
    /// Write the next version to the file that the bundle was read from.
    #[arg(long, requires = "bundle")]
    in_place: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A token, by its `iss` and its `jti`.
    Token {
        /// Its `jti`.
        jti: String,
        /// Its `iss`, if it has one.
        #[arg(long, default_value = "")]
        issuer: String,
        #[command(flatten)]
        place: Place,
    },
    /// All tokens of a session, by their `iss` and their `sid`.
    Session {
        /// Their `sid`.
        sid: String,
        /// Their `iss`, if they have one.
        #[arg(long, default_value = "")]
        issuer: String,
        #[command(flatten)]
        place: Place,
    },
    /// All that was issued to a subject before an instant.
    Subject {
        /// The subject, as the gate knows it: with the prefix of its issuer.
        subject: String,
        /// The instant, as RFC 3339 or in seconds since the epoch; now if absent.
        #[arg(long, value_name = "TIME")]
        before: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// All that an issuer has issued before an instant.
    Issuer {
        /// Its name.
        issuer: String,
        /// The instant, as RFC 3339 or in seconds since the epoch; now if absent.
        #[arg(long, value_name = "TIME")]
        before: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// An API key, by the identifier of its record.
    ApiKey {
        /// The identifier.
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Any credential, read from standard input; or by its hash.
    Credential {
        /// Its SHA-256: `sha256:` and 64 hexadecimal digits, as `api-key hash` prints it.
        #[arg(long)]
        hash: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

pub(crate) fn run(command: &Command, json: bool) -> Result<Outcome, Failure> {
    let Place { bundle, in_place } = command.place();
    if !bundle.is_given() {
        return Err("say where: --bundle FILE --key FILE".to_owned());
    }
    let now = time::instant("now", None)?;
    let (list, entry) = command.entry()?;
    let mut edited = bundle.open(now)?;
    edited.payload.revoke(list, entry.clone())?;
    let told = json!({"revoked": {list: [entry]}, "version": edited.payload.version()});
    edited.finish(*in_place, &told, json)
}

impl Command {
    fn place(&self) -> &Place {
        match self {
            Self::Token { place, .. }
            | Self::Session { place, .. }
            | Self::Subject { place, .. }
            | Self::Issuer { place, .. }
            | Self::ApiKey { place, .. }
            | Self::Credential { place, .. } => place,
        }
    }

    /// The list it belongs into, and how it stands there.
    fn entry(&self) -> Result<(&'static str, Value), Failure> {
        let instant = |text: &Option<String>| {
            time::instant("--before", text.as_deref()).map(|instant| instant.to_rfc3339())
        };
        Ok(match self {
            Self::Token { jti, issuer, .. } => ("tokens", of_issuer("jti", jti, issuer)),
            Self::Session { sid, issuer, .. } => ("sessions", of_issuer("sid", sid, issuer)),
            Self::Subject { subject, before, .. } => {
                ("subjects", json!({"subject": subject, "before": instant(before)?}))
            }
            Self::Issuer { issuer, before, .. } => {
                ("issuers", json!({"issuer": issuer, "before": instant(before)?}))
            }
            Self::ApiKey { id, .. } => ("api_keys", json!(id)),
            Self::Credential { hash, .. } => ("credentials", json!(credential(hash.as_deref())?)),
        })
    }
}

fn of_issuer(name: &str, id: &str, issuer: &str) -> Value {
    if issuer.is_empty() { json!({name: id}) } else { json!({"issuer": issuer, name: id}) }
}

/// The hash of a credential. The credential itself is no argument, which other users of the machine see.
fn credential(hash: Option<&str>) -> Result<String, Failure> {
    if let Some(hash) = hash {
        return match KeyHash::parse(hash) {
            Some(hash @ KeyHash::Plain(_)) => Ok(hash.to_string()),
            _ => Err("--hash: write \"sha256:\" and 64 hexadecimal digits, as `portcullis api-key hash` prints them".to_owned()),
        };
    }
    let text = String::from_utf8(input::stdin("credential")?)
        .map_err(|_| "the credential is not UTF-8 text".to_owned())?;
    let text = text.trim();
    if text.is_empty() {
        return Err("standard input is empty; give the credential there, or its hash with --hash".to_owned());
    }
    Ok(plain_hash(text))
}
