// Runs the tests of the packed package in every JavaScript host, in a project that has installed it.
//
//   node run.js TOOLS [node|workerd|chromium|bundle|bundlers|packaging|types]…
//
// TOOLS is a node_modules folder with esbuild and workerd. Prints one line for each host, then what failed.
import { bundlers } from "./bundlers.js";
import { browser, bundled, node, workerd } from "./hosts.js";
import { packaging, types } from "./packaging.js";

const wanted = process.argv.slice(3);
const HOSTS = { node, workerd, chromium: browser, bundle: bundled, bundlers, packaging, types };
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
