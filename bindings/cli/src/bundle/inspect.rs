//! `portcullis bundle inspect`: what a bundle says, which proves nothing.

use std::path::PathBuf;

use clap::Args;
use portcullis::jose::UnverifiedToken;
use portcullis::limits::BUNDLE_BYTES;
use portcullis::parts::BUNDLE_TYPE;
use portcullis_analysis::bundle::BundleSummary;
use portcullis_config::bundle_contents;
use serde_json::{Value, json};

use super::file;
use crate::output::{self, Failure, Outcome, printable};
use crate::time;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The time that times are seen from, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The bundle; `-` is standard input.
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let now = time::instant("--at", arguments.at.as_deref())?;
    let text = file::read(&arguments.bundle)?;
    let invalid = |why: String| {
        Ok(Outcome::success("").with_code(1).with_notes(vec![printable(&format!("not a bundle: {why}"))]))
    };
    let token = match UnverifiedToken::parse(&text, BUNDLE_BYTES) {
        Ok(token) => token,
        Err(error) => return invalid(error.to_string()),
    };
    let header = token.unverified_header();
    if header.token_type() != Some(BUNDLE_TYPE) {
        return invalid(format!("its `typ` is not \"{BUNDLE_TYPE}\""));
    }
    let contents = match bundle_contents(token.unverified_payload()) {
        Ok(contents) => contents,
        Err(why) => return invalid(why),
    };
    let payload: Value =
        serde_json::from_slice(token.unverified_payload()).map_err(|error| error.to_string())?;
    let summary = BundleSummary::from(&contents);
    let state = if contents.expires_at <= now { "expired" } else { "good for now" };
    let text = if json {
        output::json(
            &json!({"verified": false, "alg": header.algorithm(), "kid": header.key_id(), "state": state,
            "summary": summary, "payload": payload}),
        )?
    } else {
        let kid = header.key_id().unwrap_or("none");
        let payload = output::json(&payload)?;
        format!(
            "SIGNATURE NOT CHECKED: anybody can have written this\n\n{summary}\nmade {}, {state}\nalg {}, kid {kid}\n\n{payload}",
            summary.issued_at,
            header.algorithm()
        )
    };
    Ok(Outcome::success(printable(&text)))
}
