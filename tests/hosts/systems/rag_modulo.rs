//! RAG Modulo: `tests/systems/rag-modulo`.

mod in_chromium;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use libtest_mimic::Trial;
use portcullis_host_tests::harness;
use portcullis_host_tests::hosts::{Kind, Running};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::summary::Summary;

use crate::columns::HOSTS;
use crate::stand_in::{Programs, StandIn, read};
use crate::{columns, recorded};

const PAGE: &str = "docs/systems/rag-modulo.md";

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        harness::checks("systems::rag_modulo::flows", flows),
        harness::checks("systems::rag_modulo::page_in_chromium", in_chromium::page),
    ]
}

/// Its page and its attackers, without a gate and on each host; and its MCP server, behind a gate of its own.
fn flows(summary: &mut Summary) -> Result<()> {
    let programs = Programs::of("rag-modulo")?;
    let secret = tokens::secret()?;
    let server = StandIn::start(&programs, &[&secret])?;
    let port = server.greeting["mcp_port"].as_u64().context("the server says no port of its MCP server")?;
    let mcp = format!("http://127.0.0.1:{port}");
    let secrets = BTreeMap::from([("JWT_SECRET_KEY".to_owned(), secret.clone())]);
    let document = columns::example("rag-modulo/mcp.json")?;
    let start = |kind: Kind| {
        let name = format!("rag-modulo-mcp-{}", kind.name());
        Ok((kind.name(), Running::start(kind, &name, &document, secrets.clone(), &mcp)?))
    };
    let gates: BTreeMap<_, _> = HOSTS.into_iter().map(|(kind, _)| start(kind)).collect::<Result<_>>()?;

    let document = columns::example("rag-modulo/portcullis.json")?;
    let columns = columns::play("rag-modulo", &HOSTS, &server, &document, &secrets, |kind, address| {
        let gate = kind.and_then(|kind| gates.get(kind.name()));
        let mcp = gate.map_or(mcp.clone(), |gate| format!("http://{}", gate.address()));
        let sockets = if kind == Some(Kind::Component) { "no-sockets" } else { "sockets" };
        programs.play("flows.py", &[address, &server.url(), &secret, &mcp, sockets], "")
    })?;
    recorded::compare(&columns[0], &read("rag-modulo/recorded.json")?, summary)?;
    columns::table("flows", &HOSTS, &columns)?.settle(PAGE, summary)
}
