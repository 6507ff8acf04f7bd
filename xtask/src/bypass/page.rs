//! `docs/bypass.md`: what was sent, and what came of it, now and in an earlier commit.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;

/// The earlier commit.
const BEFORE: &str = "84a98bf";

/// What is known to be wrong in it, and where the suite says so: on any of the hosts, in this class, in these words.
const KNOWN: [(&str, &[&str], &str); 4] = [
    (
        "an `Upgrade` of several elements is decided about as a WebSocket, and sent as a GET",
        &["worker", "envoy"],
        "BYPASS, upgrades: no credential",
    ),
    (
        "`Connection` takes a header away that a binding has compared",
        &["worker", "envoy"],
        "BYPASS, hop by hop: a bound parameter is not there",
    ),
    (
        "headers that are removed pass with `_` for `-`",
        &["worker", "envoy", "component"],
        "BYPASS, headers: a header that the system removes",
    ),
    (
        "a request with the headers of a preflight passes a listed `OPTIONS` route",
        &["worker", "envoy", "component"],
        "BYPASS, methods: no credential",
    ),
];

/// What should have been found in the earlier commit, and was not.
pub(super) fn missed(before: &Value) -> Vec<String> {
    let known =
        KNOWN.iter().flat_map(|(fault, hosts, what)| hosts.iter().map(move |host| (fault, host, what)));
    let missing = known.filter(|(_, host, what)| times(before, host, what) == 0);
    missing.map(|(fault, host, what)| format!("{host}: {fault} ({what})")).collect()
}

/// How often something went wrong on a host.
fn times(report: &Value, host: &str, what: &str) -> u64 {
    let failures = report["failures"].as_array().into_iter().flatten();
    let same = failures.filter(|failure| failure["host"] == host && failure["what"] == what);
    same.filter_map(|failure| failure["times"].as_u64()).sum()
}

/// The page.
///
/// # Errors
///
/// If a report is none.
pub(super) fn page(now: &Value, before: &Value) -> Result<String> {
    let columns: Vec<&str> =
        now["columns"].as_array().context("no columns")?.iter().filter_map(Value::as_str).collect();
    let mut text = format!(
        "# Bypass suite\n\n\
         Written by `cargo xtask bypass --before DIR --write docs/bypass.md`: raw bytes to real hosts, in\n\
         front of an origin that reads what reaches it with the parsers and routers of the real servers\n\
         (h11, Starlette, Werkzeug) and judges by its own reading of the policy. A *bypass* is a request\n\
         on which the origin acts although its sender may not; a *wrong refusal* is an ordinary request\n\
         of a caller who may, and did not get through. The ordinary clients are the class that has to be\n\
         let in; of the others, what is let in is harmless by the origin's judgment. *5xx* are answers\n\
         that no stranger should bring about; what a host's own server says before the gate is asked is\n\
         listed in `tests/hosts/bypass/faults.rs`, and not counted. A bypass, a wrong refusal or a 5xx\n\
         fails the suite.\n\n\
         {} variants for each host and system, seed `{}`.\n\n",
        now["variants"],
        now["seed"].as_str().context("no seed")?,
    );
    text.push_str(&table(now, "class", &columns));
    text.push_str("\nThe same by system:\n\n");
    text.push_str(&table(now, "system", &columns));
    text.push_str(&format!(
        "\n## Before\n\n\
         The same variants on artefacts of commit {BEFORE}, without cookies as credentials and without\n\
         routes with bindings to cookies and forms or with optional ones, which it cannot read:\n\n"
    ));
    text.push_str(&table(before, "class", &columns));
    text.push_str("\nWhat is known to be wrong in it, and has to be found:\n\n");
    text.push_str("| fault | host | found | now |\n| --- | --- | ---: | ---: |\n");
    for (fault, hosts, what) in KNOWN {
        for host in hosts {
            let (then, still) = (times(before, host, what), times(now, host, what));
            text.push_str(&format!("| {fault} | {host} | {then} | {still} |\n"));
        }
    }
    Ok(text)
}

/// Sums by host and `by`, in the order in which they come, with a line for each host.
fn table(report: &Value, by: &str, columns: &[&str]) -> String {
    let tallies = report["tallies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text_of = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_owned();
    let distinct = |member: &str| tallies.iter().map(|row| text_of(row, member)).collect::<BTreeSet<_>>();
    let mut text = format!("| host | {by} | {} |\n| --- | --- |", columns.join(" | "));
    columns.iter().for_each(|_| text.push_str(" ---: |"));
    text.push('\n');
    for host in distinct("host") {
        for name in distinct(by).into_iter().map(Some).chain([None]) {
            let of_row = |row: &&Value| {
                text_of(row, "host") == host && name.as_ref().is_none_or(|name| text_of(row, by) == *name)
            };
            let sum = |column: &str| {
                tallies.iter().filter(of_row).filter_map(|row| row[column].as_u64()).sum::<u64>().to_string()
            };
            if tallies.iter().any(|row| of_row(&row)) {
                let sums: Vec<String> = columns.iter().map(|column| sum(column)).collect();
                text.push_str(&format!(
                    "| {host} | {} | {} |\n",
                    name.as_deref().unwrap_or("all"),
                    sums.join(" | ")
                ));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{missed, page};
    use serde_json::json;

    #[test]
    fn what_is_known_has_to_be_found() {
        let failure = |host: &str, what: &str| json!({"host": host, "what": what, "times": 2});
        let nothing = json!({"failures": []});
        let all: usize = super::KNOWN.iter().map(|(_, hosts, _)| hosts.len()).sum();
        assert_eq!(missed(&nothing).len(), all);
        let one = json!({"failures": [failure("worker", "BYPASS, upgrades: no credential")]});
        assert_eq!(missed(&one).len(), all - 1);
    }

    #[test]
    fn a_page_adds_up() {
        let tally =
            |class: &str, sent: u64| json!({"host": "worker", "system": "r2r", "class": class, "sent": sent});
        let report = json!({"seed": "s", "variants": 7, "columns": ["sent"], "failures": [],
            "tallies": [tally("paths", 3), tally("methods", 4)]});
        let text = page(&report, &report).unwrap();
        assert!(text.contains("| worker | all | 7 |"), "{text}");
        assert!(text.contains("| worker | r2r | 7 |") && text.contains("| worker | paths | 3 |"), "{text}");
        assert!(text.lines().all(|line| line.starts_with('|') || line.chars().count() <= 100), "{text}");
    }
}
