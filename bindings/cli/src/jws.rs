//! `portcullis jws`: the signature layer alone ([RFC 7515](https://www.rfc-editor.org/rfc/rfc7515)).

mod keys;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use portcullis::jose::{Algorithm, JoseHeader, UnverifiedToken, VerifiedToken};
use portcullis::limits::TOKEN_BYTES_MAX;
use portcullis::{AuthError, Reason, TokenError, UnixTime, base64url};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::output::{self, Failure, Outcome, printable};
use crate::{input, time};
use keys::{Keys, UnusedKey};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a signature. Prints the payload bytes, or the reason on standard error.
    ///
    /// The claims are not looked at: a token that expired long ago passes. `token verify` checks those too.
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A JWK or a JWK Set.
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// An algorithm to allow; may be repeated. All if absent. Fixes the algorithm of a key that names none.
    #[arg(long = "alg", value_name = "ALG")]
    algorithms: Vec<String>,
    /// The token; standard input if absent or `-`.
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'r> {
    valid: bool,
    reason: Option<Reason>,
    detail: Option<&'r str>,
    /// Of the key, or, if none verified the token, of its header.
    kid: Option<&'r str>,
    alg: Option<Algorithm>,
    /// In base64url; nothing if the signature is not valid.
    payload: Option<String>,
    payload_json: Option<&'r RawValue>,
    unused_keys: &'r [UnusedKey],
}

/// A reason and one sentence.
type Refusal = (Reason, String);

pub(crate) fn run(command: &Command, json: bool) -> Result<Outcome, Failure> {
    let Command::Verify(arguments) = command;
    verify(arguments, json)
}

fn verify(arguments: &Verify, json: bool) -> Result<Outcome, Failure> {
    let (allowed, warnings) = allowed(&arguments.algorithms);
    let now = time::instant("now", None)?;
    let document = input::file("--keys", &arguments.keys)?;
    let keys = Keys::read(&document, &allowed)
        .map_err(|error| format!("--keys: {}: {error}", input::shown(&arguments.keys)))?;
    let text = input::token(arguments.token.as_deref())?;

    let token = text
        .as_deref()
        .ok_or(TokenError::NotBase64Url)
        .and_then(|text| UnverifiedToken::parse(text, TOKEN_BYTES_MAX));
    let header = token.as_ref().ok().map(|token| token.unverified_header().clone());
    let verdict =
        token.map_err(refusal).and_then(|token| check(token, &keys, &arguments.algorithms, &allowed, now));

    if !json {
        let (code, output) = verdict.as_ref().map_or((1, &[][..]), |token| (0, token.payload()));
        let refusal = verdict.as_ref().err().map(|(reason, detail)| format!("{reason}: {detail}"));
        let unused = keys.unused().iter().map(UnusedKey::to_string);
        let notes = refusal.into_iter().chain(warnings).chain(unused).collect();
        return Ok(Outcome::success(output).with_code(code).with_notes(notes));
    }
    let payload = verdict.as_ref().ok().map(VerifiedToken::payload);
    let report = Report {
        valid: verdict.is_ok(),
        reason: verdict.as_ref().err().map(|(reason, _)| *reason),
        detail: verdict.as_ref().err().map(|(_, detail)| detail.as_str()),
        kid: verdict
            .as_ref()
            .ok()
            .and_then(VerifiedToken::key_id)
            .or(header.as_ref().and_then(JoseHeader::key_id)),
        alg: header.as_ref().map(JoseHeader::algorithm),
        payload: payload.map(base64url::encode),
        payload_json: payload.and_then(|bytes| serde_json::from_slice(bytes).ok()),
        unused_keys: keys.unused(),
    };
    let code = if report.valid { 0 } else { 1 };
    Ok(Outcome::success(output::json(&report)?).with_code(code).with_notes(warnings))
}

/// The algorithms among `names`, and a warning for each name that is none.
fn allowed(names: &[String]) -> (Vec<Algorithm>, Vec<String>) {
    let mut notes = Vec::new();
    let allowed = names
        .iter()
        .filter_map(|name| {
            let algorithm = Algorithm::from_name(name);
            if algorithm.is_none() {
                let known: Vec<_> = Algorithm::built_in().map(Algorithm::name).collect();
                let shown = if output::may_be_secret(name) { "…" } else { name };
                notes.push(format!(
                    "warning: --alg: {} is no algorithm and allows nothing; write one of {}",
                    printable(shown),
                    known.join(", ")
                ));
            }
            algorithm
        })
        .collect();
    (allowed, notes)
}

fn check(
    token: UnverifiedToken<'_>,
    keys: &Keys,
    named: &[String],
    allowed: &[Algorithm],
    now: UnixTime,
) -> Result<VerifiedToken, Refusal> {
    // SECURITY: to the core an empty list allows everything, and here it may be what unknown names left.
    if !named.is_empty() && !allowed.contains(&token.unverified_header().algorithm()) {
        return Err((
            Reason::AlgorithmNotAllowed,
            "the token's `alg` is none of those given with --alg".to_owned(),
        ));
    }
    let usable = keys.usable().map_err(|detail| (Reason::KeyUnknown, detail))?;
    token.verify(usable, now).map_err(refusal)
}

fn refusal(error: TokenError) -> Refusal {
    (AuthError::from(error).reason(), error.to_string())
}
