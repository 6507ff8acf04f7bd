// The package as one sees it: hands values to the core and what that says back, and decides nothing.
//
// The entry for each host (index.js, workerd.js, web.js) loads the module before anything here is called.
import * as core from "./glue.js";
import { ArgumentError, ConfigError, DeniedError, kind } from "./errors.js";
import { alive, ask, bytes, camelCase, camelCased, enter, failed, run, undecided } from "./instance.js";
import { headOf } from "./request.js";
import { pause, send, senderOf } from "./calls.js";
import { signatures } from "./signatures.js";

export { ArgumentError, AuthError, ConfigError, DeniedError, LoadError, PortcullisError, toResponse } from "./errors.js";
export { toClient, toRequest } from "./forward.js";
export { reasons } from "./reasons.js";

// How far a decision gets.
const STEPS = ["decided", "needsRecord", "needsRevocations", "needsBody", "needsCall", "needsWait"];

// What the core answers about a token if there is more to say than where the principal is.
const NEWS = -1;

// What is supplied where there is nobody to ask: the core says what that means, and remembers nothing of it.
const NOBODY = "";

// How often it is looked whether keys are due, in milliseconds.
const LOOK_MS = 1000;

export class Gate {
  // The gate in the module, and the instance of the module it is in.
  #core;
  #instance;
  #config;
  // Only the secrets that the configuration names.
  #secrets = new Map();
  // By what its principals are known as its own. Not the gate itself, which they may outlive.
  #name = Symbol("gate");
  // Principals of tokens, each where the core knows it by.
  #shown = [];
  // How calls are sent, and where changes of sources are told.
  #sender;
  #notice;
  // Who verifies signatures, if not the core.
  #signatures;
  // When it was last looked whether keys are due.
  #looked = 0;

  static load(config, secrets = {}, options = {}) {
    return new Gate(config, secrets, options);
  }

  constructor(config, secrets, options) {
    if (typeof secrets !== "object" || secrets === null) {
      throw new ArgumentError(`the secrets are an object, for example process.env, not ${kind(secrets)}`);
    }
    this.#sender = senderOf(options);
    this.#notice = options.notice ?? ((text) => console.warn(`portcullis: ${text}`));
    this.#signatures = options.signatures === "own" ? undefined : signatures;
    this.#config = textOf(config);
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
    this.#instance = enter();
    try {
      const { fetch, origin } = this.#sender;
      const given = { get, fetches: () => fetch !== undefined, reaches_origin: () => fetch !== undefined && origin !== undefined };
      this.#core = core.Gate.load(this.#config, given, Math.random(), this.#signatures);
    } catch (thrown) {
      if (typeof thrown === "string") throw new ConfigError(JSON.parse(thrown));
      throw failed(thrown);
    }
  }

