//! The same flows on each way to a server: to itself, and through the gate on each host.

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use anyhow::{Context as _, Result, anyhow, ensure};
use portcullis_host_tests::hosts::{Kind, Running};
use portcullis_test_support::flows::FlowTable;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use serde_json::{Value, json};

use crate::stand_in::{Outcomes, StandIn};

/// A host, and what stands above its column.
pub(crate) type Host = (Kind, &'static str);

/// The hosts.
pub(crate) const HOSTS: [Host; 3] =
    [(Kind::Worker, "Worker"), (Kind::Envoy, "Envoy"), (Kind::Component, "component")];

/// The document at `examples/PATH`, which says of each refusal why.
pub(crate) fn example(path: &str) -> Result<Value> {
    let file = root().join("examples").join(path);
    let text = fs::read(&file).with_context(|| file.display().to_string())?;
    let mut document: Value = serde_json::from_slice(&text).with_context(|| file.display().to_string())?;
    let members = document.as_object_mut().context("the document is no object")?;
    members.insert("audit".to_owned(), json!({"reason_header": true}));
    Ok(document)
}

/// A gate on each host, with `document`, in front of `origin`.
pub(crate) fn start(
    name: &str,
    hosts: &[Host],
    origin: &str,
    document: &Value,
    secrets: &BTreeMap<String, String>,
) -> Result<Vec<Running>> {
    let start = |(kind, _): &Host| {
        let name = format!("{name}-{}", kind.name());
        Running::start(*kind, &name, document, secrets.clone(), origin)
    };
    hosts.iter().map(start).collect()
}

/// What came of the flows without a gate, and then on each host. `play` sends them to an address, which is a host's or none's.
pub(crate) fn play(
    name: &str,
    hosts: &[Host],
    server: &StandIn,
    document: &Value,
    secrets: &BTreeMap<String, String>,
    play: impl Fn(Option<Kind>, &str) -> Result<Outcomes> + Sync,
) -> Result<Vec<Outcomes>> {
    let running = start(name, hosts, &server.url(), document, secrets)?;
    let gates = running.iter().zip(hosts);
    let gates = gates.map(|(host, (kind, _))| (Some(*kind), format!("http://{}", host.address())));
    let ways: Vec<_> = std::iter::once((None, server.url())).chain(gates).collect();
    step(&format!("flows of {name}"), |_| {
        thread::scope(|scope| {
            let played: Vec<_> =
                ways.iter().map(|(kind, address)| scope.spawn(|| play(*kind, address))).collect();
            let ended = played.into_iter().map(|thread| thread.join());
            ended.map(|outcomes| outcomes.unwrap_or_else(|_| Err(anyhow!("a thread panicked")))).collect()
        })
    })
}

/// The table of what [`play`] has returned.
pub(crate) fn table(mark: &str, hosts: &[Host], columns: &[Outcomes]) -> Result<FlowTable> {
    let heads: Vec<&str> =
        std::iter::once("without the gate").chain(hosts.iter().map(|(_, head)| *head)).collect();
    let mut table = FlowTable::new(mark, &heads);
    let (first, others) = columns.split_first().context("nothing was played")?;
    for (index, (flow, outcome)) in first.iter().enumerate() {
        let mut cells = vec![outcome.as_str()];
        for (column, head) in others.iter().zip(&heads[1..]) {
            let there = column.get(index).filter(|(name, _)| name == flow);
            cells.push(&there.with_context(|| format!("{flow} was not played on {head}"))?.1);
        }
        table.row(flow, &cells);
    }
    let lengths: Vec<usize> = columns.iter().map(Vec::len).collect();
    ensure!(lengths.iter().all(|length| *length == first.len()), "flows by column: {lengths:?}");
    Ok(table)
}

/// What `page` says in the table with this mark, by flow and column.
pub(crate) fn settled(mark: &str, page: &str) -> Result<BTreeMap<(String, String), String>> {
    let text = fs::read_to_string(root().join(page)).with_context(|| page.to_owned())?;
    let table = text.split(&format!("<!-- {mark} -->")).nth(1).context("the page has no table")?;
    let mut lines = table.lines().filter(|line| line.starts_with("| ")).map(|line| {
        let cells = line.trim_start_matches("| ").trim_end_matches(" |").split(" | ");
        cells.map(str::to_owned).collect::<Vec<_>>()
    });
    let names = lines.next().context("the table is empty")?;
    let mut settled = BTreeMap::new();
    for line in lines.skip(1) {
        let (flow, outcomes) = line.split_first().context("a line is empty")?;
        for (name, outcome) in names.iter().skip(1).zip(outcomes) {
            settled.insert((flow.clone(), name.clone()), outcome.clone());
        }
    }
    Ok(settled)
}
