//! What a command prints and how it exits.

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::misnamed;
use crate::paint::paint;

/// The end of a command that could do its work.
pub(crate) struct Outcome {
    /// For standard output, as it is.
    pub(crate) output: Vec<u8>,
    /// For standard error, a line each.
    pub(crate) notes: Vec<String>,
    /// 0 for valid or allowed, 1 for invalid or denied.
    pub(crate) code: u8,
    /// Whether `output` is a text of ours for people, which a terminal may show in colours.
    is_for_people: bool,
}

/// A usage or configuration error, ready to print.
pub(crate) type Failure = String;

impl Outcome {
    /// Prints `output` and exits with 0.
    pub(crate) fn success(output: impl Into<Vec<u8>>) -> Self {
        Self { output: output.into(), notes: Vec::new(), code: 0, is_for_people: false }
    }

    /// The same with lines for standard error.
    pub(crate) fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }

    /// The same, which is a text of ours for people unless it is JSON.
    pub(crate) fn for_people_unless(self, json: bool) -> Self {
        Self { is_for_people: !json, ..self }
    }

    /// The same with another exit code.
    pub(crate) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }
}

/// `value` as indented JSON and a line end.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// Ends the command.
pub(crate) fn print(outcome: Result<Outcome, Failure>) -> ExitCode {
    // A reader that went away is no error of ours, of either stream.
    match outcome {
        Ok(Outcome { output, notes, code, is_for_people }) => {
            let mut stderr = std::io::stderr().lock();
            for note in notes {
                let note = paint(&note, &stderr);
                let _ = writeln!(stderr, "{note}");
            }
            let mut stdout = std::io::stdout().lock();
            let output = match str::from_utf8(&output) {
                Ok(text) if is_for_people => paint(text, &stdout).into_bytes(),
                _ => output,
            };
            let _ = stdout.write_all(&output).and_then(|()| stdout.flush());
            ExitCode::from(code)
        }
        Err(message) => {
            let message = paint(&format!("error: {message}"), &std::io::stderr());
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::from(2)
        }
    }
}

/// Prints help, or what is wrong with the arguments.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let mut text = error.render().to_string();
    for argument in std::env::args_os().skip(1) {
        let argument = argument.to_string_lossy();
        // SECURITY: an argument in the wrong place is quoted in the error.
        if may_be_secret(&argument) {
            text = text.replace(&*argument, "…");
        } else if let Some((_, value)) = argument.split_once('=').filter(|(_, value)| may_be_secret(value)) {
            text = text.replace(value, "…");
        }
    }
    if let Some(command) = misnamed::meant(error) {
        text.push_str(&format!("\n  tip: `{command}` does that\n"));
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::from(2)
}

/// Whether an argument may be a token or a key, and not be repeated. No command, option or algorithm is as long; a path
/// usually has a separator, which neither has.
pub(crate) fn may_be_secret(argument: &str) -> bool {
    const LONG: usize = 32;
    argument.contains("eyJ") || argument.len() >= LONG && !argument.contains(['/', '\\'])
}

/// `text` for a terminal: what could move the cursor or turn the reading direction is written as an escape.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => "\n".to_owned(),
            '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2066}'..='\u{2069}' => {
                format!("\\u{:04x}", u32::from(c))
            }
            c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        })
        .collect()
}

/// `count` and the word for it.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
