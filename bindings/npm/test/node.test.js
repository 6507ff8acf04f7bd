// The suite in Node.js, and what only Node.js can be made to do.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request as send } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { SignJWT } from "jose";
import { Gate, createApiKey } from "portcullis";
import { suite } from "./suite.js";

suite(test);

const SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const CONFIG = { profile: "agentflow", issuers: [{ keys: [{ alg: "HS256", secret: { env: "JWT_SECRET_KEY" } }] }] };

// API keys come from elsewhere than the origin's tokens, which therefore replace them.
const SECRETS = { JWT_SECRET_KEY: SECRET, PEPPER: SECRET.replaceAll("f", "5"), ORIGIN_SECRET: SECRET.replaceAll("f", "7") };
const KEYS = {
  ...CONFIG,
  api_keys: { pepper: { env: "PEPPER" }, lookup: true },
  upstream: { credential: "swap", token: { secret: { env: "ORIGIN_SECRET" } } },
};

const TOKEN = await new SignJWT({ user_id: "alice", role: "user" })
  .setProtectedHeader({ alg: "HS256" })
  .setExpirationTime("1h")
  .sign(new TextEncoder().encode(SECRET));

test("node: a server's own request", async () => {
  const gate = Gate.load(CONFIG, { JWT_SECRET_KEY: SECRET });
  const server = createServer((request, response) => {
    const verdict = gate.decide(request);
    response.end(verdict.allowed ? "allow" : verdict.reason);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const ask = async (path, headers) => {
      const [response] = await once(send({ port: server.address().port, host: "127.0.0.1", path, headers }).end(), "response");
      return (await response.toArray()).join("");
    };
    assert.equal(await ask("/ping"), "allow");
    assert.equal(await ask("/v1/threads"), "credential_missing");
    assert.equal(await ask("/v1/threads", ["Host", "h", "Authorization", "Bearer a", "authorization", "Bearer b"]), "credential_ambiguous");
    assert.equal(await ask("/v1/threads", { Authorization: "Bearer \xff" }), "credential_malformed");
  } finally {
    server.close();
  }
});

// The module with so little memory to grow into that a long header exhausts it: a real trap, in the shipped code.
function starved(wasm) {
  const out = [wasm.subarray(0, 8)];
  const number = (at) => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = wasm[at++];
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    return [value, at];
  };
  const leb = (value) => {
    const bytes = [];
    do bytes.push((value & 127) | (value > 127 ? 128 : 0)); while ((value >>= 7));
    return bytes;
  };
  for (let at = 8; at < wasm.length; ) {
    const [size, body] = number(at + 1);
    const end = body + size;
    if (wasm[at] === 5) {
      assert.deepEqual([...wasm.subarray(body, body + 2)], [1, 0], "one memory without a maximum");
      const [pages] = number(body + 2);
      const limits = [1, 1, ...leb(pages), ...leb(pages + 16)];
      out.push(Buffer.from([5, ...leb(limits.length), ...limits]));
    } else {
      out.push(wasm.subarray(at, end));
    }
    at = end;
  }
  return Buffer.concat(out);
}

test("node: a handle is good for one supply, of its own kind", async () => {
  // The module as it is, below the package.
  const core = await import("./node_modules/portcullis/glue.js");
  const policy = { routes: { "POST /search": { access: "graph:invoke", where: { "body./user": "subject" } } } };
  const load = () => core.Gate.load(JSON.stringify({ ...KEYS, policy }), {
    get: (name) => SECRETS[name],
    fetches: () => false,
    reaches_origin: () => false,
  }, 0);
  const gate = load();
  const [line, now] = [JSON.stringify(["POST", "request-1"]), Date.now()];
  const head = (...header) => Buffer.from(JSON.stringify(["/search", [["content-type", "application/json"], header], true, null]));
  const { key, hash } = createApiKey({ env: "live", id: "bot", pepper: SECRETS.PEPPER });
  const decide = (...header) => JSON.parse(gate.decide(line, head(...header), now));
  const needsRecord = () => decide("x-api-key", key).needsRecord.handle;
  const needsBody = () => decide("authorization", `Bearer ${TOKEN}`).needsBody.handle;
  const [found, own] = [JSON.stringify(JSON.stringify({ id: "bot", hash, roles: ["user"] })), Buffer.from('{"user": "alice"}')];
  const record = (handle) => JSON.parse(gate.supply_record(handle, line, now, found));
  const body = (handle) => JSON.parse(gate.supply_body(handle, line, now, own));
  const refused = ({ decided }, note) => {
    const { decision, diagnostics } = decided.verdict;
    assert.deepEqual([decision.deny.status, diagnostics.reason, diagnostics.principal], [503, "internal", null], note);
    assert.equal(JSON.parse(decision.deny.body).request_id, "request-1");
    assert.equal(JSON.parse(decided.log).reason, "internal");
  };
  // Used.
  const [first, second] = [needsRecord(), needsBody()];
  assert.ok(record(first).needsBody);
  refused(record(first), "a record again");
  assert.ok(body(second).decided.verdict.decision.allow);
  refused(body(second), "a body again");
  // Of the other kind; and it is used by that.
  for (const [needed, wrong, right] of [[needsRecord, body, record], [needsBody, record, body]]) {
    const handle = needed();
    refused(wrong(handle), "the other kind");
    refused(right(handle), "used by the other kind");
  }
  // Unknown, given up, or of another gate.
  for (const handle of ["", "0", "-1", "999999", "undefined", "1e3", "💥"]) [record, body].forEach((supply) => refused(supply(handle), handle));
  const given = needsRecord();
  gate.release(given);
  refused(record(given), "given up");
  const elsewhere = needsRecord();
  refused(JSON.parse(load().supply_record(elsewhere, line, now, found)), "of another gate");
  assert.ok(record(elsewhere).needsBody);
});

