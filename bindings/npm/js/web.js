// Pages without a bundler: fetches the module from beside this file.
import { LoadError } from "./errors.js";
import { start } from "./instance.js";

const url = new URL("./portcullis.wasm", import.meta.url);
let module;
try {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  // Streaming is refused under another type, which some servers give it.
  const streams = response.headers.get("content-type") === "application/wasm";
  module = streams ? await WebAssembly.compileStreaming(response) : await WebAssembly.compile(await response.arrayBuffer());
} catch (cause) {
  throw new LoadError(
    `${url} could not be loaded (${cause?.message ?? cause}): serve portcullis.wasm beside the script, or import "portcullis", which has it inside`,
    { cause },
  );
}
start(module);

export * from "./gate.js";
