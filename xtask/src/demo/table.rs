//! The table of what happened.

use comfy_table::{ContentArrangement, Table, presets};

use portcullis_test_support::demo::run::{Outcome, RowOutcome};
use portcullis_test_support::demo::script::Expected;

/// Wide enough for every column on one line; a narrower terminal wraps inside the cells.
const WIDTH: u16 = 150;

/// The table as text.
pub(super) fn render(outcome: &Outcome) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table.set_header(["", "#", "request", "caller", "expected", "got", "reason", "origin saw"]);
    for (number, row) in (1..).zip(&outcome.rows) {
        table.add_row(cells(number, row));
    }
    table.to_string()
}

fn cells(number: usize, outcome: &RowOutcome) -> [String; 8] {
    let row = outcome.row;
    let (status, verdict) = match &row.expected {
        Expected::Allowed { .. } => (200, "allowed"),
        Expected::Refused { status, .. } => (*status, "refused"),
    };
    let seen = match &outcome.seen {
        None => "-".to_owned(),
        Some(seen) => {
            // The target only where it is not the one that was asked for.
            let target = if seen.target == row.target { "" } else { &seen.target };
            let identity =
                seen.identity.as_deref().unwrap_or(if target.is_empty() { "the request" } else { "" });
            [target, identity].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" as ")
        }
    };
    [
        if outcome.failure.is_none() { "ok" } else { "DIFFERS" }.to_owned(),
        number.to_string(),
        format!("{} {}", row.method, row.target),
        row.caller.to_owned(),
        format!("{status} {verdict}"),
        outcome.status.to_string(),
        outcome.reason.clone().unwrap_or_else(|| "-".to_owned()),
        seen,
    ]
}