test("node: a decision that ends early is given up", async () => {
  const core = await import("./node_modules/portcullis/glue.js");
  const { release } = core.Gate.prototype;
  const released = [];
  core.Gate.prototype.release = function (handle) {
    released.push(handle);
    return release.call(this, handle);
  };
  try {
    const policy = { routes: { "POST /search": { access: "graph:invoke", where: { "body./user": "subject" } } } };
    const gate = Gate.load({ ...CONFIG, policy }, { JWT_SECRET_KEY: SECRET });
    const headers = [["authorization", `Bearer ${TOKEN}`], ["content-type", "application/json"]];
    assert.throws(() => gate.decide({ method: "POST", target: "/search", headers }, { body: 1 }), { code: "argument_invalid" });
    assert.deepEqual(released, ["1"]);
  } finally {
    core.Gate.prototype.release = release;
  }
});

test("node: a trap allows nothing, and the next call is served", async () => {
  const copy = mkdtempSync(join(import.meta.dirname, "starved-"));
  const { Instance } = WebAssembly;
  let instances = 0;
  WebAssembly.Instance = class extends Instance {
    constructor(...args) {
      super(...args);
      instances++;
    }
  };
  try {
    cpSync(join(import.meta.dirname, "node_modules", "portcullis"), copy, { recursive: true });
    const { start } = await import(join(copy, "instance.js"));
    start(starved(readFileSync(join(copy, "portcullis.wasm"))));
    const { AuthError, Gate } = await import(join(copy, "gate.js"));
    const secrets = { JWT_SECRET_KEY: SECRET };
    const gate = Gate.load(CONFIG, secrets);
    const other = Gate.load(CONFIG, secrets);
    // What a gate needs later is its own.
    delete secrets.JWT_SECRET_KEY;
    const principal = gate.verify(TOKEN);
    const decide = (value, target = "/ping") => gate.decide({ method: "GET", target, headers: [["x", value]] });
    const trapped = (error) => error instanceof AuthError && error.code === "internal" && error.cause instanceof WebAssembly.RuntimeError;
    for (let round = 0; round < 3; round++) {
      assert.equal(decide("short").allowed, true);
      assert.throws(() => decide("long".repeat(1_000_000)), trapped);
      assert.throws(() => gate.verify("long".repeat(1_000_000)), trapped);
      assert.throws(() => Gate.load(`"${"long".repeat(1_000_000)}"`), trapped);
      await assert.rejects(gate.decideAsync({ method: "GET", target: "/", headers: [["x", "long".repeat(1_000_000)]] }), trapped);
      assert.equal(decide("short", "/v1/threads").reason, "credential_missing");
      assert.equal(gate.can(principal, "graph:invoke"), true);
      for (let again = 0; again < 3; again++) assert.deepEqual(gate.verify(TOKEN), principal);
      assert.equal(other.decide({ method: "GET", target: "/ping", headers: [] }).allowed, true);
    }
    // The first one, and a fresh one after each of the four traps of a round: none was called again.
    assert.equal(instances, 1 + 3 * 4);

    // What waits while the module traps is refused: its decision is gone with the memory it was in.
    const { key, hash } = createApiKey({ env: "live", id: "bot", pepper: SECRETS.PEPPER });
    const keys = Gate.load(KEYS, SECRETS);
    const request = { method: "GET", target: "/v1/threads", headers: [["x-api-key", key]] };
    const record = { id: "bot", hash, roles: ["user"] };
    const records = () => {
      assert.throws(() => decide("long".repeat(1_000_000)), trapped);
      return record;
    };
    const gone = keys.decideAsync(request, { records });
    await assert.rejects(gone, (error) => error instanceof AuthError && error.code === "internal");
    assert.equal((await keys.decideAsync(request, { records: () => record })).allowed, true);
    // That refusal was no trap.
    assert.equal(instances, 1 + 3 * 4 + 1);
  } finally {
    WebAssembly.Instance = Instance;
    rmSync(copy, { recursive: true });
  }
});
