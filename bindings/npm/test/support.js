// What the tests of all hosts share.
import { SignJWT } from "jose";

export const NOW = new Date("2026-11-22T00:00:00Z");
export const SECONDS = NOW / 1000;
export const SECRETS = {
  JWT_SECRET_KEY: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
  ORIGIN_SECRET: "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
  PEPPER: "5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1",
};
export const OTHER_SECRET = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

export const issuer = (alg) => ({ keys: [{ alg, secret: { env: "JWT_SECRET_KEY" } }] });
export const CONFIG = { profile: "agentflow", issuers: [issuer("HS256")] };
export const KEYS = { profile: "agentflow", api_keys: { pepper: { env: "PEPPER" }, lookup: true } };
export const SWAP = {
  ...CONFIG,
  upstream: { credential: "swap", token: { secret: { env: "ORIGIN_SECRET" } } },
};

export const bytes = (text) => new TextEncoder().encode(text);
export const sign = (claims, { secret = SECRETS.JWT_SECRET_KEY, header = {} } = {}) =>
  new SignJWT({ user_id: "alice", role: "user", exp: SECONDS + 60, ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", ...header })
    .sign(bytes(secret));
export const head = (headers = [], target = "/v1/threads", method = "GET") => ({ method, target, headers });
export const bearer = (token) => ["authorization", `Bearer ${token}`];
export const base64url = (bytes) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

export function equal(actual, expected, note = "") {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${note} ${a} is not ${b}`);
}

export function error(kind, code, call, note = "") {
  let thrown;
  try {
    call();
  } catch (caught) {
    thrown = caught;
  }
  if (!(thrown instanceof kind)) throw new Error(`${note} threw ${thrown?.stack ?? thrown}, not ${kind.name}`);
  equal([thrown.name, thrown.code, thrown instanceof Error], [kind.name, code, true], note);
  return thrown;
}

export const outcome = (verdict) =>
  verdict.allowed ? "allow" : `${verdict.status} ${verdict.reason}`;
