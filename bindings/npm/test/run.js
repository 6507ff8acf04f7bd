// Runs the suite against the packed package in every JavaScript host, in a project that has installed it.
//
//   node run.js TOOLS [node|workerd|chromium|bundle|types]…
//
// TOOLS is a node_modules folder with esbuild and workerd. Prints one line for each host, then what failed.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { extname, join, normalize, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";

const [tools, ...wanted] = process.argv.slice(2);
const project = import.meta.dirname;
const built = join(project, "built");
mkdirSync(built, { recursive: true });

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const CHROMIUM_FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

function call(program, args, options = {}) {
  return new Promise((done) => {
    execFile(program, args, { cwd: project, maxBuffer: 1 << 26, timeout: 120_000, ...options }, (error, stdout, stderr) => {
      done({ ok: !error, code: error?.code, stdout, stderr, all: `${stdout}\n${stderr}` });
    });
  });
}

async function must(program, args, options) {
  const result = await call(program, args, options);
  if (!result.ok) throw new Error(`${program} ${args.join(" ")}: ${result.code}\n${result.all}`);
  return result;
}

const esbuild = (args) => must(join(resolve(tools), ".bin", "esbuild"), ["--bundle", "--log-level=warning", ...args]);

function resultsIn(output) {
  const line = output.split("\n").find((line) => line.includes("RESULTS "));
  if (!line) throw new Error(`no results:\n${output}`);
  return JSON.parse(line.slice(line.indexOf("RESULTS ") + 8));
}

async function node() {
  const { stdout, all } = await call(process.execPath, ["--test", "--test-reporter=tap", "node.test.js"]);
  const results = [];
  const lines = stdout.split("\n");
  for (const [index, line] of lines.entries()) {
    const [, not, name] = /^(not )?ok \d+ - (.*)/.exec(line) ?? [];
    if (name) results.push(not ? { name, error: lines.slice(index + 1, index + 25).join("\n") } : { name });
  }
  if (results.length === 0) throw new Error(all);
  return results;
}

async function workerd() {
  // As wrangler bundles: its conditions, and the module beside the script.
  await esbuild([
    "workerd.entry.js", "--format=esm", "--target=es2022", "--conditions=workerd,worker,browser", "--external:cloudflare:*", "--loader:.wasm=copy",
    "--asset-names=[name]", `--outfile=${join(built, "worker.js")}`,
  ]);
  writeFileSync(join(built, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "suite", worker = .suite)]);
