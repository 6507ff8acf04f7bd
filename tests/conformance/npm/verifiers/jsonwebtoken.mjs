import jsonwebtoken from "jsonwebtoken";

export const algorithms = ["HS256", "RS256", "ES256"];
export const configuration = "jwt.verify(token, key, { algorithms: [alg], issuer, audience })";

export function verify(token, { key, algorithm, issuer, audience }) {
  jsonwebtoken.verify(token, key.pem ?? key.secret, { algorithms: [algorithm], issuer, audience });
}
