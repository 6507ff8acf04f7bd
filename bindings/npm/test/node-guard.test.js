// The guard of `portcullis/node` and `toRequest`, with real sockets.
import assert from "node:assert/strict";
import { createServer, request as send } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";
import express from "express";
import { Gate, toRequest, toResponse } from "portcullis";
import { guard, guardUpgrade } from "portcullis/node";
import { serving } from "./servers.js";
import { CONFIG, SECRETS, SWAP, bearer, sign } from "./support.js";

const TOKEN = await sign({ exp: 4102444800 });
const USER = Object.fromEntries([bearer(TOKEN)]);
const BOUND = {
  ...CONFIG,
  policy: {
    roles: { user: { permissions: ["search:read", "graph:invoke"] } },
    routes: { "POST /search": { access: "search:read", where: { "body./user_id": "subject" } } },
  },
};
const JSON_BODY = { ...USER, "content-type": "application/json" };
const text = async (request) => (await request.toArray()).join("");

test("guard: all of a verdict is carried out", async () => {
  const guarded = guard(Gate.load(SWAP, SECRETS));
  const listener = (request, response) =>
    guarded(request, response, async () => {
      const { url, headers, headersDistinct, rawHeaders } = request;
      response.end(JSON.stringify({ url, headers, headersDistinct, rawHeaders, body: await text(request) }));
    });
  await serving(listener, async (ask) => {
    const headers = { ...USER, "X-Auth-Subject": "root", "X_User_Role": "admin", "X-Other": ["a", "b"] };
    const response = await ask("//v1/%67raph/invoke?a=%20b", { method: "POST", headers, body: "hello" });
    assert.equal(response.status, 200, response.text);
    const seen = JSON.parse(response.text);
    assert.deepEqual([seen.url, seen.body], ["/v1/graph/invoke?a=%20b", "hello"]);
    assert.deepEqual([seen.headers["x-auth-subject"], seen.headers.x_user_role, seen.headers["x-other"]], ["alice", undefined, "a, b"]);
    assert.deepEqual([seen.headersDistinct["x-auth-subject"], seen.headersDistinct.x_user_role, seen.headersDistinct["x-other"]], [["alice"], undefined, ["a", "b"]]);
    const pairs = seen.rawHeaders.flatMap((name, at) => (at % 2 ? [] : [[name.toLowerCase(), seen.rawHeaders[at + 1]]]));
    assert.deepEqual(pairs.filter(([name]) => /auth-subject|user.role/.test(name)), [["x-auth-subject", "alice"]]);
    for (const credential of [seen.headers.authorization, ...pairs.filter(([name]) => name === "authorization").map(([, value]) => value)]) {
      assert.ok(credential.startsWith("Bearer ") && !credential.includes(TOKEN));
    }
    const refused = await ask("/v1/threads");
    assert.deepEqual([refused.status, refused.headers["content-type"], refused.headers["cache-control"]], [401, "application/json", "no-store"]);
    assert.match(refused.headers["www-authenticate"], /^Bearer/);
    assert.match(JSON.parse(refused.text).metadata.request_id, /^[0-9a-f-]{36}$/);
  });
});

test("guard: headers of the response replace those of the handler", async () => {
  const config = { ...CONFIG, mode: "report", audit: { reason_header: true } };
  const own = { "X-Portcullis-Reason": "of the origin", "x-other": "kept" };
  const ways = [
    (response) => response.writeHead(202, own),
    (response) => response.writeHead(202, "Fine", own),
    (response) => response.writeHead(202, Object.entries(own).flat()),
    (response) => {
      response.statusCode = 202;
      for (const [name, value] of Object.entries(own)) response.setHeader(name, value);
    },
  ];
  const guarded = guard(Gate.load(config, SECRETS));
  for (const way of ways) {
    await serving((request, response) => guarded(request, response, () => (way(response), response.end("hello"))), async (ask) => {
      const { status, headers, text } = await ask("/v1/threads");
      assert.deepEqual([status, headers["x-portcullis-reason"], headers["x-other"], text], [202, "credential_missing", "kept", "hello"], String(way));
    });
  }
});