const suite :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "portcullis.wasm", wasm = embed "portcullis.wasm"),
  ],
  compatibilityDate = "2026-04-01",
  bindings = [(name = "JWT_SECRET_KEY", text = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0")],
);
`);
  const { all } = await call(workerdBinary(), ["test", join(built, "config.capnp")]);
  return resultsIn(all);
}

// The binary itself, not the script that starts it.
function workerdBinary() {
  const os = { linux: "linux", darwin: "darwin" }[process.platform] ?? process.platform;
  const cpu = { x64: "64", arm64: "arm64" }[process.arch] ?? process.arch;
  return join(resolve(tools), "@cloudflare", `workerd-${os}-${cpu}`, "bin", "workerd");
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

async function inChromium(page) {
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

// As a page without a bundler: the conditions of a browser, resolved by an import map.
function browser() {
  const { exports } = JSON.parse(readFileSync(join(project, "node_modules/portcullis/package.json")));
  const imports = {
    portcullis: `/node_modules/portcullis/${exports["."].browser}`,
    "portcullis/decode": `/node_modules/portcullis/${exports["./decode"].default}`,
    jose: "/node_modules/jose/dist/webapi/index.js",
  };
  return inChromium(
    `<script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="/browser.entry.js"></script>`,
  );
}

// As a plain script that a bundler has made.
async function bundled() {
  await esbuild(["browser.entry.js", "--format=iife", "--platform=browser", `--outfile=${join(built, "page.js")}`]);
  return inChromium('<script src="/built/page.js"></script>');
}

async function checks(list) {
  const results = [];
  for (const [name, check] of list) {
    try {
      await check();
      results.push({ name });
    } catch (error) {
      results.push({ name, error: String(error) });
    }
  }
  return results;
}

function packaging() {
  const entry = (name, text) => {
    writeFileSync(join(project, name), text);
    return name;
  };
  return checks([
    ["one bundle for Node.js runs anywhere", async () => {
      const out = join(built, "server.mjs");
      const text = 'import { run } from "./suite.js"; console.log("RESULTS " + JSON.stringify(await run()));';
      await esbuild([entry("server.entry.js", text), "--format=esm", "--platform=node", `--outfile=${out}`]);
      const { stdout } = await must(process.execPath, [out], { cwd: "/" });
      const failed = resultsIn(stdout).filter(({ error }) => error);
      if (failed.length > 0) throw new Error(JSON.stringify(failed));
    }],
    ["a bundle that only decodes has no wasm in it", async () => {
      const out = join(built, "decode.js");
      const text = 'import { isExpired } from "portcullis/decode"; globalThis.isExpired = isExpired;';
      await esbuild([entry("decode.entry.js", text), "--minify", "--format=esm", `--outfile=${out}`]);
      const size = gzipSync(readFileSync(out)).length;
      if (size > 800) throw new Error(`${size} bytes after gzip`);
    }],
    ["the gate of the README runs", async () => {
      const readme = readFileSync(join(project, "node_modules/portcullis/README.md"), "utf8");
      const block = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code).find((code) => code.includes("createServer"));
      const text = `${block.replace(".listen(8080)", '.listen(0, "127.0.0.1", ask)')}
        async function ask() {
          const at = (path) => fetch(\`http://127.0.0.1:\${this.address().port}\${path}\`);
          const [open, closed] = [await at("/ping"), await at("/v1/threads")];
          console.log(open.status, closed.status, closed.headers.get("www-authenticate"));
          process.exit();
        }`;
      const env = { ...process.env, JWT_SECRET_KEY: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0" };
      const { stdout } = await must(process.execPath, [entry("readme.mjs", text)], { env });
      if (!stdout.includes('200 401 Bearer realm="auth_required"')) throw new Error(stdout);
    }],
    ["what is not exported cannot be imported", async () => {
      const { ok, all } = await call(process.execPath, ["-e", 'import("portcullis/glue.js")']);
      if (ok || !all.includes("ERR_PACKAGE_PATH_NOT_EXPORTED")) throw new Error(all);
    }],
    ["every name of the types exists", async () => {
      const types = readFileSync(join(project, "node_modules/portcullis/index.d.ts"), "utf8");
      const names = [...types.matchAll(/^export declare (?:abstract )?(?:class|function|const) (\w+)/gm)].map(([, name]) => name);
      const { stdout } = await must(process.execPath, ["-e", 'import("portcullis").then((all) => console.log(Object.keys(all).sort().join()))']);
      if (stdout.trim() !== names.sort().join()) throw new Error(`${stdout.trim()} is not ${names}`);
    }],
  ]);
}

function types() {
  const tsc = join(project, "node_modules/typescript/bin/tsc");
  const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
  const compile = (...args) => must(process.execPath, [tsc, ...strict, ...args]);
  return checks([
    ["with the types of the DOM, as Node.js resolves", () =>
      compile("--module", "nodenext", "--lib", "es2022,dom,dom.iterable", "types.test-d.ts")],
    ["as a bundler resolves", () =>
      compile("--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable", "types.test-d.ts")],
    ["without the types of any host", () =>
      compile("--module", "nodenext", "--lib", "es2022", "node_modules/portcullis/index.d.ts", "node_modules/portcullis/decode.d.ts")],
  ]);
}

const HOSTS = { node, workerd, chromium: browser, bundle: bundled, packaging, types };
const TITLES = { node: `Node.js ${process.versions.node}`, chromium: "Chromium", bundle: "Chromium, bundled" };
let failures = 0;
for (const host of wanted.length > 0 ? wanted : Object.keys(HOSTS)) {
  let results;
  try {
    results = await HOSTS[host]();
  } catch (error) {
    results = [{ name: "the host", error: String(error?.message ?? error) }];
  }
  const failed = results.filter(({ error }) => error);
  failures += failed.length;
  console.log(`${TITLES[host] ?? host}: ${results.length - failed.length} passed, ${failed.length} failed`);
  for (const { name, error } of failed) console.log(`  FAIL ${name}\n    ${error.replaceAll("\n", "\n    ")}`);
}
process.exitCode = failures > 0 ? 1 : 0;
