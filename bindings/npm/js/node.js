// Node.js: reads the module from beside this file.
import { readFileSync } from "node:fs";
import { initSync } from "./glue.js";

initSync({ module: readFileSync(new URL("./portcullis.wasm", import.meta.url)) });

export * from "./index.js";
