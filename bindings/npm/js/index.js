// The package as one sees it: hands values to the core and what that says back, and decides nothing.
//
// The entry for each host (node.js, workerd.js, web.js, bundler.js) loads the module before anything here is called.
import * as core from "./glue.js";
import { ArgumentError, AuthError, ConfigError } from "./errors.js";

export { ArgumentError, AuthError, ConfigError, PortcullisError } from "./errors.js";
export { reasons } from "./reasons.js";

// Counts the instances of the module. An exception out of one is a trap, and nothing in its memory can be relied on
// afterwards: it is never called again, and whatever was made in it is made anew in the next.
let instance = 0;
let trapped = false;

function failed(cause) {
  trapped = true;
  return undecided(cause);
}

function undecided(cause) {
  return new AuthError("internal", "the gate failed; nothing was decided", { cause });
}

function enter() {
  if (!trapped) return;
  try {
    core.__wbg_reset_state();
  } catch (cause) {
    throw failed(cause);
  }
  instance++;
  trapped = false;
}

// Runs `call` in the module and returns its answer: an object with one of the members `wanted`.
function ask(call, ...wanted) {
  let answer;
  enter();
  try {
    answer = camelCased(JSON.parse(call()));
  } catch (cause) {
    throw failed(cause);
  }
  if (answer.argument) throw new ArgumentError(answer.argument.message);
  if (answer.error) throw new AuthError(answer.error.code, answer.error.message);
  if (!wanted.some((name) => name in answer)) throw failed(new Error("no such answer"));
  return answer;
}

// The core writes names as `snake_case`.
const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

function camelCased(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(camelCased);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [camelCase(name), camelCased(member)]));
}

// How far a decision gets.
const STEPS = ["decided", "needsRecord", "needsBody"];

export class Gate {
  // The gate in the module, and the instance of the module it is in.
  #core;
  #instance;
  #config;
  // Only the secrets that the configuration names.
  #secrets = new Map();
  // The principals that this gate has vouched for, each with what the policy knows it by.
  #principals = new WeakMap();

  static load(config, secrets = {}) {
    return new Gate(config, secrets);
  }

  constructor(config, secrets) {
    if (typeof secrets !== "object" || secrets === null) throw new ArgumentError("the secrets are an object");
    try {
      this.#config = typeof config === "string" ? config : String(JSON.stringify(config));
    } catch {
      throw new ConfigError([{ pointer: "", message: "cannot be written as JSON" }]);
    }
    this.#load((name) => {
      try {
        if (Object.hasOwn(secrets, name) && typeof secrets[name] === "string") {
          this.#secrets.set(name, secrets[name]);
        }
      } catch {
        // A getter that throws has no secret to give.
      }
      return this.#secrets.get(name);
    });
  }

  #load(get) {
    enter();
    try {
      this.#core = core.Gate.load(this.#config, { get });
      this.#instance = instance;
    } catch (thrown) {
      if (typeof thrown === "string") throw new ConfigError(JSON.parse(thrown));
      throw failed(thrown);
    }
  }

  #ask(call, ...wanted) {
    enter();
    if (this.#instance !== instance) this.#load((name) => this.#secrets.get(name));
    return ask(() => call(this.#core), ...wanted);
  }

  #begin({ line, head, time }) {
    const now = time();
    return { ...this.#ask((gate) => gate.decide(line, head, now), ...STEPS), instance };
  }

  // Goes on with a decision that waits under a handle: of the instance of the module that it was begun in, and of no other.
  #supply(step, call) {
    enter();
    if (step.instance !== instance) throw undecided(new Error("the gate failed while the decision waited"));
    return { ...ask(() => call(this.#core), ...STEPS), instance };
  }

  #supplyRecord({ line, time }, step, found) {
    const [{ handle }, now] = [step.needsRecord, time()];
    return this.#supply(step, (gate) => gate.supply_record(handle, line, now, found));
  }

  #supplyBody({ line, time, body }, step) {
    const [{ handle, limit }, now] = [step.needsBody, time()];
    const bytes = bodyOf(body, limit);
    return this.#supply(step, (gate) => gate.supply_body(handle, line, now, bytes));
  }

  #finish(call, step) {
    return this.#verdict(step.needsBody ? this.#supplyBody(call, step) : step);
  }

  // Whatever ended the request, nothing waits for it any more.
  #release(step) {
    const waits = step.needsRecord ?? step.needsBody;
    if (!waits || trapped || step.instance !== instance) return;
    try {
      this.#core.release(waits.handle);
    } catch (cause) {
      throw failed(cause);
    }
  }

  authorize(request, options = {}) {
    const call = describe(request, options);
    let step = this.#begin(call);
    try {
      // There is nobody to ask for a record: the core says what that means.
      if (step.needsRecord) step = this.#supplyRecord(call, step, undefined);
      return this.#finish(call, step);
    } finally {
      this.#release(step);
    }
  }

  async authorizeWithRecords(request, records, options = {}) {
    const call = describe(request, options);
    let step = this.#begin(call);
    try {
      if (step.needsRecord) step = this.#supplyRecord(call, step, await recordOf(records, step.needsRecord.id));
      return this.#finish(call, step);
    } finally {
      this.#release(step);
    }
  }

  verify(token, { now = new Date() } = {}) {
    const text = typeof token === "string" ? token : "";
    const time = millis(now);
    return this.#principal(this.#ask((gate) => gate.verify(text, time), "principal").principal);
  }

  can(principal, permission) {
    const text = this.#principals.get(principal);
    if (text === undefined) throw new ArgumentError("not a principal that this gate has authenticated");
    return this.#ask((gate) => gate.can(text, String(permission)), "can").can === true;
  }

  #verdict({ decided }) {
    if (!decided) throw undecided(new Error("a decision waits twice for the same"));
    const { decision, diagnostics } = decided.verdict;
    const { reason, message, reported, route, permission, principal } = diagnostics;
    return {
      ...(decision.allow
        ? { decision: "allow", ...decision.allow, reported: reported ? { reason, message } : null }
        : { decision: "deny", reason, message, ...decision.deny }),
      route,
      permission,
      log: decided.log,
      principal: principal && this.#principal(principal),
    };
  }

  #principal({ subject, roles, scopes, tenant, proof, issuer = null, keyId, validUntil }) {
    const principal = Object.freeze({
      subject,
      roles: Object.freeze(roles),
      scopes: scopes && Object.freeze(scopes),
      tenant,
      proof: camelCase(proof),
      issuer,
      keyId,
      validUntil: validUntil === null ? null : new Date(validUntil * 1000),
    });
    this.#principals.set(principal, JSON.stringify({ roles, scopes }));
    return principal;
  }
}

