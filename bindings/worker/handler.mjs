// The Worker's entry. One synchronous call into wasm decides about a request; this file reads the request's head, does
// what the frame says (see src/frame.rs) and decides nothing itself. Whatever goes wrong here ends in a refusal.
import { env } from "cloudflare:workers";
import { Gate } from "./build/index.js";

// Signatures verified by `node:crypto`, which a runtime with the flag nodejs_compat has. What is asked, and whether this is good
// enough to be asked, the core decides; `undefined` where nobody can tell.
const node = globalThis.process?.getBuiltinModule?.("node:crypto");
const signatures = node && {
  verify(hash, der, message, signature) {
    try {
      return node.verify(hash, message, keyOf(der), signature);
    } catch {}
  },
};

// Keys that were read, by their bytes; anew when there are this many.
const KEYS = 64;
const keys = new Map();
// Another text for any other bytes.
const latin1 = new TextDecoder("latin1");

function keyOf(der) {
  const name = latin1.decode(der);
  let key = keys.get(name);
  if (key === undefined) {
    key = node.createPublicKey({ key: der, format: "der", type: "spki" });
    if (keys.size >= KEYS) keys.clear();
    keys.set(name, key);
  }
  return key;
}

// Module scope: compiled once per isolate, before its first request.
let gate = start();