  // The gate in the module, anew if the instance that it was in has trapped.
  #entered() {
    if (enter() !== this.#instance) {
      this.#shown = [];
      this.#load((name) => this.#secrets.get(name));
    }
    return this.#core;
  }

  #ask(call, ...wanted) {
    const gate = this.#entered();
    return ask(() => call(gate), ...wanted);
  }

  #begin({ line, head, time }) {
    const now = time();
    const answer = this.#ask((gate) => gate.decide(line, bytes(head), now), ...STEPS);
    return { ...answer, instance: this.#instance };
  }

  // Goes on with a decision that waits under a handle: of the instance of the module that it was begun in, and of no other.
  #supply({ instance }, call) {
    if (enter() !== instance) throw undecided(new Error("the gate failed while the decision waited"));
    return { ...ask(() => call(this.#core), ...STEPS), instance };
  }

  #supplyRecord({ line, time }, step, found) {
    const [{ handle }, now] = [step.needsRecord, time()];
    return this.#supply(step, (gate) => gate.supply_record(handle, line, now, found));
  }

  #supplyRevocations({ line, time }, step, found) {
    const [{ handle }, now] = [step.needsRevocations, time()];
    return this.#supply(step, (gate) => gate.supply_revocations(handle, line, now, found));
  }

  #supplyBody({ line, time }, step, body) {
    const [{ handle, limit }, now] = [step.needsBody, time()];
    const bytes = bytesOf(body, limit);
    return this.#supply(step, (gate) => gate.supply_body(handle, line, now, bytes));
  }

  #supplyReply({ line, time }, step, [head, body]) {
    const [{ handle }, now] = [step.needsCall, time()];
    const next = this.#supply(step, (gate) => gate.supply_reply(handle, line, now, head, body));
    this.#tell();
    return next;
  }

  #again({ line, time }, step, last) {
    const [{ handle }, now] = [step.needsWait, time()];
    return this.#supply(step, (gate) => gate.again(handle, line, now, last));
  }

  // Sends what a decision needs, which has been made without it: what comes of it counts for the next.
  async #learn(call, step) {
    try {
      while (step.needsCall) step = this.#supplyReply(call, step, await send(this.#sender, step.needsCall.call));
    } catch {
      // The gate failed: whoever asks next meets it anew.
    } finally {
      this.#release(step);
    }
  }

  // After a decision: fetches the keys that are due, and says what has changed. Nobody waits for it.
  #tend(waitUntil) {
    const now = Date.now();
    if (Math.abs(now - this.#looked) < LOOK_MS) return;
    this.#looked = now;
    const refreshed = this.refresh().catch(() => {});
    waitUntil?.(refreshed);
  }

  async refresh() {
    bound(this);
    const instance = enter();
    const next = (call) => this.#ask((gate) => call(gate, Date.now()), "fetch").fetch;
    try {
      for (let due; (due = next((gate, now) => gate.due(now))); ) {
        for (let fetch = due; fetch; ) {
          const [handle, call] = fetch;
          const [head, body] = await send(this.#sender, call);
          // After a trap there is another gate, which knows of none of it.
          if (enter() !== instance) return this.sources();
          fetch = next((gate, now) => gate.refreshed(handle, now, head, body));
        }
      }
    } finally {
      this.#tell();
    }
    return this.sources();
  }

  sources() {
    bound(this);
    const { sources } = this.#ask((gate) => gate.sources(Date.now()), "sources");
    return Object.freeze(camelCased(sources).map(Object.freeze));
  }

  #tell() {
    for (const text of this.#ask((gate) => gate.notices(Date.now()), "notices").notices) this.#notice(text);
  }

  // Whatever ended the request, nothing waits for it any more.
  #release(step) {
    const waits = step.needsRecord ?? step.needsRevocations ?? step.needsBody ?? step.needsCall ?? step.needsWait;
    if (!waits || !alive(step.instance)) return;
    try {
      this.#core.release(waits.handle);
    } catch (cause) {
      throw failed(cause);
    }
  }

  authorize(request, options) {
    bound(this);
    return allowed(this.decide(request, options));
  }

  async authorizeAsync(request, options) {
    bound(this);
    return allowed(await this.decideAsync(request, options));
  }

  decide(request, options) {
    bound(this);
    const call = describe(request, options, ["now", "requestId", "clientAddress", "body"]);
    let step = this.#begin(call);
    try {
      for (let asked = false; !step.decided; ) {
        if (step.needsRecord) step = this.#supplyRecord(call, step, NOBODY);
        else if (step.needsRevocations) step = this.#supplyRevocations(call, step, NOBODY);
        else if (step.needsBody) step = this.#supplyBody(call, step, call.body);
        else if (step.needsWait) step = this.#again(call, step, true);
        else if (asked) throw undecided(new Error("a decision asks twice for the same"));
        else {
          // Nobody waits here: it is asked for the next decision, and this one is made while that is under way.
          asked = true;
          this.#learn(call, step);
          step = this.#begin(call);
        }
      }
      this.#tend();
      return this.#verdict(step);
    } finally {
      this.#release(step);
    }
  }

  async decideAsync(request, options) {
    bound(this);
    const call = describe(request, options, ["now", "requestId", "clientAddress", "body", "records", "revocations", "waitUntil"]);
    // If the caller leaves, the search goes on: others may wait for what it finds.
    const settled = this.#settle(call);
    call.waitUntil?.(settled.catch(() => {}));
    const verdict = await settled;
    this.#tend(call.waitUntil);
    return verdict;
  }

  async #settle(call) {
    let step = this.#begin(call);
    try {
      while (!step.decided) {
        if (step.needsRecord) step = this.#supplyRecord(call, step, await recordOf(call.records, step.needsRecord.key));
        else if (step.needsRevocations) step = this.#supplyRevocations(call, step, await revocationsOf(call.revocations, step.needsRevocations.keys));
        else if (step.needsBody) step = this.#supplyBody(call, step, await readBody(call.body, step.needsBody.limit));
        else if (step.needsCall) step = this.#supplyReply(call, step, await send(this.#sender, step.needsCall.call));
        else {
          await pause(step.needsWait.millis);
          step = this.#again(call, step, false);
        }
      }
      return this.#verdict(step);
    } finally {
      this.#release(step);
    }
  }

  verify(token, { now = new Date() } = {}) {
    const text = typeof token === "string" ? token : "";
    const time = millis(now);
    this.#tend();
    const gate = this.#entered();
    const place = run(() => gate.verify(bytes(text), time));
    if (place === NEWS) {
      const [told, free] = ask(() => gate.told(), "principal").principal;
      const principal = this.#principal(told, free !== null);
      if (free !== null) this.#shown[free] = principal;
      return principal;
    }
    const principal = this.#shown[place];
    if (principal === undefined) throw failed(new Error("no such principal"));
    return principal;
  }

  can(principal, permission) {
    const vouched = Mark.of(principal);
    if (vouched?.by !== this.#name) throw new ArgumentError(`${kind(principal)} is not a principal that this gate has authenticated`);
    const text = JSON.stringify({ roles: vouched.roles, scopes: vouched.scopes });
    return this.#ask((gate) => gate.can(text, String(permission)), "can").can === true;
  }

  #verdict({ decided }) {
    const { diagnostics } = decided.verdict;
    const decision = camelCased(decided.verdict.decision);
    const { reason, message, reported, route, permission, principal } = diagnostics;
    const record = { route, permission, log: decided.log };
    if (!decision.allow) return Object.freeze({ allowed: false, reason, message, ...(decision.deny ?? decision.answer), ...record });
    return Object.freeze({
      allowed: true,
      ...decision.allow,
      reported: reported ? { reason, message } : null,
      ...record,
      principal: principal && this.#principal(principal),
    });
  }

  // `isKept` says that it is given again, to whoever sends the same token.
  #principal({ subject, roles, scopes, tenant, proof, issuer = null, key_id: keyId, valid_until: end }, isKept = false) {
    Object.freeze(roles);
    if (scopes !== null) Object.freeze(scopes);
    const validUntil = () => (end === null ? null : new Date(end * 1000));
    const principal = { subject, roles, scopes, tenant, proof: camelCase(proof), issuer, keyId, validUntil: validUntil() };
    // A date can be changed by whoever has it.
    if (isKept) Object.defineProperty(principal, "validUntil", { get: validUntil });
    new Mark(principal, { by: this.#name, roles, scopes });
    return Object.freeze(principal);
  }
}

