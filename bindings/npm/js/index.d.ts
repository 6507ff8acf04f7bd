/**
 * The gate: verifies bearer tokens and API keys, and decides whether a caller may do what a request asks.
 *
 * The same core, configuration and verdicts as in Portcullis for Cloudflare Workers and Envoy. The module is loaded when
 * this package is imported. `portcullis/node` and `portcullis/fetch` put a gate in front of handlers.
 *
 * @module
 */

/** Why a request was refused: a closed list of stable codes, the same on every host. */
export type Reason =
  /** The request target cannot be normalised safely. */
  | "path_invalid"
  /** Too many headers, more than one `Origin`, or `Connection` names a header the decision rests on. */
  | "header_invalid"
  /** A script of an origin that is not allowed sent the request. */
  | "origin_not_allowed"
  /** No credential came where this deployment accepts one. */
  | "credential_missing"
  /** More than one credential came. */
  | "credential_ambiguous"
  /** The credential does not have the syntax its place asks for. */
  | "credential_malformed"
  /** A scheme or kind of credential that this deployment does not accept. */
  | "credential_unsupported"
  /** The credential is a cookie, and nothing shows that the request is not another site's. */
  | "cross_site_request"
  /** The token is not a JWS in compact serialisation with a JSON object as header and claims. */
  | "token_malformed"
  /** The token is longer than the limit. */
  | "token_too_large"
  /** The `typ` header names a kind of token that is not an access token. */
  | "token_type_mismatch"
  /** The token has a `crit` header: it asks for an extension that is not understood. */
  | "critical_header"
  /** The algorithm is `none`, unknown, or not the one any usable key is fixed to. */
  | "algorithm_not_allowed"
  /** No key of the issuer has the token's `kid`. */
  | "key_unknown"
  /** The signature is not valid. */
  | "signature_invalid"
  /** The token was taken back: by itself, with its session, or with everything its subject or issuer had. */
  | "token_revoked"
  /** Whoever was asked about the credential says that it is good for nothing. */
  | "credential_rejected"
  /** `exp` has passed. */
  | "token_expired"
  /** `nbf` lies ahead. */
  | "token_not_yet_valid"
  /** `iat` lies ahead. */
  | "token_issued_in_future"
  /** `iat` lies further back than the maximum age. */
  | "token_too_old"
  /** `iss` is not a configured issuer. */
  | "issuer_untrusted"
  /** `aud` does not name this deployment. */
  | "audience_mismatch"
  /** A required claim is absent. */
  | "claim_missing"
  /** A claim has the wrong type or an impossible value. */
  | "claim_invalid"
  /** The API key has the right prefix, but not the right form or checksum. */
  | "api_key_malformed"
  /** No record matches the API key. */
  | "api_key_unknown"
  /** The API key's record has expired. */
  | "api_key_expired"
  /** The API key's record is disabled. */
  | "api_key_disabled"
  /** No route of the policy has this method and path. */
  | "route_unknown"
  /** The policy refuses this route to everybody. */
  | "route_refused"
  /** No role of the principal has the permission. */
  | "permission_missing"
  /** A role of the principal explicitly denies the permission. */
  | "permission_denied"
  /** The token's scopes do not include the permission. */
  | "scope_missing"
  /** Credentials are swapped for keys of the origin's own, and none is for the principal. */
  | "origin_key_missing"
  /** A parameter of the request is not among the values the principal is bound to. */
  | "binding_mismatch"
  /** A binding compares members of the body, and the body is not JSON that can be compared. */
  | "body_invalid"
  /** A binding compares members of the body, and the body is longer than the limit. */
  | "body_too_large"
  /** Too many failures, or requests of a route that is limited, came from the client's address. */
  | "rate_limited"
  /** The keys of the token's issuer could not be fetched, or may be out of date. */
  | "keys_unavailable"
  /** The bundle could not be fetched, or has expired: nobody knows what was taken back. */
  | "bundle_unavailable"
  /** Nobody could say who the caller is. */
  | "ask_unavailable"
  /** Whether the credential was taken back could not be looked up. */
  | "revocations_unavailable"
  /** The configuration did not load. */
  | "config_invalid"
  /** The API-key records could not be had. */
  | "records_unavailable"
  /** A defect of the gate itself. */
  | "internal";

/** Every {@link Reason}, in the order of the documentation. */
export declare const reasons: readonly Reason[];

