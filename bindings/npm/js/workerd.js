// Cloudflare Workers: the runtime has compiled the module already.
import { initSync } from "./glue.js";
import module from "./portcullis.wasm";

initSync({ module });

export * from "./index.js";
