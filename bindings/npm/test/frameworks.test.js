// The gate in the frameworks that people put it into, as they ship.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { getRequestListener, serve } from "@hono/node-server";
import connect from "connect";
import express from "express";
import express4 from "express4";
import Fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import mount from "koa-mount";
import { Gate } from "portcullis";
import { guard as guardFetch, verdictOf as verdictOfFetch } from "portcullis/fetch";
import { guard, verdictOf } from "portcullis/node";
import { serving } from "./servers.js";
import { CONFIG, SECRETS, SWAP, bearer, sign } from "./support.js";

const routes = {
  "GET /status": "public",
  "GET /admin/status": "admin:read",
  "GET /admin": "admin:read",
  "GET /anyone": "public",
  "POST /echo": "public",
};
const policy = { roles: { admin: { permissions: ["admin:read"] } }, routes };
const gate = Gate.load({ ...CONFIG, policy }, SECRETS);
const ADMIN = Object.fromEntries([bearer(await sign({ role: "admin", exp: 4102444800 }))]);
const USER = Object.fromEntries([bearer(await sign({ role: "user", exp: 4102444800 }))]);

// Below a mount at /admin the path /status, which the policy makes public, is that of /admin/status, which it does not.
const mounted = {
  "Express 5: authorize": () => {
    const app = express();
    app.use("/admin", (request, response, next) => (gate.authorize(request), next()));
    app.get("/admin{/status}", (request, response) => response.send("inside"));
    return quiet(app);
  },
  "Express 5: a guard": () => {
    const app = express();
    app.use("/admin", guard(gate));
    app.get("/admin{/status}", (request, response) => response.send("inside"));
    return app;
  },
  "Express 5: a router in a router": () => {
    const [app, outer, inner] = [express(), express.Router(), express.Router()];
    inner.use((request, response, next) => (gate.authorize(request), next()));
    inner.get("{/status}", (request, response) => response.send("inside"));
    outer.use("/", inner);
    app.use("/admin", outer);
    return quiet(app);
  },
  "Express 4: authorize": () => {
    const app = express4();
    app.use("/admin", (request, response, next) => (gate.authorize(request), next()));
    app.get(["/admin", "/admin/status"], (request, response) => response.send("inside"));
    return quiet(app);
  },
  "Express 4: a guard": () => {
    const app = express4();
    app.use("/admin", guard(gate));
    app.get(["/admin", "/admin/status"], (request, response) => response.send("inside"));
    return app;
  },
  "Connect: authorize": () => {
    const app = connect();
    app.use("/admin", (request, response, next) => (gate.authorize(request), next()));
    app.use("/admin", (request, response) => response.end("inside"));
    return quiet(app);
  },
  "Connect: a guard": () => connect().use("/admin", guard(gate)).use("/admin", (request, response) => response.end("inside")),
  // koa-mount keeps the original on its own object only.
  "Koa: authorize": () => {
    const app = Object.assign(new Koa(), { silent: true });
    app.use(mount("/admin", (ctx) => (gate.authorize(ctx.req), (ctx.body = "inside"))));
    return app.callback();
  },
  "Koa: a guard": () => {
    const app = new Koa();
    const guarded = guard(gate);
    app.use(mount("/admin", (ctx, next) => guarded(ctx.req, ctx.res, () => ((ctx.body = "inside"), next()))));
    return app.callback();
  },
  "Fastify: a prefix": async () => {
    const app = Fastify();
    const plugin = async (sub) => {
      sub.addHook("onRequest", async (request) => void gate.authorize(request.raw));
      sub.get("/", async () => "inside");
      sub.get("/status", async () => "inside");
    };
    app.register(plugin, { prefix: "/admin" });
    await app.ready();
    return app.server;
  },
  "Fastify: a guard": async () => {
    const guarded = guard(gate);
    const app = Fastify({
      serverFactory: (handler) => createServer((request, response) => guarded(request, response, () => handler(request, response))),
    });
    app.get("/admin", async () => "inside");
    app.get("/admin/status", async () => "inside");
    await app.ready();
    return app.server;
  },
  "Hono: route": () => {
    const sub = new Hono();
    sub.get("/", (c) => (gate.authorize(c.req.raw), c.text("inside")));
    sub.get("/status", (c) => (gate.authorize(c.req.raw), c.text("inside")));
    return getRequestListener(new Hono().route("/admin", sub).fetch);
  },
  // Nothing shows it to the inside of a mount: the gate is around it.
  "Hono: a guard around a mount": () => {
    const app = new Hono();
    app.mount("/admin", () => new Response("inside"));
    return getRequestListener(guardFetch(gate, app.fetch));
  },
};

