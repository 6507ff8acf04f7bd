//! `portcullis policy matrix`: every kind of caller by every route.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use portcullis::{Gate, Reason};
use serde::Serialize;

use super::caller::{Answer, Who, counted};
use super::who_can::{access, bindings, permission};
use super::{html, load};
use crate::output::{self, Failure, Outcome, printable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document.
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

/// Everything the policy decides by route and role.
#[derive(Serialize)]
pub(super) struct Matrix {
    pub(super) callers: Vec<Who>,
    /// The role of a token that says nothing about roles.
    pub(super) default_role: Option<String>,
    pub(super) routes: Vec<Row>,
}

/// A route and what each caller may do with it.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) route: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) access: &'static str,
    pub(super) permission: Option<String>,
    /// What every caller is bound to besides: `path.collection = /collections`.
    pub(super) bindings: Vec<String>,
    /// In the order of the callers.
    pub(super) answers: Vec<Answer>,
}

impl Matrix {
    fn of(gate: &Gate) -> Self {
        let callers = Who::all(gate.roles());
        let assumed: Vec<_> = callers.iter().map(|who| who.assume(gate)).collect();
        let mut routes: Vec<Row> = gate
            .routes()
            .map(|route| Row {
                route: route.text().to_owned(),
                method: route.method().to_owned(),
                path: route.path().to_owned(),
                access: access(&route),
                permission: permission(&route).map(str::to_owned),
                bindings: bindings(&route),
                answers: assumed.iter().map(|caller| route.authorize(caller).into()).collect(),
            })
            .collect();
        routes.sort_by(|one, other| (&one.path, &one.method).cmp(&(&other.path, &other.method)));
        Self { callers, default_role: gate.default_role().map(str::to_owned), routes }
    }

    /// How many routes each caller may use.
    pub(super) fn totals(&self) -> impl Iterator<Item = (&Who, usize)> {
        self.callers.iter().enumerate().map(|(index, who)| {
            let may = |row: &&Row| row.answers.get(index).is_some_and(|answer| answer.allowed());
            (who, self.routes.iter().filter(may).count())
        })
    }
}

impl Row {
    /// The permission, or `public` or `refused`.
    pub(super) fn asks(&self) -> &str {
        self.permission.as_deref().unwrap_or(self.access)
    }

    /// What `answer` says of this route.
    pub(super) fn kind(&self, answer: Answer) -> Kind {
        match answer.reason {
            None if self.bindings.is_empty() => Kind::Allowed,
            None => Kind::Bound,
            Some(Reason::PermissionDenied | Reason::RouteRefused) => Kind::Denied,
            Some(_) => Kind::NotGranted,
        }
    }
}

/// What a cell of the matrix says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Allowed,
    /// Allowed where the bindings of the route hold.
    Bound,
    NotGranted,
    Denied,
}

impl Kind {
    /// All kinds, in the order of a legend.
    pub(super) const ALL: [Self; 4] = [Self::Allowed, Self::Bound, Self::NotGranted, Self::Denied];

    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Allowed => "✓",
            Self::Bound => "◐",
            Self::NotGranted => "·",
            Self::Denied => "✗",
        }
    }

    /// For a legend.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Bound => "allowed where the binding holds",
            Self::NotGranted => "not granted",
            Self::Denied => "denied or refused",
        }
    }
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

fn table(matrix: &Matrix) -> String {
    let width = |texts: &mut dyn Iterator<Item = &str>| {
        texts.map(|text| printable(text).chars().count()).max().unwrap_or_default()
    };
    let method = width(&mut matrix.routes.iter().map(|row| row.method.as_str()));
    let path = width(&mut matrix.routes.iter().map(|row| row.path.as_str()));
    let asks = width(&mut matrix.routes.iter().map(Row::asks));
    let labels: Vec<String> = matrix.callers.iter().map(Who::label).collect();
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{:method$} {:path$}  {:asks$}  {}", "", "", "", labels.join("  "));
    for row in &matrix.routes {
        let (verb, template) = (printable(&row.method), printable(&row.path));
        let _ = write!(text, "{verb:method$} {template:path$}  {:asks$}", row.asks());
        for (label, answer) in labels.iter().zip(&row.answers) {
            let _ = write!(text, "  {:^width$}", row.kind(*answer).sign(), width = label.chars().count());
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
    let legend = Kind::ALL.into_iter().filter(|kind| is_bound || *kind != Kind::Bound);
    let legend: Vec<String> = legend.map(|kind| format!("{} {}", kind.sign(), kind.meaning())).collect();
    let _ = writeln!(text, "{routes}; {}; (no role) has {default}", legend.join(", "));
    text
}

fn csv(matrix: &Matrix) -> String {
    let head = ["method", "path", "access", "bindings"].map(str::to_owned);
    let labels = matrix.callers.iter().map(Who::label);
    let rows = matrix.routes.iter().map(|row| {
        let fixed = [row.method.clone(), row.path.clone(), row.asks().to_owned(), row.bindings.join("; ")];
        let answers = row.answers.iter().map(|answer| match row.kind(*answer) {
            Kind::Bound => "bound".to_owned(),
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
