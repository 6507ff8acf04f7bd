// Our npm package and others in one process, by turns: `node node.mjs PACKAGE ROUNDS SECONDS`, where PACKAGE is the folder of ours.
// Prints a line of JSON: of each row, the microseconds that each side takes for a token, as the median of its turns.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createVerifier } from "fast-jwt";
import * as jose from "jose";
import { jwtDecode } from "jwt-decode";

const [directory, rounds, seconds] = process.argv.slice(2);
const ours = (file) => import(pathToFileURL(join(directory, file)));
const { Gate } = await ours("index.js");
const { decodeUnverified } = await ours("decode.js");

// Each side has its `ROUNDS` times `SECONDS` in turns as short as this, so that what else the machine does meets all alike.
const TURN_MS = 100;
const TURNS = Math.max(1, Math.round((rounds * seconds * 1000) / TURN_MS));

// New tokens outnumber by far what ours remembers of them.
const NEW = 2000;
const REMEMBERED = 64;
const REPEATED = 100;

const ISSUER = "https://login.example.com";
const AUDIENCE = "rag-api";
const HEADER = { typ: "JWT", kid: "2026-11" };
const claims = (number, now) => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: "5c1e4d1e-0f77-4c52",
  role: "user",
  scope: "openid profile",
  jti: `token-${String(number).padStart(8, "0")}`,
  exp: now + 7200,
});

const KINDS = {
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
  RS256: ["rsa", { modulusLength: 2048 }],
};

// As text: Node.js 20 locks itself up if a key is exported as a JWK while what has generated it is collected.
function pairOf(alg) {
  const [kind, options] = KINDS[alg];
  const encoding = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } };
  const { publicKey, privateKey } = crypto.generateKeyPairSync(kind, { ...options, ...encoding });
  return { pem: publicKey, publicKey: crypto.createPublicKey(publicKey), privateKey: crypto.createPrivateKey(privateKey) };
}

// Tokens of one algorithm, and the key for each side.
async function tokensOf(alg) {
  const secret = crypto.randomBytes(48).toString("hex");
  const pair = alg in KINDS ? pairOf(alg) : undefined;
  const now = Math.floor(Date.now() / 1000);
  const sign = (number) =>
    new jose.SignJWT(claims(number, now))
      .setProtectedHeader({ alg, ...HEADER })
      .sign(pair?.privateKey ?? new TextEncoder().encode(secret));
  const tokens = await Promise.all(Array.from({ length: NEW }, (_, number) => sign(number)));
  if (pair === undefined) {
    const hmac = { name: "HMAC", hash: "SHA-256" };
    return {
      tokens,
      rules: { keys: [{ alg, kid: HEADER.kid, secret: { env: "SECRET" } }] },
      secrets: { SECRET: secret },
      fastJwt: secret,
      jose: await crypto.subtle.importKey("raw", Buffer.from(secret), hmac, false, ["verify"]),
    };
  }
  const jwk = { ...pair.publicKey.export({ format: "jwk" }), alg, kid: HEADER.kid, use: "sig" };
  return {
    tokens,
    rules: { jwks: { keys: [jwk] } },
    secrets: {},
    fastJwt: pair.pem,
    jose: await jose.importJWK(jwk, alg),
  };
}

// What verifies a token and returns whom it is about, on each side.
function verifiers(alg, keys, repeated) {
  const document = { profile: "generic", issuers: [{ issuer: ISSUER, audience: AUDIENCE, ...keys.rules }], policy: { roles: {}, routes: {} } };
  if (!repeated) document.memory = { entries: REMEMBERED };
  const portcullis = (signatures) => {
    const gate = Gate.load(document, keys.secrets, { signatures });
    return (token) => gate.verify(token).subject;
  };
  const cache = repeated ? { cache: true } : { cache: false };
  const verify = createVerifier({ key: keys.fastJwt, algorithms: [alg], allowedIss: ISSUER, allowedAud: AUDIENCE, ...cache });
  const sides = { Portcullis: portcullis("host"), "fast-jwt": (token) => verify(token).sub };
  if (repeated) return sides;
  const options = { algorithms: [alg], issuer: ISSUER, audience: AUDIENCE };
  sides.jose = async (token) => (await jose.jwtVerify(token, keys.jose, options)).payload.sub;
  // The package asks `node:crypto` about these by itself.
  if (alg === "ES256" || alg === "RS256") sides["Portcullis, all in wasm"] = portcullis("own");
  return sides;
}

// Nobody is measured who lets a changed signature pass, or takes a token for another's.
async function check(sides, [token]) {
  const [head, body, signature] = token.split(".");
  const changed = `${head}.${body}.${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}`;
  for (const [name, verify] of Object.entries(sides)) {
    assert.equal(await verify(token), claims(0, 0).sub, name);
    await assert.rejects(async () => verify(changed), name);
  }
}

// The microseconds that one turn takes for a token.
async function turn(side, tokens) {
  const isAsync = side(tokens[0]) instanceof Promise;
  const start = performance.now();
  let [count, taken] = [0, 0];
  do {
    if (isAsync) for (let i = 0; i < 20; i++) await side(tokens[count++ % tokens.length]);
    else for (let i = 0; i < 20; i++) side(tokens[count++ % tokens.length]);
    taken = performance.now() - start;
  } while (taken < TURN_MS);
  return (taken * 1000) / count;
}

async function measured(what, sides, tokens) {
  const times = new Map(Object.keys(sides).map((name) => [name, []]));
  // The first turn of each compiles its code.
  for (let round = 0; round <= TURNS; round++) {
    for (const [name, side] of Object.entries(sides)) {
      const time = await turn(side, tokens);
      if (round > 0) times.get(name).push(time);
    }
  }
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  return { what, micros: Object.fromEntries([...times].map(([name, values]) => [name, median(values)])) };
}

const rows = [];
const bytes = {};
let tokens;
for (const alg of ["HS256", "ES256", "EdDSA", "RS256"]) {
  const keys = await tokensOf(alg);
  tokens = keys.tokens;
  bytes[alg] = tokens[0].length;
  for (const repeated of [false, true]) {
    const sides = verifiers(alg, keys, repeated);
    await check(sides, tokens);
    rows.push(await measured(`${alg}, ${repeated ? "repeated" : "new"}`, sides, repeated ? tokens.slice(0, REPEATED) : tokens));
  }
}
// Ours reads both at once.
const claimsAlone = {
  Portcullis: (token) => decodeUnverified(token).claims,
  "jwt-decode": (token) => jwtDecode(token),
  jose: (token) => jose.decodeJwt(token),
};
const both = {
  Portcullis: decodeUnverified,
  "jwt-decode": (token) => [jwtDecode(token, { header: true }), jwtDecode(token)],
  jose: (token) => [jose.decodeProtectedHeader(token), jose.decodeJwt(token)],
};
rows.push(await measured("decode, claims", claimsAlone, tokens));
rows.push(await measured("decode, header and claims", both, tokens));
console.log(JSON.stringify({ rows, bytes }));
