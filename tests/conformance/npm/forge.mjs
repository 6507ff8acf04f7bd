// Makes keys and signatures for tokens that no JWT library would produce.
//
//   generate  {"op", "algorithm", "bits"} -> {"private": PEM, "public": PEM, "jwk": object, "certificate": base64 DER}
//   sign      {"op", "algorithm", "key": PEM or secret, "der": boolean, "input": text} -> {"signature": base64url}
//   publish   {"op", "jwk", "certificate"} -> {"jku": URL, "x5u": URL}: served on the loopback interface
//   fetched   {"op"} -> {"count": how often anybody asked for either}
import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";
import { createHmac, createPrivateKey, createPublicKey, constants, generateKeyPairSync, sign as signRaw, webcrypto } from "node:crypto";
import { createServer } from "node:http";
import { answer } from "./lines.mjs";

const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };
const TEXT = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } };
const hash = (algorithm) => `sha${algorithm.slice(2)}`;

const files = new Map();
let fetched = 0;
const server = createServer((request, response) => {
  fetched += 1;
  response.end(files.get(request.url) ?? "");
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const origin = `http://127.0.0.1:${server.address().port}`;
server.unref();

const makers = {
  async generate({ algorithm, bits = 2048 }) {
    const [kind, options] = CURVES[algorithm]
      ? ["ec", { namedCurve: CURVES[algorithm] }]
      : algorithm === "EdDSA"
        ? ["ed25519", {}]
        : ["rsa", { modulusLength: bits }];
    // As text: Node.js 20 locks itself up if a key is exported as a JWK while what has generated it is collected.
    const pair = generateKeyPairSync(kind, { ...options, ...TEXT });
    const pem = { private: pair.privateKey, public: pair.publicKey };
    const [privateKey, publicKey] = [createPrivateKey(pem.private), createPublicKey(pem.public)];
    return { ...pem, jwk: publicKey.export({ format: "jwk" }), certificate: await certify(privateKey, publicKey, algorithm) };
  },

  async sign({ algorithm, key, der = false, input }) {
    if (algorithm.startsWith("HS")) {
      return { signature: createHmac(hash(algorithm), key).update(input).digest("base64url") };
    }
    const options = { key: createPrivateKey(key) };
    if (algorithm.startsWith("ES")) options.dsaEncoding = der ? "der" : "ieee-p1363";
    if (algorithm.startsWith("PS")) {
      options.padding = constants.RSA_PKCS1_PSS_PADDING;
      options.saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    }
    const digest = algorithm === "EdDSA" ? null : hash(algorithm);
    return { signature: signRaw(digest, Buffer.from(input), options).toString("base64url") };
  },

  async publish({ jwk, certificate }) {
    files.set("/jwks.json", JSON.stringify({ keys: [jwk] }));
    files.set("/chain.pem", `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`);
    return { jku: `${origin}/jwks.json`, x5u: `${origin}/chain.pem` };
  },

  async fetched() {
    return { count: fetched };
  },
};

// A certificate that the key has signed for itself, which is all an attacker has.
async function certify(privateKey, publicKey, algorithm) {
  const scheme = CURVES[algorithm]
    ? { name: "ECDSA", namedCurve: CURVES[algorithm], hash: "SHA-256" }
    : algorithm === "EdDSA"
      ? { name: "Ed25519" }
      : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const der = (key, type) => key.export({ type, format: "der" });
  const keys = {
    privateKey: await webcrypto.subtle.importKey("pkcs8", der(privateKey, "pkcs8"), scheme, true, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("spki", der(publicKey, "spki"), scheme, true, ["verify"]),
  };
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { name: "CN=attacker.example", keys, signingAlgorithm: scheme },
    webcrypto,
  );
  return Buffer.from(certificate.rawData).toString("base64");
}

await answer((question) => makers[question.op](question));
