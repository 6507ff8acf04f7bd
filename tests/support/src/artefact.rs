//! What `cargo xtask build` has built, as it tells it: where, and how large.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A built Worker: `worker.mjs` and `index_bg.wasm` in one folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkerArtefact {
    /// The folder.
    pub dir: PathBuf,
    /// Size of the module.
    pub wasm_bytes: u64,
    /// Its size after gzip, which is what Cloudflare's limit is about.
    pub wasm_gzip_bytes: u64,
    /// Size of the JavaScript.
    pub js_bytes: u64,
}

impl fmt::Display for WorkerArtefact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dir, wasm_bytes, wasm_gzip_bytes, js_bytes } = self;
        write!(
            f,
            "{}: wasm {wasm_bytes} bytes ({wasm_gzip_bytes} after gzip), JavaScript {js_bytes} bytes",
            dir.display()
        )
    }
}

/// A built filter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProxyWasmArtefact {
    /// The module.
    pub path: PathBuf,
    /// Its size.
    pub wasm_bytes: u64,
    /// Its size after gzip.
    pub wasm_gzip_bytes: u64,
    /// What it imports, each as `module name`, in order.
    pub imports: Vec<String>,
}

impl fmt::Display for ProxyWasmArtefact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, wasm_bytes, wasm_gzip_bytes, imports } = self;
        write!(
            f,
            "{}: {wasm_bytes} bytes ({wasm_gzip_bytes} after gzip), {} imports",
            path.display(),
            imports.len()
        )
    }
}

/// A built component, in `dist`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ComponentArtefact {
    /// The world it implements.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub wasm_bytes: u64,
    /// Its size after gzip.
    pub wasm_gzip_bytes: u64,
    /// What it imports, by interface.
    pub imports: Vec<String>,
}

impl fmt::Display for ComponentArtefact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, wasm_bytes, wasm_gzip_bytes, imports, .. } = self;
        let imports = if imports.is_empty() { "nothing".to_string() } else { imports.join(", ") };
        write!(f, "{}: {wasm_bytes} bytes ({wasm_gzip_bytes} after gzip), imports {imports}", path.display())
    }
}

/// A built package.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NpmArtefact {
    /// The package as a folder.
    pub dir: PathBuf,
    /// The package as npm publishes it.
    pub tarball: PathBuf,
    /// Size of the module.
    pub wasm_bytes: u64,
    /// Its size after gzip.
    pub wasm_gzip_bytes: u64,
    /// Size of `portcullis/decode` after gzip.
    pub decode_gzip_bytes: u64,
    /// Size of the packed package.
    pub tarball_bytes: u64,
    /// What the module imports, each as `module name`.
    pub imports: Vec<String>,
}

impl fmt::Display for NpmArtefact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tarball, wasm_bytes, wasm_gzip_bytes, decode_gzip_bytes, tarball_bytes, .. } = self;
        write!(
            f,
            "{}: {tarball_bytes} bytes; wasm {wasm_bytes} bytes ({wasm_gzip_bytes} after gzip), portcullis/decode \
             {decode_gzip_bytes} bytes after gzip",
            tarball.display()
        )
    }
}