test("guard: a body is read if the verdict depends on it, and put back", async () => {
  const guarded = guard(Gate.load(BOUND, SECRETS));
  let early;
  const listener = (request, response) =>
    guarded(request, response, async () => {
      early = request.readableDidRead;
      response.end(await text(request));
    });
  const own = JSON.stringify({ user_id: "alice", text: "Où?" });
  await serving(listener, async (ask) => {
    // With a length, in chunks, and in pieces that come one after the other.
    for (const headers of [{ ...JSON_BODY, "content-length": Buffer.byteLength(own) }, { ...JSON_BODY, "transfer-encoding": "chunked" }]) {
      const whole = await ask("/search", { method: "POST", headers, body: own });
      assert.deepEqual([whole.status, whole.text, early], [200, own, true]);
    }
    const slow = await slowly(ask.port, "/search", JSON_BODY, [own.slice(0, 7), own.slice(7), " ".repeat(60_000)]);
    assert.deepEqual([slow.status, slow.text.trim(), slow.text.length], [200, own, own.length + 60_000]);
    const other = await ask("/search", { method: "POST", headers: JSON_BODY, body: own.replace("alice", "bob") });
    assert.deepEqual([other.status, JSON.parse(other.text).error.code !== undefined], [403, true]);
    assert.equal((await ask("/search", { method: "POST", headers: JSON_BODY, body: own.padEnd(200_000) })).status, 413);
    assert.equal((await ask("/search", { method: "POST", headers: JSON_BODY })).status, 400);
    // Where nothing is bound to it, it is streamed.
    const free = await ask("/v1/graph/invoke", { method: "POST", headers: JSON_BODY, body: own });
    assert.deepEqual([free.status, free.text, early], [200, own, false]);
  });
});

test("guard: nobody waits for the body of a caller who is not let in", async () => {
  const guarded = guard(Gate.load(BOUND, SECRETS));
  await serving((request, response) => guarded(request, response, () => response.end("inside")), async (ask) => {
    for (const headers of [{ "content-type": "application/json" }, { ...JSON_BODY, authorization: "Bearer a.b.c" }]) {
      // The body never comes.
      const request = send({ port: ask.port, host: "127.0.0.1", path: "/search", method: "POST", headers: { ...headers, "content-length": 10 } });
      request.on("error", () => {});
      request.flushHeaders();
      const [response] = await once(request, "response");
      assert.equal(response.statusCode, 401);
      request.destroy();
    }
  });
});

test("guard: a large upload that is refused gets its answer", async () => {
  const guarded = guard(Gate.load(BOUND, SECRETS));
  await serving((request, response) => guarded(request, response, () => response.end("inside")), async ({ port }) => {
    for (let round = 0; round < 10; round++) {
      const response = await fetch(`http://127.0.0.1:${port}/search`, { method: "POST", headers: { "content-type": "application/json" }, body: new Uint8Array(4_000_000) });
      assert.deepEqual([response.status, typeof (await response.json())], [401, "object"]);
    }
  });
});

test("guard: in report mode even what cannot be compared goes on whole", async () => {
  const guarded = guard(Gate.load({ ...BOUND, mode: "report" }, SECRETS));
  await serving((request, response) => guarded(request, response, () => request.pipe(response)), async (ask) => {
    for (const body of ["x".repeat(1_000_000), "", "no JSON"]) {
      for (const framing of [{ "content-length": body.length }, { "transfer-encoding": "chunked" }]) {
        const { status, text } = await ask("/search", { method: "POST", headers: { ...JSON_BODY, ...framing }, body });
        assert.deepEqual([status, text.length], [200, body.length]);
      }
    }
  });
});

test("guard: before a parser of bodies, and not after it", async () => {
  const errors = [];
  const guarded = guard(Gate.load(BOUND, SECRETS), { onError: ({ message }) => errors.push(message) });
  const own = { method: "POST", headers: JSON_BODY, body: '{"user_id": "alice"}' };
  const answer = (request, response) => response.send(request.body.user_id);
  const before = express().use(guarded, express.json()).post("/search", answer);
  await serving(before, async (ask) => assert.equal((await ask("/search", own)).text, "alice"));
  const after = express().use(express.json(), guarded).post("/search", answer);
  await serving(after, async (ask) => assert.equal((await ask("/search", own)).status, 503));
  assert.match(errors.join(), /^the body of this request was read before.*put the guard before whatever reads bodies$/);
});

test("guard: what is not allowed is not handed to next, whatever fails", async () => {
  const errors = [];
  const gate = Gate.load(CONFIG, SECRETS);
  const fail = () => { throw new Error("full"); };
  for (const options of [{ log: fail }, { requestId: fail }]) {
    const guarded = guard(gate, { ...options, onError: ({ message }) => errors.push(message) });
    await serving((request, response) => guarded(request, response, () => response.end("inside")), async (ask) => {
      const { status, text } = await ask("/ping");
      assert.deepEqual([status, text], [503, "Service Unavailable\n"]);
    });
  }
  assert.deepEqual(errors, ["full", "full"]);
  await assert.rejects(guard(gate)({}, {}), { code: "argument_invalid" });
});

