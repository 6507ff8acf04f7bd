// Reads what a JWT says without checking that it is true.

export class DecodeError extends Error {
  name = "DecodeError";
  code = "token_malformed";
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// Last letters of canonical base64url, by how many are left over.
const LAST = [, , "AQgw", "AEIMQUYcgkosw048"];

const json = (part) => {
  const bytes = atob(/[-_]/.test(part) ? part.replaceAll("-", "+").replaceAll("_", "/") : part);
  if (LAST[part.length % 4]?.includes(part.at(-1)) == false) throw 0;
  // ASCII is UTF-8 as it stands.
  const text = /[^\0-\x7f]/.test(bytes)
    ? utf8.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt()))
    : bytes;
  if (text[0] != "{" && !/^\s*{/.test(text)) throw 0;
  return text;
};

// The last header: most tokens have the same.
let last, known;

export const decodeUnverified = (token) => {
  try {
    const [, header, claims] = typeof token == "string" && /^([\w-]+)\.([\w-]+)\.[\w-]+$/.exec(token);
    if (header != last) known = json(header);
    last = header;
    return { header: JSON.parse(known), claims: JSON.parse(json(claims)) };
  } catch {
    throw new DecodeError("not a JWT in compact form");
  }
};

export const expiresAt = (token) => {
  const { exp } = decodeUnverified(token).claims;
  const at = new Date(exp * 1000);
  return typeof exp == "number" && at >= 0 ? at : null;
};

export const isExpired = (token, now = new Date()) => !(expiresAt(token) > now);

export const secondsLeft = (token, now = new Date()) =>
  isExpired(token, now) ? 0 : Math.floor((expiresAt(token) - now) / 1000);
