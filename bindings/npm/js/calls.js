// Sends the gate's own calls: for keys, and about callers.
import { ArgumentError, kind } from "./errors.js";

const OPTIONS = ["fetch", "origin", "notice", "signatures"];

// The longest answer that is of use to the gate, in bytes.
const REPLY_BYTES = 64 * 1024;

// How calls are sent, by the options of a gate: with which `fetch`, if there is one, and to which origin.
export function senderOf(options) {
  if (typeof options !== "object" || options === null) {
    throw new ArgumentError(`the options of a gate are an object, not ${kind(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw new ArgumentError(`\`${unknown}\` is no option of a gate: there are ${OPTIONS.join(", ")}`);
  }
  for (const name of ["fetch", "notice"]) {
    if (options[name] !== undefined && typeof options[name] !== "function") {
      throw new ArgumentError(`the option ${name} of a gate is a function, not ${kind(options[name])}`);
    }
  }
  if (!["host", "own", undefined].includes(options.signatures)) {
    throw new ArgumentError('the option signatures of a gate is "host" or "own"');
  }
  // Looked up at each call: tools that watch or mock `fetch` replace it later.
  const fetch = options.fetch ?? (typeof globalThis.fetch === "function" ? (...rest) => globalThis.fetch(...rest) : undefined);
  return { fetch, origin: options.origin === undefined ? undefined : originOf(options.origin) };
}

function originOf(origin) {
  try {
    const url = new URL(origin);
    if (/^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  } catch {
    // It is said below.
  }
  throw new ArgumentError("the origin is a URL with scheme, host and port alone, for example http://127.0.0.1:8000");
}

// The answer to a call: its status and headers as JSON, and its body or the beginning of it; no body if there was none.
export async function send({ fetch, origin }, { method, url, origin: target, headers, body, millis }) {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), millis);
  try {
    const asked = url ?? origin + target;
    // SECURITY: the path that was decided on, and no other that the URL parser makes of it.
    if (pathOf(new URL(asked).href) !== pathOf(asked)) return ["", undefined];
    // SECURITY: an answer about one caller comes from no cache, and a browser adds no cookie of its own.
    const init = { method, headers, redirect: "manual", cache: "no-store", credentials: "omit", signal: stop.signal };
    const response = await fetch(asked, body === "" ? init : { ...init, body });
    return [JSON.stringify([response.status, [...response.headers]]), await beginning(response.body, REPLY_BYTES + 1)];
  } catch {
    // What comes of it stands in the verdict, and of keys in a notice.
    return ["", undefined];
  } finally {
    clearTimeout(late);
  }
}

// What another decision finds out is looked at again: in a Worker its promise must not be awaited.
export function pause(millis) {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

function pathOf(url) {
  const at = url.indexOf("/", url.indexOf("//") + 2);
  return at < 0 ? "/" : url.slice(at).split("?", 1)[0];
}

// The first bytes of a stream, at most `length`.
async function beginning(stream, length) {
  const bytes = new Uint8Array(length);
  const reader = stream?.getReader();
  let filled = 0;
  while (reader && filled < length) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = value.subarray(0, length - filled);
    bytes.set(part, filled);
    filled += part.length;
  }
  if (filled === length) reader?.cancel().catch(() => {});
  return bytes.subarray(0, filled);
}
