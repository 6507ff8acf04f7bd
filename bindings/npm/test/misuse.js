// What is easily done wrong with this package: nobody is let in by it, and the error says what to do. On every host.
import { ArgumentError, AuthError, ConfigError, DeniedError, Gate, createApiKey, toRequest, toResponse } from "portcullis";
import { guard } from "portcullis/fetch";
import { CONFIG, NOW, SECRETS, bearer, equal, error, head, sign } from "./support.js";

export function misuse(test) {
  test("misuse: authorize lets nobody past who is refused", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const past = [];
    const expired = head([bearer(await sign({ exp: NOW / 1000 }))]);
    const denied = error(DeniedError, "request_denied", () => {
      if (gate.authorize(expired, { now: NOW, requestId: "request-1" })) past.push("sync");
    });
    const verdict = gate.decide(expired, { now: NOW, requestId: "request-1" });
    equal([denied.verdict, denied.reason], [verdict, "token_expired"]);
    let rejected;
    try {
      if (await gate.authorizeAsync(expired, { now: NOW })) past.push("async");
    } catch (thrown) {
      rejected = thrown;
    }
    equal([rejected?.name, rejected?.reason, past], ["DeniedError", "token_expired", []]);
    // What a framework's own error page is made of.
    equal([denied.status, denied.statusCode, denied.message], [401, 401, "the request was refused"]);
    equal(denied.headers, Object.fromEntries(verdict.headers.filter(([name]) => name !== "content-type")));
    equal(typeof denied.headers["www-authenticate"], "string");
    const response = denied.getResponse();
    equal([response.status, await response.text()], [401, verdict.body]);
    // Who is allowed is told by the same object that the decision has.
    const allowed = gate.authorize(head([bearer(await sign({}))]), { now: NOW });
    equal([allowed.allowed, allowed.principal.subject], [true, "alice"]);
    equal((await gate.authorizeAsync(head([bearer(await sign({}))]), { now: NOW })).principal.subject, "alice");
  });

  test("misuse: a refusal knows no principal", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    for (const role of ["guest", "user"]) {
      const verdict = gate.decide(head([bearer(await sign({ role }))]), { now: NOW });
      equal([verdict.allowed, "principal" in verdict, JSON.parse(verdict.log).subject], [role === "user", role === "user", "alice"]);
      // A verdict is what it was decided to be.
      if (Object.isFrozen(verdict) !== true) throw new Error("not frozen");
    }
  });

  test("misuse: a wrong argument is named, and what to pass instead", () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const told = (call, ...parts) => {
      const { message } = error(ArgumentError, "argument_invalid", call, String(call));
      for (const part of parts) if (!message.includes(part)) throw new Error(`${JSON.stringify(message)} has no ${part}`);
    };
    for (const method of ["authorize", "decide"]) {
      told(() => gate[method](undefined), "undefined is not a request", "IncomingMessage", "{ method, target, headers }");
      told(() => gate[method](null), "null is not a request");
      told(() => gate[method]("https://gate.example/"), "string is not a request");
      told(() => gate[method](new URL("https://gate.example/")), "class URL has no headers");
      told(() => gate[method]({ method: "GET", target: "/", headers: { a: "b" } }), "hides duplicates");
      // The objects of Fastify, of Hono, and of Koa.
      told(() => gate[method]({ raw: {}, headers: {}, url: "/" }), "pass its `raw`");
      told(() => gate[method]({ req: { raw: {} } }), "pass its `req.raw`");
      told(() => gate[method]({ req: {}, headers: {} }), "pass its `req`");
      told(() => gate[method](head(), null), "not null");
      told(() => gate[method](head(), "request-1"), "not string");
      told(() => gate[method](head(), { requestID: "1" }), "`requestID`", "now, requestId, clientAddress, body");
      told(() => gate[method](head(), { requestId: 1 }), "requestId is a string");
      told(() => gate[method](head(), { now: Date.now() }), "the time is a Date, not number");
      const { [method]: alone } = gate;
      told(() => alone(head()), `called without it`);
    }
    told(() => Gate.load(CONFIG, "secret"), "process.env", "not string");
    told(() => createApiKey(), "pepper");
    told(() => toResponse(undefined), "not undefined");
    told(() => toResponse(gate.decide(head([], "/ping"))), "not an allowed verdict");
    told(() => toRequest(gate.decide(head()), new Request("https://gate.example/"), "http://127.0.0.1"), "not a denied verdict");
    told(() => toRequest(undefined), "not undefined");
    const ping = gate.decide(head([], "/ping"));
    told(() => toRequest(ping, { method: "GET", url: "/", rawHeaders: [] }, "http://127.0.0.1"), "portcullis/node");
    told(() => toRequest(ping, new Request("https://gate.example/"), "127.0.0.1:8000"), "http://127.0.0.1:8000");
    told(() => guard(), "takes a Gate first, not undefined");
    told(() => guard(gate), "the handler second, not undefined");
    told(() => guard(gate, () => {}, { logs: 1 }), "`logs`");
    told(() => guard(gate, () => {}, { log: true }), "is a function, not boolean");
  });

  test("misuse: what is no configuration is told apart", async () => {
    const said = (config, secrets = SECRETS) => error(ConfigError, "config_invalid", () => Gate.load(config, secrets)).message;
    for (const [config, ...parts] of [
      [undefined, "not undefined"],
      [Promise.resolve(CONFIG), "class Promise", "await it"],
      [new TextEncoder().encode(JSON.stringify(CONFIG)), "class Uint8Array", "read it as text"],
      [() => CONFIG, "not function"],
    ]) {
      for (const part of parts) if (!said(config).includes(part)) throw new Error(`${said(config)} has no ${part}`);
    }
    const missing = said(CONFIG, {});
    for (const part of ["/issuers/0/keys/0/secret/env", "JWT_SECRET_KEY", "Gate.load"]) {
      if (!missing.includes(part)) throw new Error(`${missing} has no ${part}`);
    }
  });

  test("misuse: a URL that a router has rewritten is not decided on", () => {
    const policy = { routes: { "GET /status": "public", "GET /admin/status": "graph:invoke" } };
    const gate = Gate.load({ ...CONFIG, policy }, SECRETS);
    const decide = (request) => {
      const verdict = gate.decide({ method: "GET", rawHeaders: [], ...request }, { now: NOW });
      return verdict.allowed ? "allow" : verdict.reason;
    };
    // Mounts: the whole is decided on.
    equal(decide({ url: "/status" }), "allow");
    equal(decide({ url: "/status", originalUrl: "/status", baseUrl: "" }), "allow");
    equal(decide({ url: "/status", originalUrl: "/admin/status", baseUrl: "/admin" }), "credential_missing");
    equal(decide({ url: "/status?a=/status", originalUrl: "/admin/status?a=/status" }), "credential_missing");
    equal(decide({ url: "/", originalUrl: "/status" }), "allow");
    equal(decide({ url: "/?a=b", originalUrl: "/status?a=b" }), "allow");
    equal(decide({ method: "GET", url: "https://gate.example/status", originalUrl: "/admin/status", headers: [], rawHeaders: undefined }), "credential_missing");
    // Anything else is nobody's mount.
    for (const [url, originalUrl] of [
      ["/status", "/admin"], ["/admin", "/status?a=/admin"], ["/status", "/status/"], ["/admin/status", "/status"], ["/", "/status?a=/"],
      [undefined, "/status"], ["/?a", "/status?b"],
    ]) {
      error(ArgumentError, "argument_invalid", () => decide({ url, originalUrl }), `${url} of ${originalUrl}`);
    }
    error(ArgumentError, "argument_invalid", () => decide({ url: "/status", baseUrl: "/admin" }));
  });

  test("misuse: a principal that is made up is none", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const { principal } = gate.authorize(head([bearer(await sign({}))]), { now: NOW });
    error(ArgumentError, "argument_invalid", () => gate.can({ ...principal, roles: ["admin"] }, "graph:invoke"));
    error(AuthError, "token_malformed", () => gate.verify(undefined));
  });
}
