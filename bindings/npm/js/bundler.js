// Bundlers: the build writes the module into this file, so that no bundler needs to know about wasm.
import { initSync } from "./glue.js";
import module from "./portcullis.wasm";

initSync({ module });

export * from "./index.js";
