// The suite as a Worker; `workerd test` calls it.
import { env } from "cloudflare:workers";
import { Gate } from "portcullis";
import { run, suite } from "./suite.js";

function all(test) {
  suite(test);
  test("workerd: the secrets of a Worker", (own) => {
    for (const secrets of [env, own]) {
      Gate.load({ profile: "agentflow", issuers: [{ keys: [{ alg: "HS256", secret: { env: "JWT_SECRET_KEY" } }] }] }, secrets);
    }
  });
}

export default {
  async test(_, own) {
    console.log(`RESULTS ${JSON.stringify(await run(all, own))}`);
  },
};