class Given {
  constructor(object) {
    return object;
  }
}

// What a gate has vouched for, and by what the policy knows it. The field is on the principal itself, where only this class can
// write it or see it: no copy of a principal has one.
class Mark extends Given {
  #vouched;

  constructor(principal, vouched) {
    super(principal);
    this.#vouched = vouched;
  }

  static of(value) {
    const isObject = typeof value === "object" && value !== null;
    return isObject && #vouched in value ? value.#vouched : undefined;
  }
}

export function createApiKey(options) {
  const { env, id, pepper } = options ?? {};
  const random = crypto.getRandomValues(new Uint8Array(128));
  const made = ask(() => core.create_api_key(String(env), String(id), String(pepper), random), "apiKey");
  return made.apiKey;
}

// A method that is handed over by itself, as in `app.use(gate.authorize)`, has lost its gate.
function bound(gate) {
  if (!(gate instanceof Gate)) {
    throw new ArgumentError("a method of a gate was called without it: call it as gate.authorize(request); as middleware there is guard(gate)");
  }
}

// What every call about a request takes: the texts that the core reads it from, the time, and where the rest is.
function describe(request, options = {}, known) {
  if (typeof options !== "object" || options === null) {
    throw new ArgumentError(`the options are an object, not ${kind(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new ArgumentError(`\`${unknown}\` is no option here: there are ${known.join(", ")}`);
  }
  const { now, requestId = "", clientAddress = null, body, records, revocations, waitUntil } = options;
  if (typeof requestId !== "string") throw new ArgumentError(`the requestId is a string, not ${kind(requestId)}`);
  if (clientAddress !== null && typeof clientAddress !== "string") {
    throw new ArgumentError(`the clientAddress is a string, not ${kind(clientAddress)}`);
  }
  if (waitUntil !== undefined && typeof waitUntil !== "function") {
    throw new ArgumentError(`waitUntil is a function, not ${kind(waitUntil)}`);
  }
  const { method, target, headers, showsConnection } = headOf(request);
  const fixed = now === undefined ? undefined : millis(now);
  return {
    line: JSON.stringify([method, requestId]),
    head: JSON.stringify([target, headers, showsConnection, clientAddress]),
    // Whoever has expired while something was waited for is not allowed.
    time: () => fixed ?? Date.now(),
    body,
    records,
    revocations,
    waitUntil,
  };
}

