//! The npm package beside others, in one process of Node.js.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use portcullis_test_support::build;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::tools::node;
use serde::Deserialize;

use super::measured::{Aims, Measured};
use super::page::Section;
use super::row::Row;

/// Ours without `node:crypto`.
const WASM: &str = "Portcullis, all in wasm";

/// Each row, beside whom, and at most how many times the other's time ours may be.
const AIMS: &Aims = &[
    ("HS256, new", "fast-jwt", 1.0),
    ("HS256, new", "jose", 0.2),
    ("ES256, new", "fast-jwt", 1.2),
    ("ES256, new", "jose", 0.8),
    ("EdDSA, new", "fast-jwt", 1.0),
    ("EdDSA, new", "jose", 0.6),
    ("RS256, new", "fast-jwt", 1.5),
    ("RS256, new", "jose", 0.6),
    ("ES256, new, all in wasm", "fast-jwt", 1.6),
    ("RS256, new, all in wasm", "fast-jwt", 4.0),
    ("HS256, repeated", "fast-jwt", 1.0),
    ("ES256, repeated", "fast-jwt", 1.0),
    ("EdDSA, repeated", "fast-jwt", 1.0),
    ("RS256, repeated", "fast-jwt", 1.0),
    ("decode, claims", "jwt-decode", 0.6),
    ("decode, claims", "jose", 1.0),
];
/// In the order of their columns.
const PEERS: [&str; 3] = ["fast-jwt", "jose", "jwt-decode"];

/// What the program prints.
#[derive(Deserialize)]
struct Printed {
    rows: Vec<Measured>,
    /// How long a token is, by its algorithm.
    bytes: BTreeMap<String, usize>,
}

/// Measures all of it.
///
/// # Errors
///
/// If Node.js is missing, or a side refuses a good token, or takes a bad one.
pub(super) fn section(rounds: u32, seconds: u64) -> Result<Section> {
    let package = step("build the npm package", build::npm)?;
    let source = root().join("tests").join("bench").join("node");
    let modules = step("npm packages to measure beside", |step| node::packages("bench-node", &source, step))?;
    let printed = step("verify and decode, by turns", |step| {
        let program = modules.with_file_name("node.mjs");
        fs::copy(source.join("node.mjs"), &program).with_context(|| program.display().to_string())?;
        let mut command = Command::new("node");
        command.arg(program).arg(&package.dir).args([rounds.to_string(), seconds.to_string()]);
        step.run(&mut command)
    })?;
    let printed: Printed = serde_json::from_str(&printed).context("what the program has printed")?;
    let rows = printed.rows.iter().flat_map(rows).collect::<Result<_>>()?;
    let bytes: Vec<_> = printed.bytes.iter().map(|(alg, bytes)| format!("{bytes} ({alg})")).collect();
    Ok(Section {
        title: "Node.js",
        about: about(rounds, seconds, &bytes.join(", ")),
        what: "tokens",
        rows,
        decimals: 2,
        notes: String::new(),
    })
}

fn about(rounds: u32, seconds: u64, bytes: &str) -> String {
    format!(
        "`cargo xtask bench node --rounds {rounds} --seconds {seconds}`: microseconds for a token, in one process; the \
         median of {} turns of a tenth of a second for each side. Tokens have `iss`, `aud`, `sub`, `exp`, `role`, \
         `scope` and `jti`: {bytes} bytes. `gate.verify` of ours beside the \
         verifiers of fast-jwt and jose, all of which check the signature, `exp`, `iss` and `aud`; each has refused a \
         changed signature before it is measured.\n\
         New tokens: 2,000 in turn, with a memory of 64 and without fast-jwt's cache, so that every signature is \
         verified: those of RSA and ECDSA by `node:crypto` on all sides, or by our own code in WebAssembly where it \
         says so, and for ES256 once the key has a table of its own. Repeated: 100 in turn, with the memory as it is and with fast-jwt's cache. `decode` is \
         `portcullis/decode`, which always reads both parts, beside functions that read one.",
        u64::from(rounds) * seconds * 10,
    )
}

/// The row with each peer, and if there is one, that of our own code.
fn rows(measured: &Measured) -> Vec<Result<Row>> {
    let own = measured
        .micros
        .get(WASM)
        .map(|micros| Ok(measured.row_of(format!("{}, all in wasm", measured.what), *micros, &PEERS, AIMS)));
    [measured.row(&PEERS, AIMS)].into_iter().chain(own).collect()
}