/** What every error of this package is. */
export declare abstract class PortcullisError extends Error {
  /** Stable: match on this, never on the message. */
  readonly code: string;
}

/**
 * The WebAssembly of this package does not run here: the host forbids it, a file is missing, or a bundler has dropped the
 * import that loads it. The message says what to do.
 */
export declare class LoadError extends PortcullisError {
  readonly name: "LoadError";
  readonly code: "module_not_loaded";
}

/** The configuration did not load: nothing can be decided. */
export declare class ConfigError extends PortcullisError {
  readonly name: "ConfigError";
  readonly code: "config_invalid";
  /** Everything that is wrong; never empty. */
  readonly errors: readonly ConfigProblem[];
}

/** One thing that is wrong with a configuration. Shows no secret. */
export interface ConfigProblem {
  /** The place, as a JSON pointer (RFC 6901); empty for the document as a whole. */
  readonly pointer: string;
  /** What is wrong and how to fix it. */
  readonly message: string;
}

/**
 * A token proves nothing, or, with the code `internal`, the gate itself failed and nothing was decided.
 *
 * The message is for the operator. What a caller is told must not tell one rejected token from another.
 */
export declare class AuthError extends PortcullisError {
  readonly name: "AuthError";
  readonly code: Reason;
}

/**
 * A request is refused.
 *
 * The error pages of Express, Connect, Koa, Fastify and Hono answer one that nobody catches with its status and headers,
 * and Hono with its body as well. Its message and code say no more than that: the reason is for the operator.
 */
export declare class DeniedError extends PortcullisError {
  readonly name: "DeniedError";
  readonly code: "request_denied";
  /** Why; for the operator. `null` if it is no refusal, but the answer to a CORS preflight. */
  readonly reason: Reason | null;
  /** All of the refusal. */
  readonly verdict: Denied;
  /** Status code. */
  readonly status: number;
  /** Status code. */
  readonly statusCode: number;
  /** Headers but those of the body; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The refusal as a `Response`, as {@link toResponse} makes it. */
  getResponse(): Global<"Response">;
}

/** A function of this package was called with something that it does not take: a defect of the program that calls. */
export declare class ArgumentError extends PortcullisError {
  readonly name: "ArgumentError";
  readonly code: "argument_invalid";
}

/** Pairs of header name and value: an array, a `Headers`, a `Map`. */
export type HeaderPairs = Iterable<readonly [name: string, value: string]>;

/**
 * The head of a request.
 *
 * Texts are as `fetch` and Node.js show them, one character for each byte.
 */
export interface RequestHead {
  /** As on the wire, in capitals. */
  readonly method: string;
  /** Path and query, for example `/v1/threads?limit=10`. */
  readonly target: string;
  /** Every header line. Lines of one name may stand joined by a comma; never leave one out. */
  readonly headers: HeaderPairs;
}

/**
 * A request of the Fetch standard: `Request` in browsers, workers, Deno, Bun and Node.js.
 *
 * It must be the one that the host has made. A router that takes its mount from the URL, as `app.mount` of Hono does, makes
 * another one, which does not show what the caller asked for.
 */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderPairs;
}

/**
 * A request of Node.js: `http.IncomingMessage`.
 *
 * The URL that the caller sent is decided on, also below a mount of Express, Connect or Koa, where `url` is only what the
 * router has left of it. Where `url` was rewritten to something else, nothing is decided.
 */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly originalUrl?: string | undefined;
  readonly rawHeaders: readonly string[];
}

/** When a decision is made. */
export interface TimeOptions {
  /** The time to decide at; the present if left out. */
  readonly now?: Date | undefined;
}

/** What a decision is made with besides the request. */
export interface DecideOptions extends TimeOptions {
  /**
   * The identifier by which the host knows this request. It is repeated in logs and in the bodies of refusals, so it must
   * come from the host and not from the caller.
   */
  readonly requestId?: string | undefined;
  /**
   * The IP address of the client, as far as you vouch for it: never one that a client wrote. A configuration with limits by
   * client decides nothing without it.
   */
  readonly clientAddress?: string | undefined;
  /**
   * The body of the request, whole, or at least the first 65,537 bytes of a longer one. Only a route with a binding on a
   * member of the body looks at it, and refuses a request without it as `body_invalid`. Hand on exactly these bytes.
   */
  readonly body?: Uint8Array | string | undefined;
}

