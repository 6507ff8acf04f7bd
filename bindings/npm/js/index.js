// The package as one sees it: hands values to the core and its answers back, and decides nothing.
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
    answer = JSON.parse(call());
  } catch (cause) {
    throw failed(cause);
  }
  if (answer.argument) throw new ArgumentError(answer.argument.message);
  if (answer.error) throw new AuthError(answer.error.code, answer.error.message);
  if (!wanted.some((name) => name in answer)) throw failed(new Error("no such answer"));
  return answer;
}

export class Gate {
  // The gate in the module, and the instance of the module it is in.
  #core;
  #instance;
  #config;
  // Only the secrets that the configuration names.
  #secrets = new Map();
  // The principals that this gate has vouched for, each with the core's own text of it.
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

  // Decides with what `supplies` answers to the needs so far.
  #decide(head, time, supplies) {
    return this.#ask((gate) => gate.decide(head, time, JSON.stringify(supplies)), "verdict", "needed");
  }

  authorize(request, { now = new Date(), requestId = "", body } = {}) {
    const head = describe(request, requestId);
    const time = millis(now);
    const supplies = [];
    let answer = this.#decide(head, time, supplies);
    while (answer.needed) {
      // Nobody to ask for a record: the core says what that means.
      supplies.push(answer.needed.body ? bodySupply(body, answer.needed.body.limit) : "unavailable");
      answer = this.#decide(head, time, supplies);
    }
    return this.#verdict(answer.verdict);
  }

  async authorizeWithRecords(request, records, { now = new Date(), requestId = "", body } = {}) {
    const head = describe(request, requestId);
    const time = millis(now);
    const supplies = [];
    let answer = this.#decide(head, time, supplies);
    while (answer.needed) {
      const { apiKeyRecord, body: wanted } = answer.needed;
      supplies.push(wanted ? bodySupply(body, wanted.limit) : await recordSupply(records, apiKeyRecord.id));
      answer = this.#decide(head, time, supplies);
    }
    return this.#verdict(answer.verdict);
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

  #verdict({ allow, deny, principal, ...record }) {
    return {
      ...(allow ? { decision: "allow", ...allow } : { decision: "deny", ...deny }),
      ...record,
      principal: principal && this.#principal(principal),
    };
  }

  #principal(told) {
    const until = told.validUntil;
    const principal = Object.freeze({
      ...told,
      roles: Object.freeze(told.roles),
      scopes: told.scopes && Object.freeze(told.scopes),
      validUntil: until === null ? null : new Date(until * 1000),
    });
    this.#principals.set(principal, JSON.stringify(told));
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

// The text that the core reads a request from.
function describe(request, requestId) {
  const { method, target, headers } = headOf(request);
  return JSON.stringify([method, target, headers, requestId]);
}

function headOf(request) {
  if (typeof request !== "object" || request === null) throw new ArgumentError("not a request");
  const { method, url, rawHeaders } = request;
  // Node.js: name, value, name, value, … as they came; `headers` there hides duplicates.
  if (Array.isArray(rawHeaders)) {
    const headers = [];
    for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i], rawHeaders[i + 1]]);
    return { method, target: url, headers };
  }
  try {
    return { method, target: request.target ?? targetOf(url), headers: [...request.headers] };
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

// The record as text or `null` if there is none, unless the store could not be asked.
async function recordSupply(records, id) {
  try {
    const record = await records(id);
    const text = record === null || typeof record === "string" ? record : JSON.stringify(record);
    return text === undefined ? "unavailable" : { apiKeyRecord: text };
  } catch {
    return "unavailable";
  }
}

// The octets of the body, one character each; no more of them than show that it is too long.
function bodySupply(body, limit) {
  if (body === undefined) return "unavailable";
  const octets = typeof body === "string" ? new TextEncoder().encode(body) : body;
  if (!(octets instanceof Uint8Array)) throw new ArgumentError("the body of a request is a Uint8Array or a string");
  let text = "";
  for (const octet of octets.subarray(0, limit + 1)) text += String.fromCharCode(octet);
  return { body: text };
}
