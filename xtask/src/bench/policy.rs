//! Decisions about roles beside those of policy engines.

use anyhow::Result;

use super::measured::{self, Measured};
use super::page::Section;
use super::row::{Aim, Row};

/// Beside whom, and at most how many times its time ours may be.
const PEERS: [(&str, f64); 3] = [("casbin", 0.01), ("cedar-policy", 0.1), ("regorus", 0.05)];

/// Measures all of it.
///
/// # Errors
///
/// If it does not build, or two sides decide otherwise about a request.
pub(super) fn section(rounds: u32, seconds: u64) -> Result<Section> {
    let measured = measured::by_crate("policy", rounds, seconds)?;
    Ok(Section {
        title: "Policy",
        about: about(rounds, seconds),
        what: "policy",
        rows: measured.iter().map(row).collect::<Result<_>>()?,
        decimals: 3,
        notes: String::new(),
    })
}

fn about(rounds: u32, seconds: u64) -> String {
    format!(
        "`cargo xtask bench policy --rounds {rounds} --seconds {seconds}`: microseconds for a decision about a role, in one \
         process; the median of {} turns of a tenth of a second for each side. The policies are those of five profiles, \
         and one of 1,000 routes with 50 roles, each of which has up to a tenth of the permissions. Ours reads the path, \
         finds the route among all of them, and looks whether the role has its permission; the others are told the \
         permission: casbin has a policy for each permission of a role, Cedar one for each role, and regorus a rule that \
         looks roles up in data. Their requests are made beforehand. All decide alike about each request before they are \
         measured, and while they are.",
        u64::from(rounds) * seconds * 10,
    )
}

fn row(measured: &Measured) -> Result<Row> {
    let row = measured.row(&[], &[])?;
    let peers = PEERS.iter().filter_map(|(peer, most)| Some((*peer, *measured.micros.get(*peer)?, *most)));
    Ok(peers.fold(row, |row, (peer, micros, most)| row.beside(peer, micros, Aim::AtMost(most))))
}
