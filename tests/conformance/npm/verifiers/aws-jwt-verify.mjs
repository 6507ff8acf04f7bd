import { JwtVerifier } from "aws-jwt-verify";

export const algorithms = ["RS256", "ES256", "EdDSA"];
export const configuration =
  "JwtVerifier.create({ issuer, audience, jwksUri }), then cacheJwks with the one key, its `alg` and `use`, and verifySync(token)";

export function verify(token, { key, issuer, audience }) {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/jwks.json` });
  verifier.cacheJwks({ keys: [key.jwk] });
  verifier.verifySync(token);
}
