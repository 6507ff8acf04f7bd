// Cloudflare Workers: the runtime has compiled the module already.
import module from "./portcullis.wasm";
import { start } from "./instance.js";

start(module);

export * from "./gate.js";
