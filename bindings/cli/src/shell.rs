//! `portcullis completions` and `portcullis man`: what a shell and its user want to know of the command.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::output::{Failure, Outcome};

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// A folder for the pages of all commands; without it, the page of the command itself goes to standard output.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The script that completes commands and options.
pub(crate) fn completions(arguments: &Completions, mut command: Command) -> Outcome {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    Outcome::success(script)
}

/// The manual.
pub(crate) fn man(arguments: &Man, command: Command) -> Result<Outcome, Failure> {
    let Some(folder) = &arguments.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).map_err(|error| error.to_string())?;
        return Ok(Outcome::success(page));
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .map_err(|error| format!("--out: cannot write to `{}`: {error}", folder.display()))?;
    Ok(Outcome::success(""))
}
