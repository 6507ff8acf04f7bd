// The instance of the module, and what every call into it has in common.
import * as core from "./glue.js";
import { ArgumentError, AuthError, LoadError } from "./errors.js";

// Counts the instances of the module. An exception out of one is a trap, and nothing in its memory can be relied on
// afterwards: it is never called again, and whatever was made in it is made anew in the next.
let instance = 0;
let trapped = false;
let started = false;

// Called by the entry for each host, before anything else is.
export function start(module) {
  try {
    core.initSync({ module });
  } catch (cause) {
    throw new LoadError(
      `the host does not run the WebAssembly of this package (${cause?.message ?? cause}): in a Worker, or where code ` +
        'must not be made at run time, import "portcullis/workerd" or bundle with the condition `workerd`; in a page, ' +
        "allow 'wasm-unsafe-eval' in the Content-Security-Policy",
      { cause },
    );
  }
  started = true;
}

export function failed(cause) {
  trapped = true;
  return undecided(cause);
}

export function undecided(cause) {
  return new AuthError("internal", "the gate failed; nothing was decided", { cause });
}

// The number of the instance that is called now; a new one if the last has trapped.
export function enter() {
  if (!started) {
    throw new LoadError(
      "the WebAssembly of this package was not loaded: import \"portcullis\" and none of its inner files, and keep the " +
        "import's side effects when bundling",
    );
  }
  if (trapped) {
    try {
      core.__wbg_reset_state();
    } catch (cause) {
      throw failed(cause);
    }
    instance++;
    trapped = false;
  }
  return instance;
}

// Whether what was made in instance `number` can still be used.
export function alive(number) {
  return !trapped && number === instance;
}

// Runs `call` in the module and returns what it does.
export function run(call) {
  enter();
  try {
    return call();
  } catch (cause) {
    throw failed(cause);
  }
}

const encoder = new TextEncoder();
const room = new Uint8Array(8192);

// A text for the module, as bytes: the glue would copy it letter by letter, which takes several times as long. They are to be
// passed on before there are others.
export function bytes(text) {
  const { read, written } = encoder.encodeInto(text, room);
  return read === text.length ? room.subarray(0, written) : encoder.encode(text);
}

// The answer of `call`, which runs in the module: an object with one of the members `wanted`.
export function ask(call, ...wanted) {
  const answer = run(() => JSON.parse(call()));
  if (answer.argument) throw new ArgumentError(answer.argument.message);
  if (answer.error) throw new AuthError(answer.error.code, answer.error.message);
  if (!wanted.some((name) => name in answer)) throw failed(new Error("no such answer"));
  return answer;
}

// The core writes names as `snake_case`.
export const camelCase = (name) => (name.includes("_") ? name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()) : name);

// The same for the names of all members of a value, which was parsed a moment ago: nobody else has it, and what has no such
// name in it is left as it is.
export function camelCased(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    value.forEach((member, at) => {
      if (typeof member === "object") value[at] = camelCased(member);
    });
    return value;
  }
  const names = Object.keys(value);
  const made = names.some((name) => name.includes("_")) ? {} : value;
  for (const name of names) made[camelCase(name)] = camelCased(value[name]);
  return made;
}
