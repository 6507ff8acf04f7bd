// The Worker's entry. One synchronous call into wasm decides about a request; this file reads the request's head, does
// what the frame says (see src/frame.rs) and decides nothing itself. Whatever goes wrong here ends in a refusal.
import { env } from "cloudflare:workers";
import { Gate } from "./build/index.js";

// Module scope: compiled once per isolate, before its first request.
let gate = start();

function start() {
  try {
    return Gate.create(env, origin());
  } catch (error) {
    console.error("portcullis: cannot start:", error);
    return undefined;
  }
}

// ORIGIN as the URL parser writes it, so that the check in `forward` compares like with like.
function origin() {
  try {
    const url = new URL(env.ORIGIN);
    const web = url.protocol === "http:" || url.protocol === "https:";
    return web && url.href === url.origin + "/" ? url.origin : undefined;
  } catch {
    return undefined;
  }
}

// The last resort, when not even the core can be asked for a response.
function unavailable() {
  return new Response('{"type":"about:blank","title":"Service Unavailable","status":503}', {
    status: 503,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

function failed(what, error) {
  console.error(`portcullis: ${what}:`, error);
  return unavailable();
}

// Something threw that never throws: a trap. Nothing is asked of that gate again.
function broken(asked, error) {
  if (gate === asked) gate = undefined;
  return failed("the gate failed", error);
}

export default {
  fetch(request) {
    // After a trap the glue makes a fresh instance of the module, and a gate belongs to the instance it was made in.
    const asked = (gate ??= start());
    try {
      // Iteration joins duplicates with a comma; the core treats the joined line as the lines it was made of.
      let headers = "";
      for (const [name, value] of request.headers) headers += name + "\0" + value + "\0";
      // The runtime hides how a body without a length is sent. A request that has a body is no CORS preflight.
      if (request.method === "OPTIONS" && request.body) headers += "transfer-encoding\0chunked\0";
      const head = { method: request.method, url: request.url, headers, id: crypto.randomUUID() };
      const frame = asked.decide(head.method, head.url, head.headers, head.id, Date.now()).split("\n");
      return frame[0] in needs ? wait(asked, request, head, frame) : act(request, head, frame);
    } catch (error) {
      return broken(asked, error);
    }
  },
};

// What a decision may have to wait for, by the kind of frame that asks for it: how to find it, `undefined` where it cannot
// be had, and how the decision goes on with it.
const needs = {
  __proto__: null,
  api_key_record: [record, (asked, ...rest) => asked.supply_record(...rest)],
  body: [body, (asked, ...rest) => asked.supply_body(...rest)],
};

// The record of an API key, from Workers KV.
async function record(_, id) {
  try {
    return await env.PORTCULLIS_KEYS.get(id);
  } catch (error) {
    console.error("portcullis: no record from the KV namespace PORTCULLIS_KEYS:", error);
  }
}

// The body, or the beginning of one that is longer than `limit` bytes. Read from a copy: the request keeps its own.
async function body(request, limit) {
  const bytes = new Uint8Array(Number(limit) + 1);
  let length = 0;
  try {
    const reader = request.clone().body?.getReader();
    while (reader && length < bytes.length) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, bytes.length - length);
      bytes.set(part, length);
      length += part.length;
    }
    // Not waited for: it ends with the other half.
    if (length === bytes.length) reader.cancel().catch(() => {});
  } catch {
    return undefined;
  }
  return bytes.subarray(0, length);
}

// A handle is good once, and for the gate that gave it: after a trap of another request, this one is refused.
async function wait(asked, request, head, frame) {
  let kind, handle, what;
  try {
    while (frame[0] in needs) {
      [kind, handle, what] = frame;
      const [find, supply] = needs[kind];
      const found = await find(request, what);
      // It may have taken a while: whoever has expired meanwhile is not allowed.
      frame = supply(asked, handle, head.method, head.id, Date.now(), found).split("\n");
    }
    return act(request, head, frame);
  } catch (error) {
    return broken(asked, error);
  } finally {
    // Whatever ended the request. The runtime just stops if the caller is gone: the gate keeps no more than so many.
    if (gate === asked) asked.release(handle);
  }
}

function act(request, head, frame) {
  if (frame[1] !== "") console.log(frame[1]);
  if (frame[0] === "forward") return forward(request, head, frame);
  if (frame[0] === "response") return response(frame);
  return failed("the gate failed", "no such frame");
}

function response(frame) {
  const headers = new Headers();
  let i = 3;
  for (; frame[i] !== ""; i += 2) headers.append(frame[i], frame[i + 1]);
  return new Response(frame.slice(i + 1).join("\n"), { status: Number(frame[2]), headers });
}

async function forward(request, head, frame) {
  let out;
  const changes = [];
  try {
    // Method, body and all other headers stay those of the request; the body is streamed, never read here.
    out = new Request(frame[2], request);
    const path = frame[2].split("?", 1)[0];
    if (out.url !== path && !out.url.startsWith(path + "?")) {
      // The URL parser has rewritten the path that was decided on.
      return failed("the URL parser changed a path", "refused");
    }
    for (let i = 3; i < frame.length; i++) {
      const [mark, name] = [frame[i][0], frame[i].slice(1)];
      if (mark === "-") out.headers.delete(name);
      else if (mark === "+") out.headers.set(name, frame[++i]);
      else if (mark === "<") changes.push(["delete", name]);
      else changes.push([mark === ">" ? "set" : "append", name, frame[++i]]);
    }
  } catch (error) {
    return failed("cannot build the request for the origin", error);
  }
  try {
    // Redirects are for the caller to follow: the runtime hands requests in with `redirect: "manual"`, and `out` keeps
    // that. A 101 with its WebSocket passes through like any other response.
    const origins = await fetch(out).catch((error) => {
      // An origin may close an idle connection just when it is used again: nothing has arrived there then. Asking a
      // second time is safe for reads (RFC 9110 section 9.2.2), and for them alone.
      if (out.method !== "GET" && out.method !== "HEAD") throw error;
      return fetch(out);
    });
    if (changes.length === 0) return origins;
    const changed = new Response(origins.body, origins);
    for (const [change, ...header] of changes) changed.headers[change](...header);
    return changed;
  } catch (error) {
    console.error("portcullis: cannot reach ORIGIN:", error);
  }
  const asked = (gate ??= start());
  try {
    const { method, url, headers, id } = head;
    return response(asked.origin_unreachable(method, url, headers, id, Date.now()).split("\n"));
  } catch (error) {
    return broken(asked, error);
  }
}
