//! `portcullis bundle verify`: what a gate does to a bundle.

use std::path::PathBuf;

use clap::Args;
use portcullis::UnixTime;
use portcullis::parts::{BUNDLE_ALGORITHMS, BundleContents, BundleSource};
use portcullis_analysis::bundle::BundleSummary;
use portcullis_config::bundle_contents;
use serde_json::json;

use super::file;
use crate::document::Document;
use crate::input::{self, shown};
use crate::key::Key;
use crate::output::{self, Failure, Outcome, printable};
use crate::{secretless, time};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("pinned").required(true).args(["config", "public_key"]))]
pub(crate) struct Arguments {
    /// Configuration document with `bundle`: everything that a gate with it looks at. JSON, YAML, or a file of a deployment.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The public key: a JWK, or a PEM document. Whether the bundle fits a configuration is not looked at.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The time of the check, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The bundle; `-` is standard input.
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let now = time::instant("--at", arguments.at.as_deref())?;
    let text = file::read(&arguments.bundle)?;
    let checked = check(arguments, &text, now)?;
    let summary = checked.as_ref().map(BundleSummary::from);
    let code = u8::from(summary.is_err());
    if json {
        let detail = summary.as_ref().err();
        let report = json!({"valid": summary.is_ok(), "detail": detail, "bundle": summary.as_ref().ok()});
        return Ok(Outcome::success(output::json(&report)?).with_code(code));
    }
    Ok(match summary {
        Ok(summary) => Outcome::success(printable(&format!("{summary}\n"))),
        Err(why) => Outcome::success("").with_code(code).with_notes(vec![printable(why)]),
    })
}

/// What is in the bundle, or why it is refused.
fn check(
    arguments: &Arguments,
    text: &str,
    now: UnixTime,
) -> Result<Result<BundleContents, String>, Failure> {
    if let Some(path) = &arguments.config {
        let document = Document::read("--config", path)?;
        let gate =
            secretless::gate(&document.json).map_err(|errors| document.render_errors(errors.iter()))?;
        let source = gate.parts().bundle.as_ref().ok_or_else(|| {
            format!("--config: {} has no \"bundle\"; give the key with --public-key", document.name)
        })?;
        let contents = gate.parts().check_bundle(source, text.as_bytes(), now);
        return Ok(contents.map_err(|error| error.to_string()));
    }
    let path = arguments.public_key.as_deref().ok_or("--public-key: name the key")?;
    let place = |error: String| format!("--public-key: {}: {error}", shown(path));
    let key = Key::parse(&input::file("--public-key", path)?).map_err(place)?;
    let keys = key.verifying(&BUNDLE_ALGORITHMS).map_err(place)?;
    let source = BundleSource {
        url: String::new(),
        keys,
        stale_secs: 0,
        min_version: 0,
        issuers: Vec::new(),
        read: bundle_contents,
    };
    Ok(source.open(text.as_bytes(), now).map_err(|error| error.to_string()))
}
