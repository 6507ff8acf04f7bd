// Signatures verified by `node:crypto`, where a host has it: several times as fast as wasm. What is asked, and whether the
// host is good enough to be asked, the core decides.
const crypto = globalThis.process?.getBuiltinModule?.("node:crypto");

// Keys that were read, by their bytes; anew when there are this many.
const KEYS = 64;
const keys = new Map();

function keyOf(der) {
  const bytes = Buffer.from(der);
  const name = bytes.toString("latin1");
  let key = keys.get(name);
  if (key === undefined) {
    const written = { key: bytes, format: "der", type: "spki" };
    key = { object: crypto.createPublicKey(written), written };
    if (keys.size >= KEYS) keys.clear();
    keys.set(name, key);
  }
  return key;
}

// By the first letters of the algorithm. Not Ed25519, in which wasm is as fast.
const FAMILIES = crypto && {
  RS: { padding: crypto.constants?.RSA_PKCS1_PADDING },
  PS: { padding: crypto.constants?.RSA_PKCS1_PSS_PADDING, saltLength: crypto.constants?.RSA_PSS_SALTLEN_DIGEST },
  ES: { dsaEncoding: "ieee-p1363" },
};

// workerd takes a key that was read only without options.
let takesRead = true;

function verified(hash, message, key, options, signature) {
  if (takesRead) {
    try {
      return crypto.verify(hash, message, { key: key.object, ...options }, signature);
    } catch {
      takesRead = false;
    }
  }
  return crypto.verify(hash, message, { ...key.written, ...options }, signature);
}

// `undefined` where nobody can tell.
export const signatures = crypto && {
  verify(algorithm, der, message, signature) {
    const options = FAMILIES[algorithm.slice(0, 2)];
    if (options === undefined) return undefined;
    try {
      return verified(`sha${algorithm.slice(2)}`, message, keyOf(der), options, signature) === true;
    } catch {
      return undefined;
    }
  },
};