function start() {
  try {
    return Gate.create(env, origin(), signatures);
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
  fetch(request, _, context) {
    // After a trap the glue makes a fresh instance of the module, and a gate belongs to the instance it was made in.
    const asked = (gate ??= start());
    try {
      // Iteration joins duplicates with a comma; the core treats the joined line as the lines it was made of.
      let headers = "";
      for (const [name, value] of request.headers) headers += name + "\0" + value + "\0";
      // The runtime hides how a body without a length is sent. A request that has a body is no CORS preflight.
      if (request.method === "OPTIONS" && request.body && !request.headers.has("content-length")) {
        headers += "transfer-encoding\0chunked\0";
      }
      // Cloudflare sets both itself; a bare workerd sets neither, and there this header is the caller's.
      const client = request.cf === undefined ? "" : (request.headers.get("cf-connecting-ip") ?? "");
      const head = { method: request.method, url: request.url, headers, id: crypto.randomUUID(), client };
      const frame = asked.decide(head.method, head.url, headers, head.id, client, Date.now()).split("\n");
      const answer = frame[0] in needs ? wait(asked, request, head, frame, context) : act(request, head, frame);
      if (Math.abs(Date.now() - looked) >= LOOK_MS) context.waitUntil(refresh(asked));
      return answer;
    } catch (error) {
      return broken(asked, error);
    }
  },

  // By a cron trigger, if there is one: fetches the keys that are due in this isolate.
  async scheduled(_, __, context) {
    const asked = (gate ??= start());
    context.waitUntil(refresh(asked).then(() => gate === asked && console.log(asked.status(Date.now()))));
  },

  // CONNECT, which Cloudflare never hands in. Without this, workerd answers 500 and logs an error for anybody who asks.
  connect(socket) {
    return socket.close();
  },
};

// What a decision may have to wait for, by the kind of frame that asks for it: how to find it, `undefined` where it cannot
// be had, and how the decision goes on with it.
const needs = {
  __proto__: null,
  api_key_record: [record, (asked, ...rest) => asked.supply_record(...rest)],
  revocations: [revocations, (asked, ...rest) => asked.supply_revocations(...rest)],
  body: [body, (asked, ...rest) => asked.supply_body(...rest)],
  call: [(_, frame) => send(frame), (asked, handle, method, id, client, now, reply) => asked.supply_reply(handle, method, id, client, now, ...reply)],
  shared: [look, (asked, handle, method, id, client, now, found) => asked.supply_reply(handle, method, id, client, now, 0, "", found)],
  wait: [pause, (asked, ...rest) => asked.again(...rest)],
};

// For how long the record of an API key is waited for.
const RECORD_MS = 5000;

// The record of an API key, from Workers KV.
async function record(_, [, , key]) {
  try {
    return await within(RECORD_MS, env.PORTCULLIS_KEYS.get(key));
  } catch (error) {
    console.error("portcullis: no record from the KV namespace PORTCULLIS_KEYS:", error);
  }
}

// What comes of a promise, if it does not take longer than `millis`.
async function within(millis, promise) {
  let late;
  const patience = new Promise((_, fail) => (late = setTimeout(() => fail(new Error("no answer in time")), millis)));
  try {
    return await Promise.race([promise, patience]);
  } finally {
    clearTimeout(late);
  }
}

// How long Workers KV may keep what it has said of a revocation, in seconds: no less is allowed.
const REVOKED_TTL = 30;

// For how long its answer is waited for.
const REVOKED_MS = 2000;

// What is under the names of revocations, as JSON, from Workers KV in one operation.
async function revocations(_, [, , ...names]) {
  try {
    const looked = env.PORTCULLIS_REVOKED.get(names, { type: "text", cacheTtl: REVOKED_TTL });
    const found = await within(REVOKED_MS, looked);
    if (!names.every((name) => found.has(name))) throw new Error("the answer is about something else");
    return JSON.stringify(names.map((name) => found.get(name)));
  } catch (error) {
    console.error("portcullis: no revocations from the KV namespace PORTCULLIS_REVOKED:", error);
  }
}

// How long the cache that the isolates of a place share is waited for.
const SHARED_MS = 100;

// What it has under a name, sealed: only the gate can tell whether that is of any use. Whatever fails here is as if there were
// nothing.
async function look(request, [, , path, limit]) {
  const found = async () => {
    const { body } = (await caches.default.match(new URL(path, request.url))) ?? {};
    return body && beginning(body, Number(limit) + 1);
  };
  try {
    return await within(SHARED_MS, found());
  } catch (error) {
    console.error("portcullis: nothing from the shared cache:", error);
  }
}

// Puts an answer there, and keeps nobody waiting.
async function share(request, [, path, secs, sealed]) {
  const entry = new Response(sealed, { headers: { "cache-control": "max-age=" + secs } });
  await caches.default.put(new URL(path, request.url), entry);
}

// The body, or the beginning of one that is longer than `limit` bytes. Read from a copy: the request keeps its own.
async function body(request, [, , limit]) {
  try {
    return await beginning(request.clone().body, Number(limit) + 1);
  } catch {
    return undefined;
  }
}

// What another request finds out is looked at again: its promise must not be awaited here.
function pause(_, [, , millis]) {
  return new Promise((resolve) => setTimeout(resolve, Number(millis)));
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
  // Not waited for: where there is another half, it ends with that.
  if (filled === length) reader?.cancel().catch(() => {});
  return bytes.subarray(0, filled);
}

// The longest answer that is of use to the gate, in bytes.
const REPLY_BYTES = 64 * 1024;

// The answer to a call of the gate's own: status, headers, and the body or the beginning of it; no body if there was none.
async function send(frame) {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), Number(frame[2]));
  try {
    const [, , , method, url] = frame;
    const headers = new Headers();
    let i = 5;
    for (; frame[i] !== ""; i += 2) headers.append(frame[i], frame[i + 1]);
    const body = frame.slice(i + 1).join("\n") || undefined;
    // SECURITY: an answer about one caller must come from no cache, whatever the zone has been told to keep.
    const call = new Request(url, { method, headers, body, redirect: "manual", cache: "no-store", signal: stop.signal });
    if (pathOf(call.url) !== pathOf(url)) throw new Error("the URL parser changed the path of a call");
    const response = await fetch(call);
    let lines = "";
    for (const [name, value] of response.headers) lines += name + "\0" + value + "\0";
    return [response.status, lines, await beginning(response.body, REPLY_BYTES + 1)];
  } catch {
    // What comes of it stands in the line of the decision, and of keys in a notice.
    return [0, "", undefined];
  } finally {
    clearTimeout(late);
  }
}

