//! Uploads that are refused: a client that is still sending gets to see why.

use std::process::Command;

use anyhow::{Context as _, Result};
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::hosts::Gate;

/// How many uploads of each size.
const UPLOADS: usize = 60;

/// From Node.js' own `fetch`, which sends a body and looks for an answer at the same time.
pub(crate) fn check(gate: &Gate, summary: &mut Summary) -> Result<()> {
    let before = uploads(gate);
    let script = root().join("tests/support/npm/upload.mjs");
    for mebibytes in [1, 5] {
        let target = format!("http://{}/v1/graph/invoke", gate.address());
        let said = step("uploads from Node.js", |step| {
            let mut node = Command::new("node");
            step.run(node.arg(&script).args([&target, &UPLOADS.to_string(), &mebibytes.to_string()]))
        })?;
        let got: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
        summary.count(
            (got != json!({"401": UPLOADS})).then(|| format!("uploads of {mebibytes} MiB ended in {got}")),
        );
    }
    let arrived = uploads(gate) - before;
    summary.count((arrived > 0).then(|| format!("{arrived} refused uploads reached the origin")));
    Ok(())
}

/// How many have reached the origin.
fn uploads(gate: &Gate) -> usize {
    gate.origin.arrivals().iter().filter(|arrival| arrival.method == "POST").count()
}
