// npm's `oidc-provider` on loopback: discovery, keys, introspection, and access tokens for the client of the tests, as JWT where
// they are for a resource. Prints where it listens.
//
//   node oidc-provider.mjs, in the folder of the packages
//
// Besides the provider's own paths: PUT /test/keys takes the names of the keys that are published from now on, of which the
// first signs, and GET /test/requests says how often each path was asked for.
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Provider } = createRequire(`${process.cwd()}/`)("oidc-provider");

const { CLIENT_ID: client_id, CLIENT_SECRET: client_secret, SCOPE: scope } = process.env;

const TEXT = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } };

// All keys there ever were, by name: one that is published again is the same.
const keys = new Map();
function key(kid) {
  if (!keys.has(kid)) {
    // As text: Node.js 20 locks itself up if a key is exported as a JWK while what has generated it is collected.
    const { privateKey: text } = generateKeyPairSync("ec", { namedCurve: "P-256", ...TEXT });
    const privateKey = createPrivateKey(text);
    keys.set(kid, { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "ES256" });
  }
  return keys.get(kid);
}

// A provider has the keys it was made with. What it has issued lies in the memory that all of them share.
function providing(issuer, kids) {
  const getResourceServerInfo = (_, resource) => ({
    scope,
    audience: resource,
    accessTokenFormat: "jwt",
    accessTokenTTL: 600,
    jwt: { sign: { alg: "ES256", kid: kids[0] } },
  });
  return new Provider(issuer, {
    jwks: { keys: kids.map(key) },
    scopes: [scope],
    clients: [{
      client_id,
      client_secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "client_secret_basic",
      id_token_signed_response_alg: "ES256",
    }],
    extraTokenClaims: () => ({ roles: ["user"] }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo, defaultResource: () => undefined },
    },
  }).callback();
}

const requests = {};
let answer;
const server = createServer(async (request, response) => {
  const [path] = request.url.split("?");
  if (path === "/test/requests") return response.end(JSON.stringify(requests));
  if (path === "/test/keys") {
    const parts = [];
    for await (const part of request) parts.push(part);
    answer = providing(issuer, JSON.parse(Buffer.concat(parts).toString()));
    return response.end("{}");
  }
  requests[path] = (requests[path] ?? 0) + 1;
  answer(request, response);
});
let issuer;
server.listen(0, "127.0.0.1", () => {
  const address = `127.0.0.1:${server.address().port}`;
  issuer = `http://${address}`;
  answer = providing(issuer, ["1"]);
  console.log(`listening on ${address}`);
});
