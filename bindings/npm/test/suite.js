// What must hold on every host. Run unchanged in Node.js, in workerd and in Chromium, against the packed package.
import { UnsecuredJWT, jwtVerify } from "jose";
import { ArgumentError, AuthError, ConfigError, Gate, PortcullisError, reasons } from "portcullis";
import { DecodeError, decodeUnverified, expiresAt, isExpired, secondsLeft } from "portcullis/decode";
import { apiKeys } from "./api-keys.js";
import { handingOn } from "./handing-on.js";
import { misuse } from "./misuse.js";
import { revocations } from "./revocations.js";
import {
  NOW, SECONDS, SECRETS, OTHER_SECRET, issuer, CONFIG, SWAP, bytes, sign, head, bearer, base64url, equal, error,
  outcome,
} from "./support.js";

export function suite(test) {
  test("decode: header and claims, in UTF-8", async () => {
    const token = await sign({ name: "Zoë 🦉", n: 1.5 });
    const { header, claims } = decodeUnverified(token);
    equal(header, { alg: "HS256", typ: "JWT" });
    equal([claims.name, claims.n, claims.user_id], ["Zoë 🦉", 1.5, "alice"]);
    // The segments of a token that another implementation signed, cut by hand.
    equal(claims, JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)))));
  });

  test("decode: every header is one's own, whatever was decoded before", () => {
    const part = (value) => base64url(bytes(value));
    const token = (header) => `${part(header)}.${part('{"a":1}')}.AA`;
    const [one, other, none] = ['{"alg":"HS256","list":[1]}', ' {"alg":"none"}', "{"].map(token);
    const { header } = decodeUnverified(one);
    header.alg = "changed";
    header.list.push(2);
    for (const bad of [none, "a.b", `${part("[]")}.${part("{}")}.AA`, undefined]) {
      for (let twice = 0; twice < 2; twice++) error(DecodeError, "token_malformed", () => decodeUnverified(bad));
      equal(decodeUnverified(one).header, { alg: "HS256", list: [1] });
      equal(decodeUnverified(other).header, { alg: "none" });
    }
  });

  test("decode: anything else is a DecodeError", () => {
    const part = (value) => base64url(bytes(value));
    const [h, c] = [part('{"alg":"HS256"}'), part('{"a":1}')];
    equal(decodeUnverified(`${h}.${c}.AA`).claims, { a: 1 });
    equal(Object.keys(decodeUnverified(`${h}.${part('{"__proto__":1,"constructor":2}')}.AA`).claims).length, 2);
    const bad = [
      "", ".", "..", "...", "a.b", "a.b.c", `${h}.${c}`, `${h}.${c}.`, `.${c}.AA`, `${h}..AA`, `${h}.${c}.AA.AA`,
      ` ${h}.${c}.AA`, `${h}.${c}.AA\n`, `${h}=.${c}.AA`, `${h}.${c} .AA`, `${h}.${c}.A+`, `${h}.${c}.é`,
      `${h}.${part("[]")}.AA`, `${h}.${part("null")}.AA`, `${h}.${part('"text"')}.AA`, `${h}.${part("{")}.AA`,
      `${h}.${part("1")}.AA`, `${part("[1]")}.${c}.AA`, `${h}.${part("\ufeff{}")}.AA`,
      // The last character has bits that belong to nothing.
      `${h}.${part('{"a":12}').replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1))}.AA`,
      // Bytes that are not UTF-8.
      `${h}.${base64url([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])}.AA`,
      `${h}.${part("[".repeat(200_000))}.AA`, `${h}.${part('{"a":'.repeat(100_000))}.AA`, "a".repeat(10_000_000),
      undefined, null, 1, true, {}, [], Symbol("token"), () => {}, 1n, [`${h}.${c}.AA`], new Date(NaN),
      { toString: () => `${h}.${c}.AA` }, { toString() { throw new Error("trap"); } },
    ];
    for (const [index, token] of bad.entries()) {
      for (const call of [decodeUnverified, expiresAt, isExpired, secondsLeft]) {
        error(DecodeError, "token_malformed", () => call(token), `case ${index}`);
      }
    }
  });

  test("decode: expiry", async () => {
    const at = async (exp) => sign({ exp });
    const good = await at(SECONDS + 60);
    equal(expiresAt(good), new Date((SECONDS + 60) * 1000));
    equal([isExpired(good, NOW), secondsLeft(good, NOW)], [false, 60]);
    equal(secondsLeft(good, new Date(+NOW + 500)), 59);
    for (const exp of [SECONDS, SECONDS - 1, 0]) {
      equal([isExpired(await at(exp), NOW), secondsLeft(await at(exp), NOW)], [true, 0]);
    }
    // R2R writes fractions.
    equal(isExpired(await at(SECONDS + 0.5), NOW), false);
    const [header, , signature] = good.split(".");
    for (const claims of ['{}', '{"exp":"9999999999"}', '{"exp":null}', '{"exp":1e300}', '{"exp":-1}', '{"exp":[9999999999]}']) {
      const token = [header, base64url(bytes(claims)), signature].join(".");
      equal([expiresAt(token), isExpired(token, NOW), secondsLeft(token, NOW)], [null, true, 0], claims);
    }
    equal(isExpired(good, new Date(NaN)), true);
    equal(isExpired(await at(4102444800)), false);
    equal(isExpired(await at(1000000000)), true);
  });

  test("verify: tokens of jose", async () => {
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const gate = Gate.load({ ...CONFIG, issuers: [issuer(alg)] }, SECRETS);
      const principal = gate.verify(await sign({}, { header: { alg } }), { now: NOW });
      equal(principal, {
        subject: "alice", roles: ["user"], scopes: null, tenant: null, proof: "token", issuer: null, keyId: null,
        validUntil: new Date((SECONDS + 60) * 1000),
      });
      if (!Object.isFrozen(principal) || !Object.isFrozen(principal.roles)) throw new Error("not frozen");
    }
  });

  test("verify: a token of WebCrypto", async () => {
    const key = await crypto.subtle.importKey(
      "raw", bytes(SECRETS.JWT_SECRET_KEY), { name: "HMAC", hash: "SHA-256" }, false, ["sign"],
    );
    const input = ['{"alg":"HS256"}', `{"user_id":"bob","exp":${SECONDS + 1}}`].map((text) => base64url(bytes(text))).join(".");
    const tag = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(input)));
    equal(Gate.load(CONFIG, SECRETS).verify(`${input}.${base64url(tag)}`, { now: NOW }).subject, "bob");
    tag[0] ^= 1;
    error(AuthError, "signature_invalid", () => Gate.load(CONFIG, SECRETS).verify(`${input}.${base64url(tag)}`, { now: NOW }));
  });

  test("verify: the same token again is the same principal, for as long as it is good", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const [token, other] = [await sign({}), await sign({ user_id: "bob", role: "guest" })];
    const again = (text, now = NOW) => Array.from({ length: 4 }, () => gate.verify(text, { now }));
    const [first, , third, fourth] = again(token);
    equal([third === fourth, first], [true, fourth]);
    equal(again(other).map(({ subject, roles }) => [subject, roles]), Array(4).fill(["bob", ["guest"]]));
    equal(gate.verify(token, { now: NOW }) === fourth, true);
    equal([fourth, third, first].map((principal) => gate.can(principal, "graph:invoke")), [true, true, true]);
    error(ArgumentError, "argument_invalid", () => Gate.load(CONFIG, SECRETS).can(fourth, "graph:invoke"));
    // Whoever has it cannot change it for others.
    fourth.validUntil.setTime(0);
    equal(fourth.validUntil, new Date((SECONDS + 60) * 1000));
    if (!Object.isFrozen(fourth) || !Object.isFrozen(fourth.roles)) throw new Error("not frozen");
    const end = new Date((SECONDS + 60) * 1000);
    for (let twice = 0; twice < 2; twice++) error(AuthError, "token_expired", () => gate.verify(token, { now: end }));
    equal(again(token).map(({ subject }) => subject), Array(4).fill("alice"));
    const broken = token.replace(/.$/, (last) => (last === "A" ? "E" : "A"));
    error(AuthError, "signature_invalid", () => gate.verify(broken, { now: NOW }));
    // Nothing is remembered of a long one, nor with a memory that has no room.
    const long = await sign({ user_id: "carol", padding: "é".repeat(3000) });
    const none = Gate.load({ ...CONFIG, memory: { entries: 0 } }, SECRETS);
    for (let twice = 0; twice < 4; twice++) {
      equal([gate.verify(long, { now: NOW }).subject, none.verify(token, { now: NOW }).subject], ["carol", "alice"]);
    }
  });

  test("verify: more tokens than are remembered", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const subjects = Array.from({ length: 1030 }, (_, number) => `user-${number}`);
    const tokens = await Promise.all(subjects.map((user_id) => sign({ user_id })));
    for (let round = 0; round < 3; round++) {
      for (const size of [tokens.length, 1020]) {
        for (let again = 0; again < 3; again++) {
          equal(tokens.slice(0, size).map((token) => gate.verify(token, { now: NOW }).subject), subjects.slice(0, size));
        }
      }
    }
  });

  test("verify: a refusal has a stable code", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const cases = [
      ["token_expired", await sign({ exp: SECONDS })],
      ["token_not_yet_valid", await sign({ nbf: SECONDS + 1 })],
      ["token_issued_in_future", await sign({ iat: SECONDS + 100 })],
      ["signature_invalid", await sign({}, { secret: OTHER_SECRET })],
      ["algorithm_not_allowed", await sign({}, { header: { alg: "HS384" } })],
      ["claim_missing", await sign({ exp: undefined })],
      ["claim_invalid", await sign({ user_id: {} })],
      ["audience_mismatch", await sign({ aud: "other" })],
      ["algorithm_not_allowed", new UnsecuredJWT({}).encode()],
      ["token_malformed", "a.b.c"],
      ["token_malformed", ""],
      ["token_malformed", undefined],
      ["token_malformed", "\ud800.é.\0"],
      ["token_too_large", `${"a".repeat(64 * 1024)}.b.c`],
    ];
    for (const [code, token] of cases) error(AuthError, code, () => gate.verify(token, { now: NOW }), code);
    // Without a time, the present counts.
    error(AuthError, "token_expired", () => gate.verify(cases[0][1].replace(/.*/, cases[0][1])), "present");
    equal(gate.verify(await sign({ exp: 4102444800 })).subject, "alice");
  });

  test("verify: what is no time is no argument", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const expired = await sign({ exp: SECONDS - 1 });
    for (const now of [NaN, SECONDS, Number(NOW), null, "2026", new Date(NaN), new Date(-1), {}]) {
      error(ArgumentError, "argument_invalid", () => gate.verify(expired, { now }), String(now));
      error(ArgumentError, "argument_invalid", () => gate.decide(head([bearer(expired)]), { now }), String(now));
    }
  });

  test("can: the policy answers for principals of this gate only", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const principal = gate.verify(await sign({ role: "user" }), { now: NOW });
    equal(["graph:invoke", "graph:fly", "no:such"].map((name) => gate.can(principal, name)), [true, false, false]);
    equal(gate.can(gate.verify(await sign({ role: "guest" }), { now: NOW }), "checkpointer:read"), false);
    const forged = { ...principal, roles: ["admin"] };
    for (const other of [forged, {}, null, undefined, "alice", Object.create(principal)]) {
      error(ArgumentError, "argument_invalid", () => gate.can(other, "graph:invoke"));
    }
    error(ArgumentError, "argument_invalid", () => Gate.load(CONFIG, SECRETS).can(principal, "graph:invoke"));
    for (const permission of ["", "graph", "graph:", "*", "graph:*", undefined]) {
      error(ArgumentError, "argument_invalid", () => gate.can(principal, permission), permission);
    }
  });

  test("authorize: allow", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const verdict = gate.decide(
      head([bearer(await sign({})), ["X-Auth-Subject", "root"]], "/v1/%74hreads?limit=1"),
      { now: NOW, requestId: "request-1" },
    );
    equal(
      [verdict.allowed, verdict.target, verdict.credential, verdict.route, verdict.permission, verdict.principal.subject],
      [true, "/v1/threads?limit=1", "forward", "GET /v1/threads", "checkpointer:read", "alice"],
    );
    equal(verdict.removeHeaders.includes("x-auth-subject"), true);
    equal(gate.can(verdict.principal, "graph:invoke"), true);
    const line = JSON.parse(verdict.log);
    equal([line.decision, line.subject, line.request_id], ["allow", "alice", "request-1"]);
    equal(gate.decide(head([], "/ping"), { now: NOW }).principal, null);
  });

  test("authorize: deny", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const verdict = gate.decide(head([bearer(await sign({ exp: SECONDS }))]), { now: NOW, requestId: "request-1" });
    equal([verdict.allowed, verdict.status, verdict.reason], [false, 401, "token_expired"]);
    equal(verdict.message.startsWith("expired at 2026-11-22T00:00:00Z"), true);
    equal(Object.fromEntries(verdict.headers)["www-authenticate"].startsWith("Bearer realm="), true);
    equal(JSON.parse(verdict.body).metadata.request_id, "request-1");
    for (const [expected, request] of [
      ["401 credential_missing", head()],
      ["400 credential_ambiguous", head([bearer("a"), bearer("b")])],
      ["400 path_invalid", head([], "/%00")],
      ["400 path_invalid", head([], "https://host/v1/threads")],
      ["403 route_refused", head([], "/docs")],
      ["403 permission_missing", head([bearer(await sign({ role: "guest" }))])],
      ["403 route_unknown", head([bearer(await sign({}))], "/no/such/route")],
    ]) {
      equal(outcome(gate.decide(request, { now: NOW })), expected);
    }
  });

  test("authorize: a Request and a Headers", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const token = await sign({});
    const headers = new Headers([bearer(token)]);
    equal(outcome(gate.decide(head(headers), { now: NOW })), "allow");
    equal(outcome(gate.decide(head(new Map([bearer(token)])), { now: NOW })), "allow");
    const request = new Request("https://gate.example/v1/threads?limit=2", { headers });
    const verdict = gate.decide(request, { now: NOW });
    equal([outcome(verdict), verdict.target], ["allow", "/v1/threads?limit=2"]);
    headers.append("authorization", `Bearer ${token}`);
    equal(outcome(gate.decide(head(headers), { now: NOW })), "allow");
    headers.append("authorization", "Bearer another");
    equal(outcome(gate.decide(head(headers), { now: NOW })), "400 credential_ambiguous");
    // A URL that hides where its path begins is refused, not guessed at.
    for (const url of ["http://gate.example?x/ping", "http://gate.example#/ping", "http://a@b/ping", "http://a\\ping/ping", "/ping", ""]) {
      equal(outcome(gate.decide({ method: "GET", url, headers: [] }, { now: NOW })), url === "/ping" ? "allow" : "400 path_invalid", url);
    }
  });

  test("authorize: a request of Node.js keeps its duplicates", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const good = bearer(await sign({}));
    const request = (...pairs) => ({ method: "GET", url: "/v1/threads", headers: {}, rawHeaders: pairs.flat() });
    equal(outcome(gate.decide(request(["Host", "h"], good), { now: NOW })), "allow");
    equal(outcome(gate.decide(request(good, ["Authorization", "Bearer x"]), { now: NOW })), "400 credential_ambiguous");
  });

  test("authorize: hostile requests get a verdict", async () => {
    const gate = Gate.load(CONFIG, SECRETS);
    const good = bearer(await sign({}));
    const decide = (request) => outcome(gate.decide(request, { now: NOW }));
    const many = (count) => Array.from({ length: count }, (_, index) => [`x-${index}`, "v".repeat(40)]);
    equal(decide(head([...many(1000), good])), "allow");
    equal(decide(head(many(2000))), "400 header_invalid");
    equal(decide(head([["authorization", `Bearer ${"a".repeat(64 * 1024)}.b.c`]])), "401 token_too_large");
    equal(decide(head([["authorization", "Bearer \xff\xfe\x00\x01"]])), "401 credential_malformed");
    equal(decide(head([["authorization", "Bearer €🦉"]])), "401 credential_malformed");
    equal(decide(head([["\xff", "\x80"], good])), "allow");
    equal(decide(head([], "/\xff")), "400 path_invalid");
    equal(decide(head([], "/€")), "400 path_invalid");
    equal(decide(head([], `/${"a".repeat(1_000_000)}`)), "400 path_invalid");
    equal(decide(head([["a\0authorization\0Bearer x", "b"], good])), "allow");
    equal(decide(head([good], "/v1/threads", "get\r\n")), "403 route_unknown");
    // The next request is served as if nothing had been.
    equal(decide(head([good])), "allow");
  });

  test("authorize: what is no request is no argument", () => {
    const gate = Gate.load(CONFIG, SECRETS);
    for (const request of [
      undefined, null, "GET /", 1, {}, { method: "GET" }, { method: "GET", target: "/ping" }, head(1), head([1]),
      head(["a"]), head([["a"]]), head([["a", 1]]), head([], 1), head([], "/ping", null), head([["a", "\ud800"]]),
      { method: "GET", url: "/ping", rawHeaders: ["a"] },
    ]) {
      error(ArgumentError, "argument_invalid", () => gate.decide(request, { now: NOW }), JSON.stringify(request));
    }
  });

  test("load: a ConfigError says what is wrong where", () => {
    const errors = (config, secrets = SECRETS) => error(ConfigError, "config_invalid", () => Gate.load(config, secrets)).errors;
    equal(errors(CONFIG, {}).map(({ pointer }) => pointer), ["/issuers/0/keys/0/secret/env"]);
    equal(errors({ ...CONFIG, polciy: {} }).length, 1);
    equal(errors({ profile: "agentflow", issuers: [issuer("HS256"), issuer("HS512")] }, {}).length > 1, true);
    const cycle = {};
    cycle.self = cycle;
    for (const config of ["", " ", "{", "null", "[]", "<html>", "\ud800", undefined, null, 1, [], {}, () => {}, cycle, { n: 1n }]) {
      equal(errors(config).length > 0, true);
    }
    const ten = 10 * 1024 * 1024;
    for (const config of [" ".repeat(ten), `{"profile":"${"a".repeat(ten)}"}`, "[".repeat(ten), { profile: "a".repeat(ten) }]) {
      equal(errors(config)[0].message, "the document is longer than 4194304 bytes");
    }
    const thrown = error(PortcullisError, undefined, () => { throw new PortcullisError("PortcullisError"); });
    equal(thrown instanceof ConfigError, false);
  });

  test("load: secrets are the object's own texts", () => {
    const named = (env) => ({ ...CONFIG, issuers: [{ keys: [{ alg: "HS256", secret: { env } }] }] });
    for (const name of ["constructor", "__proto__", "toString", "MISSING", ""]) {
      error(ConfigError, "config_invalid", () => Gate.load(named(name), SECRETS), name);
    }
    for (const value of [1, null, {}, ["a"], { toString: () => OTHER_SECRET }]) {
      error(ConfigError, "config_invalid", () => Gate.load(CONFIG, { JWT_SECRET_KEY: value }));
    }
    error(ConfigError, "config_invalid", () => Gate.load(CONFIG, Object.create(SECRETS)));
    const throwing = Object.defineProperty({}, "JWT_SECRET_KEY", { get() { throw new Error("no"); } });
    error(ConfigError, "config_invalid", () => Gate.load(CONFIG, throwing));
    for (const secrets of [null, "text", 1]) error(ArgumentError, "argument_invalid", () => Gate.load(CONFIG, secrets));
    // Text and object are the same configuration.
    Gate.load(JSON.stringify(CONFIG), SECRETS);
  });

  test("swap: the token for the origin is one that jose accepts", async () => {
    const verdict = Gate.load(SWAP, SECRETS).decide(head([bearer(await sign({}))]), { now: NOW });
    equal([outcome(verdict), verdict.credential], ["allow", "swap"]);
    const token = Object.fromEntries(verdict.setHeaders).authorization.replace("Bearer ", "");
    const { payload } = await jwtVerify(token, bytes(SECRETS.ORIGIN_SECRET), { currentDate: NOW, algorithms: ["HS256"] });
    equal(payload.user_id, "alice");
  });

  test("bindings on a body: compared as given, refused without", async () => {
    const policy = {
      roles: { user: { permissions: ["search:read"] } },
      routes: { "POST /search": { access: "search:read", where: { "body./user_id": "subject" } } },
    };
    const gate = Gate.load({ ...CONFIG, policy }, SECRETS);
    const request = head([bearer(await sign({})), ["content-type", "application/json"]], "/search", "POST");
    const own = JSON.stringify({ user_id: "alice", question: "Où?" });
    for (const [body, expected] of [
      [own, "allow"],
      [bytes(own), "allow"],
      [bytes(` ${own}`).subarray(1), "allow"],
      [JSON.stringify({ user_id: "bob" }), "403 binding_mismatch"],
      [bytes(own).subarray(1), "400 body_invalid"],
      [Uint8Array.of(0x22, 0xff, 0x22), "400 body_invalid"],
      ["", "400 body_invalid"],
      [undefined, "400 body_invalid"],
      [own.padEnd(65_535), "allow"],
      [own.padEnd(65_536), "413 body_too_large"],
      [own.padEnd(10_000_000), "413 body_too_large"],
    ]) {
      equal(outcome(gate.decide(request, { now: NOW, body })), expected, String(body).slice(0, 40));
      equal(outcome(await gate.decideAsync(request, { records: () => null, now: NOW, body })), expected);
    }
    for (const body of [null, 1, {}, [], new ArrayBuffer(1)]) {
      error(ArgumentError, "argument_invalid", () => gate.decide(request, { now: NOW, body }));
    }
    // Where nothing is bound to the body, nobody looks at it.
    equal(outcome(Gate.load(CONFIG, SECRETS).decide(head([]), { now: NOW, body: 1 })), "401 credential_missing");
  });

  test("connection: what is no handshake is no WebSocket", () => {
    const policy = { routes: { "WEBSOCKET /ws": "public" } };
    const gate = Gate.load({ ...CONFIG, policy }, SECRETS);
    const upgrade = ["Upgrade", "websocket"];
    const url = "https://gate.example/ws";
    const node = (...pairs) => ({ method: "GET", url: "/ws", rawHeaders: pairs.flat() });
    for (const [request, expected] of [
      [node(upgrade, ["Connection", "keep-alive, Upgrade"]), "allow"],
      [node(upgrade, ["Connection", "keep-alive"]), "401 credential_missing"],
      [node(upgrade), "401 credential_missing"],
      [head([upgrade, ["Connection", "Upgrade"]], "/ws"), "allow"],
      [head([upgrade], "/ws"), "401 credential_missing"],
      // `fetch` hides the header; where it does not, it counts.
      [{ method: "GET", url, headers: [upgrade] }, "allow"],
      [{ method: "GET", url, headers: [upgrade, ["connection", "close"]] }, "401 credential_missing"],
    ]) {
      equal(outcome(gate.decide(request, { now: NOW })), expected, JSON.stringify(request));
    }
  });

  test("report mode: allowed, and why it would not have been", () => {
    const config = { ...CONFIG, mode: "report", audit: { reason_header: true } };
    const verdict = Gate.load(config, SECRETS).decide(head([["X-User-Role", "admin"]]), { now: NOW });
    equal([verdict.allowed, verdict.target, verdict.removeHeaders, verdict.setHeaders], [true, "/v1/threads", ["x-user-role"], []]);
    equal([verdict.reported.reason, typeof verdict.reported.message], ["credential_missing", "string"]);
    equal(verdict.responseHeaders, [["x-portcullis-reason", "credential_missing"]]);
    equal([JSON.parse(verdict.log).decision, JSON.parse(verdict.log).reported], ["deny", true]);
    const open = Gate.load(config, SECRETS).decide(head([], "/ping"), { now: NOW });
    equal([open.allowed, open.reported, open.responseHeaders], [true, null, []]);
  });

  test("reasons are a closed list", () => {
    equal([reasons.length, Object.isFrozen(reasons), reasons[0], reasons.at(-1)], [46, true, "path_invalid", "internal"]);
  });

  apiKeys(test);
  revocations(test);
  misuse(test);
  handingOn(test);
}

// For hosts without a test runner.
export async function run(declare = suite, ...args) {
  const results = [];
  const tests = [];
  declare((name, body) => tests.push([name, body]));
  for (const [name, body] of tests) {
    try {
      await body(...args);
      results.push({ name });
    } catch (caught) {
      results.push({ name, error: String(caught?.stack ?? caught) });
    }
  }
  return results;
}
