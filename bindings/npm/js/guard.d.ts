import type { RecordSource, RevocationSource } from "./index.js";

/** What a guard does besides deciding. */
export interface GuardOptions<Request> {
  /** The store of API-key records. */
  readonly records?: RecordSource | undefined;
  /** The store of revocations, for a configuration with `revoked.lookup`. */
  readonly revocations?: RevocationSource | undefined;
  /** Writes the line of JSON about each decision, for example `console.log`. Nothing is written if left out. */
  readonly log?: ((line: string) => void) | undefined;
  /** The identifier of a request, which must come from the host and not from the caller; a random one if left out. */
  readonly requestId?: ((request: Request) => string) | undefined;
  /**
   * The IP address of the client, as far as you vouch for it: never one that a client wrote. A configuration with limits by
   * client needs it.
   */
  readonly clientAddress?: ((request: Request) => string | undefined) | undefined;
  /** Told of what kept a request from being decided, which is answered with 503; `console.error` if left out. */
  readonly onError?: ((error: unknown) => void) | undefined;
}
