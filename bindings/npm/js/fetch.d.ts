/**
 * A gate around the handler of a server of the Fetch standard: Hono, Cloudflare Workers, Deno, Bun.
 *
 * @module
 */
import type { Allowed, Gate, Global } from "./index.js";
import type { GuardOptions } from "./guard.js";

export type { GuardOptions } from "./guard.js";

type Answer = Global<"Response"> | Promise<Global<"Response">>;

/**
 * A handler that calls `handler` for requests that are allowed, and answers all others.
 *
 * What `handler` is called with is the request as the origin is to see it: URL in normal form, headers removed and set, the
 * body unread. A body is looked at only if a verdict depends on it, and is handed on whole. Everything after the request goes
 * on as it came, for example the environment of a Worker.
 */
export declare function guard<Rest extends unknown[]>(
  gate: Gate,
  handler: (request: Global<"Request">, ...rest: Rest) => Answer,
  options?: GuardOptions<Global<"Request">>,
): (request: Global<"Request">, ...rest: Rest) => Promise<Global<"Response">>;

/** What was decided about the request that a guard has called its handler with. */
export declare function verdictOf(request: object): Allowed | undefined;
