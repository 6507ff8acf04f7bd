//! `portcullis config check`: all errors and notices of a configuration, each with its place in the file.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use portcullis_analysis::sources::FetchedSource;
use portcullis_analysis::{cracked, lints};
use portcullis_config::{ConfigError, Diagnostic, Lint, Position, RecordStore, Secrets, Severity};
use serde::Serialize;

use crate::document::Document;
use crate::environment::Environment;
use crate::fetch;
use crate::output::{self, Failure, Outcome, printable};
use crate::time;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document: JSON, YAML, or a file of a deployment that has one inside; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// File of `NAME=value` lines with secrets, used before the environment.
    #[arg(long, value_name = "FILE", conflicts_with = "no_secrets")]
    env_file: Option<PathBuf>,
    /// Take every secret the document names for a good one, without looking for it.
    #[arg(long)]
    no_secrets: bool,
    /// Exit with 1 if there is a notice.
    #[arg(long)]
    deny_warnings: bool,
    /// A lint whose notices are left out; may be repeated.
    #[arg(long = "allow", value_name = "CODE", value_parser = lint)]
    allowed: Vec<Lint>,
    #[command(flatten)]
    fetch: fetch::Arguments,
}

/// What was found, as `--json` prints it.
#[derive(Serialize)]
struct Report<'f> {
    valid: bool,
    errors: Vec<ErrorReport<'f>>,
    notices: Vec<DiagnosticReport<'f>>,
    /// What was fetched, with `--fetch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<Vec<FetchedSource>>,
}

#[derive(Serialize)]
struct ErrorReport<'f> {
    pointer: &'f str,
    line: usize,
    column: usize,
    message: &'f str,
}

#[derive(Serialize)]
struct DiagnosticReport<'f> {
    code: &'static str,
    severity: &'static str,
    pointer: &'f str,
    line: usize,
    column: usize,
    message: &'f str,
    why: &'static str,
    remedy: &'static str,
}

impl<'f> ErrorReport<'f> {
    fn new(error: &'f ConfigError, document: &Document) -> Self {
        let Position { line, column } = document.place_of_error(error);
        Self { pointer: &error.pointer, line, column, message: &error.message }
    }
}

impl<'f> DiagnosticReport<'f> {
    fn new(diagnostic: &'f Diagnostic, document: &Document) -> Self {
        let Position { line, column } = document.place_of(diagnostic);
        let lint = diagnostic.lint;
        Self {
            code: lint.code(),
            severity: lint.severity().name(),
            pointer: &diagnostic.pointer,
            line,
            column,
            message: &diagnostic.message,
            why: lint.why(),
            remedy: lint.remedy(),
        }
    }
}

/// Stands for secrets that are not there.
struct Assumed;

impl Secrets for Assumed {
    /// Long enough for every algorithm, and readable in every encoding; nothing but for a name that could be one.
    fn get(&self, name: &str) -> Option<String> {
        let plausible =
            name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        plausible.then(|| "0123456789abcdef".repeat(8))
    }

    fn hint(&self, _: &str) -> String {
        "write the name of a secret, in capitals, digits and underscores".to_owned()
    }

    fn revocation_store(&self) -> RecordStore {
        RecordStore::Available
    }

