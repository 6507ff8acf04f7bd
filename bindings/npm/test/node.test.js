// The suite in Node.js, and what only Node.js can be made to do.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as send } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { SignJWT } from "jose";
import { Gate } from "portcullis";
import { suite } from "./suite.js";

suite(test);

const SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const CONFIG = { profile: "agentflow", issuers: [{ keys: [{ alg: "HS256", secret: { env: "JWT_SECRET_KEY" } }] }] };

const TOKEN = await new SignJWT({ user_id: "alice", role: "user" })
  .setProtectedHeader({ alg: "HS256" })
  .setExpirationTime("1h")
  .sign(new TextEncoder().encode(SECRET));

test("node: a server's own request", async () => {
  const gate = Gate.load(CONFIG, { JWT_SECRET_KEY: SECRET });
  const server = createServer((request, response) => {
    const verdict = gate.authorize(request);
    response.end(verdict.reason ?? verdict.decision);
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
    let [value, shift, octet] = [0, 0, 0];
    do {
      octet = wasm[at++];
      value |= (octet & 127) << shift;
      shift += 7;
    } while (octet & 128);
    return [value, at];
  };
  const leb = (value) => {
    const octets = [];
    do octets.push((value & 127) | (value > 127 ? 128 : 0)); while ((value >>= 7));
    return octets;
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

test("node: a trap lets nothing in, and the next call is served", async () => {
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
    const wasm = join(copy, "portcullis.wasm");
    writeFileSync(wasm, starved(readFileSync(wasm)));
    const { AuthError, Gate } = await import(join(copy, "node.js"));
    const secrets = { JWT_SECRET_KEY: SECRET };
    const gate = Gate.load(CONFIG, secrets);
    const other = Gate.load(CONFIG, secrets);
    // What a gate needs later is its own.
    delete secrets.JWT_SECRET_KEY;
    const principal = gate.verify(TOKEN);
    const decide = (value, target = "/ping") => gate.authorize({ method: "GET", target, headers: [["x", value]] });
    const trapped = (error) => error instanceof AuthError && error.code === "internal" && error.cause instanceof WebAssembly.RuntimeError;
    for (let round = 0; round < 3; round++) {
      assert.equal(decide("short").decision, "allow");
      assert.throws(() => decide("long".repeat(1_000_000)), trapped);
      assert.throws(() => gate.verify("long".repeat(1_000_000)), trapped);
      assert.throws(() => Gate.load(`"${"long".repeat(1_000_000)}"`), trapped);
      await assert.rejects(gate.authorizeWithRecords({ method: "GET", target: "/", headers: [["x", "long".repeat(1_000_000)]] }, () => null), trapped);
      assert.equal(decide("short", "/v1/threads").reason, "credential_missing");
      assert.equal(gate.can(principal, "graph:invoke"), true);
      assert.equal(other.authorize({ method: "GET", target: "/ping", headers: [] }).decision, "allow");
    }
    // The first one, and a fresh one after each of the four traps of a round: none was called again.
    assert.equal(instances, 1 + 3 * 4);
  } finally {
    WebAssembly.Instance = Instance;
    rmSync(copy, { recursive: true });
  }
});
