// Browsers without a bundler: fetches the module from beside this file.
import init from "./glue.js";

await init({ module_or_path: new URL("./portcullis.wasm", import.meta.url) });

export * from "./index.js";
