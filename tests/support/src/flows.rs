//! The table of a system's page (`docs/systems/NAME.md`) that says what comes of each flow, without the gate and with it on
//! each host. It is written from what happened, and compared with it from then on.

#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};

use crate::root::root;
use crate::summary::Summary;

/// If this is set, tables are written rather than compared.
const UPDATE: &str = "UPDATE_DOCS";

/// A page may have several tables, written by tests that run side by side.
static WRITING: Mutex<()> = Mutex::new(());

/// What came of flows: a line for each of them, a column for each way to the server.
///
/// ```
/// use portcullis_test_support::flows::FlowTable;
///
/// let mut table = FlowTable::new("flows", &["without the gate", "Worker", "Envoy"]);
/// table.row("GET /me, nobody", &["401", "401 credential_missing", "401 credential_missing"]);
/// ```
///
/// It stands in the page between `<!-- flows -->` and `<!-- /flows -->`.
#[derive(Debug, Clone)]
pub struct FlowTable {
    mark: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl FlowTable {
    /// A table without lines. `mark` is what stands around it in the page; `columns` are those after the first, which names
    /// the flow.
    pub fn new(mark: &str, columns: &[impl AsRef<str>]) -> Self {
        let columns = columns.iter().map(|column| cell(column.as_ref())).collect();
        Self { mark: mark.to_owned(), columns, rows: Vec::new() }
    }

    /// One more line: what came of `flow`, column by column. Nothing in it may differ from one run to the next: no identifier,
    /// no time, no port.
    ///
    /// # Panics
    ///
    /// If there are more outcomes than columns, or fewer; or if there is a line for this flow.
    pub fn row(&mut self, flow: &str, outcomes: &[impl AsRef<str>]) {
        assert_eq!(outcomes.len(), self.columns.len(), "{flow}: an outcome for each column");
        let flow = cell(flow);
        assert!(!self.rows.iter().any(|row| row[0] == flow), "{flow}: there is a line for it");
        let outcomes = outcomes.iter().map(|outcome| cell(outcome.as_ref()));
        self.rows.push(std::iter::once(flow).chain(outcomes).collect());
    }

    /// Compares the table with the one in `page`, a path from the repository's root: a check for each line. Or writes it
    /// there, if `UPDATE_DOCS` is set.
    ///
    /// # Errors
    ///
    /// If the page cannot be read or written, or has no place for the table.
    pub fn settle(&self, page: &str, summary: &mut Summary) -> Result<()> {
        let file = root().join(page);
        if is_update() {
            return self.write(&file).with_context(|| page.to_owned());
        }
        let text = fs::read_to_string(&file).with_context(|| page.to_owned())?;
        for difference in self.compare(&text).with_context(|| page.to_owned())? {
            summary.count(difference.map(|difference| format!("{page}: {difference}; {UPDATE}=1 writes it")));
        }
        Ok(())
    }

    fn write(&self, file: &Path) -> Result<()> {
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let text = fs::read_to_string(file)?;
        let (before, _, after) = self.find(&text)?;
        Ok(fs::write(file, format!("{before}\n{}{after}", self.lines().concat()))?)
    }

    /// For the head and each line of either table nothing, or how they differ.
    fn compare(&self, text: &str) -> Result<Vec<Option<String>>> {
        let (_, written, _) = self.find(text)?;
        let written: Vec<&str> = written.lines().filter(|line| !line.is_empty()).collect();
        let lines = self.lines().concat();
        let got: Vec<&str> = lines.lines().filter(|line| !line.is_empty()).collect();
        let unplayed = written.iter().filter(|line| !got.contains(line)).filter(|line| {
            // What was played and came out otherwise is told below.
            let flow = first_cell(line);
            !got.iter().any(|line| first_cell(line) == flow)
        });
        let unplayed = unplayed.map(|line| Some(format!("nothing was played for {line:?}")));
        let compared = got.iter().map(|line| {
            let flow = first_cell(line);
            let there = written.iter().find(|line| first_cell(line) == flow);
            match there {
                Some(there) if there == line => None,
                Some(there) => Some(format!("got {line:?}, and it says {there:?}")),
                None => Some(format!("got {line:?}, and it says nothing of it")),
            }
        });
        Ok(compared.chain(unplayed).collect())
    }

    /// What stands before the table, the table, and what stands after it; the marks are not in the middle.
    fn find<'a>(&self, text: &'a str) -> Result<(&'a str, &'a str, &'a str)> {
        let (open, close) = (format!("<!-- {} -->\n", self.mark), format!("<!-- /{} -->\n", self.mark));
        let count = |mark: &str| text.matches(mark).count();
        ensure!(
            count(&open) == 1 && count(&close) == 1,
            "the lines {:?} and {:?} must stand there, once each",
            open.trim_end(),
            close.trim_end()
        );
        let (before, rest) = text.split_at(text.find(&open).unwrap_or_default() + open.len());
        let (table, after) = rest.split_at(rest.find(&close).context("its end stands before its beginning")?);
        Ok((before, table, after))
    }

    /// The lines, in Markdown. A blank one after them keeps the closing mark out of the table.
    fn lines(&self) -> Vec<String> {
        let head = std::iter::once("flow").chain(self.columns.iter().map(String::as_str));
        let line = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
        let mut lines = vec![line(&head.collect::<Vec<_>>()), line(&vec!["---"; self.columns.len() + 1])];
        for row in &self.rows {
            lines.push(line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        lines.push("\n".to_owned());
        lines
    }
}

/// Whether tables are to be written rather than compared.
pub fn is_update() -> bool {
    std::env::var_os(UPDATE).is_some_and(|value| !value.is_empty())
}

/// A text as a cell of a table, on one line.
fn cell(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { "-".to_owned() } else { text.replace('|', "\\|") }
}

fn first_cell(line: &str) -> &str {
    let cells = line.trim_start_matches("| ");
    cells.split(" | ").next().unwrap_or_default()
}
