// Bundlers as they come, without a plugin for this package: each bundle runs, or says why not and what to do.
//
// Those that are large to install run as well where they are: in the node_modules folder that PORTCULLIS_BUNDLERS names,
// after `npm install bun@1.4.5 deno@2.9.6 parcel@2.16.4 wrangler@4.86.0`.
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inChromium, inWorkerd } from "./hosts.js";
import { allPassed, built, checks, entry, esbuild, must, project, resultsIn } from "./tools.js";

const SMOKE = join(project, "smoke.entry.js");

// Away from the package: a bundle is whole.
async function runs(script, program = process.execPath, ...args) {
  const away = mkdtempSync(join(tmpdir(), "portcullis-bundle-"));
  try {
    const copy = join(away, script.split("/").at(-1));
    cpSync(script, copy);
    allPassed(resultsIn((await must(program, [...args, copy], { cwd: away })).stdout));
  } finally {
    rmSync(away, { recursive: true });
  }
}

const inPage = async (script) => allPassed(await inChromium(`<script src="/built/${script}"></script>`));

const says = (text, ...parts) => {
  for (const part of parts) if (!text.includes(part)) throw new Error(`${part} is not in\n${text}`);
};

async function withEsbuild(name, ...args) {
  await esbuild([SMOKE, ...args, `--outfile=${join(built, name)}`]);
  return join(built, name);
}

async function withWebpack(name, config) {
  const { default: webpack } = await import("webpack");
  const output = { path: built, filename: name };
  const compiler = webpack({ mode: "production", entry: SMOKE, output, ...config });
  const stats = await new Promise((done, fail) => compiler.run((error, stats) => (error ? fail(error) : done(stats))));
  if (stats.hasErrors()) throw new Error(stats.toString());
  return join(built, name);
}

async function withRollup(name) {
  const { rollup } = await import("rollup");
  const { default: resolve } = await import("@rollup/plugin-node-resolve");
  const bundle = await rollup({ input: SMOKE, plugins: [resolve()] });
  await bundle.write({ file: join(built, name), format: "esm" });
  return join(built, name);
}

async function withVite(name, options, resolve = {}) {
  const { build } = await import("vite");
  const rolldownOptions = { input: SMOKE, output: { entryFileNames: name, format: name.endsWith(".js") ? "iife" : "esm" } };
  const common = { root: project, configFile: false, logLevel: "error", publicDir: false, resolve };
  await build({ ...common, build: { outDir: built, emptyOutDir: false, copyPublicDir: false, rolldownOptions, ...options }, ssr: { noExternal: true } });
  return join(built, name);
}

export function bundlers() {
  return checks([
    ["esbuild for Node.js, whole suite", async () => {
      const text = 'import { run } from "./suite.js"; console.log("RESULTS " + JSON.stringify(await run()));';
      await esbuild([entry("server.entry.js", text), "--format=esm", "--platform=node", `--outfile=${join(built, "server.mjs")}`]);
      await runs(join(built, "server.mjs"));
    }],
    ["esbuild for Node.js, CommonJS", async () => runs(await withEsbuild("esbuild.cjs", "--platform=node", "--format=cjs"))],
    ["esbuild for Node.js, with conditions", async () => runs(await withEsbuild("esbuild.mjs", "--platform=node", "--format=esm", "--conditions=node"))],
    ["esbuild for browsers, with conditions", async () => {
      await withEsbuild("esbuild.js", "--platform=browser", "--format=iife", "--minify", "--conditions=browser");
      await inPage("esbuild.js");
    }],
    ["webpack for Node.js", async () => runs(await withWebpack("webpack.cjs", { target: "node" }))],
    ["webpack for browsers", async () => {
      await withWebpack("webpack.js", { target: "web" });
      await inPage("webpack.js");
    }],
    // As Parcel does, and other bundlers did.
    ["webpack without package exports", async () => {
      const module = { rules: [{ test: /\.js$/, resolve: { fullySpecified: false } }] };
      await runs(await withWebpack("fields.cjs", { target: "node", module, resolve: { exportsFields: [] } }));
    }],
    ["Rollup", async () => runs(await withRollup("rollup.mjs"))],
    ["Vite for servers", async () => runs(await withVite("vite.mjs", { ssr: true }))],
    ["Vite for browsers", async () => {
      await withVite("vite.js", {});
      await inPage("vite.js");
    }],
    ["without a bundler, by require", async () => {
      const [major, minor] = process.versions.node.split(".").map(Number);
      if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) {
        await must(process.execPath, ["-e", 'if (typeof require("portcullis").Gate.load !== "function") process.exit(1)']);
      }
    }],
    ["a Worker bundled without its condition says what to do", async () => {
      const text = 'import { Gate } from "portcullis"; export default { test() { Gate.load({}); } };';
      await esbuild([entry("plain.entry.js", text), "--format=esm", "--platform=neutral", `--outfile=${join(built, "plain.js")}`]);
      // Newer ones may compile while they start.
      says(await inWorkerd("plain.js", { date: "2025-01-01" }), "LoadError", "`workerd`", "portcullis/workerd");
    }],
    ["a page that forbids WebAssembly says what to do", async () => {
      const policy = `<meta http-equiv="Content-Security-Policy" content="script-src 'self' 'unsafe-inline'">`;
      const script = `<script>addEventListener("error", ({ message }) => (globalThis.results = [message]))</script><script src="/built/esbuild.js"></script>`;
      says((await inChromium(policy + script)).join(), "LoadError", "'wasm-unsafe-eval'", "Content-Security-Policy");
    }],
    ["an inner file says what to do", async () => {
      const script = 'import("./node_modules/portcullis/gate.js").then(({ Gate }) => Gate.load({})).catch(({ name, code, message }) => console.log(name, code, message))';
      says((await must(process.execPath, ["-e", script])).stdout, "LoadError module_not_loaded", 'import "portcullis"', "side effects");
    }],
    ...large(process.env.PORTCULLIS_BUNDLERS),
  ]);
}

