// In front of the handlers of a server of Node.js: `(request, response, next)`.
import { Buffer } from "node:buffer";
import { ArgumentError } from "./errors.js";
import { applyTo, remember } from "./forward.js";
import { FAILED, UNFIT, settings } from "./guard.js";

export { applyTo, verdictOf } from "./forward.js";

export function guard(gate, options) {
  const decide = decider(gate, options);
  return async (request, response, next) => {
    if (typeof next !== "function") throw new ArgumentError("a guard is called with (request, response, next)");
    const answer = await decide(request, (limit) => peek(request, limit));
    // Not `next(error)`: a `next` that does not look at what it is given would handle a request that was not allowed.
    if (!answer.allowed) return refuse(response, answer);
    changeHeaders(response, answer);
    return next();
  };
}

export function guardUpgrade(gate, options) {
  const decide = decider(gate, options);
  return async (request, socket, head, next) => {
    if (typeof next !== "function") throw new ArgumentError("a guard of upgrades is called with (request, socket, head, next)");
    // Nobody else listens yet, and a caller who goes away must not end the process.
    socket.on("error", () => socket.destroy());
    const answer = await decide(request, undefined);
    // SECURITY: what is no WebSocket was decided on as a plain request, and is not to be given a tunnel.
    if (answer.allowed && /^websocket$/i.test(request.headers.upgrade)) return next();
    const { status, headers, body } = answer.allowed ? UNFIT : answer;
    const length = new TextEncoder().encode(body).length;
    const lines = [...headers, ["content-length", length], ["connection", "close"]].map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} \r\n${lines.join("")}\r\n${body}`);
  };
}

// The verdict, carried out on the request if it is allowed; otherwise what is to be answered.
function decider(gate, options) {
  const { records, revocations, log, requestId, clientAddress, onError } = settings(gate, options);
  return async (request, body) => {
    try {
      const verdict = await gate.decideAsync(request, { records, revocations, requestId: requestId(request), clientAddress: clientAddress?.(request), body });
      log(verdict.log);
      if (!verdict.allowed) return verdict;
      if (!applyTo(verdict, request)) return UNFIT;
      remember(request, verdict);
      return verdict;
    } catch (error) {
      onError(error);
      return FAILED;
    }
  };
}

function refuse(response, { status, headers, body }) {
  response.statusCode = status;
  const names = new Set(headers.map(([name]) => name));
  for (const name of names) {
    const values = headers.filter(([other]) => other === name).map(([, value]) => value);
    response.setHeader(name, values.length === 1 ? values[0] : values);
  }
  response.end(body);
}

// The first bytes of a body, one more than `limit` at most, or the whole of a shorter one. They are put back: whoever reads
// the request next finds all of it.
function peek(request, limit) {
  return new Promise((resolve, reject) => {
    if (request.readableDidRead || request.readableEncoding) {
      throw new ArgumentError("the body of this request was read before the gate could compare it: put the guard before whatever reads bodies");
    }
    // An empty body: to ask for it would end the stream before anybody else listens.
    if (request.complete && request.readableLength === 0) return resolve(Buffer.alloc(0));
    const chunks = [];
    let length = 0;
    const stop = (settle, value) => {
      request.off("readable", read);
      request.off("error", lost);
      request.off("close", lost);
      settle(value);
    };
    const lost = (error) => stop(reject, error ?? new Error("the caller went away"));
    const read = () => {
      for (let chunk; length <= limit && (chunk = request.read()) !== null; ) {
        chunks.push(chunk);
        length += chunk.length;
      }
      if (length <= limit && !request.complete) return;
      const bytes = Buffer.concat(chunks, length);
      // Before the event `end`, after which nothing can be put back.
      if (length > 0) request.unshift(bytes);
      stop(resolve, bytes);
    };
    request.on("readable", read);
    request.on("error", lost);
    request.on("close", lost);
  });
}

// Removes, sets and adds headers as late as possible, after all that the handler has set.
function changeHeaders(response, { removeResponseHeaders, responseHeaders, appendResponseHeaders }) {
  if (removeResponseHeaders.length + responseHeaders.length + appendResponseHeaders.length === 0) return;
  const { writeHead } = response;
  response.writeHead = function (status, ...rest) {
    const own = rest.find((part) => typeof part === "object" && part !== null) ?? {};
    const given = new Map();
    for (const [name, value] of Array.isArray(own) ? pairsOf(own) : Object.entries(own)) {
      const key = name.toLowerCase();
      given.set(key, [...(given.get(key) ?? []), value].flat());
    }
    // What is given here goes before what was set.
    for (const [name, values] of given) this.setHeader(name, values.length === 1 ? values[0] : values);
    for (const name of removeResponseHeaders) this.removeHeader(name);
    for (const [name, value] of responseHeaders) this.setHeader(name, value);
    for (const [name, value] of appendResponseHeaders) this.setHeader(name, [this.getHeader(name) ?? [], value].flat());
    return writeHead.call(this, status, ...rest.filter((part) => typeof part === "string"));
  };
}

// A list for `writeHead`: name, value, name, value, …, or pairs.
function pairsOf(list) {
  if (Array.isArray(list[0])) return list;
  return list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]]] : []));
}
