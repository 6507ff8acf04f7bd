//! How costs grow: of a decision, and of loading a document.

use std::fmt::Write as _;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::measured;
use super::outcome::Outcome;

/// What the program prints.
#[derive(Deserialize)]
struct Printed {
    series: Vec<Series>,
}

/// Something that grows.
#[derive(Deserialize, Serialize)]
struct Series {
    what: String,
    points: Vec<Point>,
}

/// What it costs at a size.
#[derive(Deserialize, Serialize)]
struct Point {
    size: usize,
    micros: Micros,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
struct Micros {
    decision: f64,
    load: f64,
}

/// What does not make a document larger.
const NOT_IN_DOCUMENTS: [&str; 2] = ["bytes of a token", "remembered tokens"];

/// Measures all of it.
///
/// # Errors
///
/// If it does not build, or a good request is refused.
pub(super) fn outcome(rounds: u32, seconds: u64) -> Result<Outcome> {
    let Printed { series } = measured::printed_by("native", &["growth"], rounds, seconds)?;
    Ok(Outcome {
        title: "Growth",
        about: about(rounds, seconds),
        body: series.iter().map(Series::markdown).collect::<Vec<_>>().join("\n"),
        notes: String::new(),
        json: serde_json::to_value(&series)?,
    })
}

fn about(rounds: u32, seconds: u64) -> String {
    format!(
        "`cargo xtask bench growth --rounds {rounds} --seconds {seconds}`: microseconds for a decision about a whole request, \
         from its head to a verdict, and milliseconds to load its document; natively, the median of {} turns of a tenth of a \
         second each. Requests are spread over all that there is of what grows; 256 of them come in turn. There are 100 \
         routes where something else grows, and one key.\n\
         Every token is verified (HS256; ES256 where keys grow), but where the remembered ones grow: there is one request for \
         each of them, and none is verified again.",
        u64::from(rounds) * seconds * 10,
    )
}

impl Series {
    /// A table, and a plot for each cost.
    fn markdown(&self) -> String {
        let loads = !NOT_IN_DOCUMENTS.contains(&self.what.as_str());
        let costs: &[Cost] = if loads { &[DECISION, LOAD] } else { &[DECISION] };
        let mut text = format!("### {}\n\n", capitalised(&self.what));
        text += &self.table(costs);
        for cost in costs {
            text += &self.plot(cost);
        }
        text
    }

    fn table(&self, costs: &[Cost]) -> String {
        let cells = |first: String, rest: &dyn Fn(&Cost) -> String| {
            let cells: Vec<_> = [first].into_iter().chain(costs.iter().map(rest)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let mut lines = cells(self.what.clone(), &|cost| format!("{}, {}", cost.name, cost.unit));
        lines += &cells("--:".to_owned(), &|_| "--:".to_owned());
        for point in &self.points {
            lines += &cells(point.size.to_string(), &|cost| format!("{:.2}", (cost.of)(point.micros)));
        }
        lines
    }

    /// As Mermaid draws it.
    fn plot(&self, cost: &Cost) -> String {
        let sizes: Vec<_> = self.points.iter().map(|point| format!("\"{}\"", point.size)).collect();
        let costs: Vec<_> =
            self.points.iter().map(|point| format!("{:.2}", (cost.of)(point.micros))).collect();
        let mut text = String::from("\n```mermaid\nxychart-beta\n");
        // Writing to a string does not fail.
        let _ = writeln!(text, "    title \"A {} by {}\"", cost.name, self.what);
        let _ = writeln!(text, "    x-axis \"{}\" [{}]", self.what, sizes.join(", "));
        let _ = writeln!(text, "    y-axis \"{}\" 0 --> {:.2}", cost.unit, self.most(cost));
        let _ = writeln!(text, "    line [{}]", costs.join(", "));
        text + "```\n"
    }

    fn most(&self, cost: &Cost) -> f64 {
        self.points.iter().map(|point| (cost.of)(point.micros)).fold(0.0, f64::max)
    }
}

/// One of the costs.
struct Cost {
    name: &'static str,
    unit: &'static str,
    of: fn(Micros) -> f64,
}

const DECISION: Cost = Cost { name: "decision", unit: "µs", of: |micros| micros.decision };
const LOAD: Cost = Cost { name: "load", unit: "ms", of: |micros| micros.load / 1000.0 };

fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::{Micros, Point, Series};

    #[test]
    fn a_series_is_a_table_and_plots() {
        let point = |size, decision, load| Point { size, micros: Micros { decision, load } };
        let mut series = Series {
            what: "routes".to_owned(),
            points: vec![point(10, 1.0, 500.0), point(100, 2.5, 4000.0)],
        };
        let plot = |name: &str, unit: &str, most: &str, line: &str| {
            format!(
                "\n```mermaid\nxychart-beta\n    title \"A {name} by routes\"\n    x-axis \"routes\" [\"10\", \"100\"]\n    \
                 y-axis \"{unit}\" 0 --> {most}\n    line [{line}]\n```\n"
            )
        };
        let decision = plot("decision", "µs", "2.50", "1.00, 2.50");
        let load = plot("load", "ms", "4.00", "0.50, 4.00");
        assert_eq!(
            series.markdown(),
            format!(
                "### Routes\n\n| routes | decision, µs | load, ms |\n| --: | --: | --: |\n| 10 | 1.00 | 0.50 |\n\
                 | 100 | 2.50 | 4.00 |\n{decision}{load}"
            )
        );
        series.what = "remembered tokens".to_owned();
        assert!(!series.markdown().contains("load"));
    }
}
