//! The command `portcullis`.
//!
//! Exit codes: 0 for valid or allowed, 1 for invalid or denied, 2 for a usage or configuration error. Secrets come from
//! the environment or from `--env-file`, never from arguments, which other users of a machine can see.

#![forbid(unsafe_code)]

mod api_key;
mod bundle;
mod config;
mod document;
mod environment;
mod explain;
mod fetch;
mod input;
mod jws;
mod key;
mod kv;
mod misnamed;
mod output;
mod paint;
mod policy;
mod replace;
mod revoke;
mod secretless;
mod shell;
mod time;
mod token;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// Authentication and authorization gate for RAG APIs.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 valid or allowed, 1 invalid or denied, 2 usage or configuration error."
)]
struct Arguments {
    /// Print one JSON object.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what the gate would do with a request, and why.
    Explain(explain::Arguments),
    /// Check a configuration, begin one, print its schema.
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// Check the signature of a token, and nothing else about it.
    Jws {
        #[command(subcommand)]
        command: jws::Command,
    },
    /// Inspect, verify and mint tokens.
    Token {
        #[command(subcommand)]
        command: token::Command,
    },
    /// Make signing keys; print public halves and thumbprints.
    Key {
        #[command(subcommand)]
        command: key::Command,
    },
    /// Ask about roles and routes: who may do what, and what a change of the policy changes.
    Policy {
        #[command(subcommand)]
        command: policy::Command,
    },
    /// Make API keys, take over those of other systems, list, revoke and rotate them.
    ApiKey {
        #[command(subcommand)]
        command: api_key::Command,
    },
    /// Make the signed bundle of API keys, revocations and keys of issuers; look into one, and verify it.
    Bundle {
        #[command(subcommand)]
        command: bundle::Command,
    },
    /// Take something back: a token, a session, what a subject or an issuer had, a credential, an API key.
    Revoke {
        #[command(subcommand)]
        command: revoke::Command,
    },
    /// Print the script that completes commands and options in a shell.
    Completions(shell::Completions),
    /// Print the manual, or write a page for each command.
    Man(shell::Man),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::usage(&error),
    };
    let json = arguments.json;
    output::print(match arguments.command {
        Command::Explain(arguments) => explain::run(&arguments, json),
        Command::Config { command } => config::run(&command, json),
        Command::Jws { command } => jws::run(&command, json),
        Command::Token { command } => token::run(&command, json),
        Command::Key { command } => key::run(&command, json),
        Command::Policy { command } => policy::run(&command, json),
        Command::ApiKey { command } => api_key::run(&command, json),
        Command::Bundle { command } => bundle::run(&command, json),
        Command::Revoke { command } => revoke::run(&command, json),
        Command::Completions(arguments) => Ok(shell::completions(&arguments, Arguments::command())),
        Command::Man(arguments) => shell::man(&arguments, Arguments::command()),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn commands_and_options_fit_together() {
        super::Arguments::command().debug_assert();
    }
}
