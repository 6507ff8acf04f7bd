//! What a Worker can have bound to it besides texts, as workerd itself has it.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::capnp::{COMPATIBILITY_DATE, quote};

/// The socket through which values get into Workers KV.
pub const WRITER: &str = "kv";

/// Bindings, in the words of workerd's configuration.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    /// Elements of the list of bindings.
    pub(super) bindings: String,
    /// Elements of the list of services.
    pub(super) services: String,
    /// The name of each socket, and the service behind it.
    pub(super) sockets: Vec<(String, String)>,
    /// The Workers behind the services.
    pub(super) workers: String,
    /// Modules in front of the Worker's own; the first is where requests arrive.
    pub(super) modules: String,
    /// What all Workers reach by `fetch`: one of the services. Nothing public.
    pub(super) outbound: Option<&'static str>,
    /// Without what the flag `nodejs_compat` brings.
    is_plain: bool,
    /// Files to copy, which modules are made of.
    files: Vec<PathBuf>,
    /// Members of the Worker itself.
    pub(super) members: String,
    /// Folders that have to be there, and are empty at first.
    folders: Vec<&'static str>,
}

impl Bound {
    /// Workers KV as workerd has it, bound as `name`. Whoever tests puts values through the socket [`WRITER`], where it
    /// speaks the protocol of the binding; `POST /clock?advance=MILLISECONDS` there moves its clock.
    #[must_use]
    pub fn with_kv(mut self, name: &str) -> Self {
        const STORE: &str = r#"(name = "kv-store", props = (json = "{\"namespace\": \"tested\"}"))"#;
        // Writing to a String cannot fail.
        let _ = writeln!(self.bindings, "    (name = {}, kvNamespace = {STORE}),", quote(name));
        self.services.push_str(
            "    (name = \"kv-store\", worker = .kvStore),
    (name = \"kv-disk\", disk = (path = \"kv\", writable = true)),
",
        );
        self.sockets.push((WRITER.to_owned(), STORE.to_owned()));
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

    /// The cache at `address` behind the Cache API.
    #[must_use]
    pub fn with_cache(mut self, address: SocketAddr) -> Self {
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.services,
            "    (name = \"cache\", external = (address = \"{address}\", http = ())),"
        );
        self.members.push_str("  cacheApiOutbound = \"cache\",\n");
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

    /// A clock that can be set: by it, it is so many seconds later, or earlier, as the header `X-Test-Clock` of a request says,
    /// until another one says otherwise.
    #[must_use]
    pub fn with_clock(mut self) -> Self {
        const SCRIPT: &str = "import worker from './worker.mjs';
const machine = Date.now;
let shift = 0;
Date.now = () => machine() + shift;
export default {
  ...worker,
  fetch(request, env, context) {
    shift = 1000 * (request.headers.get('x-test-clock') ?? shift / 1000);
    return worker.fetch(request, env, context);
  },
};";
        // Writing to a String cannot fail.
        let _ = writeln!(self.modules, "    (name = \"clock.mjs\", esModule = {}),", quote(SCRIPT));
        self
    }

    /// Analytics Engine as workerd itself has it, bound as `name`: what it sends of each data point is a line of the log, `point`
    /// and, as JSON, its index and its first five texts.
    #[must_use]
    pub fn with_analytics(mut self, name: &str) -> Self {
        // Texts come as lists of bytes.
        const SCRIPT: &str = "export default {
  async fetch(request) {
    const point = await request.json();
    const text = (name) => new TextDecoder().decode(new Uint8Array(point[name]));
    console.log('point ' + JSON.stringify(['index1', 'blob1', 'blob2', 'blob3', 'blob4', 'blob5'].map(text)));
    return new Response();
  }
}";
        // Writing to a String cannot fail.
        let _ = writeln!(self.bindings, "    (name = {}, analyticsEngine = \"points\"),", quote(name));
        self.services.push_str("    (name = \"points\", worker = .points),\n");
        let _ = write!(
            self.workers,
            "const points :Workerd.Worker = (
  modules = [(name = \"points.mjs\", esModule = {})],
  compatibilityDate = \"{COMPATIBILITY_DATE}\",
);
",
            quote(SCRIPT)
        );
        self
    }

    /// A runtime without Node.js's modules, as Cloudflare's is unless it is told otherwise.
    #[must_use]
    pub fn without_node(mut self) -> Self {
        self.is_plain = true;
        self
    }

    /// A runtime whose `node:crypto` takes every signature for a good one.
    #[must_use]
    pub fn with_gullible_node(mut self) -> Self {
        const SCRIPT: &str = "import './gullible.mjs'; export { default } from './worker.mjs';";
        // Evaluated before the Worker is.
        const NODE: &str =
            "globalThis.process.getBuiltinModule = () => ({ createPublicKey: () => 1, verify: () => true });";
        for (name, script) in [("first.mjs", SCRIPT), ("gullible.mjs", NODE)] {
            // Writing to a String cannot fail.
            let _ = writeln!(self.modules, "    (name = \"{name}\", esModule = {}),", quote(script));
        }
        self
    }

    /// An origin that is a Worker as well, whatever it is called: its answer is an empty one, and costs next to nothing.
    #[must_use]
    pub fn with_origin_inside(mut self) -> Self {
        const SCRIPT: &str = "export default { fetch: () => new Response() };";
        self.services.push_str("    (name = \"inside\", worker = .inside),\n");
        let _ = write!(
            self.workers,
            "const inside :Workerd.Worker = (
  modules = [(name = \"inside.mjs\", esModule = {})],
  compatibilityDate = \"{COMPATIBILITY_DATE}\",
);
",
            quote(SCRIPT)
        );
        self.outbound = Some("inside");
        self
    }

    /// Another Worker beside the gate, the script `file`, with these texts bound. It is known by the name of the file, one word, and
    /// so is its socket.
    #[must_use]
    pub fn with_neighbour(mut self, file: PathBuf, texts: &[(&str, &str)]) -> Self {
        let name = file.file_stem().unwrap_or_default().display().to_string();
        let texts: String = texts
            .iter()
            .map(|(name, text)| format!("    (name = {}, text = {}),\n", quote(name), quote(text)))
            .collect();
        let outbound = self.outbound().to_owned();
        // Writing to a String cannot fail.
        let _ = writeln!(self.services, "    (name = \"{name}\", worker = .{name}),");
        self.sockets.push((name.clone(), quote(&name)));
        let _ = write!(
            self.workers,
            "const {name} :Workerd.Worker = (
  modules = [(name = \"{name}.mjs\", esModule = embed \"{name}.mjs\")],
  compatibilityDate = \"{COMPATIBILITY_DATE}\",
  globalOutbound = \"{outbound}\",
  bindings = [
{texts}  ],
);
"
        );
        self.files.push(file);
        self
    }

    /// The compatibility flags of the gate.
    pub(super) fn flags(&self) -> &str {
        if self.is_plain { "" } else { "\"nodejs_compat\"" }
    }

    /// The service behind `fetch`.
    pub(super) fn outbound(&self) -> &str {
        self.outbound.unwrap_or("private")
    }

    /// Makes the folders, and copies the files, in `dir`.
    pub(super) fn prepare(&self, dir: &Path) -> Result<()> {
        for folder in &self.folders {
            let folder = dir.join(folder);
            if folder.exists() {
                fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
            }
            fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        for file in &self.files {
            let name = file.file_name().with_context(|| file.display().to_string())?;
            fs::copy(file, dir.join(name)).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }

    /// What workerd has to be told.
    pub(super) fn arguments(&self) -> &[&str] {
        if self.services.is_empty() { &[] } else { &["--experimental"] }
    }
}
