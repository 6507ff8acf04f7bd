import { createVerifier } from "fast-jwt";

export const algorithms = ["HS256", "RS256", "ES256", "EdDSA"];
export const configuration =
  'createVerifier({ key, algorithms: [alg], allowedIss: issuer, allowedAud: audience, requiredClaims: ["exp", "iss", "aud"] })';

export function verify(token, { key, algorithm, issuer, audience }) {
  const verifier = createVerifier({
    key: key.pem ?? key.secret,
    algorithms: [algorithm],
    allowedIss: issuer,
    allowedAud: audience,
    requiredClaims: ["exp", "iss", "aud"],
  });
  verifier(token);
}
