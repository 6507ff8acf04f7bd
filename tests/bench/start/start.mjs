// How our npm package starts, in a process that has done nothing else: `node start.mjs PACKAGE SYSTEMS LOADS`, where PACKAGE is
// the folder of ours, and SYSTEMS that of what is known about systems. Prints a line of JSON: the name of the largest system,
// the milliseconds that each step takes, and the bytes of memory after the first load.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [directory, systems, loads] = process.argv.slice(2);
const ours = (file) => import(pathToFileURL(join(directory, file)));

const bytes = readFileSync(join(directory, "portcullis.wasm"));
const millis = (what) => {
  const start = performance.now();
  what();
  return performance.now() - start;
};
const module = millis(() => new WebAssembly.Module(bytes));

const sizes = readdirSync(systems)
  .filter((name) => name.endsWith(".json"))
  .map((name) => [readFileSync(join(systems, name)).length, name.replace(/\.json$/, "")]);
const [, system] = sizes.sort(([one], [other]) => other - one)[0];
const secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const document = JSON.stringify({
  profile: system,
  issuers: [{ keys: [{ alg: "HS256", secret: { env: "SECRET" } }] }],
  // RAGFlow reads nobody else's tokens.
  upstream: { credential: "swap", origin_key: { env: "KEY" } },
});
const secrets = { SECRET: secret, KEY: "ragflow-5b4c3d2e1f00f1e2d3c4b5a69788796a" };

const { Gate } = await ours("index.js");
const load = () => Gate.load(document, secrets, { origin: "http://origin.test" });
const first = millis(load);
// The module has one memory, which the glue knows.
const { initSync } = await ours("glue.js");
const memory = initSync().memory.buffer.byteLength;

const times = Array.from({ length: Number(loads) }, () => millis(load));
const again = times.sort((one, other) => one - other)[Math.floor(times.length / 2)];
console.log(JSON.stringify({ system, millis: { module, first, again }, memory }));
