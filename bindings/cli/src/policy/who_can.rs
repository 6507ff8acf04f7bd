//! `portcullis policy who-can`: who may make a request.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use portcullis_analysis::caller::CallerKind;
use portcullis_analysis::who_can::{Denied, RequestError, WhoCan};

use super::load;
use crate::output::{self, Failure, Outcome, printable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document: JSON, YAML, or a file of a deployment that has one inside; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The request or the route, for example `DELETE /v1/threads/{thread_id}`.
    #[arg(value_name = "METHOD PATH", num_args = 1..=2, required = true)]
    request: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let gate = load::gate("--config", &arguments.config)?;
    let answer = WhoCan::of(&gate, &arguments.request.join(" ")).map_err(|error| match error {
        RequestError::NotMethodAndPath => {
            "write a method and a path: `portcullis policy who-can … 'GET /v1/threads'`".to_owned()
        }
        error => error.to_string(),
    })?;
    let text = if json { output::json(&answer)? } else { render(&answer) };
    Ok(Outcome::success(text).with_code(u8::from(answer.allowed.is_empty())))
}

fn render(answer: &WhoCan) -> String {
    let mut text = String::new();
    let Some(route) = &answer.route else {
        return "nobody: the policy has no route for this\n".to_owned();
    };
    // Writing to a `String` cannot fail.
    let _ = match (&answer.permission, answer.access) {
        (Some(permission), _) => writeln!(text, "{} asks for {permission}", printable(route)),
        (None, access) => writeln!(text, "{} is {}", printable(route), access.unwrap_or_default()),
    };
    for binding in &answer.bindings {
        let _ = writeln!(text, "  where {}", printable(binding));
    }
    let label = |caller: &CallerKind| printable(caller.label());
    let callers = answer.allowed.iter().chain(answer.denied.iter().map(|denied| &denied.caller));
    let width = callers.map(|caller| label(caller).chars().count()).max().unwrap_or_default();
    for caller in &answer.allowed {
        let _ = writeln!(text, "  ✓ {}", label(caller));
    }
    for Denied { caller, answer, detail } in &answer.denied {
        let _ = writeln!(text, "  ✗ {:<width$}  {}: {detail}", label(caller), answer.code());
    }
    text
}
