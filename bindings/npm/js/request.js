// The head of a request, whatever kind of object the host shows it as.
import { ArgumentError, kind } from "./errors.js";

const TAKES = "pass a Request of fetch, an IncomingMessage of Node.js, or { method, target, headers }";

// Targets as they came over the wire, by request: routers write `url` anew below a mount, and not all of them (koa-mount)
// keep what was there before.
const wireTargets = new WeakMap();
globalThis.process
  ?.getBuiltinModule?.("node:diagnostics_channel")
  ?.subscribe("http.server.request.start", ({ request }) => wireTargets.set(request, request.url));

// Method, target and header pairs, and whether a header `Connection` would be among them.
export function headOf(request) {
  if (typeof request !== "object" || request === null) throw new ArgumentError(`${kind(request)} is not a request: ${TAKES}`);
  const { method, rawHeaders, raw, req } = request;
  if (Array.isArray(rawHeaders)) {
    const headers = rawPairs(rawHeaders);
    // A body that no header announces, as HTTP/2 has it. A request that has one is no CORS preflight.
    if (method === "OPTIONS" && request.stream?.endAfterHeaders === false) headers.push(["transfer-encoding", "chunked"]);
    return { method, target: splitTarget(request).target, headers, showsConnection: true };
  }
  const headers = pairs(request.headers);
  if (!headers) {
    const inner = [raw && "raw", req && (req.raw ? "req.raw" : "req")].find(Boolean);
    if (inner) throw new ArgumentError(`this is a framework's own object, not a request: pass its \`${inner}\``);
    if (request.headers === undefined) throw new ArgumentError(`${kind(request)} has no headers: ${TAKES}`);
    throw new ArgumentError("the headers of a request are pairs of name and value, an array, a Headers or a Map: an object by name hides duplicates");
  }
  // A `Request` hides how a body without a length is sent.
  if (method === "OPTIONS" && request.body) headers.push(["transfer-encoding", "chunked"]);
  // A `Request` of the Fetch standard may hide the header `Connection`; every other list of headers is a whole one.
  if (request.target == null) {
    const shown = { url: targetOf(request.url), originalUrl: targetOf(request.originalUrl), baseUrl: request.baseUrl };
    return { method, target: splitTarget(shown).target, headers, showsConnection: false };
  }
  return { method, target: request.target, headers, showsConnection: true };
}

// The target of the whole request, and the part of it that a router has taken from the front of `url`.
//
// SECURITY: the whole is decided on. Below a mount at /admin, `url` is /status for /admin/status, and the policy may have
// an answer of its own for that.
export function splitTarget(request) {
  const { url, originalUrl, baseUrl } = request;
  const whole = wireTargets.get(request) ?? originalUrl;
  if (whole === undefined) {
    if (typeof baseUrl === "string" && baseUrl !== "") {
      throw new ArgumentError("a router has taken its mount from the URL of this request, and the original is not there: decide before the router");
    }
    return { target: url, mount: "" };
  }
  const mount = whole === url ? "" : mountOf(whole, url);
  // A target without a path is for the core to refuse.
  if (mount === undefined && whole.startsWith("/")) {
    throw new ArgumentError("the URL of this request was rewritten to another one than the caller sent: decide before it is rewritten");
  }
  return { target: whole, mount };
}

// Says that `target` is what the caller asked for: what the gate has made of it. `url` is what is left of it below a mount.
export function setTarget(request, target, url) {
  wireTargets.set(request, target);
  if (request.originalUrl !== undefined) request.originalUrl = target;
  request.url = url;
}

// What has been taken from the front of `whole` to get `url`: "/admin" for /admin/status and /status, or for /admin?a and
// /?a. `undefined` if something else happened.
function mountOf(whole, url) {
  for (const rest of [url, url?.replace(/^\/(?=\?|$)/, "")]) {
    if (rest === undefined || !whole.endsWith(rest)) continue;
    const mount = whole.slice(0, whole.length - rest.length);
    if (mount.startsWith("/") && !mount.includes("?")) return mount;
  }
  return undefined;
}

// Node.js: name, value, name, value, … as they came; `headers` there hides duplicates.
function rawPairs(rawHeaders) {
  const headers = [];
  let authority;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    // HTTP/2 has the request line among the headers.
    if (rawHeaders[i]?.[0] === ":") authority = rawHeaders[i] === ":authority" ? rawHeaders[i + 1] : authority;
    else headers.push([rawHeaders[i], rawHeaders[i + 1]]);
  }
  if (authority !== undefined && !headers.some(([name]) => /^host$/i.test(name))) headers.push(["host", authority]);
  return headers;
}

function pairs(headers) {
  try {
    return [...headers];
  } catch {
    return undefined;
  }
}

// Path and query of a URL as they were sent: some runtimes normalise nothing. Where nobody can tell where the path
// begins, the core gets the whole URL, which it refuses.
function targetOf(url) {
  return /^\w+:\/\/[\w.:[\]-]+(\/.*)$/s.exec(url)?.[1] ?? url;
}
