//! `portcullis policy matrix`: every kind of caller by every route.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use portcullis_analysis::caller::CallerKind;
use portcullis_analysis::matrix::{CellKind, Matrix, Row};

use super::sign::{ALL, meaning, sign};
use super::{html, load};
use crate::output::{self, Failure, Outcome, counted, printable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document: JSON, YAML, or a file of a deployment that has one inside; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How it is written; a table if absent.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// File to write instead of standard output; replaced if it exists.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal.
    Table,
    /// For a spreadsheet (RFC 4180).
    Csv,
    /// A page to look at, in one file.
    Html,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    if json && arguments.format.is_some() {
        return Err("choose one of --json and --format".to_owned());
    }
    let matrix = Matrix::of(&load::gate("--config", &arguments.config)?);
    let text = match arguments.format.unwrap_or(Format::Table) {
        _ if json => output::json(&matrix)?,
        Format::Table => table(&matrix),
        Format::Csv => csv(&matrix),
        Format::Html => html::page(&matrix),
    };
    let Some(path) = &arguments.out else { return Ok(Outcome::success(text)) };
    std::fs::write(path, text)
        .map_err(|error| format!("--out: cannot write {}: {error}", crate::input::shown(path)))?;
    let note = format!("{} routes by {} in {}", matrix.routes.len(), matrix.callers.len(), path.display());
    Ok(Outcome::success(Vec::new()).with_notes(Vec::from([printable(&note)])))
}

fn label(caller: &CallerKind) -> String {
    printable(caller.label())
}

fn table(matrix: &Matrix) -> String {
    let width = |texts: &mut dyn Iterator<Item = &str>| {
        texts.map(|text| printable(text).chars().count()).max().unwrap_or_default()
    };
    let method = width(&mut matrix.routes.iter().map(|row| row.method.as_str()));
    let path = width(&mut matrix.routes.iter().map(|row| row.path.as_str()));
    let asks = width(&mut matrix.routes.iter().map(Row::asks));
    let labels: Vec<String> = matrix.callers.iter().map(label).collect();
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{:method$} {:path$}  {:asks$}  {}", "", "", "", labels.join("  "));
    for row in &matrix.routes {
        let (verb, template) = (printable(&row.method), printable(&row.path));
        let _ = write!(text, "{verb:method$} {template:path$}  {:asks$}", row.asks());
        for (label, answer) in labels.iter().zip(&row.answers) {
            let _ = write!(text, "  {:^width$}", sign(row.kind(*answer)), width = label.chars().count());
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        for binding in &row.bindings {
            let _ = writeln!(text, "{:method$}   where {}", "", printable(binding));
        }
    }
    let default = match &matrix.default_role {
        Some(role) => format!("the default role {}", printable(role)),
        None => "no role at all".to_owned(),
    };
    let routes = counted(matrix.routes.len(), "route", "routes");
    let is_bound = matrix.routes.iter().any(|row| !row.bindings.is_empty());
    let legend = ALL.into_iter().filter(|kind| is_bound || *kind != CellKind::Bound);
    let legend: Vec<String> = legend.map(|kind| format!("{} {}", sign(kind), meaning(kind))).collect();
    let _ = writeln!(text, "{routes}; {}; (no role) has {default}", legend.join(", "));
    text
}

fn csv(matrix: &Matrix) -> String {
    let head = ["method", "path", "access", "bindings"].map(str::to_owned);
    let labels = matrix.callers.iter().map(label);
    let rows = matrix.routes.iter().map(|row| {
        let fixed = [row.method.clone(), row.path.clone(), row.asks().to_owned(), row.bindings.join("; ")];
        let answers = row.answers.iter().map(|answer| match row.kind(*answer) {
            CellKind::Bound => "bound".to_owned(),
            _ => answer.code().to_owned(),
        });
        fixed.into_iter().chain(answers).collect()
    });
    let mut text = String::new();
    for row in core::iter::once(head.into_iter().chain(labels).collect::<Vec<_>>()).chain(rows) {
        let fields: Vec<String> = row.iter().map(|field| csv_field(field)).collect();
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A field of RFC 4180, quoted if need be.
fn csv_field(field: &str) -> String {
    // SECURITY: spreadsheets run what begins like a formula; the apostrophe makes it a text.
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{field}") } else { field.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
