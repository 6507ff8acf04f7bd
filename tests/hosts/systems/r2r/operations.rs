//! Every operation that R2R describes, by nobody, a user, a stranger to what the user has, and a superuser: what the profile
//! says, what the server answers, and what comes of it by way of each gate.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use portcullis_test_support::flows::FlowTable;
use portcullis_test_support::native::{Access, Native};
use portcullis_test_support::root::root;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use super::gates::{Lab, Way, document};
use crate::stand_in::Outcomes;

/// What came of each operation at the complete server and by way of the gates in front of it.
const RECORDED: &str = "tests/systems/r2r/operations.json";

/// Who sends them, and the roles that R2R gives them.
const CALLERS: [(&str, &[&str]); 4] =
    [("nobody", &[]), ("user", &["user"]), ("stranger", &["user"]), ("superuser", &["admin"])];
/// How many operations R2R 3.6.6 describes.
const OPERATIONS: usize = 114;

/// What came of one operation: the status, and the reason if it was the gate that refused.
struct Outcome<'o> {
    status: u16,
    reason: Option<&'o str>,
}

impl<'o> Outcome<'o> {
    fn read(text: &'o str) -> Result<Self> {
        let (status, reason) =
            text.split_once(' ').map_or((text, None), |(status, reason)| (status, Some(reason)));
        Ok(Self { status: status.parse().with_context(|| text.to_owned())?, reason })
    }

    fn is_served(&self) -> bool {
        self.status < 400
    }
}

/// Plays all of them by this way.
pub(super) fn play(lab: &Lab, way: &Way) -> Result<Outcomes> {
    let outcomes = lab.players.play("operations.py", way)?;
    let expected = OPERATIONS * CALLERS.len();
    ensure!(outcomes.len() == expected, "{}: {} outcomes, not {expected}", way.name, outcomes.len());
    Ok(outcomes)
}

/// What came of `name`, way by way. After a logout the gate refuses, or R2R if the gate still remembers the session: which of
/// both depends on how many instances a host runs, and they are one here.
fn by_way<'o>(name: &str, played: &'o [Outcomes]) -> Result<Vec<&'o str>> {
    let find = |outcomes: &'o Outcomes| {
        let found = outcomes.iter().find(|(flow, _)| flow == name);
        found
            .map(|(_, outcome)| outcome.as_str())
            .with_context(|| format!("{name}: was not played on every way"))
    };
    let mut found = played.iter().map(find).collect::<Result<Vec<&str>>>()?;
    if found.first() == Some(&"401") {
        found
            .iter_mut()
            .filter(|outcome| **outcome == "401 credential_rejected")
            .for_each(|outcome| *outcome = "401");
    }
    Ok(found)
}