/** What a decision that may wait is made with besides the request. */
export interface DecideAsyncOptions extends TimeOptions {
  /** As in {@link DecideOptions.requestId}. */
  readonly requestId?: string | undefined;
  /** As in {@link DecideOptions.clientAddress}. */
  readonly clientAddress?: string | undefined;
  /**
   * Keeps a Worker running for a promise: `(promise) => context.waitUntil(promise)`. With it, what was asked for a caller that
   * leaves is known to the next, and keys are fetched after the response.
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /**
   * As in {@link DecideOptions.body}, or a function that reads it: called at most once, and only if the verdict depends on
   * the body of a caller who may send this request. `limit` is the longest body that is compared: no more than one byte
   * beyond it is looked at.
   */
  readonly body?: Uint8Array | string | undefined | ((limit: number) => BodyBytes | Promise<BodyBytes>);
  /** The store of API-key records. Asked at most once, and only for a key that could be genuine. */
  readonly records?: RecordSource | undefined;
  /**
   * The store of revocations, for a configuration with `revoked.lookup`. Asked at most once, and only about a credential that
   * is otherwise good; that it has none is remembered for 10 seconds.
   */
  readonly revocations?: RevocationSource | undefined;
}

/** A body, or `undefined` if it cannot be had. */
export type BodyBytes = Uint8Array | string | undefined;

/**
 * Finds the record of an API key: by the public identifier of a key of the gate's own form, which is 1 to 64 letters and
 * digits; or, for a key of another system, by `sha256:` and the 64 lower-case hexadecimal digits of its hash, which is then
 * the `hash` of the record.
 *
 * It returns the record as in `api_keys.records`, as an object or as JSON text, or `null` if there is none. If it throws,
 * or returns anything else, the request is refused with `records_unavailable`.
 */
export type RecordSource = (key: string) => unknown;

/**
 * Finds what was taken back: by three to five names, each of which is a kind, a colon and 64 hexadecimal digits. They hold
 * neither the credential nor anything that it says of itself; `docs/configuration.md` says what each is, and
 * `portcullis revoke` makes them.
 *
 * It returns a list with what is under each of them in their order, an object or JSON text as `portcullis revoke` makes it, or
 * `null` where there is nothing. If it throws, or returns anything else, the request is refused with
 * `revocations_unavailable`.
 */
export type RevocationSource = (names: readonly string[]) => unknown;

declare const authenticated: unique symbol;

/**
 * Who sent a request, and what the proof says about them.
 *
 * Only a {@link Gate} makes one, from a verified token or an API key with a record.
 */
export interface Principal {
  /** The identifier of the party. */
  readonly subject: string;
  /** The roles it carries. */
  readonly roles: readonly string[];
  /** The permissions it is narrowed to, or `null` if the proof declares none. */
  readonly scopes: readonly string[] | null;
  /** The tenant it belongs to. */
  readonly tenant: string | null;
  /** How it was authenticated. */
  readonly proof: "token" | "apiKey" | "asked";
  /** The `iss` claim of a token, if there is one. */
  readonly issuer: string | null;
  /** The `kid` of the key that verified the token, or the public identifier of the API key. */
  readonly keyId: string | null;
  /** When the proof ends, leeway included; another object each time. */
  readonly validUntil: Date | null;
  readonly [authenticated]: true;
}

/** What led to a verdict, for logs and metrics. */
export interface VerdictRecord {
  /** The route that matched, as written in the policy. */
  readonly route: string | null;
  /** The permission it asks for. */
  readonly permission: string | null;
  /** One line of JSON for the operator's log. Holds no credential, and not the path, which the caller chose. */
  readonly log: string;
}

/**
 * The request is allowed. Hand it on with these changes and no others; {@link toRequest} makes them.
 */
