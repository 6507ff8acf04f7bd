// What becomes of a request that is allowed, whatever kind of object the host shows it as.
import { ArgumentError, AuthError, kind } from "./errors.js";
import { setTarget, splitTarget } from "./request.js";

const verdicts = new WeakMap();

// Remembers what was decided about a request, for those who handle it.
export function remember(request, verdict) {
  verdicts.set(request, verdict);
}

export function verdictOf(request) {
  return verdicts.get(request);
}

function expectAllowed(verdict, name) {
  if (verdict?.allowed !== true) {
    throw new ArgumentError(`a refused request goes nowhere: ${name} takes a verdict that is allowed, not ${kind(verdict)}`);
  }
}

export function toRequest(verdict, request, origin) {
  expectAllowed(verdict, "toRequest");
  if (Array.isArray(request?.rawHeaders) || typeof request?.headers?.get !== "function") {
    throw new ArgumentError(`toRequest takes the Request of fetch that was decided on, not ${kind(request)}; for Node.js see "portcullis/node"`);
  }
  let base;
  try {
    base = new URL(origin).origin;
  } catch {
    throw new ArgumentError("the origin is a URL with scheme, host and port, for example http://127.0.0.1:8000");
  }
  const url = base + verdict.target;
  // SECURITY: a redirect that is followed here would be asked for with the identity headers of this request, and nobody has
  // decided on where it leads. The caller follows it, through the gate.
  const out = new Request(new Request(url, request), { redirect: "manual" });
  const path = url.split("?", 1)[0];
  if (out.url !== path && !out.url.startsWith(path + "?")) {
    throw new AuthError("internal", "the URL parser changed the path that was decided on");
  }
  for (const name of verdict.removeHeaders) out.headers.delete(name);
  for (const [name, value] of verdict.setHeaders) out.headers.set(name, value);
  return out;
}

export function toClient(verdict, response) {
  expectAllowed(verdict, "toClient");
  const { removeResponseHeaders, responseHeaders, appendResponseHeaders } = verdict;
  if (removeResponseHeaders.length + responseHeaders.length + appendResponseHeaders.length === 0) return response;
  // That of a `fetch` cannot be changed.
  const out = new Response(response.body, response);
  for (const name of removeResponseHeaders) out.headers.delete(name);
  for (const [name, value] of responseHeaders) out.headers.set(name, value);
  for (const [name, value] of appendResponseHeaders) out.headers.append(name, value);
  return out;
}

// The same as `toRequest` for an `IncomingMessage`, which is changed. Returns whether that could be done: not if the target in normal form
// is outside of the mount that a router has taken from the URL.
export function applyTo(verdict, request) {
  expectAllowed(verdict, "applyTo");
  const { mount } = splitTarget(request);
  const { target, removeHeaders, setHeaders } = verdict;
  const rest = mount === undefined || !target.startsWith(mount) ? undefined : target.slice(mount.length);
  if (rest === undefined || !/^([/?]|$)/.test(rest)) return false;
  setTarget(request, target, rest.startsWith("/") ? rest : `/${rest}`);

  const gone = new Set([...removeHeaders, ...setHeaders.map(([name]) => name)]);
  // Read first: Node.js makes it of `rawHeaders` when it is asked for the first time.
  const { headers, headersDistinct, rawHeaders } = request;
  const kept = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!gone.has(rawHeaders[i].toLowerCase())) kept.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  rawHeaders.splice(0, rawHeaders.length, ...kept, ...setHeaders.flat());
  for (const name of gone) {
    if (headers) delete headers[name];
    if (headersDistinct) delete headersDistinct[name];
  }
  for (const [name, value] of setHeaders) {
    if (headers) headers[name] = value;
    if (headersDistinct) headersDistinct[name] = [value];
  }
  return true;
}
