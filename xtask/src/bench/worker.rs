//! The Worker in workerd beside one by hand, in the same process.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use portcullis_test_support::artefact::WorkerArtefact;
use portcullis_test_support::build;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::workerd::{Bound, WorkerSettings, Workerd};
use portcullis_test_support::identity_provider::Signing;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::{Step, step};
use portcullis_test_support::tools::node;
use serde_json::json;

use super::page::Section;
use super::row::{Aim, Row, median};
use super::tokens::{AUDIENCE, NEW, REMEMBERED, REPEATED, Tokens};
use super::wrk::Wrk;

/// A path that AgentFlow's users may GET.
const PATH: &str = "/v1/threads";
/// Nobody is called that: the origin is inside.
const ORIGIN: &str = "http://origin.test";

/// What tokens are signed with, and the least ratio for new ones.
const ALGORITHMS: [(&str, Option<Signing>, f64); 4] = [
    ("HS256", None, 1.25),
    ("EdDSA", Some(Signing::EdDsa), 1.1),
    ("ES256", Some(Signing::Es256), 1.0),
    ("RS256", Some(Signing::Rs256), 1.0),
];
/// The least ratio for repeated ones.
const LIMIT_REPEATED: f64 = 1.4;

const SIDES: [&str; 3] = ["Portcullis", "the Worker by hand", "no gate"];

/// The scripts of the others.
struct Others {
    by_hand: PathBuf,
    nothing: PathBuf,
}

/// Measures all of it.
///
/// # Errors
///
/// If workerd does not start, or a good token is refused by either side, or a bad one is not.
pub(super) fn section(rounds: u32, seconds: u64) -> Result<Section> {
    let artefact = step("build the Worker", build::worker)?;
    let others = step("the Worker by hand", others)?;
    let wrk = step("wrk", |step| Wrk::new(target("bench"), step))?;
    let mut rows = Vec::new();
    for (name, signing, limit) in ALGORITHMS {
        let tokens = step(&format!("sign {NEW} tokens with {name}"), |_| Tokens::signed_by(signing))?;
        for (what, count, limit) in [("new", NEW, limit), ("repeated", REPEATED, LIMIT_REPEATED)] {
            let title = format!("{name}, {what}");
            rows.push(step(&title, |step| {
                let file = wrk.keep(&format!("worker-{name}-{what}.txt"), &tokens.tokens[..count])?;
                let (_workerd, addresses) = start(&artefact, &others, &tokens, what == "repeated")?;
                check(&addresses, &tokens.tokens[0])?;
                let mut rates = [Vec::new(), Vec::new(), Vec::new()];
                for round in 0..=rounds {
                    for ((address, rates), side) in addresses.iter().zip(&mut rates).zip(SIDES) {
                        let rate = wrk.rate(*address, PATH, &file, seconds, step).context(side)?;
                        // The first turn of each compiles its code.
                        if round > 0 {
                            rates.push(rate);
                        }
                    }
                }
                let [ours, peer, nothing] = rates.map(median);
                let row = Row::new(&title, ours?).beside("no gate", nothing?, None);
                let row = row.beside("by hand", peer?, Aim::AtLeast(limit));
                step.say(&row.ratios());
                Ok(row)
            })?);
        }
    }
    Ok(Section {
        title: "Worker",
        about: about(rounds, seconds),
        what: "tokens",
        rows,
        decimals: 0,
        notes: String::new(),
    })
}

fn about(rounds: u32, seconds: u64) -> String {
    format!(
        "`cargo xtask bench worker --rounds {rounds} --seconds {seconds}`: requests per second of one workerd, which has one \
         thread, with three Workers in it and an origin that is a Worker too, so that all of the time is the gates' and \
         workerd's own. The peer is a Worker as one writes it by hand (`tests/bench/worker/by-hand.mjs`): jose, a table of \
         six routes and two roles, a line for the log, three headers. Portcullis decides by AgentFlow's routes and roles, \
         logs its line and sets its headers. *no gate* hands on what comes. Medians of {rounds} turns of {seconds} s each.\n\
         New tokens: 2,000 in turn, with a memory of 64, so that every signature is verified. Repeated: 100 in turn, with \
         the memory as it is; jose has none."
    )
}

/// Bundles what is not ours.
fn others(step: &Step) -> Result<Others> {
    let tools = node::npm(step)?;
    let folder = root().join("tests").join("bench");
    let modules = node::packages("bench-node", &folder.join("node"), step)?;
    let out = target("bench");
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let by_hand = out.join("byHand.mjs");
    step.run(
        node::command(&tools, "esbuild")
            .arg(folder.join("worker").join("by-hand.mjs"))
            .args(["--bundle", "--format=esm", "--minify", "--log-level=warning"])
            .arg(format!("--outfile={}", by_hand.display()))
            .env("NODE_PATH", &modules),
    )?;
    Ok(Others { by_hand, nothing: folder.join("worker").join("nothing.mjs") })
}

/// One workerd, and where each side listens.
fn start(
    artefact: &WorkerArtefact,
    others: &Others,
    tokens: &Tokens,
    repeated: bool,
) -> Result<(Workerd, [SocketAddr; 3])> {
    let mut document = json!({"profile": "agentflow", "issuers": [tokens.ours]});
    if !repeated {
        document["memory"] = json!({"entries": REMEMBERED});
    }
    let settings = WorkerSettings {
        config: document.to_string(),
        secrets: tokens.secrets.clone(),
        origin: ORIGIN.to_owned(),
        kv: None,
    };
    let key = tokens.peer["keys"][0].to_string();
    let texts =
        [("KEY", key.as_str()), ("ISSUER", &tokens.issuer), ("AUDIENCE", AUDIENCE), ("ORIGIN", ORIGIN)];
    let bound = Bound::default()
        .with_origin_inside()
        .with_neighbour(others.by_hand.clone(), &texts)
        .with_neighbour(others.nothing.clone(), &texts);
    let workerd = Workerd::start_bound(&settings, &bound, &artefact.dir, "bench")?;
    let addresses = [workerd.address(), workerd.address_of("byHand")?, workerd.address_of("nothing")?];
    Ok((workerd, addresses))
}

/// Nobody is measured who takes a token with a changed signature.
fn check(addresses: &[SocketAddr; 3], token: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (text, signature) = token.rsplit_once('.').context("a token without a signature")?;
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let changed = format!("{text}.{first}{}", &signature[1..]);
    for (address, side) in addresses.iter().zip(SIDES).take(2) {
        for (token, status) in [(token, 200), (changed.as_str(), 401)] {
            let request = Request::new("GET", PATH).bearer(token);
            let got = runtime.block_on(client::send(*address, &request))?.status;
            ensure!(got == status, "{side} answers {got}, and not {status}");
        }
    }
    Ok(())
}
