// The README's programs, run as they are written.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { Gate, createApiKey } from "portcullis";
import { serving } from "./servers.js";
import { CONFIG, KEYS, SECRETS, SWAP, bearer, sign } from "./support.js";

const folder = join(import.meta.dirname, "readme");
mkdirSync(folder, { recursive: true });
const readme = readFileSync(join(import.meta.dirname, "node_modules/portcullis/README.md"), "utf8");
const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
const names = blocks.map((code) => {
  const [, name] = /^\/\/ (\w+\.mjs)\n/.exec(code) ?? [];
  assert.ok(name, `a program of the README has no name:\n${code}`);
  writeFileSync(join(folder, name), code);
  return name;
});
const ran = new Set(["gate.mjs"]);

function program(name) {
  assert.ok(names.includes(name), `the README has no ${name}`);
  ran.add(name);
  return join(folder, name);
}

const load = (name) => import(program(name));
process.env.JWT_SECRET_KEY = SECRETS.JWT_SECRET_KEY;
const USER = Object.fromEntries([bearer(await sign({ exp: 4102444800, name: "Alice" }))]);

// Starts a program that listens, and asks it.
async function started(name, env, use) {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  const child = spawn(process.execPath, [program(name)], { env: { ...process.env, ...env, PORT: port }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  try {
    // Some listen on IPv6 alone.
    const at = `http://localhost:${port}`;
    for (let tries = 0; ; tries++) {
      try {
        await fetch(at);
        break;
      } catch (error) {
        if (tries > 200 || child.exitCode !== null) throw new Error(`${name} does not listen: ${said}`, { cause: error });
        await new Promise((done) => setTimeout(done, 50));
      }
    }
    return await use(at, () => said);
  } finally {
    child.kill();
  }
}

for (const name of ["express.mjs", "koa.mjs", "fastify.mjs", "authorize.mjs"]) {
  test(`README: ${name}`, () =>
    started(name, {}, async (at, said) => {
      const nobody = await fetch(`${at}/v1/threads`);
      assert.deepEqual([nobody.status, nobody.headers.get("www-authenticate")?.startsWith("Bearer")], [401, true]);
      const alice = await fetch(`${at}/v1/threads`, { headers: USER });
      assert.deepEqual([alice.status, await alice.text()], [200, "Hello alice"]);
      if (name !== "authorize.mjs") {
        assert.equal((await fetch(`${at}/docs`, { headers: USER })).status, 403);
        assert.equal(await (await fetch(`${at}//v1/%74hreads`, { headers: USER })).text(), "Hello alice");
      }
      if (name === "express.mjs") assert.match(said(), /"reason":"credential_missing"/);
    }));
}

// An origin that says what it has received, redirects, and takes WebSockets.
function origin(use) {
  const server = createServer(async (request, response) => {
    if (request.url === "/v1/threads/go") return response.writeHead(302, { location: "/docs" }).end();
    const { url, headers } = request;
    response.writeHead(201, { "x-of-the-origin": "kept" }).end(JSON.stringify({ url, headers, body: (await request.toArray()).join("") }));
  });
  server.on("upgrade", (request, socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${request.headers["x-auth-subject"]}:`);
    socket.on("data", (text) => socket.end(text));
  });
  return serving(server, (_, { address }) => use(`http://127.0.0.1:${address.call(server).port}`));
}

// Through a proxy, whatever kind it is.
async function proxied(ask) {
  const post = { method: "POST", headers: { ...USER, "x-auth-subject": "root", "x-other": "kept" }, body: "hello" };
  const response = await ask("//v1/%67raph/invoke?a=b", post);
  assert.deepEqual([response.status, response.headers.get("x-of-the-origin")], [201, "kept"]);
  const { url, headers, body } = await response.json();
  assert.deepEqual([url, body, headers["x-auth-subject"], headers["x-other"]], ["/v1/graph/invoke?a=b", "hello", "alice", "kept"]);
  const redirect = await ask("/v1/threads/go", { headers: USER, redirect: "manual" });
  assert.deepEqual([redirect.status, redirect.headers.get("location")], [302, "/docs"]);
  assert.equal((await ask("/docs", { headers: USER })).status, 403);
  assert.equal((await ask("/v1/threads", {})).status, 401);
}

test("README: proxy.mjs", () =>
  origin((ORIGIN) =>
    started("proxy.mjs", { ORIGIN }, async (at) => {
      await proxied((path, init) => fetch(at + path, init));
      const handshake = async (headers) => {
        const socket = connect(new URL(at).port, "localhost");
        const lines = Object.entries({ Host: "h", Connection: "Upgrade", Upgrade: "websocket", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(`GET /v1/graph/ws HTTP/1.1\r\n${lines.join("")}\r\n`);
        socket.on("data", (data) => String(data).includes("alice:") && socket.write("frames"));
        return (await socket.toArray()).join("");
      };
      assert.match(await handshake({}), /^HTTP\/1\.1 401 /);
      assert.match(await handshake(USER), /^HTTP\/1\.1 101 [^]*\r\n\r\nalice:frames$/);
    }),
  ));

test("README: hono.mjs", async () => {
  const { default: app } = await load("hono.mjs");
  const { log } = console;
  console.log = () => {};
  try {
    assert.equal((await app.fetch(new Request("http://gate.example/v1/threads"))).status, 401);
    const alice = await app.fetch(new Request("http://gate.example//v1/%74hreads", { headers: USER }));
    assert.equal(await alice.text(), "Hello alice");
  } finally {
    console.log = log;
  }
});

for (const name of ["worker.mjs", "decide.mjs"]) {
  test(`README: ${name}`, () =>
    origin(async (ORIGIN) => {
      const loaded = await load(name);
      const gate = Gate.load(CONFIG, SECRETS);
      const { log } = console;
      console.log = () => {};
      try {
        await proxied((path, init) => {
          const request = new Request(`http://gate.example${path}`, init);
          return loaded.handle ? loaded.handle(gate, request, ORIGIN) : loaded.default.fetch(request, { ...SECRETS, ORIGIN }, {});
        });
        if (loaded.handle) {
          const report = Gate.load({ ...CONFIG, mode: "report", audit: { reason_header: true } }, SECRETS);
          const response = await loaded.handle(report, new Request("http://gate.example/v1/threads"), ORIGIN);
          assert.deepEqual([response.status, response.headers.get("x-portcullis-reason")], [201, "credential_missing"]);
        }
      } finally {
        console.log = log;
      }
    }));
}

test("README: verify.mjs", async () => {
  const { mayInvoke } = await load("verify.mjs");
  const gate = Gate.load(CONFIG, SECRETS);
  const answers = await Promise.all([{ exp: 4102444800 }, { exp: 1 }, { exp: 4102444800, role: "nobody" }].map((claims) => sign(claims)).map(async (token) => mayInvoke(gate, await token)));
  assert.deepEqual(answers, [true, false, false]);
  assert.throws(() => mayInvoke(gate, "a.b.c"), { code: "token_malformed" });
});

test("README: decode.mjs", async () => {
  const { greet } = await load("decode.mjs");
  const named = (exp, name) => sign({ exp, name });
  assert.equal(await greet(await named(4102444800, "Alice"), assert.fail), "Hello Alice");
  assert.equal(await greet(await named(1, "Alice"), () => named(4102444800, "Zoë")), "Hello Zoë");
});

test("README: records.mjs", async () => {
  const { guardWithStore } = await load("records.mjs");
  const gate = Gate.load({ ...SWAP, ...KEYS }, SECRETS);
  const { key, hash } = createApiKey({ env: "live", id: "bot", pepper: SECRETS.PEPPER });
  const guarded = guardWithStore(gate, new Map([["bot", { id: "bot", hash, roles: ["user"] }]]));
  await serving((request, response) => guarded(request, response, () => response.end("inside")), async (ask) => {
    assert.equal((await ask("/v1/threads", { headers: { "x-api-key": key } })).text, "inside");
    const other = createApiKey({ env: "live", id: "other", pepper: SECRETS.PEPPER });
    assert.equal((await ask("/v1/threads", { headers: { "x-api-key": other.key } })).status, 401);
  });
});

test("README: revocations.mjs", async () => {
  const { guardWithRevocations } = await load("revocations.mjs");
  const gate = Gate.load({ ...CONFIG, revoked: { lookup: true } }, SECRETS);
  const digits = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from("mallory"))).toString("hex");
  const store = new Map([[`subject:${digits}`, '{"before":"2099-01-01T00:00:00Z"}']]);
  const guarded = guardWithRevocations(gate, store);
  await serving((request, response) => guarded(request, response, () => response.end("inside")), async (ask) => {
    const as = async (user_id) => ask("/v1/threads", { headers: Object.fromEntries([bearer(await sign({ exp: 4102444800, user_id }))]) });
    assert.equal((await as("alice")).text, "inside");
    assert.equal((await as("mallory")).status, 401);
  });
});

test("README: a gate that fetches its keys", async () => {
  const keys = createServer((_, response) => {
    const key = { kty: "OKP", crv: "Ed25519", alg: "EdDSA", kid: "a", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys: [key] }));
  }).listen(0, "127.0.0.1");
  await once(keys, "listening");
  const address = `http://127.0.0.1:${keys.address().port}`;
  const live = await load("live.mjs");
  const issuers = [{ issuer: address, jwks: { url: `${address}/keys` } }];
  const gate = await live.load({ profile: "agentflow", issuers, identity: { ask: "/me", subject: "/id" } }, address);
  keys.close();
  assert.deepEqual(gate.sources(), [
    { kind: "keys", url: `${address}/keys`, keys: 1, ageSecs: 0, version: null, failure: null },
  ]);
});

test("README: every program was run", () => assert.deepEqual(names.filter((name) => !ran.has(name)), []));
