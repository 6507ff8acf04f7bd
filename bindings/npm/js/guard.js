// What the guards of all hosts share.
import { ArgumentError, kind } from "./errors.js";

const OPTIONS = ["records", "revocations", "log", "requestId", "clientAddress", "onError"];

export function settings(gate, options = {}) {
  if (typeof gate?.decideAsync !== "function") throw new ArgumentError(`a guard takes a Gate first, not ${kind(gate)}`);
  if (typeof options !== "object" || options === null) {
    throw new ArgumentError(`the options of a guard are an object, not ${kind(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!OPTIONS.includes(name)) throw new ArgumentError(`\`${name}\` is no option of a guard: there are ${OPTIONS.join(", ")}`);
    if (value !== undefined && typeof value !== "function") {
      throw new ArgumentError(`the option ${name} of a guard is a function, not ${kind(value)}`);
    }
  }
  const { records, revocations, log = () => {}, requestId = () => crypto.randomUUID(), clientAddress, onError = console.error } = options;
  return { records, revocations, log, requestId, clientAddress, onError };
}

const answer = (status, text) => ({
  status,
  headers: [["content-type", "text/plain"], ["cache-control", "no-store"]],
  body: `${text}\n`,
});

// SECURITY: an error allows nothing. Only whoever runs the gate learns which it was.
export const FAILED = answer(503, "Service Unavailable");

// Allowed by the policy, and yet nothing that can be handled here: its path, in normal form, is not below the mount, or it
// asks for another protocol than WebSocket.
export const UNFIT = answer(400, "Bad Request");