// SECURITY: a denial is an object like an allowance, and would be true in a condition.
function allowed(verdict) {
  if (verdict.allowed !== true) throw new DeniedError(verdict);
  return verdict;
}

function textOf(config) {
  if (typeof config === "string") return config;
  const problem = (message) => new ConfigError([{ pointer: "", message }]);
  const wrong = `is an object or JSON text, not ${kind(config)}`;
  if (typeof config !== "object" || config === null) throw problem(wrong);
  if (typeof config.then === "function") throw problem(`${wrong}: await it`);
  if (ArrayBuffer.isView(config) || config instanceof ArrayBuffer) throw problem(`${wrong}: read it as text, in UTF-8`);
  try {
    return String(JSON.stringify(config));
  } catch {
    throw problem("cannot be written as JSON");
  }
}

function millis(now) {
  // SECURITY: not a number. Seconds taken for milliseconds are a day in 1970, when no token had expired.
  if (!(now instanceof Date)) throw new ArgumentError(`the time is a Date, not ${kind(now)}`);
  return now.getTime();
}

// The record's text or `null` if there is none, as JSON; `undefined` if the store could not be asked.
async function recordOf(records, key) {
  if (records === undefined) return NOBODY;
  if (typeof records !== "function") {
    throw new ArgumentError(`records is a function that finds the record of an API key, not ${kind(records)}`);
  }
  try {
    const record = await records(key);
    return JSON.stringify(record === null || typeof record === "string" ? record : JSON.stringify(record));
  } catch {
    return undefined;
  }
}

// What is under each of the names, or `null`, as JSON; `undefined` if the store could not be asked.
async function revocationsOf(revocations, names) {
  if (revocations === undefined) return NOBODY;
  if (typeof revocations !== "function") {
    throw new ArgumentError(`revocations is a function that finds what was taken back, not ${kind(revocations)}`);
  }
  try {
    const found = await revocations(Object.freeze([...names]));
    if (!Array.isArray(found)) return undefined;
    const values = Array.from(found, (value) => (value === null || typeof value === "string" ? value : JSON.stringify(value)));
    // SECURITY: in JSON, what is undefined would be null, which is that there is none.
    return values.includes(undefined) ? undefined : JSON.stringify(values);
  } catch {
    return undefined;
  }
}

async function readBody(body, limit) {
  return typeof body === "function" ? await body(limit) : body;
}

// The bytes of the body; no more of them than show that it is too long.
function bytesOf(body, limit) {
  if (body === undefined) return undefined;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  if (!(bytes instanceof Uint8Array)) {
    throw new ArgumentError(`the body of a request is a Uint8Array or a string, not ${kind(body)}`);
  }
  return new Uint8Array(bytes.subarray(0, limit + 1));
}