    fn sends_calls(&self) -> bool {
        true
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn shares_cache(&self) -> bool {
        true
    }
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let document = Document::read("--config", &arguments.config)?;
    let known: Box<dyn Secrets> = if arguments.no_secrets {
        Box::new(Assumed)
    } else {
        Box::new(Environment::read(arguments.env_file.as_deref())?)
    };
    let configuration = match document.compile(known.as_ref()) {
        Ok(configuration) => configuration,
        Err(errors) => return refused(&document, errors.iter(), json),
    };
    let cracked = cracked(&configuration.document, known.as_ref());
    if !cracked.is_empty() {
        return refused(&document, cracked.iter(), json);
    }
    let advice = lints(&configuration);
    let mut reports: Vec<_> = configuration
        .diagnostics
        .iter()
        .chain(&advice)
        .filter(|diagnostic| !arguments.allowed.contains(&diagnostic.lint))
        .map(|diagnostic| DiagnosticReport::new(diagnostic, &document))
        .collect();
    reports.sort_by_key(|report| (report.line, report.column));
    let mut notes = Vec::new();
    let sources = match arguments.fetch.fetcher()? {
        None => None,
        Some(fetcher) => {
            let fetched = fetcher.keys(&configuration.gate, time::instant("--at", None)?);
            notes.extend(fetcher.into_notes());
            Some(fetched.sources)
        }
    };
    let flaws = sources.iter().flatten().filter(|source| is_flawed(source)).count();
    let code = u8::from(arguments.deny_warnings && (flaws > 0 || !reports.is_empty()));
    let text = if json {
        output::json(&Report { valid: true, errors: Vec::new(), notices: reports, sources })?
    } else {
        fetched(sources.as_deref().unwrap_or_default(), &document) + &listed(&reports, flaws, &document.name)
    };
    Ok(Outcome::success(text).for_people_unless(json).with_notes(notes).with_code(code))
}

/// Whether a source has brought less than it should.
fn is_flawed(source: &FetchedSource) -> bool {
    source.failure.is_some() || !source.passed_over.is_empty()
}

/// What each source has brought.
fn fetched(sources: &[FetchedSource], document: &Document) -> String {
    let mut text = String::new();
    for FetchedSource { pointer, asked, keys, passed_over, bundle, failure } in sources {
        let Position { line, column } = document.place_of_pointer(pointer);
        let place = format!("{}:{line}:{column}: {pointer}", document.name);
        let last = asked.last().map(String::as_str).unwrap_or_default();
        let plural = if keys.len() == 1 { "key" } else { "keys" };
        // Writing to a `String` cannot fail.
        let _ = match (failure, bundle) {
            (Some(why), _) => writeln!(text, "warning: {place}: nothing from {last}: {why}"),
            (None, Some(bundle)) => writeln!(text, "fetched: {place}: {bundle}, from {last}"),
            (None, None) => {
                writeln!(text, "fetched: {place}: {} {plural} from {last}: {}", keys.len(), keys.join(", "))
            }
        };
        for key in passed_over {
            let _ = writeln!(text, "  passed over: {key}");
        }
    }
    printable(&text)
}

/// That the document cannot be used, or must not be.
fn refused<'e>(
    document: &Document,
    errors: impl Iterator<Item = &'e ConfigError>,
    json: bool,
) -> Result<Outcome, Failure> {
    if !json {
        return Err(document.render_errors(errors));
    }
    let errors = errors.map(|error| ErrorReport::new(error, document)).collect();
    let report = Report { valid: false, errors, notices: Vec::new(), sources: None };
    Ok(Outcome::success(output::json(&report)?).with_code(2))
}

/// All notices, and how many there are with the `flaws` of sources.
fn listed(reports: &[DiagnosticReport<'_>], flaws: usize, path: &str) -> String {
    let mut text = String::new();
    for DiagnosticReport { code, severity, pointer, line, column, message, why, remedy } in reports {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{severity}[{code}]: {path}:{line}:{column}: {pointer}: {message}");
        let _ = writeln!(text, "  why: {why}");
        let _ = writeln!(text, "  remedy: {remedy}");
    }
    let count =
        |severity: Severity| reports.iter().filter(|report| report.severity == severity.name()).count();
    let (warnings, advice) = (count(Severity::Warning).saturating_add(flaws), count(Severity::Advice));
    let plural = if warnings == 1 { "" } else { "s" };
    let _ = match (warnings, advice) {
        (0, 0) => writeln!(text, "{path}: no errors, no notices"),
        _ => writeln!(text, "{path}: no errors, {warnings} warning{plural}, advice on {advice}"),
    };
    printable(&text)
}

fn lint(code: &str) -> Result<Lint, String> {
    Lint::ALL.iter().copied().find(|lint| lint.code() == code).ok_or_else(|| {
        let codes: Vec<_> = Lint::ALL.iter().map(|lint| lint.code()).collect();
        format!("no such lint; the codes are {}", codes.join(", "))
    })
}