function large(modules) {
  if (!modules) return [];
  const below = (scope, file) => {
    const found = readdirSync(join(modules, scope)).map((name) => join(modules, scope, name, file)).find((path) => existsSync(path));
    if (!found) throw new Error(`${scope} has no ${file}`);
    return found;
  };
  const [bun, deno] = [below("@oven", "bin/bun"), below("@deno", "deno")];
  const bin = (name) => join(modules, ".bin", name);
  const withBun = async (target) => {
    const out = join(built, `bun-${target}.mjs`);
    await must(bun, ["build", SMOKE, `--target=${target}`, `--outfile=${out}`]);
    return out;
  };
  const withDeno = async (platform) => {
    const out = join(built, `deno-${platform}.mjs`);
    await must(deno, ["bundle", "--node-modules-dir=manual", `--platform=${platform}`, SMOKE, "-o", out]);
    return out;
  };
  const withParcel = async (context) => {
    // Parcel and what it bundles are installed in one project.
    const app = join(modules, "..", `parcel-${context}`);
    rmSync(app, { recursive: true, force: true });
    cpSync(join(project, "node_modules", "portcullis"), join(app, "node_modules", "portcullis"), { recursive: true });
    cpSync(SMOKE, join(app, "smoke.entry.js"));
    const outputFormat = context === "node" ? "commonjs" : "global";
    const targets = { app: { source: "smoke.entry.js", context, outputFormat, includeNodeModules: true, distDir: "out" } };
    writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, app: "out/bundle.cjs", targets }));
    await must(bin("parcel"), ["build", "--target", "app", "--no-cache", "--no-source-maps"], { cwd: app });
    cpSync(join(app, "out", "bundle.cjs"), join(built, `parcel-${context}.cjs`));
    return join(built, `parcel-${context}.cjs`);
  };
  return [
    ["Bun", async () => allPassed(resultsIn((await must(bun, [SMOKE])).stdout))],
    ["Bun's bundler for Node.js", async () => runs(await withBun("node"))],
    ["Bun's bundler for Bun", async () => runs(await withBun("bun"), bun)],
    ["Bun's bundler for browsers", async () => runs(await withBun("browser"))],
    ["Deno", async () => allPassed(resultsIn((await must(deno, ["run", "-A", "--node-modules-dir=manual", SMOKE])).stdout))],
    ["Deno's bundler", async () => runs(await withDeno("deno"), deno, "run", "-A")],
    ["Deno's bundler for browsers", async () => runs(await withDeno("browser"))],
    ["Parcel for Node.js", async () => runs(await withParcel("node"))],
    ["Parcel for browsers", async () => runs(await withParcel("browser"))],
    ["wrangler", async () => {
      const text = 'import { run } from "./suite.js"; export default { async test(_, env) { console.log("RESULTS " + JSON.stringify(await run())); } };';
      const out = join(built, "wrangler");
      const name = entry("wrangler.entry.js", text);
      await must(bin("wrangler"), ["deploy", name, "--name=suite", "--compatibility-date=2026-04-01", "--dry-run", `--outdir=${out}`], { env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" } });
      const wasm = readdirSync(out).find((file) => file.endsWith(".wasm"));
      cpSync(join(out, "wrangler.entry.js"), join(built, "wrangler.js"));
      cpSync(join(out, wasm), join(built, "portcullis.wasm"));
      allPassed(resultsIn(await inWorkerd("wrangler.js", { wasm })));
    }],
  ];
}
