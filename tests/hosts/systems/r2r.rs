//! R2R: `tests/systems/r2r`. With `E2E_R2R` in the environment, its complete server: `cargo xtask e2e r2r`.

mod complete;
mod gates;
mod in_its_place;
mod operations;

use libtest_mimic::Trial;

/// If this is set, the complete server is installed and started, which takes minutes.
const COMPLETE: &str = "E2E_R2R";

/// Where the table of the flows is.
const PAGE: &str = "docs/systems/r2r.md";

pub(crate) fn tests() -> Vec<Trial> {
    match std::env::var_os(COMPLETE).is_some_and(|value| !value.is_empty()) {
        true => complete::tests(PAGE),
        false => in_its_place::tests(PAGE),
    }
}
