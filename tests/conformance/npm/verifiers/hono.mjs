import { verify as verifyToken } from "hono/jwt";

export const algorithms = ["HS256", "RS256", "ES256", "EdDSA"];
export const configuration = 'verify(token, key, { alg, iss: issuer, aud: audience, typ: ["JWT", "at+jwt"] })';

export async function verify(token, { key, algorithm, issuer, audience }) {
  const options = { alg: algorithm, iss: issuer, aud: audience, typ: ["JWT", "at+jwt"] };
  await verifyToken(token, key.pem ?? key.secret, options);
}
