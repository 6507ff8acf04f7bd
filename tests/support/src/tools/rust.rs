//! Rust: the targets and components that the builds need.

use std::process::Command;

use anyhow::{Context, Result};

use crate::root::root;
use crate::step::Step;

/// Targets the artefacts and the no-std check are built for.
const TARGETS: &[&str] = &["wasm32-unknown-unknown", "thumbv7em-none-eabi"];
/// Components `cargo xtask test` calls.
const COMPONENTS: &[&str] = &["clippy", "rustfmt"];

/// Cargo, the one that started xtask if it was started so.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Cargo's own variables describe the xtask package; a nested cargo must not mistake them for its own.
    for (name, _) in std::env::vars_os() {
        let own = name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if own {
            command.env_remove(name);
        }
    }
    command
}

/// Adds targets and components that are not there yet.
///
/// # Errors
///
/// If rustup is missing or cannot add one; with the command to try by hand.
pub fn targets(step: &Step) -> Result<()> {
    add(step, "target", TARGETS)?;
    add(step, "component", COMPONENTS)
}

fn add(step: &Step, kind: &str, wanted: &[&str]) -> Result<()> {
    let installed = step.run(rustup().args([kind, "list", "--installed"]))?;
    // Components are listed with their host: `clippy-x86_64-unknown-linux-gnu`.
    let has =
        |name: &str| installed.lines().any(|line| line == name || line.starts_with(&format!("{name}-")));
    let missing: Vec<_> = wanted.iter().copied().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    step.run(rustup().args([kind, "add"]).args(&missing)).with_context(|| {
        format!("could not add {}; try `rustup {kind} add {}` by hand", missing.join(", "), missing.join(" "))
    })?;
    Ok(())
}

/// Rustup, in the workspace.
pub fn rustup() -> Command {
    let mut command = Command::new("rustup");
    command.current_dir(root());
    command
}
