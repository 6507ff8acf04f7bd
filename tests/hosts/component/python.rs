//! The pure gate in a host of another language, as the example's description says to start it.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use portcullis_test_support::host::python;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;

/// What the example asks about, and what must become of it: decision, reason, and what it prints of the response.
const EXPECTED: &[(&str, &str, Option<&str>, &str)] = &[
    ("without a credential", "deny", Some("credential_missing"), "deny 401: "),
    ("a guest", "deny", Some("permission_missing"), "deny 403: "),
    (
        "a user who wants to be root",
        "allow",
        None,
        "forward /v1/threads?limit=1, remove ['authorization', 'x-user-id']",
    ),
];

/// Runs the example and compares its decisions.
pub(crate) fn check(gate: &Path, summary: &mut Summary) -> Result<()> {
    let config = root().join("examples").join("agentflow").join("portcullis.json");
    let printed = step("the example in Python", |step| python::example(gate, &config, step))?;
    let lines: Vec<&str> = printed.lines().collect();
    let count = lines.len();
    summary.count(
        (count != 2 * EXPECTED.len()).then(|| format!("the example printed {count} lines: {printed}")),
    );
    for ((what, decision, reason, answer), pair) in EXPECTED.iter().zip(lines.chunks(2)) {
        let (log, told) =
            (pair.first().copied().unwrap_or_default(), pair.last().copied().unwrap_or_default());
        let log: Value = serde_json::from_str(log).unwrap_or_default();
        let right = log["decision"] == *decision
            && log["reason"].as_str() == *reason
            && told.trim_start().starts_with(answer);
        summary.count(
            (!right).then(|| format!("{what}: expected {decision} {reason:?}, {answer:?}; got {log} {told}")),
        );
    }
    Ok(())
}