export interface Allowed extends VerdictRecord {
  readonly allowed: true;
  /** The caller, if it was authenticated; `null` where the route asks for nobody. */
  readonly principal: Principal | null;
  /** Path and query to ask the origin for, in normal form: the path the decision was made on. */
  readonly target: string;
  /** Headers to remove, in lower case, before any is set. */
  readonly removeHeaders: readonly string[];
  /** Headers to set, replacing what is there; names in lower case. */
  readonly setHeaders: [name: string, value: string][];
  /** What became of the caller's credential: the origin receives it, a token minted for it instead, or none. */
  readonly credential: "forward" | "swap" | "strip";
  /** Headers to remove from the response, in lower case, before any is set or added; {@link toClient} does all three. */
  readonly removeResponseHeaders: readonly string[];
  /** Headers to set on the response, replacing what the origin wrote; names in lower case. */
  readonly responseHeaders: [name: string, value: string][];
  /** Headers to add to the response, beside what the origin wrote; names in lower case. */
  readonly appendResponseHeaders: [name: string, value: string][];
  /** In report mode, why the request would have been refused; otherwise, and if it would have been allowed, `null`. */
  readonly reported: {
    /** The reason. */
    readonly reason: Reason;
    /** The precise error behind the reason, for the operator; not stable. */
    readonly message: string | null;
  } | null;
}

/**
 * The request goes no further: it is refused, or it is a CORS preflight that the gate answers. Answer it with this;
 * {@link toResponse} makes a `Response` of it. It says nothing about who the caller is: `log` does, for the operator.
 */
export interface Denied extends VerdictRecord {
  readonly allowed: false;
  /** Why; for the operator. `null` if it is no refusal, but the answer to a CORS preflight. */
  readonly reason: Reason | null;
  /** The precise error behind the reason, for the operator; not stable. */
  readonly message: string | null;
  /** Status code. */
  readonly status: number;
  /** Headers; names in lower case. */
  readonly headers: [name: string, value: string][];
  /** Body. */
  readonly body: string;
}

/** What to do with a request. */
export type Verdict = Allowed | Denied;

/** What a gate may use while it runs. */
export interface GateOptions {
  /** Sends the calls of a configuration that fetches keys or asks about callers; the global `fetch` if left out. */
  readonly fetch?: ((url: string, init: never) => Promise<Global<"Response">>) | undefined;
  /** Scheme, host and port of the origin: for a configuration that asks it. Without it, such a configuration does not load. */
  readonly origin?: string | { readonly href: string } | undefined;
  /** Told when a source of keys begins to fail, and when it is sound again; `console.warn` if left out. */
  readonly notice?: ((text: string) => void) | undefined;
  /**
   * Who verifies signatures of RSA and ECDSA: `"host"`, that is `node:crypto` where there is one and it passes a test, or the
   * package's `"own"` code, which is slower but for ES256. Whatever the host cannot do, the package does. `"host"` if left out.
   */
  readonly signatures?: "host" | "own" | undefined;
}

/** How a source of keys is. */
export interface SourceStatus {
  /** What it brings: the keys of an issuer, or the bundle. */
  readonly kind: "keys" | "bundle";
  /** The URL in the configuration. */
  readonly url: string;
  /** How many keys are known; of a bundle, how many keys and records of API keys. */
  readonly keys: number;
  /** How old they are, in seconds; `null` if there are none. */
  readonly ageSecs: number | null;
  /** The version of the bundle; `null` if there is none. */
  readonly version: number | null;
  /** Why the last fetch brought nothing, if it did not. */
  readonly failure:
    | "no_answer"
    | "status"
    | "too_long"
    | "not_json"
    | "metadata"
    | "key_set"
    | "signature"
    | "expired"
    | "older"
    | "contents"
    | null;
}

/**
 * A compiled configuration, and what it has learned while it runs: keys that were fetched, answers about callers, and who has
 * failed how often.
 */
export declare class Gate {
  private constructor();

  /**
   * Compiles a configuration.
   *
   * @param config - The configuration document, as an object or as JSON text.
   * @param secrets - The secrets that the configuration names, for example `process.env`. Nothing else in it is read.
   * @param options - How the gate's own calls are sent, and who verifies signatures.
   * @throws {@link ConfigError} with everything that is wrong.
   */
  static load(config: object | string, secrets?: Readonly<Record<string, unknown>>, options?: GateOptions): Gate;

  /**
   * Fetches the keys that are due, and resolves when that is over, whatever came of it: to how the sources are. Nobody has to
   * call it: a decision that lacks keys fetches them, and keys are fetched again ahead of their end after a decision.
   */
  refresh(): Promise<readonly SourceStatus[]>;

  /** How the sources of keys are, in the order of the configuration. */
  sources(): readonly SourceStatus[];

