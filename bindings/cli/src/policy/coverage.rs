//! `portcullis policy coverage`: the routes of a policy and those that the origin documents.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use portcullis_analysis::coverage::Coverage;

use super::load;
use crate::output::{self, Failure, Outcome, printable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document: JSON, YAML, or a file of a deployment that has one inside; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// OpenAPI 3 document of the origin, as JSON.
    #[arg(long, value_name = "FILE")]
    openapi: PathBuf,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let gate = load::gate("--config", &arguments.config)?;
    let document = load::file("--openapi", &arguments.openapi)?;
    let coverage = Coverage::of(&gate, &document)
        .map_err(|error| printable(&format!("{}: {error}", arguments.openapi.display())))?;
    let text = if json { output::json(&coverage)? } else { render(&coverage) };
    Ok(Outcome::success(text).with_code(u8::from(!coverage.unnamed.is_empty())))
}

fn render(coverage: &Coverage) -> String {
    let mut text = String::new();
    let lists = [
        ("routes of the origin that the policy does not name", &coverage.unnamed),
        ("routes of the policy that the document does not have", &coverage.undocumented),
    ];
    for (title, routes) in lists.iter().filter(|(_, routes)| !routes.is_empty()) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{title} ({})", routes.len());
        for route in *routes {
            let _ = writeln!(text, "  {}", printable(route));
        }
    }
    let all = coverage.named.saturating_add(coverage.unnamed.len());
    let _ = writeln!(text, "the policy names {} of the {all} routes of the origin", coverage.named);
    text
}