function pathOf(url) {
  const at = url.indexOf("/", url.indexOf("//") + 2);
  return at < 0 ? "/" : url.slice(at).split("?", 1)[0];
}

// How often it is looked whether keys are due, and when it was last.
const LOOK_MS = 1000;
let looked = 0;

// Fetches the keys that are due, one source after the other.
async function refresh(asked) {
  looked = Date.now();
  try {
    for (let frame; gate === asked && (frame = asked.due(crypto.randomUUID(), Date.now())) !== ""; ) {
      while (frame !== "") {
        frame = frame.split("\n");
        const reply = await send(frame);
        if (gate !== asked) return;
        frame = asked.refreshed(frame[1], Date.now(), ...reply);
      }
    }
  } catch (error) {
    broken(asked, error);
  }
}

// Waits for what the decision needs, and acts on it. If the caller leaves meanwhile, the search goes on: others may wait for
// what it finds.
async function wait(asked, request, head, frame, context) {
  const settled = settle(asked, request, head, frame, context);
  context.waitUntil(settled);
  const outcome = await settled;
  if (outcome instanceof Response) return outcome;
  try {
    return act(request, head, outcome);
  } catch (error) {
    return broken(asked, error);
  }
}

// The frame that a decision ends with. A handle is good once, and for the gate that gave it: after a trap of another request,
// this one is refused.
async function settle(asked, request, head, frame, context) {
  let handle;
  try {
    while (frame[0] in needs) {
      handle = frame[1];
      const [find, supply] = needs[frame[0]];
      const found = await find(request, frame);
      // It may have taken a while: whoever has expired meanwhile is not allowed.
      frame = supply(asked, handle, head.method, head.id, head.client, Date.now(), found).split("\n");
      if (frame[0] === "share") context.waitUntil(share(request, frame.splice(0, 4)).catch(() => {}));
    }
    return frame;
  } catch (error) {
    return broken(asked, error);
  } finally {
    // Whatever ended the request. The runtime may just stop: the gate keeps no more than so many.
    if (gate === asked) asked.release(handle);
  }
}

// How long a limiter that all isolates share is waited for.
const LIMITER_MS = 500;

// A failed credential: counted by the limiter, if one is bound. One that fails changes nothing.
async function failure(request, head, [, key, ...rest]) {
  try {
    const { success } = await within(LIMITER_MS, env.PORTCULLIS_FAILURES.limit({ key }));
    if (success === false) {
      const asked = (gate ??= start());
      const { method, url, headers, id, client } = head;
      try {
        rest = asked.limited(method, url, headers, id, client, Date.now()).split("\n").slice(1);
      } catch (error) {
        return broken(asked, error);
      }
    }
  } catch (error) {
    console.error("portcullis: no count from the limiter PORTCULLIS_FAILURES:", error);
  }
  return act(request, head, ["response", ...rest]);
}

// Writes a decision down: as a line of the log and, if Analytics Engine is bound, as a data point.
function tell(line) {
  console.log(line);
  const points = env.PORTCULLIS_DECISIONS;
  if (points === undefined) return;
  try {
    // SECURITY: members of the line that name nobody. Nothing that a caller wrote is among them.
    const { decision, reason, reported, route, issuer, policy } = JSON.parse(line);
    const verdict = reported ? "report" : decision;
    // What is absent is an empty text: columns are told apart by their places.
    const blobs = [verdict, reason, route, issuer, policy].map((text) => text ?? "");
    points.writeDataPoint({ indexes: [reason ?? verdict], blobs, doubles: [1] });
  } catch (error) {
    console.error("portcullis: no data point in PORTCULLIS_DECISIONS:", error);
  }
}

function act(request, head, frame) {
  if (frame[0] === "failure") {
    if (env.PORTCULLIS_FAILURES !== undefined) return failure(request, head, frame);
    frame = ["response", ...frame.slice(2)];
  }
  if (frame[1] !== "") tell(frame[1]);
  if (frame[0] === "forward") return forward(request, head, frame);
  if (frame[0] === "response") return response(request, frame);
  return failed("the gate failed", "no such frame");
}

