//! The fault matrix: each way in which a source of keys, a bundle, one that is asked, or a store fails, on each host; `docs/faults.md` is
//! what came of it.

mod bundles;
mod clocks;
mod crowd;
mod measure;
mod page;
mod row;

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use portcullis_test_support::root::root;
use portcullis_test_support::summary::Summary;

use crowd::Extent;
use portcullis_host_tests::hosts::{ALL, Kind};
use row::Row;

/// Where the table is.
const PAGE: &str = "docs/faults.md";
/// If this is set, everything is measured, with many requests, and written there.
const UPDATE: &str = "UPDATE_FAULTS";
/// Which host is measured then, if not all; the lines of the others stay.
const HOST: &str = "FAULTS_HOST";

/// Measures as much as seconds allow, and compares what does not depend on the machine with the page; or everything, for it.
pub(crate) fn matrix(summary: &mut Summary) -> Result<()> {
    let file = root().join(PAGE);
    if std::env::var_os(UPDATE).is_some_and(|value| !value.is_empty()) {
        // Two at a time: more would slow each other down.
        let mut rows: Vec<Row> = Vec::new();
        let only = std::env::var(HOST).unwrap_or_default();
        let measured: Vec<Kind> =
            ALL.iter().copied().filter(|kind| only.is_empty() || kind.name() == only).collect();
        for kinds in measured.chunks(2) {
            rows.extend(side_by_side(kinds, Extent::Full)?);
        }
        safe(&rows, summary);
        let earlier = fs::read_to_string(&file).unwrap_or_default();
        return fs::write(&file, page::page(&rows, &earlier)).with_context(|| file.display().to_string());
    }
    let rows = side_by_side(ALL, Extent::Sample)?;
    safe(&rows, summary);
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    for row in &rows {
        let written = page::written(&text, row);
        let agrees = written.as_ref().is_some_and(|(status, known)| {
            *status == row.status && row.known.as_ref().is_none_or(|got| got == known)
        });
        let got = (&row.status, &row.known);
        summary.count((!agrees).then(|| {
            format!("{}: got {got:?}, and {PAGE} says {written:?}: run `cargo xtask faults`", row.name())
        }));
    }
    Ok(())
}

/// The rows of these hosts, in order.
fn side_by_side(kinds: &[Kind], extent: Extent) -> Result<Vec<Row>> {
    let outcomes: Vec<Result<Vec<Row>>> = thread::scope(|scope| {
        let started: Vec<_> =
            kinds.iter().map(|kind| scope.spawn(move || measure::measure(*kind, extent))).collect();
        let ended = started.into_iter().map(|thread| thread.join());
        ended.map(|rows| rows.unwrap_or_else(|_| Err(anyhow!("a measurement panicked")))).collect()
    });
    Ok(outcomes.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Puts the line of a host into the table of the soak, in the place of the one that begins alike.
pub(crate) fn keep_soak(root: &Path, beginning: &str, line: &str) -> Result<()> {
    let file = root.join(PAGE);
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    fs::write(&file, page::with_soak(&text, beginning, line)).with_context(|| file.display().to_string())
}

/// Whatever fails, nobody is let in who should not be, and a host that can tell asks only so often.
fn safe(rows: &[Row], summary: &mut Summary) {
    for row in rows {
        let in_vain = (row.bad_let_in > 0).then(|| format!("{}: {} let in", row.name(), row.bad_let_in));
        summary.count(in_vain);
        summary.count(row.stampede());
    }
}
