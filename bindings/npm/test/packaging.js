// What is in the package, and its types.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { publint } from "publint";
import { built, call, checks, entry, esbuild, must, project } from "./tools.js";

const DECLARATIONS = ["index", "decode", "node", "fetch", "guard"].map((name) => `node_modules/portcullis/${name}.d.ts`);

export function packaging() {
  return checks([
    ["publint finds nothing", async () => {
      const { messages } = await publint({ pkgDir: join(project, "node_modules/portcullis"), strict: true });
      if (messages.length > 0) throw new Error(JSON.stringify(messages));
    }],
    ["a bundle that only decodes has no wasm in it", async () => {
      const out = join(built, "decode.js");
      const text = 'import { isExpired } from "portcullis/decode"; globalThis.isExpired = isExpired;';
      await esbuild([entry("decode.entry.js", text), "--minify", "--format=esm", `--outfile=${out}`]);
      const size = gzipSync(readFileSync(out)).length;
      if (size > 800) throw new Error(`${size} bytes after gzip`);
    }],
    ["what is not exported cannot be imported", async () => {
      const { ok, all } = await call(process.execPath, ["-e", 'import("portcullis/glue.js")']);
      if (ok || !all.includes("ERR_PACKAGE_PATH_NOT_EXPORTED")) throw new Error(all);
    }],
    ...[["portcullis", "index"], ["portcullis/node", "node"], ["portcullis/fetch", "fetch"], ["portcullis/decode", "decode"]].map(([specifier, file]) => [
      `every name in the types of ${specifier} exists`,
      async () => {
        const types = readFileSync(join(project, `node_modules/portcullis/${file}.d.ts`), "utf8");
        const names = [...types.matchAll(/^export declare (?:abstract )?(?:class|function|const) (\w+)/gm)].map(([, name]) => name);
        const { stdout } = await must(process.execPath, ["-e", `import("${specifier}").then((all) => console.log(Object.keys(all).sort().join()))`]);
        if (stdout.trim() !== names.sort().join()) throw new Error(`${stdout.trim()} is not ${names}`);
      },
    ]),
  ]);
}

export function types() {
  const tsc = join(project, "node_modules/typescript/bin/tsc");
  const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
  const compile = (...args) => must(process.execPath, [tsc, ...strict, ...args]);
  return checks([
    ["with the types of frameworks and of Node.js", () =>
      compile("--module", "nodenext", "--skipLibCheck", "--esModuleInterop", "--lib", "es2022,dom,dom.iterable", "types.frameworks.test-d.ts")],
    ["with the types of the DOM, as Node.js resolves", () =>
      compile("--module", "nodenext", "--lib", "es2022,dom,dom.iterable", "types.test-d.ts")],
    ["as a bundler resolves", () =>
      compile("--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable", "types.test-d.ts")],
    ["without the types of any host", () =>
      compile("--module", "nodenext", "--lib", "es2022", "--types", "null", ...DECLARATIONS)],
    ["by the fields of the manifest", () =>
      compile("--module", "commonjs", "--moduleResolution", "node10", "--lib", "es2022,dom,dom.iterable", "types.test-d.ts")],
  ]);
}
