//! Figures that are held against an aim, and not beside another's.

use serde::Serialize;

/// A figure, and the most that it should be.
#[derive(Debug, Serialize)]
pub(super) struct Limited {
    what: String,
    figure: f64,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aim: Option<f64>,
}

impl Limited {
    pub(super) fn new(what: impl Into<String>, figure: f64, unit: &'static str) -> Self {
        Self { what: what.into(), figure, unit, aim: None }
    }

    /// The same, which is held against an aim.
    #[must_use]
    pub(super) fn at_most(self, aim: f64) -> Self {
        Self { aim: Some(aim), ..self }
    }

    fn line(&self) -> String {
        let Self { what, figure, unit, aim } = self;
        let held = aim.map_or(["–".to_owned(), "–".to_owned()], |aim| {
            [format!("≤ {aim}"), if *figure <= aim { "met" } else { "missed" }.to_owned()]
        });
        format!("| {what} | {figure:.2} {unit} | {} |\n", held.join(" | "))
    }
}

/// All of them, as a table in Markdown; `what` stands over the first column.
pub(super) fn table(what: &str, rows: &[Limited]) -> String {
    let head = format!("| {what} | Portcullis | aim | |\n| --- | --: | --: | --- |\n");
    [head].into_iter().chain(rows.iter().map(Limited::line)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Limited, table};

    #[test]
    fn what_is_over_its_aim_is_missed() {
        let rows = [
            Limited::new("one", 1.0, "KB").at_most(1.0),
            Limited::new("two", 0.51, "KB").at_most(0.5),
            Limited::new("three", 3.25, "ms"),
        ];
        assert_eq!(
            table("row", &rows),
            "| row | Portcullis | aim | |\n\
             | --- | --: | --: | --- |\n\
             | one | 1.00 KB | ≤ 1 | met |\n\
             | two | 0.51 KB | ≤ 0.5 | missed |\n\
             | three | 3.25 ms | – | – |\n"
        );
    }
}
