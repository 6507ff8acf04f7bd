// Compiled, never run: what the types allow and what they refuse.
import {
  type Allowed,
  type ApiKey,
  ArgumentError,
  AuthError,
  ConfigError,
  type Denied,
  DeniedError,
  Gate,
  LoadError,
  PortcullisError,
  type Principal,
  type Reason,
  type Verdict,
  createApiKey,
  reasons,
  toClient,
  toRequest,
  toResponse,
} from "portcullis";
import { DecodeError, type UnverifiedToken, decodeUnverified, expiresAt, isExpired, secondsLeft } from "portcullis/decode";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => {};

const gate = Gate.load({ profile: "agentflow" }, { JWT_SECRET_KEY: "…" });
Gate.load("{}");
// @ts-expect-error: only `load` makes a gate
new Gate({}, {});
// @ts-expect-error: a number is no configuration
Gate.load(1);

declare const request: Request;
const verdict = gate.decide(request, { now: new Date(), requestId: "1" });
same<typeof verdict, Verdict>(true);
// @ts-expect-error: who is not known to be allowed is nobody
void verdict.principal;
// @ts-expect-error: nor is there anything to hand on
void verdict.setHeaders;
if (!verdict.allowed) {
  same<typeof verdict, Denied>(true);
  same<typeof verdict.reason, Reason | null>(true);
  same<ReturnType<typeof toResponse>, Response>(true);
  new Response(verdict.body, { status: verdict.status, headers: verdict.headers });
  // @ts-expect-error: a refused request goes nowhere
  toRequest(verdict, request, "http://127.0.0.1");
  // @ts-expect-error: a refusal knows no principal
  void verdict.principal;
} else {
  same<typeof verdict, Allowed>(true);
  same<typeof verdict.principal, Principal | null>(true);
  same<ReturnType<typeof toRequest>, Request>(true);
  same<ReturnType<typeof toClient>, Response>(true);
  const out: Request = toRequest(verdict, request, new URL("http://127.0.0.1"));
  void out;
  // @ts-expect-error: what is allowed is no response
  toResponse(verdict);
  // @ts-expect-error: an allowed request has no reason
  void verdict.reason;
  // @ts-expect-error: a verdict is what it was decided to be
  verdict.allowed = false;
  if (verdict.reported) same<typeof verdict.reported.reason, Reason>(true);
}
same<ReturnType<Gate["authorize"]>, Allowed>(true);
void gate.authorize(request).principal?.subject;
gate.authorize({ method: "GET", target: "/", headers: [["a", "b"]] });
gate.authorize({ method: "GET", target: "/", headers: new Headers() });
gate.authorize({ method: "GET", target: "/", headers: new Map([["a", "b"]]) });
gate.authorize({ method: "GET", url: "/", rawHeaders: ["a", "b"] });
gate.authorize(request, { body: "{}" });
gate.authorize(request, { body: new Uint8Array() });
// @ts-expect-error: a stream would be read and gone
gate.authorize(request, { body: request.body });
// @ts-expect-error: what is read later is for `authorizeAsync`
gate.authorize(request, { body: async () => "{}" });
// @ts-expect-error: and so is a store
gate.authorize(request, { records: () => null });
// @ts-expect-error: headers are pairs, not a record, which would hide duplicates
gate.authorize({ method: "GET", target: "/", headers: { a: "b" } });
// @ts-expect-error: seconds and milliseconds are easily confused
gate.authorize(request, { now: Date.now() });

same<Promise<Allowed>, ReturnType<Gate["authorizeAsync"]>>(true);
same<Promise<Verdict>, ReturnType<Gate["decideAsync"]>>(true);
void gate.authorizeAsync(request, { revocations: async (names: readonly string[]) => names.map(() => null) });
void gate.authorizeAsync(request, { records: async (id: string) => ({ id, hash: "" }), body: async (limit) => new Uint8Array(limit) });
void gate.decideAsync(request, { body: () => undefined });
// @ts-expect-error: a store is asked by text
void gate.authorizeAsync(request, { records: (id: number) => id });

const principal = gate.verify("token", { now: new Date() });
same<typeof principal, Principal>(true);
same<boolean, ReturnType<Gate["can"]>>(true);
gate.can(principal, "graph:invoke");
// @ts-expect-error: a principal comes from a gate
gate.can({ subject: "alice", roles: ["admin"], scopes: null, tenant: null, proof: "token", issuer: null, keyId: null, validUntil: null }, "graph:invoke");
// @ts-expect-error: what a token says is no principal
gate.can(decodeUnverified("token").claims, "graph:invoke");
// @ts-expect-error: a principal is read-only
principal.roles.push("admin");

function told(error: unknown): string {
  if (error instanceof ConfigError) return error.errors.map(({ pointer, message }) => pointer + message).join();
  if (error instanceof DeniedError) {
    same<typeof error.reason, Reason | null>(true);
    same<typeof error.verdict, Denied>(true);
    const response: Response = error.getResponse();
    return `${response.status} ${error.code satisfies "request_denied"}`;
  }
  if (error instanceof LoadError) return error.code satisfies "module_not_loaded";
  if (error instanceof AuthError) {
    same<typeof error.code, Reason>(true);
    // @ts-expect-error: not a reason
    if (error.code === "expired") return "";
    return error.code;
  }
  if (error instanceof ArgumentError) return error.code satisfies "argument_invalid";
  if (error instanceof DecodeError) return error.code satisfies "token_malformed";
  return error instanceof PortcullisError ? error.code : "";
}
void told;
same<typeof reasons, readonly Reason[]>(true);
same<ReturnType<typeof createApiKey>, ApiKey>(true);
// @ts-expect-error: all three are needed
createApiKey({ env: "live", id: "a" });

const token = decodeUnverified<{ name: string }>("token");
same<typeof token, UnverifiedToken<{ name: string }>>(true);
same<typeof token.claims.name, string>(true);
const { claims } = decodeUnverified("token");
same<typeof claims.exp, number | undefined>(true);
same<typeof claims.anything, unknown>(true);
same<ReturnType<typeof expiresAt>, Date | null>(true);
same<ReturnType<typeof isExpired>, boolean>(true);
same<ReturnType<typeof secondsLeft>, number>(true);
