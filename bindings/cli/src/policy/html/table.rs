//! The table of the page: a body for each resource, a row for each route, a cell for each caller.

use core::fmt::Write as _;
use std::collections::BTreeMap;

use portcullis_analysis::matrix::{CellKind, Matrix, Row};

use super::escape::escape;
use crate::policy::sign::{meaning, sign};

/// Methods with a colour of their own.
const COLOURED: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "WEBSOCKET"];

/// The rows by what they are listed under: the resource of the permission, or `public` or `refused`, which come last.
pub(super) fn groups(matrix: &Matrix) -> BTreeMap<(u8, &str), Vec<&Row>> {
    let mut groups: BTreeMap<(u8, &str), Vec<&Row>> = BTreeMap::new();
    for row in &matrix.routes {
        let group = match row.permission.as_deref().and_then(|permission| permission.split_once(':')) {
            Some((resource, _)) => (0, resource),
            None => (1, row.access),
        };
        groups.entry(group).or_default().push(row);
    }
    groups
}

pub(super) fn table(matrix: &Matrix) -> String {
    let heads: String = matrix
        .totals()
        .enumerate()
        .map(|(index, (who, count))| {
            format!(
                "<th scope=\"col\" class=\"who\" data-column=\"{index}\"><span>{}</span> \
                 <span class=\"count\">{count}</span></th>",
                escape(who.label())
            )
        })
        .collect();
    let body: String = groups(matrix).iter().map(|((_, name), rows)| section(matrix, name, rows)).collect();
    format!(
        "<table>\n<thead><tr><th scope=\"col\">Route</th><th scope=\"col\">Asks for</th>{heads}</tr></thead>\n{body}</table>"
    )
}

fn section(matrix: &Matrix, name: &str, rows: &[&Row]) -> String {
    let columns = matrix.callers.len().saturating_add(1);
    let mut text = format!(
        "<tbody data-resource=\"{name}\"><tr class=\"group\"><th scope=\"rowgroup\">{name} \
         <span class=\"count\">{}</span></th><td colspan=\"{columns}\"></td></tr>\n",
        rows.len(),
        name = escape(name),
    );
    for row in rows {
        text.push_str(&route(matrix, row));
    }
    text.push_str("</tbody>\n");
    text
}

fn route(matrix: &Matrix, row: &Row) -> String {
    let may: String = row
        .answers
        .iter()
        .map(|answer| match row.kind(*answer) {
            CellKind::Allowed => '1',
            CellKind::Bound => 'b',
            CellKind::NotGranted | CellKind::Denied => '0',
        })
        .collect();
    let colour = COLOURED.iter().find(|method| **method == row.method);
    let bindings: String = row
        .bindings
        .iter()
        .map(|binding| format!("<small class=\"where\">where {}</small>", escape(binding)))
        .collect();
    let mut text = format!(
        "<tr data-method=\"{method}\" data-may=\"{may}\"><th scope=\"row\"><span class=\"method {}\">{method}</span> \
         <code>{}</code>{bindings}</th><td class=\"asks {}\">{}</td>",
        colour.map(|method| method.to_lowercase()).unwrap_or_default(),
        path(&row.path),
        row.access,
        escape(row.asks()),
        method = escape(&row.method),
    );
    for (index, (who, answer)) in matrix.callers.iter().zip(&row.answers).enumerate() {
        let kind = row.kind(*answer);
        let words = match (kind, answer.reason) {
            (CellKind::Bound, _) => format!("allowed where {}", row.bindings.join(" and ")),
            (_, Some(reason)) => format!("{}: {reason}", meaning(kind)),
            (_, None) => meaning(kind).to_owned(),
        };
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "<td class=\"sign {}\" data-column=\"{index}\" title=\"{}\">{}<span class=\"words\">{}</span></td>",
            class(kind),
            escape(&format!("{}: {words}", who.label())),
            sign(kind),
            escape(&words),
        );
    }
    text.push_str("</tr>\n");
    text
}

/// A path with its parameters set off.
fn path(path: &str) -> String {
    escape(path).replace('{', "<var>{").replace('}', "}</var>")
}

pub(super) fn class(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Allowed => "allow",
        CellKind::Bound => "bound",
        CellKind::NotGranted => "missing",
        CellKind::Denied => "deny",
    }
}
