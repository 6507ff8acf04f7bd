//! `portcullis explain`: what the gate would do with a request, step by step.

mod render;
mod request;

use std::path::PathBuf;

use clap::Args;
use portcullis_analysis::explain::Explanation;

use crate::environment::{Environment, notes};
use crate::fetch;
use crate::output::{self, Failure, Outcome};
use crate::time;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document: JSON, YAML, or a file of a deployment that has one inside; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// File of `NAME=value` lines with secrets, used before the environment.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// A header of the request; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// File with the body of the request, for routes that are decided by it.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The time of the request, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    fetch: fetch::Arguments,
    /// The origin behind the gate, for questions to it: `http://127.0.0.1:8000`.
    #[arg(long, value_name = "URL", requires = "fetch")]
    origin: Option<String>,
    /// The request, for example `GET /v1/threads?limit=10`.
    #[arg(value_name = "METHOD TARGET", num_args = 1..=2, required = true)]
    request: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let request = request::read(&arguments.request.join(" "), &arguments.headers, arguments.body.as_deref())?;
    let now = time::instant("--at", arguments.at.as_deref())?;
    let configuration = Environment::read(arguments.env_file.as_deref())?.compile(&arguments.config)?;
    let mut notes = notes(&configuration, &arguments.config);

    let (gate, explanation) = match arguments.fetch.fetcher_with(arguments.origin.as_deref())? {
        None => {
            let explanation = Explanation::of(&configuration.gate, &request, now);
            (configuration.gate, explanation)
        }
        Some(fetcher) => {
            let fetched = fetcher.keys(&configuration.gate, now);
            let explanation = Explanation::of_asking(&fetched.gate, &request, now, |call| fetcher.send(call));
            notes.extend(fetch::age(&fetched, now));
            notes.extend(fetch::failures(&fetched));
            notes.extend(fetcher.into_notes());
            (fetched.gate, explanation)
        }
    };
    notes.extend(match (explanation.reads_body, &request.body) {
        (false, Some(_)) => Some("note: --body: the decision does not depend on the body".to_owned()),
        (true, None) => Some("note: the decision depends on the body; give it with --body FILE".to_owned()),
        _ => None,
    });
    let text = if json { output::json(&explanation)? } else { render::render(&gate, &request, &explanation) };
    let code = u8::from(explanation.decision == "deny");
    Ok(Outcome::success(text).for_people_unless(json).with_notes(notes).with_code(code))
}
