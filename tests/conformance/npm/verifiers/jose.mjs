import { SignJWT, importPKCS8, importSPKI, jwtVerify } from "jose";

export const algorithms = [
  "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
];
export const configuration =
  'jwtVerify(token, key, { algorithms: [alg], issuer, audience, requiredClaims: ["exp"] }); `key` from importSPKI, or the bytes of the secret';

export async function verify(token, { key, algorithm, issuer, audience }) {
  const material = key.pem ? await importSPKI(key.pem, algorithm) : new TextEncoder().encode(key.secret);
  await jwtVerify(token, material, { algorithms: [algorithm], issuer, audience, requiredClaims: ["exp"] });
}

export async function issue({ algorithm, private: pem, claims }) {
  const key = await importPKCS8(pem, algorithm);
  return new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: "JWT" }).sign(key);
}
