//! The command `portcullis`.
//!
//! Exit codes: 0 for valid or allowed, 1 for invalid or denied, 2 for a usage or configuration error. Secrets come from
//! the environment or from `--env-file`, never from arguments, which other users of a machine can see.

mod api_key;
mod environment;
mod explain;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Authentication and authorization gate for RAG APIs.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what the gate would do with a request, and why.
    Explain(explain::Arguments),
    /// Make API keys and hash those of other systems.
    ApiKey {
        #[command(subcommand)]
        command: api_key::Command,
    },
}

/// What a command prints and how it exits.
struct Outcome {
    text: String,
    code: u8,
}

/// A usage or configuration error, ready to print.
type Failure = String;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Explain(arguments) => explain::run(&arguments),
        Command::ApiKey { command } => api_key::run(&command),
    };
    match outcome {
        Ok(Outcome { text, code }) => {
            // A reader that went away is no error of ours.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::from(code)
        }
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "error: {message}");
            ExitCode::from(2)
        }
    }
}
