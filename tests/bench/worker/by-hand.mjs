// A gate as one writes it by hand: jose, a table of roles, a line for the log, and headers for the origin.
import { importJWK, jwtVerify } from "jose";

const ROLES = {
  user: ["threads:read", "threads:write", "graph:invoke"],
  admin: ["threads:read", "threads:write", "threads:delete", "graph:invoke", "graph:stop"],
};
const ROUTES = [
  { method: "GET", pattern: /^\/v1\/threads$/, permission: "threads:read" },
  { method: "POST", pattern: /^\/v1\/threads$/, permission: "threads:write" },
  { method: "GET", pattern: /^\/v1\/threads\/[^/]+$/, permission: "threads:read" },
  { method: "DELETE", pattern: /^\/v1\/threads\/[^/]+$/, permission: "threads:delete" },
  { method: "POST", pattern: /^\/v1\/graph\/invoke$/, permission: "graph:invoke" },
  { method: "POST", pattern: /^\/v1\/graph\/stop$/, permission: "graph:stop" },
];

let keys;
async function keysOf({ KEY }) {
  const jwk = JSON.parse(KEY);
  if (jwk.kty !== "oct") return { key: await importJWK(jwk), algorithms: [jwk.alg] };
  const hmac = { name: "HMAC", hash: "SHA-256" };
  return { key: await crypto.subtle.importKey("jwk", jwk, hmac, false, ["verify"]), algorithms: [jwk.alg] };
}

function refuse(status, reason, started) {
  console.log(JSON.stringify({ decision: "deny", reason, ms: Date.now() - started }));
  return new Response(reason, { status, headers: { "cache-control": "no-store" } });
}

export default {
  async fetch(request, env) {
    const started = Date.now();
    const url = new URL(request.url);
    const route = ROUTES.find(({ method, pattern }) => method === request.method && pattern.test(url.pathname));
    if (route === undefined) return refuse(403, "route", started);
    const token = /^Bearer (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) return refuse(401, "credential", started);
    let claims;
    try {
      keys ??= await keysOf(env);
      const { key, algorithms } = keys;
      const { payload } = await jwtVerify(token, key, { algorithms, issuer: env.ISSUER, audience: env.AUDIENCE });
      claims = payload;
    } catch (error) {
      return refuse(401, error.code, started);
    }
    if (!ROLES[claims.role]?.includes(route.permission)) return refuse(403, "role", started);
    const out = new Request(env.ORIGIN + url.pathname + url.search, request);
    out.headers.set("x-user-id", claims.sub);
    out.headers.set("x-user-role", claims.role);
    const id = crypto.randomUUID();
    out.headers.set("x-request-id", id);
    console.log(JSON.stringify({ decision: "allow", id, method: request.method, path: url.pathname, sub: claims.sub, role: claims.role, ms: Date.now() - started }));
    return fetch(out);
  },
};
