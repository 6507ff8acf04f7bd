// API keys, and the records that a store has of them: on every host.
import { ArgumentError, Gate, createApiKey } from "portcullis";
import { NOW, SECONDS, SECRETS, KEYS, SWAP, head, equal, error, outcome } from "./support.js";

export function apiKeys(test) {
  test("API keys: made, looked up, refused", async () => {
    const { key, hash } = createApiKey({ env: "live", id: "bot", pepper: SECRETS.PEPPER });
    equal([/^pc_live_bot_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/.test(key), /^hmac-sha256:[0-9a-f]{64}$/.test(hash)], [true, true]);
    equal(createApiKey({ env: "live", id: "bot", pepper: SECRETS.PEPPER }).key === key, false);
    const swap = { ...SWAP, ...KEYS };
    const gate = Gate.load(swap, SECRETS);
    const request = head([["x-api-key", key]]);
    const record = { id: "bot", hash, roles: ["user"] };
    const asked = [];
    const verdict = await gate.decideAsync(request, { records: async (id) => (asked.push(id), record), now: NOW });
    equal([outcome(verdict), verdict.principal?.proof, verdict.principal?.keyId, asked], ["allow", "apiKey", "bot", ["bot"]]);
    equal(gate.can(verdict.principal, "graph:invoke"), true);
    // That the store failed is remembered for a second.
    let now = NOW;
    const later = () => (now = new Date(now.getTime() + 1000));
    for (const [expected, records] of [
      ["allow", () => record],
      ["allow", () => JSON.stringify(record)],
      ["401 api_key_unknown", () => null],
      ["401 api_key_unknown", async () => ({ ...record, id: "other" })],
      ["401 api_key_expired", () => ({ ...record, expires_at: SECONDS })],
      ["503 records_unavailable", () => undefined],
      ["503 records_unavailable", () => 1],
      ["503 records_unavailable", () => ({ ...record, unknown: 1 })],
      ["503 records_unavailable", () => { throw new Error("down"); }],
      ["503 records_unavailable", () => Promise.reject(new Error("down"))],
      ["503 records_unavailable", undefined],
    ]) {
      equal(outcome(await gate.decideAsync(request, { records, now: later() })), expected);
    }
    equal(outcome(gate.decide(request, { now: later() })), "503 records_unavailable");
    // Nobody was asked then, so that nobody has failed.
    equal(outcome(await gate.decideAsync(request, { records: () => record, now })), "allow");
    equal(outcome(await gate.decideAsync(request, { records: () => undefined, now })), "503 records_unavailable");
    equal(outcome(await gate.decideAsync(request, { records: () => record, now })), "503 records_unavailable");
    equal(outcome(await gate.decideAsync(request, { records: () => record, now: later() })), "allow");
    const loaded = Gate.load({ ...swap, api_keys: { pepper: { env: "PEPPER" }, records: [record] } }, SECRETS);
    equal(outcome(loaded.decide(request, { now: NOW })), "allow");
    const nobody = () => { throw new Error("asked"); };
    equal(outcome(await gate.decideAsync(head([["x-api-key", `${key}x`]]), { records: nobody, now: NOW })), "401 api_key_malformed");
    for (const options of [{ env: "li_ve", id: "a" }, { env: "live", id: "" }, { env: "live" , id: "a", pepper: "short" }]) {
      error(ArgumentError, "argument_invalid", () => createApiKey({ pepper: SECRETS.PEPPER, ...options }));
    }
  });

  test("API keys: of another system, looked up by their hash", async () => {
    const gate = Gate.load({ ...SWAP, ...KEYS }, SECRETS);
    const key = "key-of-another-system";
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
    const hash = `sha256:${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    const record = { id: "crawler 1", hash, roles: ["user"], expires_at: "2999-12-31T23:59:59Z" };
    const asked = [];
    const records = (name) => (asked.push(name), record);
    const verdict = await gate.decideAsync(head([["x-api-key", key]]), { records, now: NOW });
    equal([outcome(verdict), verdict.principal?.subject, asked], ["allow", "key:crawler 1", [hash]]);
    let now = NOW;
    const later = () => (now = new Date(now.getTime() + 1000));
    for (const [expected, members] of [
      ["401 api_key_unknown", { hash: `${hash.slice(0, -2)}00` }],
      ["401 api_key_unknown", { id: "crawler1", hash: `hmac-${hash}` }],
      ["503 records_unavailable", { hash: `hmac-${hash}` }],
      ["401 api_key_expired", { expires_at: "2020-01-01T00:00:00Z" }],
      ["503 records_unavailable", { expires_at: "2999-12-31" }],
    ]) {
      const changed = () => ({ ...record, ...members });
      equal(outcome(await gate.decideAsync(head([["x-api-key", key]]), { records: changed, now: later() })), expected);
    }
  });

  test("API keys: a decision that waits goes on with its own record", async () => {
    const gate = Gate.load({ ...SWAP, ...KEYS }, SECRETS);
    const request = (id) => head([["x-api-key", keys[id].key]]);
    const keys = {};
    const waiting = {};
    const decide = (id, options = { now: NOW }) =>
      gate.decideAsync(request(id), { records: () => new Promise((found) => (waiting[id] = found)), ...options });
    const found = (id, members) => waiting[id]({ id, hash: keys[id].hash, owner: `owner of ${id}`, roles: ["user"], ...members });
    const begun = () => new Promise((done) => setTimeout(done, 0));
    for (const id of ["a", "b", "c"]) keys[id] = createApiKey({ env: "live", id, pepper: SECRETS.PEPPER });
    const [a, b, c] = ["a", "b", "c"].map((id) => decide(id));
    await begun();
    found("c");
    waiting.b(null);
    found("a");
    equal([(await a).principal?.subject, outcome(await b), (await c).principal?.subject], ["owner of a", "401 api_key_unknown", "owner of c"]);
    // Without a time, that of the record counts, and not that of the request.
    const late = decide("a", {});
    const end = Math.floor(Date.now() / 1000) + 1;
    await new Promise((done) => setTimeout(done, 1100));
    found("a", { expires_at: end });
    equal(outcome(await late), "401 api_key_expired");
  });

  test("API keys: of too many decisions that wait, the oldest is refused", async () => {
    const gate = Gate.load({ ...SWAP, ...KEYS }, SECRETS);
    const { key, hash } = createApiKey({ env: "live", id: "bot", pepper: SECRETS.PEPPER });
    let open;
    const opened = new Promise((done) => (open = done));
    const records = async () => (await opened, { id: "bot", hash, roles: ["user"] });
    const all = Array.from({ length: 1026 }, (_, index) =>
      gate.decideAsync(head([["x-api-key", key]]), { records, now: NOW, requestId: `request-${index}` }),
    );
    open();
    const verdicts = await Promise.all(all);
    equal(verdicts.slice(0, 3).map(outcome), ["503 internal", "503 internal", "allow"]);
    equal(verdicts.slice(2).every(({ allowed }) => allowed), true);
    const [first] = verdicts;
    equal([JSON.parse(first.log).request_id, first.route], ["request-0", null]);
    // There is room again.
    equal(outcome(await gate.decideAsync(head([["x-api-key", key]]), { records, now: NOW })), "allow");
  });
}
