//! The core beside other libraries in Rust, on the machine itself.

use anyhow::Result;

use super::measured::{self, Measured};
use super::page::Section;
use super::row::{Aim, Row};

/// At most how many times the time of the faster of the others ours may be.
const AIMS: [(&str, f64); 4] = [("HS256", 1.0), ("ES256", 0.7), ("EdDSA", 1.0), ("RS256", 0.7)];
const PEERS: [&str; 2] = ["jsonwebtoken", "jwt-simple"];

/// How a flood is called, and what a token of it may cost, in microseconds.
const FLOOD: &str = "bad RS256-4096, no `kid`, four keys";
const FLOOD_MICROS: f64 = 1300.0;

/// Measures all of it.
///
/// # Errors
///
/// If it does not build, or a side is wrong about a token.
pub(super) fn section(rounds: u32, seconds: u64) -> Result<Section> {
    let measured = measured::by_crate("native", rounds, seconds)?;
    Ok(Section {
        title: "Native",
        about: about(rounds, seconds),
        what: "tokens",
        rows: measured.iter().map(row).collect::<Result<_>>()?,
        decimals: 2,
        notes: "Of several public keys that a token without `kid` could mean, the gate tries none (`key_unknown`): what \
                such a token costs does not depend on the keys. jsonwebtoken tries the key that it is given, here each of \
                the four."
            .to_owned(),
    })
}

fn about(rounds: u32, seconds: u64) -> String {
    format!(
        "`cargo xtask bench native --rounds {rounds} --seconds {seconds}`: microseconds for a token, in one process; the \
         median of {} turns of a tenth of a second for each side. `Gate::verify` beside `jsonwebtoken::decode` (with \
         RustCrypto) and jwt-simple's `verify_token`, all of which check the signature, `exp`, `iss` and `aud`; every \
         token is another one than that before, and nothing is remembered. What is held against the aim is the faster of \
         the others.",
        u64::from(rounds) * seconds * 10,
    )
}

fn row(measured: &Measured) -> Result<Row> {
    if measured.what == FLOOD {
        return Ok(measured.row(&PEERS, &[])?.beside("limit", FLOOD_MICROS, Aim::AtMost(1.0)));
    }
    let micros = |peer: &&str| measured.micros.get(*peer).copied().unwrap_or(f64::INFINITY);
    let faster = PEERS.into_iter().min_by(|one, other| micros(one).total_cmp(&micros(other)));
    let aim = AIMS.iter().find(|(what, _)| *what == measured.what).zip(faster);
    let aims: Vec<_> = aim.iter().map(|((what, most), peer)| (*what, *peer, *most)).collect();
    measured.row(&PEERS, &aims)
}
