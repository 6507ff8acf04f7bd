/**
 * A gate in front of the handlers of a server of Node.js: `node:http`, Express, Connect, Koa, Fastify.
 *
 * @module
 */
import type { Allowed, Gate, NodeRequest } from "./index.js";
import type { GuardOptions } from "./guard.js";

export type { GuardOptions } from "./guard.js";

/** What a guard needs of an `http.IncomingMessage`, which it changes. */
export interface GuardedRequest extends NodeRequest {
  readonly headers: object;
  url?: string | undefined;
}

/** What a guard needs of an `http.ServerResponse`. */
export interface GuardedResponse {
  statusCode: number;
  setHeader(name: string, value: string | string[]): unknown;
  end(body: string): unknown;
}

/** What a guard needs of the socket of an upgrade. */
export interface GuardedSocket {
  on(event: "error", listener: () => void): unknown;
  destroy(): unknown;
  end(text: string): unknown;
}

/**
 * A handler that calls `next` for requests that are allowed, and answers all others.
 *
 * `request` is then as the origin is to see it: `url` in normal form, headers removed and set, the body unread. A body is
 * looked at only if a verdict depends on it, and is put back.
 */
export declare function guard<Request extends GuardedRequest = GuardedRequest>(
  gate: Gate,
  options?: GuardOptions<Request>,
): <Next>(request: Request, response: GuardedResponse, next: () => Next) => Promise<Awaited<Next> | void>;

/**
 * The same for the event `upgrade` of a server: refusals are written to the socket, and so is 400 where something else than
 * a WebSocket is asked for. Headers for the response are not set.
 */
export declare function guardUpgrade<Request extends GuardedRequest = GuardedRequest>(
  gate: Gate,
  options?: GuardOptions<Request>,
): <Next>(request: Request, socket: GuardedSocket, head: unknown, next: () => Next) => Promise<Awaited<Next> | void>;

/** What was decided about a request that a guard has let through. */
export declare function verdictOf(request: object): Allowed | undefined;

/**
 * Makes a request what the origin is to see, as a guard does. Returns whether that could be done: not if its path, in normal
 * form, is not below the mount of the router. Answer 400 then.
 */
export declare function applyTo(verdict: Allowed, request: GuardedRequest): boolean;