function response(request, frame) {
  const headers = new Headers();
  let i = 3;
  for (; frame[i] !== ""; i += 2) headers.append(frame[i], frame[i + 1]);
  const text = frame.slice(i + 1).join("\n");
  const unread = text !== "" && request.body !== null && !request.body.locked && request.method !== "HEAD";
  return new Response(unread ? drained(text, request.body) : text, { status: Number(frame[2]), headers });
}

// How much of the body of a request that is refused is read, and for how long. With more than that the connection ends, which
// clients that send and read at once may take for free by then.
const DRAINED_BYTES = 8 * 1024 * 1024;
const DRAINED_MS = 5000;

// `text`, complete at once, as a body that is over only when some of `body` has been read: a client that is still sending
// does not see the answer if the connection is closed on it, and the runtime reads nothing once a response is over.
function drained(text, body) {
  const bytes = new TextEncoder().encode(text);
  const { readable, writable } = new FixedLengthStream(bytes.length);
  drain(writable.getWriter(), bytes, body.getReader());
  return readable;
}

async function drain(writer, bytes, reader) {
  let late;
  try {
    await writer.write(bytes);
    late = setTimeout(() => reader.cancel().catch(() => {}), DRAINED_MS);
    for (let left = DRAINED_BYTES; left > 0; ) {
      const { done, value } = await reader.read();
      if (done) break;
      left -= value.length;
    }
  } catch {
    // The caller is gone, or its body broke off.
  }
  clearTimeout(late);
  writer.close().catch(() => {});
}

// The body of a request on its way to the origin, of which no byte passes through here. Of a plain body, nobody could say
// afterwards whether the origin is gone or the caller's body broke off.
function upload(request) {
  const length = request.headers.get("content-length") ?? "";
  const { readable, writable } = /^\d+$/.test(length)
    ? new FixedLengthStream(BigInt(length))
    : new IdentityTransformStream();
  const stop = new AbortController();
  const sent = { body: readable, signal: stop.signal, brokenOff: false, stop };
  // SECURITY: a body that broke off is never ended, so that the origin does not take a part for the whole.
  const options = { preventAbort: true, preventCancel: true, signal: stop.signal };
  sent.over = request.body.pipeTo(writable, options).catch(async () => {
    if (stop.signal.aborted) return;
    // One of the two ends is gone; if it is the caller's, nothing more can be read.
    try {
      const reader = request.body.getReader();
      await reader.read();
      reader.releaseLock();
    } catch {
      sent.brokenOff = true;
      stop.abort();
    }
  });
  return sent;
}

async function forward(request, head, frame) {
  let out, sent;
  const changes = [];
  try {
    // Method, body and all other headers stay those of the request. Redirects are for the caller to follow.
    // The body of a GET, which means nothing, can only be handed on as it is.
    if (request.body === null || request.method === "GET" || request.method === "HEAD") {
      out = new Request(frame[2], request);
    } else {
      sent = upload(request);
      const { method, headers } = request;
      out = new Request(frame[2], { method, headers, redirect: "manual", body: sent.body, signal: sent.signal });
    }
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
    // A 101 with its WebSocket passes through like any other response.
    const origins = await fetch(out);
    if (changes.length === 0) return origins;
    const changed = new Response(origins.body, origins);
    for (const [change, ...header] of changes) changed.headers[change](...header);
    return changed;
  } catch (error) {
    if (sent !== undefined && !sent.brokenOff) {
      // Lets go of the body, so that the rest of it can be read while the caller is answered.
      sent.stop.abort();
      await sent.over;
    }
    if (!sent?.brokenOff) console.error("portcullis: cannot reach ORIGIN:", error);
  }
  const asked = (gate ??= start());
  try {
    const { method, url, headers, id, client } = head;
    const answer = sent?.brokenOff ? "body_broken_off" : "origin_unreachable";
    return act(request, head, asked[answer](method, url, headers, id, client, Date.now()).split("\n"));
  } catch (error) {
    return broken(asked, error);
  }
}
