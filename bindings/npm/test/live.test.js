// What only JavaScript promises of a gate that learns; the checks of all hosts are in Rust.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { ArgumentError, ConfigError, Gate } from "portcullis";
import { guard } from "portcullis/fetch";
import { CONFIG, SECRETS, bearer, head } from "./support.js";

const IDENTITY = { ask: "/me", subject: "/id", roles: ["/role"] };
const OPAQUE = head([bearer("opaque-0123456789")]);

// An origin that knows one credential, once `ready` has resolved.
async function origin(use, ready) {
  const asked = [];
  const server = createServer(async (request, response) => {
    asked.push(request.url);
    await ready;
    const known = request.headers.authorization === "Bearer opaque-0123456789";
    response.writeHead(known ? 200 : 401, { "content-type": "application/json" }).end('{"id": "alice", "role": "user"}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use(`http://127.0.0.1:${server.address().port}`, asked);
  } finally {
    server.close();
  }
}

test("live: a decision that waits for nobody is refused, and the answer counts for a later one", () =>
  origin(async (address, asked) => {
    const gate = Gate.load({ ...CONFIG, identity: IDENTITY }, SECRETS, { origin: address });
    for (const at of ["first", "second"]) assert.equal(gate.decide(OPAQUE).reason, "ask_unavailable", at);
    for (let tries = 0; tries < 100 && !gate.decide(OPAQUE).allowed; tries++) await new Promise((done) => setTimeout(done, 20));
    assert.equal(gate.authorize(OPAQUE).principal.proof, "asked");
    assert.deepEqual(asked, ["/me"]);
  }));

test("live: a caller that leaves a Worker loses no answer", () =>
  origin(async (address, asked) => {
    const gate = Gate.load({ ...CONFIG, identity: IDENTITY }, SECRETS, { origin: address });
    const kept = [];
    const handler = guard(gate, () => new Response("hello"));
    const request = new Request("http://gate.example/v1/threads", { headers: [bearer("opaque-0123456789")] });
    assert.equal((await handler(request, {}, { waitUntil: (promise) => kept.push(promise) })).status, 200);
    await Promise.all(kept);
    assert.ok(kept.length > 0);
    assert.deepEqual(asked, ["/me"]);
  }));

test("live: what a configuration needs of its host is there, or it does not load", () => {
  assert.throws(() => Gate.load({ ...CONFIG, identity: IDENTITY }, SECRETS), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.errors.map(({ pointer }) => pointer), ["/identity/ask"]);
    return /has not been told where that is/.test(error.message);
  });
  for (const wrong of [{ origin: "http://a.example/path" }, { origin: "a.example" }, { fetch: 1 }, { notice: "x" }, { other: 1 }, null]) {
    assert.throws(() => Gate.load(CONFIG, SECRETS, wrong), ArgumentError, JSON.stringify(wrong));
  }
});

test("live: limits by client take an address that somebody vouches for", () => {
  const gate = Gate.load({ ...CONFIG, limits: { failures: { count: 1, window_secs: 60 } } }, SECRETS);
  for (const clientAddress of [undefined, "", "localhost", "127.0.0.1:80", 1]) {
    assert.throws(() => gate.decide(head([bearer("x.y.z")]), { clientAddress }), ArgumentError, String(clientAddress));
  }
  const ask = (clientAddress) => gate.decide(head([bearer("x.y.z")]), { clientAddress });
  assert.deepEqual([ask("192.0.2.1"), ask("192.0.2.1"), ask("2001:db8::1")].map(({ status }) => status), [401, 429, 401]);
});

test("live: a call sends what was decided, follows nothing and keeps no cookie", async () => {
  const calls = [];
  const fetch = async (url, init) => {
    calls.push([url, init.method, init.redirect, init.cache, init.credentials]);
    throw new Error("unreachable");
  };
  const told = [];
  const issuers = [{ issuer: "https://idp.example", jwks: { url: "https://idp.example/keys" } }];
  const gate = Gate.load({ ...CONFIG, issuers }, SECRETS, { fetch, notice: (text) => told.push(text) });
  const [source] = await gate.refresh();
  assert.deepEqual(calls, [["https://idp.example/keys", "GET", "manual", "no-store", "omit"]]);
  assert.deepEqual(source, {
    kind: "keys",
    url: "https://idp.example/keys",
    keys: 0,
    ageSecs: null,
    version: null,
    failure: "no_answer",
  });
  assert.equal(told.length, 1);
  assert.match(told[0], /^keys of https:\/\/idp\.example\/keys: there is no answer/);
});
