// Around the handler of a server of the Fetch standard: `(request, …) => response`.
import { ArgumentError, kind, toResponse } from "./errors.js";
import { remember, toClient, toRequest } from "./forward.js";
import { FAILED, settings } from "./guard.js";

export { verdictOf } from "./forward.js";

export function guard(gate, handler, options) {
  const { records, revocations, log, requestId, clientAddress, onError } = settings(gate, options);
  if (typeof handler !== "function") throw new ArgumentError(`a guard takes the handler second, not ${kind(handler)}`);
  return async function (request, ...rest) {
    let inner;
    let verdict;
    try {
      let peeked = request;
      const body = async (limit) => {
        const { bytes, whole } = await peek(request, limit);
        peeked = whole;
        return bytes;
      };
      // A Worker's context, wherever the handler gets it.
      const context = rest.find((argument) => typeof argument?.waitUntil === "function");
      const waitUntil = context && ((promise) => context.waitUntil(promise));
      const client = clientAddress?.(request);
      verdict = await gate.decideAsync(request, { records, revocations, requestId: requestId(request), clientAddress: client, body, waitUntil });
      log(verdict.log);
      if (!verdict.allowed) return toResponse(verdict);
      inner = toRequest(verdict, peeked, request.url);
      remember(inner, verdict);
    } catch (error) {
      onError(error);
      return new Response(FAILED.body, FAILED);
    }
    return toClient(verdict, await handler.call(this, inner, ...rest));
  };
}

// The first bytes of a body, one more than `limit` at most, or the whole of a shorter one; and the request with all of it.
async function peek(request, limit) {
  if (request.bodyUsed) {
    throw new ArgumentError("the body of this request was read before the gate could compare it: put the guard before whatever reads bodies");
  }
  if (!request.body) return { bytes: new Uint8Array(), whole: request };
  const reader = request.body.getReader();
  const chunks = [];
  let length = 0;
  let done = false;
  while (length <= limit) {
    const { value, done: ended } = await reader.read();
    if ((done = ended)) break;
    chunks.push(value);
    length += value.length;
  }
  const bytes = new Uint8Array(length);
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
  // `cf` is what Cloudflare knows about the caller.
  const { method, headers, signal, cf } = request;
  const init = { method, headers, signal, cf, body: done ? bytes : rejoined(bytes, reader), duplex: "half" };
  return { bytes, whole: new Request(request.url, init) };
}

function rejoined(bytes, reader) {
  return new ReadableStream({
    start: (controller) => controller.enqueue(bytes),
    async pull(controller) {
      const { value, done } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
