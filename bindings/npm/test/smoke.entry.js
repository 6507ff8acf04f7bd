// The least that shows a bundle to work: what it found is in `globalThis.results`, and printed.
import { DeniedError, Gate } from "portcullis";
import { decodeUnverified } from "portcullis/decode";
import { guard } from "portcullis/fetch";

const secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const base64url = (bytes) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

async function token() {
  const bytes = (text) => new TextEncoder().encode(text);
  const key = await crypto.subtle.importKey("raw", bytes(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const input = ['{"alg":"HS256"}', '{"user_id":"alice","role":"user","exp":4102444800}'].map((text) => base64url(bytes(text))).join(".");
  return `${input}.${base64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(input))))}`;
}

async function smoke() {
  const gate = Gate.load({ profile: "agentflow", issuers: [{ keys: [{ alg: "HS256", secret: { env: "JWT_SECRET_KEY" } }] }] }, { JWT_SECRET_KEY: secret });
  const alice = await token();
  const request = new Request("https://gate.example/v1/threads");
  let denied;
  try {
    gate.authorize(request);
  } catch (error) {
    denied = error instanceof DeniedError && error.reason;
  }
  const handler = guard(gate, (inner) => new Response(inner.headers.get("x-auth-subject")));
  const allowed = await handler(new Request(request, { headers: { authorization: `Bearer ${alice}` } }));
  return [gate.verify(alice).subject, decodeUnverified(alice).claims.role, denied, await allowed.text()].join(" ");
}

smoke()
  .catch((error) => String(error?.stack ?? error))
  .then((found) => {
    globalThis.results = [found === "alice user credential_missing alice" ? { name: "smoke" } : { name: "smoke", error: found }];
    console.log(`RESULTS ${JSON.stringify(globalThis.results)}`);
  });