  /**
   * Allows a request, or throws. Nothing that comes after the call is reached by a request that is refused.
   *
   * An API key whose record is not in the configuration is refused with `records_unavailable` if the configuration says
   * that records are looked up; see {@link Gate.authorizeAsync}. Where keys or an answer about the caller are missing, the
   * request is refused with `keys_unavailable` or `ask_unavailable`, they are asked for, and a later one is decided with them.
   *
   * @throws {@link DeniedError} if the request is refused.
   * @throws {@link AuthError} with the code `internal` if the gate failed. Refuse the request then.
   * @throws {@link ArgumentError} if this is no request.
   */
  authorize(request: RequestHead | FetchRequest | NodeRequest, options?: DecideOptions): Allowed;

  /**
   * The same where the store of API-key records, the body, keys, or an answer about the caller has to be waited for.
   *
   * @throws As {@link Gate.authorize}, by rejecting: a promise that is not awaited has allowed nothing.
   */
  authorizeAsync(request: RequestHead | FetchRequest | NodeRequest, options?: DecideAsyncOptions): Promise<Allowed>;

  /**
   * Decides about a request like {@link Gate.authorize}, and returns a refusal instead of throwing it: for hosts that write
   * the answer themselves. Either verdict is an object: look at its `allowed`.
   *
   * @throws {@link AuthError} with the code `internal` if the gate failed. Refuse the request then.
   * @throws {@link ArgumentError} if this is no request.
   */
  decide(request: RequestHead | FetchRequest | NodeRequest, options?: DecideOptions): Verdict;

  /**
   * The same where the store of API-key records, the body, keys, or an answer about the caller has to be waited for.
   *
   * @throws As {@link Gate.decide}, by rejecting.
   */
  decideAsync(request: RequestHead | FetchRequest | NodeRequest, options?: DecideAsyncOptions): Promise<Verdict>;

  /**
   * Verifies a bearer token: signature, times, issuer, audience and claims, as configured; with the keys that are known, see
   * {@link Gate.refresh}. The same token may give the same object, which nobody can change.
   *
   * @throws {@link AuthError} with the reason as its code.
   */
  verify(token: string, options?: TimeOptions): Principal;

  /**
   * Whether the policy gives a principal a permission.
   *
   * Says nothing about time: a principal that is kept for longer than a request may have ended, see
   * {@link Principal.validUntil}.
   *
   * @param principal - One that this very gate has made.
   * @param permission - `resource:action`, for example `graph:invoke`.
   * @throws {@link ArgumentError} for a principal of another making, or what is no permission.
   */
  can(principal: Principal, permission: string): boolean;
}

/** What {@link createApiKey} makes a key from. */
export interface ApiKeyOptions {
  /** Environment label inside the key: 1 to 64 letters and digits, for example `live`. */
  readonly env: string;
  /** Public identifier of the key: 1 to 64 letters and digits. */
  readonly id: string;
  /** The pepper of the gates that will accept the key: at least 32 bytes. */
  readonly pepper: string;
}

/** A new API key. */
export interface ApiKey {
  /** The key. Show it once, to its owner, and keep it nowhere. */
  readonly key: string;
  /** Its hash under the pepper, for the record: `hmac-sha256:` and 64 hexadecimal digits. */
  readonly hash: string;
}

/**
 * Makes an API key with the random numbers of `crypto.getRandomValues`.
 *
 * @throws {@link ArgumentError} if an option is not as described.
 */
export declare function createApiKey(options: ApiKeyOptions): ApiKey;

/** The global class `Name`, where the program's types have one. */
export type Global<Name extends string> = typeof globalThis extends Record<Name, { prototype: infer Instance }>
  ? Instance
  : unknown;

/** The refusal, or the answer to a CORS preflight, as a `Response`. */
export declare function toResponse(verdict: Denied): Global<"Response">;

/**
 * The request as the origin is to receive it. Method, body and all other headers stay those of `request`; the body is
 * streamed. A redirect of the origin is not followed, but is the response: nobody has decided on where it leads.
 *
 * @param origin - Scheme, host and port of the origin, for example `http://127.0.0.1:8000`.
 * @throws {@link AuthError} with the code `internal` if the URL parser would ask for another path than was decided on.
 */
export declare function toRequest(
  verdict: Allowed,
  request: FetchRequest,
  origin: string | { readonly href: string },
): Global<"Request">;

/** The response of the origin as the client is to receive it. The body is streamed. */
export declare function toClient(verdict: Allowed, response: Global<"Response">): Global<"Response">;
