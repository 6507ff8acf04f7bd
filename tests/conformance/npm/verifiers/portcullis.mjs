import { Gate } from "portcullis";

export const algorithms = [
  "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
];
export const configuration =
  'Gate.load({ profile: "generic", issuers: [{ issuer, audience, keys: [{ alg, kid, jwk }] }] }), then verify(token); `secret` in place of `jwk` for HS256';

export function verify(token, { key, algorithm, issuer, audience }) {
  const { kid } = key;
  const material = key.jwk ? { jwk: key.jwk } : { secret: { env: "SECRET" } };
  const keys = [{ alg: algorithm, kid, ...material }];
  const gate = Gate.load({ profile: "generic", issuers: [{ issuer, audience, keys }] }, { SECRET: key.secret });
  gate.verify(token);
}
