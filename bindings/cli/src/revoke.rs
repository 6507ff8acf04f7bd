//! `portcullis revoke`: take something back.

use clap::{Args, Subcommand};
use portcullis::api_key::plain_hash;
use portcullis::parts::KeyHash;
use portcullis::{RevokedItem, UnixTime};
use serde_json::{Value, json};

use crate::bundle::BundleOptions;
use crate::kv::KvOptions;
use crate::output::{self, Failure, Outcome};
use crate::{input, time};

/// The binding of the KV namespace that the Worker looks revocations up in.
const BINDING: &str = "PORTCULLIS_REVOKED";

/// Workers KV takes no end that is nearer, in seconds.
const KV_EXPIRATION_MIN_SECS: u64 = 60;

/// Where it is taken back.
#[derive(Debug, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    bundle: BundleOptions,
    /// Write the next version to the file that the bundle was read from.
    #[arg(long, requires = "bundle")]
    in_place: bool,
    #[command(flatten)]
    kv: KvOptions,
    /// When Workers KV forgets it: a date, a time, or a duration like 90d. What it takes back should have ended by then.
    #[arg(long = "expires", value_name = "END", requires = "kv")]
    ends: Option<String>,
    /// The time of the command: now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// What is taken back.
struct Revocation<'c> {
    item: RevokedItem<'c>,
    /// The list of `revoked` it belongs into.
    list: &'static str,
    /// How it stands there.
    entry: Value,
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
        /// The instant, as RFC 3339 or in seconds since the epoch; the time of the command if absent.
        #[arg(long, value_name = "TIME")]
        before: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// All that an issuer has issued before an instant.
    Issuer {
        /// Its name.
        issuer: String,
        /// The instant, as RFC 3339 or in seconds since the epoch; the time of the command if absent.
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
    let place = command.place();
    let Place { bundle, in_place, kv, at, .. } = place;
    let now = time::instant("--at", at.as_deref())?;
    match (bundle.is_given(), kv.is_asked_for()) {
        (true, true) => Err("choose one of --bundle and --kv".to_owned()),
        (false, false) => Err("say where: --bundle FILE --key FILE, or --kv for Workers KV".to_owned()),
        (false, true) => place.put(&command.revocation(now)?, now),
        (true, false) => {
            let Revocation { list, entry, .. } = command.revocation(now)?;
            let mut edited = bundle.open(now)?;
            edited.payload.revoke(list, entry.clone())?;
            let told = json!({"revoked": {list: [entry]}, "version": edited.payload.version()});
            edited.finish(*in_place, &told, json)
        }
    }
}

impl Place {
    /// Writes it to Workers KV.
    fn put(&self, revocation: &Revocation<'_>, now: UnixTime) -> Result<Outcome, Failure> {
        let expires = self.ends.as_deref().map(|text| time::end("--expires", text, now)).transpose()?;
        if expires.is_some_and(|end| end < now.plus(KV_EXPIRATION_MIN_SECS)) {
            return Err(format!(
                "--expires: Workers KV takes no end that is nearer than {KV_EXPIRATION_MIN_SECS} seconds"
            ));
        }
        let Revocation { item, list, entry } = revocation;
        // Only the instant in it counts; the rest is for people.
        let value = if entry.is_object() { entry.clone() } else { json!({*list: [entry]}) };
        let (key, text) = (item.store_key(), value.to_string());
        let secs = expires.map(|end| end.as_secs().to_string());
        let mut rest = vec![key.as_str(), &text];
        rest.extend(secs.iter().flat_map(|secs| ["--expiration", secs.as_str()]));
        let notes = self.kv.carry_out(&[self.kv.step(BINDING, "put", &rest)])?;
        let expires_at = expires.map(UnixTime::to_rfc3339);
        let told = json!({"key": key, "value": value, "expires_at": expires_at});
        Ok(Outcome::success(output::json(&told)?).with_notes(notes))
    }
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

    fn revocation(&self, now: UnixTime) -> Result<Revocation<'_>, Failure> {
        let instant = |text: &Option<String>| match text {
            Some(text) => time::instant("--before", Some(text)).map(UnixTime::to_rfc3339),
            None => Ok(now.to_rfc3339()),
        };
        let (item, list, entry) = match self {
            Self::Token { jti: id, issuer, .. } => {
                (RevokedItem::Token { issuer, id }, "tokens", of_issuer("jti", id, issuer))
            }
            Self::Session { sid: id, issuer, .. } => {
                (RevokedItem::Session { issuer, id }, "sessions", of_issuer("sid", id, issuer))
            }
            Self::Subject { subject, before, .. } => {
                let entry = json!({"subject": subject, "before": instant(before)?});
                (RevokedItem::Subject(subject), "subjects", entry)
            }
            Self::Issuer { issuer, before, .. } => {
                let entry = json!({"issuer": issuer, "before": instant(before)?});
                (RevokedItem::Issuer(issuer), "issuers", entry)
            }
            Self::ApiKey { id, .. } => (RevokedItem::ApiKey(id), "api_keys", json!(id)),
            Self::Credential { hash, .. } => {
                let digest = credential(hash.as_deref())?;
                let entry = json!(KeyHash::Plain(digest).to_string());
                (RevokedItem::Credential(digest), "credentials", entry)
            }
        };
        Ok(Revocation { item, list, entry })
    }
}

fn of_issuer(name: &str, id: &str, issuer: &str) -> Value {
    if issuer.is_empty() { json!({name: id}) } else { json!({"issuer": issuer, name: id}) }
}

/// The hash of a credential. The credential itself is no argument, which other users of the machine see.
fn credential(hash: Option<&str>) -> Result<[u8; 32], Failure> {
    let hash = match hash {
        Some(hash) => hash.to_owned(),
        None => {
            let text = String::from_utf8(input::stdin("credential")?)
                .map_err(|_| "the credential is not UTF-8 text".to_owned())?;
            let text = text.trim();
            if text.is_empty() {
                return Err(
                    "standard input is empty; give the credential there, or its hash with --hash".to_owned()
                );
            }
            input::check_is_bare(text)?;
            plain_hash(text)
        }
    };
    match KeyHash::parse(&hash) {
        Some(KeyHash::Plain(digest)) => Ok(digest),
        _ => Err(
            "--hash: write \"sha256:\" and 64 hexadecimal digits, as `portcullis api-key hash` prints them"
                .to_owned(),
        ),
    }
}
