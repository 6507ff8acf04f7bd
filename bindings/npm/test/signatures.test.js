// Who verifies signatures in Node.js; that both verify the same, the shared cases show.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import crypto from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "node:test";
import { ArgumentError, Gate } from "portcullis";
import { CONFIG, SECONDS, NOW, bearer, head } from "./support.js";

const KINDS = {
  RS256: ["rsa", { modulusLength: 2048 }],
  PS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519"],
};
// As text: Node.js 20 locks itself up if a key is exported as a JWK while what has generated it is collected.
const TEXT = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } };
const pair = (alg) => crypto.generateKeyPairSync(KINDS[alg][0], { ...KINDS[alg][1], ...TEXT });
const PAIRS = Object.fromEntries(Object.keys(KINDS).map((alg) => [alg, pair(alg)]));
const OPTIONS = {
  PS256: { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  ES256: { dsaEncoding: "ieee-p1363" },
};

function token(alg, { privateKey }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg, typ: "JWT", kid: alg })}.${part({ user_id: "alice", role: "user", exp: SECONDS + 60 })}`;
  const hash = alg === "EdDSA" ? null : "sha256";
  return `${text}.${crypto.sign(hash, Buffer.from(text), { key: privateKey, ...OPTIONS[alg] }).toString("base64url")}`;
}

const jwk = ([alg, { publicKey }]) => ({ ...crypto.createPublicKey(publicKey).export({ format: "jwk" }), alg, kid: alg, use: "sig" });
const issuers = [{ jwks: { keys: Object.entries(PAIRS).map(jwk) } }];
const decide = (gate, alg, pair = PAIRS[alg]) => gate.decide(head([bearer(token(alg, pair))]), { now: NOW });

test("signatures: node:crypto verifies RSA and ECDSA, and the package the rest, or all if told so", (t) => {
  const verify = t.mock.method(crypto, "verify");
  for (const [signatures, asked] of [["host", ["RS256", "PS256", "ES256"]], [undefined, ["RS256", "PS256", "ES256"]], ["own", []]]) {
    const gate = Gate.load({ ...CONFIG, issuers }, {}, { signatures });
    for (const alg of Object.keys(PAIRS)) {
      verify.mock.resetCalls();
      assert.equal(decide(gate, alg).allowed, true, alg);
      assert.equal(verify.mock.callCount(), asked.includes(alg) ? 1 : 0, `${alg}, ${signatures}`);
      assert.equal(decide(gate, alg, pair(alg)).reason, "signature_invalid", `${alg}, ${signatures}`);
    }
  }
});

test("signatures: the option is one of two words", () => {
  assert.throws(() => Gate.load({ ...CONFIG, issuers }, {}, { signatures: "node" }), ArgumentError);
});

// In a process of its own: a host is tried once.
for (const [what, verify] of [
  ["says yes to everything", "() => true"],
  ["says no to everything", "() => false"],
  ["throws", "() => { throw new Error('no') }"],
  ["answers what is no answer", "() => 1"],
]) {
  test(`signatures: a host that ${what} is not asked`, async () => {
    const tokens = [token("ES256", PAIRS.ES256), token("RS256", PAIRS.RS256), token("ES256", pair("ES256"))];
    const script = `
      import crypto from "node:crypto";
      crypto.verify = ${verify};
      const { Gate } = await import("portcullis");
      const gate = Gate.load(${JSON.stringify({ ...CONFIG, issuers })}, {});
      const decide = (text) => gate.decide(
        { method: "GET", target: "/v1/threads", headers: [["authorization", "Bearer " + text]] },
        { now: new Date(${Number(NOW)}) },
      );
      console.log(JSON.stringify(${JSON.stringify(tokens)}.map(decide).map(({ allowed, reason }) => reason ?? allowed)));
    `;
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const { stdout } = await promisify(execFile)("node", ["--input-type=module", "--eval", script], { cwd });
    assert.deepEqual(JSON.parse(stdout), [true, true, "signature_invalid"]);
  });
}
