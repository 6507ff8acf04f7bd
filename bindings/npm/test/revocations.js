// What was taken back, as a store of the embedder's has it: on every host.
import { ArgumentError, Gate } from "portcullis";
import { NOW, SECONDS, SECRETS, CONFIG, bearer, equal, head, outcome, sign } from "./support.js";

// What a list of names finds in a store.
const finding = (store) => (names) => names.map((name) => store[name] ?? null);

export function revocations(test) {
  const load = () => Gate.load({ ...CONFIG, revoked: { lookup: true } }, SECRETS);

  test("revocations: of a credential that is otherwise good, asked for once", async () => {
    const gate = load();
    const good = head([bearer(await sign({ jti: "good" }))]);
    const asked = [];
    const nothing = (names) => (asked.push(names), names.map(() => null));
    for (let again = 0; again < 3; again++) {
      equal(outcome(await gate.decideAsync(good, { revocations: nothing, now: NOW })), "allow");
    }
    equal([asked.length, asked[0].length, Object.isFrozen(asked[0])], [1, 4, true]);
    equal(asked[0].every((name) => /^[a-z_]+:[0-9a-f]{64}$/.test(name)), true);
    equal(asked[0].map((name) => name.split(":")[0]).sort(), ["credential", "issuer", "subject", "token"]);
    // Ten seconds later it may have been taken back.
    const later = new Date(NOW.getTime() + 10_000);
    const [name] = asked[0].filter((name) => name.startsWith("token:"));
    const verdict = await gate.decideAsync(good, { revocations: finding({ [name]: {} }), now: later });
    equal(outcome(verdict), "401 token_revoked");
    equal(outcome(gate.decide(good, { now: later })), "401 token_revoked");
    const unsigned = head([bearer("x.y.z")]);
    equal(outcome(await gate.decideAsync(unsigned, { revocations: () => { throw new Error("asked"); }, now: NOW })), "401 token_malformed");
  });

  test("revocations: what is no answer lets nobody in", async () => {
    const gate = load();
    let number = 0;
    const decide = async (revocations) => {
      const request = head([bearer(await sign({ jti: `${number++}`, iat: SECONDS - 5 }))]);
      return outcome(await gate.decideAsync(request, { revocations, now: NOW }));
    };
    const unavailable = "503 revocations_unavailable";
    for (const [expected, find] of [
      ["allow", () => null],
      ["allow", (kind) => (kind === "subject" ? { before: "2020-01-01T00:00:00Z" } : null)],
      ["401 token_revoked", (kind) => (kind === "subject" ? JSON.stringify({ before: "2099-01-01T00:00:00Z" }) : null)],
      ["401 token_revoked", (kind) => (kind === "token" ? {} : null)],
      [unavailable, (kind) => (kind === "subject" ? {} : null)],
      [unavailable, (kind) => (kind === "token" ? undefined : null)],
      [unavailable, (kind) => (kind === "token" ? () => null : null)],
    ]) {
      equal(await decide((names) => names.map((name) => find(name.split(":")[0]))), expected, String(find));
    }
    for (const answer of [
      undefined, null, 1, true, {}, [], "none", [null], new Map(), new Array(4), Array(5).fill(null),
    ]) {
      equal(await decide(() => answer), unavailable, String(answer));
    }
    equal(await decide(() => { throw new Error("down"); }), unavailable);
    equal(await decide(() => Promise.reject(new Error("down"))), unavailable);
    equal(await decide(async (names) => names.map(() => null)), "allow");
    for (const wrong of [null, 1, {}, "store"]) {
      const thrown = await decide(wrong).catch((caught) => caught);
      equal([thrown instanceof ArgumentError, thrown.code], [true, "argument_invalid"], String(wrong));
    }
  });

  test("revocations: that nobody was asked is no failure of the store", async () => {
    const gate = load();
    const request = head([bearer(await sign({}))]);
    const unavailable = "503 revocations_unavailable";
    equal(outcome(gate.decide(request, { now: NOW })), unavailable);
    equal(outcome(await gate.decideAsync(request, { now: NOW })), unavailable);
    equal(outcome(await gate.decideAsync(request, { revocations: finding({}), now: NOW })), "allow");
    const another = head([bearer(await sign({ jti: "another" }))]);
    const down = () => Promise.reject(new Error("down"));
    // That it failed is remembered for a second.
    equal(outcome(await gate.decideAsync(another, { revocations: down, now: NOW })), unavailable);
    equal(outcome(await gate.decideAsync(another, { revocations: finding({}), now: NOW })), unavailable);
    const later = new Date(NOW.getTime() + 1000);
    equal(outcome(await gate.decideAsync(another, { revocations: finding({}), now: later })), "allow");
  });
}