// Without the log of what is answered with an error page.
function quiet(app) {
  app.set?.("env", "production");
  const { error } = console;
  app.use((thrown, request, response, next) => {
    console.error = () => {};
    setImmediate(() => (console.error = error));
    next(thrown);
  });
  return app;
}

for (const [name, make] of Object.entries(mounted)) {
  test(`mount: ${name}`, async () => {
    await serving(await make(), async (ask) => {
      for (const path of ["/admin/status", "/admin/status?a=b", "/admin", "/admin?a=/status"]) {
        const nobody = await ask(path);
        assert.deepEqual([nobody.status, nobody.text.includes("inside")], [401, false], path);
        assert.match(nobody.headers["www-authenticate"] ?? "", /^Bearer/, path);
        const user = await ask(path, { headers: USER });
        assert.deepEqual([user.status, user.text.includes("inside")], [403, false], path);
        const admin = await ask(path, { headers: ADMIN });
        assert.deepEqual([admin.status, admin.text], [200, "inside"], path);
      }
      // An error page says no more than the refusal does.
      const expired = await ask("/admin/status", { headers: { authorization: "Bearer a.b.c" } });
      assert.equal(expired.status, 401);
      assert.doesNotMatch(expired.text, /malformed/);
    });
  });
}

test("mount: a URL rewritten to another path is not decided on", async () => {
  const errors = [];
  const guarded = guard(gate, { onError: ({ message }) => errors.push(message) });
  for (const app of [express(), connect()]) {
    app.use((request, response, next) => ((request.url = "/anyone"), next()));
    app.use(guarded);
    app.use((request, response) => response.end("inside"));
    await serving(app, async (ask) => assert.equal((await ask("/admin/status")).status, 503));
  }
  assert.equal(errors.length, 2);
  assert.match(errors[0], /rewritten to another one.*decide before/);
});

test("mount: what is handled is what was decided on", async () => {
  const app = express();
  const seen = [];
  app.use("/admin", guard(gate), guard(gate), (request, response) => {
    seen.push([request.url, request.originalUrl, request.path, request.headers["x-auth-subject"], verdictOf(request).principal.subject]);
    response.end();
  });
  await serving(app, async (ask) => {
    for (const path of ["/admin/%73tatus?a=%20", "/admin//status?a=%20"]) assert.equal((await ask(path, { headers: ADMIN })).status, 200);
    for (const outside of ["/admin/../status", "/admin/%2e%2e/status", "/admin/..%2fstatus"]) {
      assert.ok([400, 403].includes((await ask(outside, { headers: ADMIN })).status), outside);
    }
  });
  const expected = ["/status?a=%20", "/admin/status?a=%20", "/status", "alice", "alice"];
  assert.deepEqual(seen, [expected, expected]);
});

test("Express: paths are compared as the policy does", async () => {
  const policy = { roles: { admin: { permissions: ["admin:read"] } }, routes: { "GET /admin": "admin:read", "GET /{rest:path}": "public" } };
  for (const make of [express, express4]) {
    const app = make().enable("case sensitive routing").enable("strict routing");
    app.use(guard(Gate.load({ ...CONFIG, policy }, SECRETS)));
    app.get("/admin", (request, response) => response.send("inside"));
    await serving(app, async (ask) => {
      for (const path of ["/Admin", "/admin/", "/admin", "//admin", "/%61dmin"]) assert.notEqual((await ask(path)).text, "inside", path);
      assert.equal((await ask("/%61dmin", { headers: ADMIN })).text, "inside");
    });
  }
});

test("Hono: the request of a guard, and its verdict", async () => {
  const app = new Hono();
  app.get("/v1/threads", (c) => c.json([c.req.header("x-auth-subject"), c.req.header("x-user-role") ?? null, verdictOfFetch(c.req.raw).principal.roles]));
  const swapped = guardFetch(Gate.load(SWAP, SECRETS), app.fetch);
  const server = serve({ fetch: swapped, port: 0, hostname: "127.0.0.1" });
  await new Promise((done) => server.once("listening", done));
  try {
    const at = `http://127.0.0.1:${server.address().port}`;
    const response = await fetch(`${at}//v1/%74hreads`, { headers: { ...USER, "x-auth-subject": "root", "x-user-role": "admin" } });
    assert.deepEqual(await response.json(), ["alice", null, ["user"]]);
    assert.equal((await fetch(`${at}/v1/threads`)).status, 401);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
