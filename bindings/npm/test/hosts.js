// The suite in every JavaScript host.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";
import { built, call, esbuild, project, resultsIn, tools } from "./tools.js";

const NODE_TESTS = ["node.test.js", "node-guard.test.js", "frameworks.test.js", "live.test.js", "readme.test.js", "signatures.test.js"];

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const CHROMIUM_FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export async function node() {
  const { stdout, all } = await call(process.execPath, ["--test", "--test-reporter=tap", ...NODE_TESTS]);
  const results = [];
  const lines = stdout.split("\n");
  for (const [index, line] of lines.entries()) {
    const [, not, name] = /^(not )?ok \d+ - (.*)/.exec(line) ?? [];
    if (name) results.push(not ? { name, error: lines.slice(index + 1, index + 25).join("\n") } : { name });
  }
  if (results.length === 0) throw new Error(all);
  return results;
}

export async function workerd() {
  // As wrangler bundles: its conditions, and the module beside the script.
  await esbuild([
    "workerd.entry.js", "--format=esm", "--target=es2022", "--conditions=workerd,worker,browser", "--external:cloudflare:*", "--loader:.wasm=copy",
    "--asset-names=[name]", `--outfile=${join(built, "worker.js")}`,
  ]);
  return resultsIn(await inWorkerd("worker.js"));
}

// Runs the test of a bundle in `built`, which knows the module by the name `wasm`; all that is said.
export async function inWorkerd(script, { wasm = "portcullis.wasm", date = "2026-04-01" } = {}) {
  writeFileSync(join(built, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "suite", worker = .suite)]);
const suite :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "${script}"),
    (name = "${wasm}", wasm = embed "portcullis.wasm"),
  ],
  compatibilityDate = "${date}",
  bindings = [(name = "JWT_SECRET_KEY", text = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0")],
);
`);
  return (await call(workerdBinary(), ["test", join(built, "config.capnp")])).all;
}

// The binary itself, not the script that starts it.
function workerdBinary() {
  const os = { linux: "linux", darwin: "darwin" }[process.platform] ?? process.platform;
  const cpu = { x64: "64", arm64: "arm64" }[process.arch] ?? process.arch;
  return join(tools, "@cloudflare", `workerd-${os}-${cpu}`, "bin", "workerd");
}

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };

// Serves the project on loopback.
async function serve() {
  const server = createServer((request, response) => {
    const path = join(project, normalize(new URL(request.url, "http://localhost").pathname));
    if (!path.startsWith(project) || !existsSync(path) || !statSync(path).isFile()) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" }).end(readFileSync(path));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

export async function inChromium(page) {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`${CHROMIUM} is missing: install Chromium (the Debian package \`chromium\`), or name another in CHROMIUM`);
  }
  writeFileSync(join(built, "page.html"), `<!doctype html><meta charset="utf-8"><title>suite</title>${page}`);
  const server = await serve();
  // Without a folder of its own Playwright makes an empty one and removes it.
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
  try {
    const tab = await browser.newPage();
    const problems = [];
    tab.on("pageerror", (error) => problems.push(String(error)));
    tab.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await tab.goto(`http://127.0.0.1:${server.address().port}/built/page.html`);
    try {
      await tab.waitForFunction(() => globalThis.results, undefined, { timeout: 60_000 });
    } catch (error) {
      throw new Error(`${error}\n${problems.join("\n")}`);
    }
    return await tab.evaluate(() => globalThis.results);
  } finally {
    await browser.close();
    server.close();
  }
}

// As a page without a bundler: the entry for it, resolved by an import map.
export function browser() {
  const { exports } = JSON.parse(readFileSync(join(project, "node_modules/portcullis/package.json")));
  const file = (subpath) => `/node_modules/portcullis/${exports[subpath].default}`;
  const imports = {
    portcullis: file("./web"),
    "portcullis/decode": file("./decode"),
    "portcullis/fetch": file("./fetch"),
    jose: "/node_modules/jose/dist/webapi/index.js",
  };
  return inChromium(
    `<script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="/browser.entry.js"></script>`,
  );
}

// As a plain script that a bundler has made.
export async function bundled() {
  await esbuild(["browser.entry.js", "--format=iife", "--platform=browser", `--outfile=${join(built, "page.js")}`]);
  return inChromium('<script src="/built/page.js"></script>');
}
