// What runs the programs of the tests.
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const project = import.meta.dirname;
export const built = join(project, "built");
mkdirSync(built, { recursive: true });

// A node_modules folder with esbuild and workerd.
export const tools = resolve(process.argv[2] ?? "node_modules");

export function call(program, args, options = {}) {
  return new Promise((done) => {
    execFile(program, args, { cwd: project, maxBuffer: 1 << 26, timeout: 120_000, ...options }, (error, stdout, stderr) => {
      done({ ok: !error, code: error?.code, stdout, stderr, all: `${stdout}\n${stderr}` });
    });
  });
}

export async function must(program, args, options) {
  const result = await call(program, args, options);
  if (!result.ok) throw new Error(`${program} ${args.join(" ")}: ${result.code}\n${result.all}`);
  return result;
}

export const esbuild = (args) => must(join(tools, ".bin", "esbuild"), ["--bundle", "--log-level=warning", ...args]);

// Writes a script of the project; its name.
export function entry(name, text) {
  writeFileSync(join(project, name), text);
  return name;
}

export function resultsIn(output) {
  const line = output.split("\n").find((line) => line.includes("RESULTS "));
  if (!line) throw new Error(`no results:\n${output}`);
  return JSON.parse(line.slice(line.indexOf("RESULTS ") + 8));
}

// What passed, or an error that says what did not.
export function allPassed(results) {
  const failed = results.filter(({ error }) => error);
  if (failed.length > 0 || results.length === 0) throw new Error(JSON.stringify(failed));
}

export async function checks(list) {
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