test("guard: a request of HTTP/2", async () => {
  const guarded = guard(Gate.load(CONFIG, SECRETS));
  const server = createHttp2Server((request, response) => guarded(request, response, () => response.end(`${request.url} ${request.headers["x-auth-subject"]}`)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connectHttp2(`http://127.0.0.1:${server.address().port}`);
  const ask = async (headers) => {
    const stream = session.request(headers);
    const [{ ":status": status }] = await once(stream, "response");
    return [status, (await stream.toArray()).join("")];
  };
  try {
    assert.equal((await ask({ ":path": "/v1/threads" }))[0], 401);
    assert.deepEqual(await ask({ ":path": "//v1/threads?a=b", ...USER }), [200, "/v1/threads?a=b alice"]);
  } finally {
    session.destroy();
    server.close();
  }
});

test("guardUpgrade: a WebSocket that is refused, and one that is not", async () => {
  const config = { ...CONFIG, policy: { roles: { user: { permissions: ["chat:open"] } }, routes: { "WEBSOCKET /chat": "chat:open", "GET /chat": "public" } } };
  const guarded = guardUpgrade(Gate.load(config, SECRETS));
  const server = createServer();
  server.on("upgrade", (request, socket, head) =>
    guarded(request, socket, head, () => {
      socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${request.headers["x-auth-subject"]}`);
    }),
  );
  await serving(server, async (ask) => {
    const open = async (headers) => {
      const socket = connect(ask.port, "127.0.0.1");
      const lines = Object.entries({ Host: "h", Connection: "Upgrade", Upgrade: "websocket", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`GET /chat HTTP/1.1\r\n${lines.join("")}\r\n`);
      return (await socket.toArray()).join("");
    };
    const refused = await open({});
    assert.match(refused, /^HTTP\/1\.1 401 \r\n/);
    assert.match(refused, /\r\nwww-authenticate: Bearer/);
    const [head, body] = refused.split("\r\n\r\n");
    assert.equal(Number(/content-length: (\d+)/.exec(head)[1]), body.length);
    // What is no WebSocket gets no tunnel, even where a plain request is allowed.
    for (const Upgrade of ["h2c", "websocket, h2c"]) assert.match(await open({ ...USER, Upgrade }), /^HTTP\/1\.1 400 /);
    // A caller who goes away ends nothing.
    const gone = connect(ask.port, "127.0.0.1");
    gone.write("GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", () => gone.resetAndDestroy());
    await once(gone, "close");
    assert.match(await open(USER), /^HTTP\/1\.1 101 [^]*\r\n\r\nalice$/);
  });
});

test("toRequest: a redirect of the origin is the caller's to follow", async () => {
  const seen = [];
  const origin = (request, response) => {
    seen.push(request.url);
    if (request.url.startsWith("/v1/graph/go")) return response.writeHead(302, { location: "/admin" }).end();
    response.end(`the secrets of ${request.headers["x-auth-subject"]}`);
  };
  const policy = { routes: { "GET /v1/graph/go": "graph:invoke", "GET /admin": "refused" } };
  const gate = Gate.load({ ...CONFIG, policy }, SECRETS);
  await serving(origin, async (_, server) => {
    const at = `http://127.0.0.1:${server.address().port}`;
    const through = async (path) => {
      const request = new Request(`http://gate.example${path}`, { headers: USER });
      const verdict = gate.decide(request);
      return verdict.allowed ? fetch(toRequest(verdict, request, at)) : toResponse(verdict);
    };
    const response = await through("/v1/graph/go?to=/admin");
    assert.deepEqual([response.status, response.headers.get("location"), await response.text()], [302, "/admin", ""]);
    assert.equal((await through("/admin")).status, 403);
    assert.deepEqual(seen, ["/v1/graph/go?to=/admin"]);
  });
});

async function slowly(port, path, headers, parts) {
  const request = send({ port, host: "127.0.0.1", path, method: "POST", headers });
  Readable.from(
    (async function* () {
      for (const part of parts) {
        await new Promise((done) => setTimeout(done, 20));
        yield part;
      }
    })(),
  ).pipe(request);
  const [response] = await once(request, "response");
  return { status: response.statusCode, text: await text(response) };
}
