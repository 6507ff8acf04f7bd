// Every host and bundler that is not told otherwise: the module is part of this script, compressed. The build writes it in.
import { inflateSync } from "fflate";
import compressed from "./portcullis.wasm.deflate";
import { start } from "./instance.js";

// What a host can do by itself takes a tenth of the time.
start((globalThis.process?.getBuiltinModule?.("node:zlib")?.inflateRawSync ?? inflateSync)(compressed));

export * from "./gate.js";
