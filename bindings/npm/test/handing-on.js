// What becomes of a request that is allowed, where requests are those of `fetch`: on every host.
import { ArgumentError, AuthError, Gate, createApiKey, toClient, toRequest, toResponse } from "portcullis";
import { guard, verdictOf } from "portcullis/fetch";
import { CONFIG, KEYS, NOW, SECRETS, SWAP, bearer, bytes, equal, error, head, outcome, sign } from "./support.js";

const FOREVER = { exp: 4102444800 };
const BOUND = {
  ...CONFIG,
  policy: {
    roles: { user: { permissions: ["search:read", "graph:invoke"] } },
    routes: { "POST /search": { access: "search:read", where: { "body./user_id": "subject" } } },
  },
};

// A body that counts how much of it was asked for.
function counted(text, size = 16) {
  const all = bytes(text);
  const seen = { read: 0 };
  seen.body = new ReadableStream(
    {
      pull(controller) {
        if (seen.read >= all.length) return controller.close();
        controller.enqueue(all.slice(seen.read, seen.read + size));
        seen.read += size;
      },
    },
    { highWaterMark: 0 },
  );
  return seen;
}

export function handingOn(test) {
  test("toResponse and toRequest carry a verdict out", async () => {
    const gate = Gate.load(SWAP, SECRETS);
    const denied = gate.decide(head(), { now: NOW });
    const response = toResponse(denied);
    equal([response.status, response.headers.get("cache-control"), await response.text()], [401, "no-store", denied.body]);
    const token = await sign({});
    const request = new Request("https://gate.example/v1/graph/invoke?a=b", {
      method: "POST", body: "hello", headers: [bearer(token), ["x-auth-subject", "root"], ["x-other", "kept"]],
    });
    const verdict = gate.decide(request, { now: NOW });
    equal(outcome(verdict), "allow");
    const out = toRequest(verdict, request, "http://127.0.0.1:8000");
    equal([out.url, out.method, out.headers.get("x-other"), await out.text()], ["http://127.0.0.1:8000/v1/graph/invoke?a=b", "POST", "kept", "hello"]);
    equal([out.headers.get("x-auth-subject") === "root", out.headers.get("authorization") === `Bearer ${token}`], [false, false]);
    // Nobody has decided on where a redirect of the origin leads.
    equal([request.redirect, out.redirect], ["follow", "manual"]);
    error(ArgumentError, "argument_invalid", () => toResponse(verdict));
    error(ArgumentError, "argument_invalid", () => toRequest(denied, request, "http://127.0.0.1:8000"));
    // What the URL parser would fold must not be asked for.
    const folded = { ...verdict, target: "/public/../v1/admin" };
    error(AuthError, "internal", () => toRequest(folded, new Request("https://gate.example/"), "http://127.0.0.1:8000"));
  });

  test("a gate that governs answers preflights, and toClient shares responses as it says", async () => {
    const app = "https://app.example";
    const gate = Gate.load({ ...SWAP, cors: { preflight: "answer", allowed_origins: [app] } }, SECRETS);
    const ask = (method, ...headers) => gate.decide({ method, target: "/ping", headers }, { now: NOW });
    const preflight = ask("OPTIONS", ["origin", app], ["access-control-request-method", "GET"]);
    equal([preflight.allowed, preflight.reason, JSON.parse(preflight.log).decision], [false, null, "answer"]);
    const answer = toResponse(preflight);
    equal([answer.status, answer.headers.get("access-control-allow-origin")], [200, app]);
    equal(ask("GET", ["origin", "https://evil.example"]).reason, "origin_not_allowed");
    const own = { vary: "accept", "access-control-allow-origin": "*" };
    const shared = (verdict) => {
      const { headers } = toClient(verdict, new Response("", { headers: own }));
      return [headers.get("access-control-allow-origin"), headers.get("vary")];
    };
    equal(shared(ask("GET", ["origin", app])), [app, "accept, origin"]);
    equal(shared(ask("GET")), [null, "accept, origin"]);
    error(ArgumentError, "argument_invalid", () => toClient(preflight, new Response()));
  });

  test("guard: the handler gets what the origin is to see", async () => {
    const gate = Gate.load(SWAP, SECRETS);
    const token = await sign(FOREVER);
    const lines = [];
    const handled = [];
    const handler = guard(
      gate,
      async function (request, ...rest) {
        const { pathname, search } = new URL(request.url);
        handled.push([this, rest, request.method, pathname + search, await request.text(), verdictOf(request).principal.subject]);
        return new Response(JSON.stringify([...request.headers]), { status: 201 });
      },
      { log: (line) => lines.push(JSON.parse(line)), requestId: () => "request-1" },
    );
    const headers = [bearer(token), ["x-auth-subject", "root"], ["x-user-role", "admin"], ["x-other", "kept"]];
    const request = new Request("https://gate.example/v1/%67raph//invoke?a=b", { method: "POST", body: "hello", headers });
    const response = await handler.call("this", request, "env", "context");
    equal([response.status, handled], [201, [["this", ["env", "context"], "POST", "/v1/graph/invoke?a=b", "hello", "alice"]]]);
    const received = Object.fromEntries(await response.json());
    equal([received["x-auth-subject"], received["x-user-role"], received["x-other"]], ["alice", undefined, "kept"]);
    equal([received.authorization.startsWith("Bearer "), received.authorization.includes(token)], [true, false]);
    equal(lines.map(({ decision, request_id }) => [decision, request_id]), [["allow", "request-1"]]);

    const refused = await handler(new Request("https://gate.example/v1/threads"));
    equal([refused.status, refused.headers.get("www-authenticate")?.startsWith("Bearer"), handled.length], [401, true, 1]);
    equal(JSON.parse(await refused.text()).metadata.request_id, "request-1");
    equal(lines.at(-1).reason, "credential_missing");
  });

  test("guard: headers of the response, as the verdict has them", async () => {
    const config = { ...CONFIG, mode: "report", audit: { reason_header: true } };
    const handler = guard(Gate.load(config, SECRETS), () => {
      const response = new Response("hello", { status: 202, headers: { "x-portcullis-reason": "of the origin", "x-other": "kept" } });
      // As those that `fetch` returns.
      return Object.defineProperty(response, "headers", { value: Object.freeze(response.headers) });
    });
    const response = await handler(new Request("https://gate.example/v1/threads"));
    equal([response.status, await response.text(), response.headers.get("x-other")], [202, "hello", "kept"]);
    equal(response.headers.get("x-portcullis-reason"), "credential_missing");
  });

  test("guard: a body is read if the verdict depends on it, and handed on whole", async () => {
    const token = await sign(FOREVER);
    const own = JSON.stringify({ user_id: "alice", text: "Où?".repeat(20) });
    const ask = async (config, text, { headers = [bearer(token)], path = "/search", size } = {}) => {
      let got = null;
      let early;
      const body = counted(text, size);
      const handler = guard(Gate.load(config, SECRETS), async (request) => {
        early = body.read;
        got = await request.text();
        return new Response();
      });
      const init = { method: "POST", headers: [...headers, ["content-type", "application/json"]], body: body.body, duplex: "half" };
      const response = await handler(new Request(`https://gate.example${path}`, init));
      return { status: response.status, whole: got === text, got, read: body.read, early };
    };
    const bound = await ask(BOUND, own);
    equal([bound.status, bound.whole, bound.early >= own.length], [200, true, true]);
    const other = await ask(BOUND, own.replace("alice", "bob"));
    equal([other.status, other.got], [403, null]);
    // Nobody reads that of a caller who is not let in.
    equal((await ask(BOUND, own, { headers: [] })).read, 0);
    equal((await ask(BOUND, own, { headers: [bearer("a.b.c")] })).read, 0);
    // Nor that of a route without a binding: it is streamed.
    const free = await ask(BOUND, own, { path: "/v1/graph/invoke" });
    equal([free.status, free.whole, free.early], [200, true, 0]);
    // More than can be compared is not even read.
    const long = own.padEnd(1_000_000);
    const large = await ask(BOUND, long, { size: 1000 });
    equal([large.status, large.read < 70_000], [413, true]);
    const reported = await ask({ ...BOUND, mode: "report" }, long, { size: 1000 });
    equal([reported.status, reported.whole, reported.early < 70_000], [200, true, true]);
  });

  test("guard: the store is asked, and an error lets nobody in", async () => {
    const gate = Gate.load({ ...SWAP, ...KEYS }, SECRETS);
    const { key, hash } = createApiKey({ env: "live", id: "bot", pepper: SECRETS.PEPPER });
    const request = () => new Request("https://gate.example/v1/threads", { headers: { "x-api-key": key } });
    const errors = [];
    const options = { onError: (thrown) => errors.push(thrown.message) };
    let handled = 0;
    const handler = () => (handled++, new Response());
    const good = guard(gate, handler, { ...options, records: async () => ({ id: "bot", hash, roles: ["user"] }) });
    equal([(await good(request())).status, handled], [200, 1]);
    const down = guard(gate, handler, { ...options, records: () => Promise.reject(new Error("down")) });
    equal([(await down(request())).status, handled, errors], [503, 1, []]);
    for (const broken of [{ log: () => { throw new Error("full"); } }, { requestId: () => { throw new Error("none"); } }, { requestId: () => 1 }]) {
      const response = await guard(gate, handler, { ...options, ...broken })(request());
      equal([response.status, await response.text(), handled], [503, "Service Unavailable\n", 1]);
    }
    equal(errors, ["full", "none", "the requestId is a string, not number"]);
    // A body that somebody has read before is not one that is compared.
    const read = new Request("https://gate.example/search", {
      method: "POST", body: '{"user_id": "alice"}', headers: [bearer(await sign(FOREVER)), ["content-type", "application/json"]],
    });
    await read.text();
    equal([(await guard(Gate.load(BOUND, SECRETS), handler, options)(read)).status, handled], [503, 1]);
    equal(errors.at(-1).includes("before whatever reads bodies"), true);
    // What the handler throws is the handler's.
    const failing = guard(gate, () => { throw new Error("of the handler"); }, { ...options });
    const thrown = await failing(new Request("https://gate.example/ping")).catch((caught) => caught);
    equal([thrown.message, errors.length], ["of the handler", 4]);
  });
}