/// Checks each outcome against what the profile says, and what the server itself answers: nothing passes that the profile
/// refuses, nothing is refused that it allows, and nobody is served what the server alone would refuse.
pub(super) fn judge(ways: &[&str], played: &[Outcomes], summary: &mut Summary) -> Result<()> {
    let secrets =
        BTreeMap::from([("R2R_SECRET_KEY".to_owned(), "0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned())]);
    let profile =
        Native::load(document()?.to_string().as_bytes(), &secrets, "here").map_err(anyhow::Error::msg)?;
    for (name, _) in &played[0] {
        let (who, operation) = name.split_once(' ').context("an operation has a caller")?;
        let (_, roles) = CALLERS.iter().find(|(known, _)| *known == who).context("an unknown caller")?;
        let access = profile.access(operation, (who != "nobody").then_some(*roles));
        let outcomes = by_way(name, played)?;
        let direct = Outcome::read(outcomes[0])?;
        for (way, outcome) in ways.iter().zip(&outcomes).skip(1) {
            let wrong = complaint(&access, who, &direct, &Outcome::read(outcome)?);
            summary.count(wrong.map(|wrong| {
                format!("{name}, {}: {wrong}: {outcome}, and {} without the gate", way, outcomes[0])
            }));
        }
    }
    Ok(())
}

fn complaint(access: &Access, who: &str, direct: &Outcome<'_>, gate: &Outcome<'_>) -> Option<String> {
    if gate.is_served() && !direct.is_served() {
        return Some("served, which the server refuses".to_owned());
    }
    match (&access.refused, gate.reason) {
        (Some(reason), Some(told)) if *reason == told => None,
        (Some(reason), _) => Some(format!("the profile refuses it with {reason}")),
        // What somebody else has is not the stranger's, and of what is not there nobody knows whose it is.
        (None, Some("binding_mismatch")) if access.asks && (who == "stranger" || !direct.is_served()) => None,
        (None, Some(_)) => Some("the profile allows it".to_owned()),
        (None, None) if gate.status != direct.status => Some("passed on, and answered otherwise".to_owned()),
        (None, None) => None,
    }
}

/// The table of the page: of each group of operations and each caller, how many are served and refused.
pub(super) fn table(ways: &[&str], played: &[Outcomes]) -> Result<FlowTable> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, _) in &played[0] {
        if let Some(operation) = name.strip_prefix("user ") {
            let group = operation.split('/').nth(2).context("an operation has a path")?;
            groups.entry(group.to_owned()).or_default().push(operation.to_owned());
        }
    }
    let mut table = FlowTable::new("operations", ways);
    for (group, operations) in &groups {
        for (who, _) in CALLERS {
            let mut counts = vec![[0; 3]; ways.len()];
            for operation in operations {
                for (count, outcome) in counts.iter_mut().zip(by_way(&format!("{who} {operation}"), played)?)
                {
                    let outcome = Outcome::read(outcome)?;
                    let kind = match (outcome.reason, outcome.is_served()) {
                        (Some(_), _) => 2,
                        (None, served) => usize::from(!served),
                    };
                    count[kind] += 1;
                }
            }
            let mut cells = Vec::new();
            for (index, [served, by_server, by_gate]) in counts.into_iter().enumerate() {
                let gate = if index == 0 { String::new() } else { format!(", {by_gate} by the gate") };
                cells.push(format!("{served} served, {by_server} refused{gate}"));
            }
            table.row(&format!("{group} ({}): {who}", operations.len()), &cells);
        }
    }
    Ok(table)
}

/// Checks at the server, which has noted what `arrived`, that whatever a gate says to have refused did not, and that
/// everything else did, once.
pub(super) fn judge_arrivals(
    ways: &[Way],
    played: &[Outcomes],
    mut arrived: BTreeMap<String, usize>,
    summary: &mut Summary,
) -> Result<()> {
    for (way, outcomes) in ways.iter().zip(played) {
        for (name, outcome) in outcomes {
            let refused = Outcome::read(outcome)?.reason.is_some();
            let count = arrived.remove(&format!("{} {name}", way.url)).unwrap_or_default();
            let wrong = count != usize::from(!refused);
            summary
                .count(wrong.then(|| format!("{name}, {}: {outcome}, and arrived {count} times", way.name)));
        }
    }
    summary.count((!arrived.is_empty()).then(|| format!("nobody has sent {:?}", arrived.keys())));
    Ok(())
}

/// Writes down what came of each.
pub(super) fn record(ways: &[&str], played: &[Outcomes]) -> Result<()> {
    let mut lines = Vec::new();
    for (name, _) in &played[0] {
        lines.push(format!("  {}: {}", json!(name), json!(by_way(name, played)?)));
    }
    let text =
        format!("{{\n \"ways\": {},\n \"outcomes\": {{\n{}\n }}\n}}\n", json!(ways), lines.join(",\n"));
    fs::write(root().join(RECORDED), text).context(RECORDED)
}

/// The ways that were recorded, and what came of each operation by each of them.
fn recorded() -> Result<(Vec<String>, Vec<Outcomes>)> {
    let recorded: Value = serde_json::from_slice(&fs::read(root().join(RECORDED)).context(RECORDED)?)?;
    let names: Vec<String> = serde_json::from_value(recorded["ways"].clone()).context(RECORDED)?;
    let outcomes: BTreeMap<String, Vec<String>> =
        serde_json::from_value(recorded["outcomes"].clone()).context(RECORDED)?;
    ensure!(outcomes.len() == OPERATIONS * CALLERS.len(), "{} outcomes are recorded", outcomes.len());
    let mut played = vec![Outcomes::new(); names.len()];
    for (name, by_way) in outcomes {
        ensure!(by_way.len() == names.len(), "{name}: {} outcomes are recorded", by_way.len());
        for (outcomes, outcome) in played.iter_mut().zip(by_way) {
            outcomes.push((name.clone(), outcome));
        }
    }
    Ok((names, played))
}

/// Compares what came of each with what was recorded.
pub(super) fn compare(ways: &[&str], played: &[Outcomes], summary: &mut Summary) -> Result<()> {
    let (names, recorded) = recorded()?;
    ensure!(names == ways, "{RECORDED}: other ways are recorded");
    for (name, _) in &played[0] {
        let (got, expected) = (by_way(name, played)?, by_way(name, &recorded)?);
        summary
            .count((got != expected).then(|| format!("{name}: got {got:?}, and {expected:?} is recorded")));
    }
    Ok(())
}
