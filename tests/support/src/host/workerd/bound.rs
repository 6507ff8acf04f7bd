//! What a Worker can have bound to it besides texts, as workerd itself has it.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};

use super::capnp::{COMPATIBILITY_DATE, quote};

/// Bindings, in the words of workerd's configuration.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    /// Elements of the list of bindings.
    pub(super) bindings: String,
    /// Elements of the list of services.
    pub(super) services: String,
    /// Elements of the list of sockets.
    pub(super) sockets: String,
    /// The Workers behind the services.
    pub(super) workers: String,
    /// Folders that have to be there, and are empty at first.
    folders: Vec<&'static str>,
}

impl Bound {
    /// Workers KV as workerd has it, bound as `name`. Whoever tests puts values through `writer`, where it speaks the
    /// protocol of the binding; `POST /clock?advance=MILLISECONDS` there moves its clock.
    #[must_use]
    pub fn with_kv(mut self, name: &str, writer: SocketAddr) -> Self {
        const STORE: &str = r#"(name = "kv-store", props = (json = "{\"namespace\": \"tested\"}"))"#;
        // Writing to a String cannot fail.
        let _ = writeln!(self.bindings, "    (name = {}, kvNamespace = {STORE}),", quote(name));
        self.services.push_str(
            "    (name = \"kv-store\", worker = .kvStore),
    (name = \"kv-disk\", disk = (path = \"kv\", writable = true)),
",
        );
        let _ = writeln!(
            self.sockets,
            "    (name = \"kv\", address = \"{writer}\", http = (), service = {STORE}),"
        );
        let _ = write!(
            self.workers,
            "const kvStore :Workerd.Worker = (
  modules = [(name = \"kv.js\", bundled = \"/workerd/kv.js\")],
  compatibilityDate = \"{COMPATIBILITY_DATE}\",
  durableObjectNamespaces = [(className = \"KVNamespace\", uniqueKey = \"portcullis\", enableSql = true)],
  durableObjectStorage = (localDisk = \"kv-disk\"),
  bindings = [
    (name = \"SHARD\", durableObjectNamespace = \"KVNamespace\"),
    (name = \"BLOBS\", service = \"kv-disk\"),
    (name = \"TEST_CLOCK\", json = \"true\"),
  ],
);
"
        );
        self.folders.push("kv");
        self
    }

    /// A limiter with the interface of Cloudflare's rate-limit binding, bound as `name`, which workerd has none of: it lets
    /// each key through `count` times, fails for the key `failing`, and never answers for the key `hanging`.
    #[must_use]
    pub fn with_limiter(mut self, name: &str, count: u32, failing: &str, hanging: &str) -> Self {
        let script = format!(
            "import {{ WorkerEntrypoint }} from 'cloudflare:workers';
const counts = new Map();
export default class extends WorkerEntrypoint {{
  async limit({{ key }}) {{
    if (key === '{failing}') throw new Error('the limiter is down');
    if (key === '{hanging}') await new Promise((resolve) => setTimeout(resolve, 60_000));
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return {{ success: counts.get(key) <= {count} }};
  }}
}}"
        );
        // Writing to a String cannot fail.
        let _ = writeln!(self.bindings, "    (name = {}, service = \"limiter\"),", quote(name));
        self.services.push_str("    (name = \"limiter\", worker = .limiter),\n");
        let _ = write!(
            self.workers,
            "const limiter :Workerd.Worker = (
  modules = [(name = \"limiter.mjs\", esModule = {})],
  compatibilityDate = \"{COMPATIBILITY_DATE}\",
);
",
            quote(&script)
        );
        self
    }

    /// Makes the folders, in `dir`.
    pub(super) fn prepare(&self, dir: &Path) -> Result<()> {
        for folder in &self.folders {
            let folder = dir.join(folder);
            if folder.exists() {
                fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
            }
            fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        Ok(())
    }

    /// What workerd has to be told.
    pub(super) fn arguments(&self) -> &[&str] {
        if self.services.is_empty() { &[] } else { &["--experimental"] }
    }
}
