//! Where things are.

use std::path::{Path, PathBuf};

/// The workspace's root folder.
pub fn root() -> PathBuf {
    // Cargo sets the variable at run time too; the compiled-in value serves a binary that is started by hand.
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let is_root = |folder: &&Path| folder.join("xtask").join("Cargo.toml").is_file();
    package.ancestors().find(is_root).unwrap_or(&package).to_path_buf()
}

/// A place for what is kept between runs: `target/xtask/<sub>`. Safe to delete at any time.
pub fn target(sub: &str) -> PathBuf {
    root().join("target").join("xtask").join(sub)
}