export function createApiKey({ env, id, pepper }) {
  const random = crypto.getRandomValues(new Uint8Array(128));
  const made = ask(() => core.create_api_key(String(env), String(id), String(pepper), random), "apiKey");
  return made.apiKey;
}

export function toResponse(verdict) {
  if (verdict.decision !== "deny") throw new ArgumentError("only a refusal is a response");
  return new Response(verdict.body, { status: verdict.status, headers: verdict.headers });
}

export function toRequest(verdict, request, origin) {
  if (verdict.decision !== "allow") throw new ArgumentError("a refused request goes nowhere");
  const url = new URL(origin).origin + verdict.target;
  const out = new Request(url, request);
  const path = url.split("?", 1)[0];
  if (out.url !== path && !out.url.startsWith(path + "?")) {
    throw new AuthError("internal", "the URL parser changed the path that was decided on");
  }
  for (const name of verdict.removeHeaders) out.headers.delete(name);
  for (const [name, value] of verdict.setHeaders) out.headers.set(name, value);
  return out;
}

// What every call about a request takes: the texts that the core reads it from, the time, and the body.
function describe(request, { now, requestId = "", body }) {
  const { method, target, headers, showsConnection } = headOf(request);
  const fixed = now === undefined ? undefined : millis(now);
  return {
    line: JSON.stringify([method, requestId]),
    head: JSON.stringify([target, headers, showsConnection]),
    // Whoever has expired while something was waited for is not allowed.
    time: () => fixed ?? Date.now(),
    body,
  };
}

function headOf(request) {
  if (typeof request !== "object" || request === null) throw new ArgumentError("not a request");
  const { method, url, rawHeaders } = request;
  // Node.js: name, value, name, value, … as they came; `headers` there hides duplicates.
  if (Array.isArray(rawHeaders)) {
    const headers = [];
    for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i], rawHeaders[i + 1]]);
    return { method, target: url, headers, showsConnection: true };
  }
  try {
    const headers = [...request.headers];
    // A `Request` of the Fetch standard may hide the header `Connection`; every other list of headers is a whole one.
    if (request.target == null) return { method, target: targetOf(url), headers, showsConnection: false };
    return { method, target: request.target, headers, showsConnection: true };
  } catch {
    throw new ArgumentError("the headers of a request are pairs of name and value");
  }
}

// Path and query of a URL as they were sent: some runtimes normalise nothing. Where nobody can tell where the path
// begins, the core gets the whole URL, which it refuses.
function targetOf(url) {
  return /^\w+:\/\/[\w.:[\]-]+(\/.*)$/s.exec(url)?.[1] ?? url;
}

function millis(now) {
  // SECURITY: not a number. Seconds taken for milliseconds are a day in 1970, when no token had expired.
  if (!(now instanceof Date)) throw new ArgumentError("the time is a Date");
  return now.getTime();
}

// The record's text or `null` if there is none, as JSON; `undefined` if the store could not be asked.
async function recordOf(records, id) {
  try {
    const record = await records(id);
    return JSON.stringify(record === null || typeof record === "string" ? record : JSON.stringify(record));
  } catch {
    return undefined;
  }
}

// The bytes of the body; no more of them than show that it is too long.
function bodyOf(body, limit) {
  if (body === undefined) return undefined;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  if (!(bytes instanceof Uint8Array)) throw new ArgumentError("the body of a request is a Uint8Array or a string");
  return new Uint8Array(bytes.subarray(0, limit + 1));
}
