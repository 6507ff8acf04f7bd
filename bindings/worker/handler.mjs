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

// The last resort, when not even the core can be asked for an answer.
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

export default {
  fetch(request) {
    try {
      // After a trap the glue makes a fresh instance of the module, and a gate belongs to the instance it was made in.
      gate ??= start();
      // Iteration joins duplicates with a comma; the core treats the joined line as the lines it was made of.
      let headers = "";
      for (const [name, value] of request.headers) headers += name + "\0" + value + "\0";
      const head = [request.method, request.url, headers, crypto.randomUUID(), Date.now()];
      const frame = gate.decide(...head).split("\n");
      return frame[0] in needs ? supply(request, head, frame) : act(request, head, frame);
    } catch (error) {
      gate = undefined;
      return failed("the gate failed", error);
    }
  },
};

// What a decision may have to wait for; `undefined` where it cannot be had.
const needs = {
  __proto__: null,

  // The record of an API key, from Workers KV.
  async api_key_record(request, id) {
    try {
      return await env.PORTCULLIS_KEYS.get(id);
    } catch (error) {
      console.error("portcullis: no record from the KV namespace PORTCULLIS_KEYS:", error);
    }
  },

  // The body, or the beginning of one that is longer than `limit` bytes. Read from a copy: the request keeps its own.
  async body(request, limit) {
    const octets = new Uint8Array(Number(limit) + 1);
    let length = 0;
    try {
      const reader = request.clone().body?.getReader();
      while (reader && length < octets.length) {
        const { done, value } = await reader.read();
        if (done) break;
        const part = value.subarray(0, octets.length - length);
        octets.set(part, length);
        length += part.length;
      }
      // Not waited for: it ends with the other half.
      if (length === octets.length) reader.cancel().catch(() => {});
    } catch {
      return undefined;
    }
    return octets.subarray(0, length);
  },
};

async function supply(request, head, frame) {
  const supplies = [];
  try {
    while (frame[0] in needs) {
      supplies.push(await needs[frame[0]](request, frame[1]));
      gate ??= start();
      // What was waited for may have taken a while: whoever has expired meanwhile is not let in.
      head[4] = Date.now();
      frame = gate.resume(...head, supplies).split("\n");
    }
  } catch (error) {
    gate = undefined;
    return failed("the gate failed", error);
  }
  return act(request, head, frame);
}

function act(request, head, frame) {
  if (frame[1] !== "") console.log(frame[1]);
  if (frame[0] === "forward") return forward(request, head, frame);
  if (frame[0] === "answer") return answer(frame);
  return failed("the gate failed", "no such frame");
}

function answer(frame) {
  const headers = new Headers();
  let i = 3;
  for (; frame[i] !== ""; i += 2) headers.append(frame[i], frame[i + 1]);
  return new Response(frame.slice(i + 1).join("\n"), { status: Number(frame[2]), headers });
}

async function forward(request, head, frame) {
  let out;
  const told = [];
  try {
    // Method, body and all other headers stay those of the request; the body is streamed, never read here.
    out = new Request(frame[2], request);
    const path = frame[2].split("?", 1)[0];
    if (out.url !== path && !out.url.startsWith(path + "?")) {
      // The URL parser has rewritten the path that was decided on.
      return failed("the URL parser changed a path", "refused");
    }
    for (let i = 3; i < frame.length; i++) {
      const name = frame[i].slice(1);
      if (frame[i][0] === "-") out.headers.delete(name);
      else if (frame[i][0] === ">") told.push([name, frame[++i]]);
      else out.headers.set(name, frame[++i]);
    }
  } catch (error) {
    return failed("cannot build the request for the origin", error);
  }
  try {
    // Redirects are for the caller to follow: the runtime hands requests in with `redirect: "manual"`, and `out` keeps
    // that. A 101 with its WebSocket passes through like any other response.
    const response = await fetch(out).catch((error) => {
      // An origin may close an idle connection just when it is used again: nothing has arrived there then. Asking a
      // second time is safe for reads (RFC 9110 section 9.2.2), and for them alone.
      if (out.method !== "GET" && out.method !== "HEAD") throw error;
      return fetch(out);
    });
    if (told.length === 0) return response;
    const answer = new Response(response.body, response);
    for (const [name, value] of told) answer.headers.set(name, value);
    return answer;
  } catch (error) {
    console.error("portcullis: cannot reach ORIGIN:", error);
  }
  try {
    gate ??= start();
    return answer(gate.origin_unreachable(...head).split("\n"));
  } catch (error) {
    gate = undefined;
    return failed("the gate failed", error);
  }
}
