//! What was recorded of real servers: those in their place must answer the same.

use anyhow::{Context as _, Result, ensure};
use portcullis_test_support::summary::Summary;
use serde_json::Value;

use crate::stand_in::Outcomes;

/// Whether a server has answered as the real one did: a check for each flow that was recorded. `recorded` has its status and,
/// after a `/`, the code in its body.
pub(crate) fn compare(outcomes: &Outcomes, recorded: &Value, summary: &mut Summary) -> Result<()> {
    let recorded = recorded["outcomes"].as_object().context("no outcomes are recorded")?;
    ensure!(recorded.len() > 20, "only {} outcomes are recorded", recorded.len());
    for (flow, expected) in recorded {
        let got = outcomes.iter().find(|(name, _)| name == flow).map(|(_, outcome)| outcome.as_str());
        let agrees = got.is_some_and(|got| Some(got) == expected.as_str());
        summary.count((!agrees).then(|| format!("{flow}: got {got:?}, and the real server said {expected}")));
    }
    Ok(())
}
