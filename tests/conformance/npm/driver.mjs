// One JavaScript library behind the protocol: `node driver.mjs <name>`.
//
//   first line out  {"version", "algorithms", "configuration"}
//   verify          {"id", "token", "key": {"secret"} or {"pem", "jwk"}, "algorithm", "issuer", "audience"}
//                   -> {"id", "verdict": "accept" or "reject", "error": text}
//   issue           {"op": "issue", "algorithm", "private": PEM, "claims": object} -> {"token"}
import { readFileSync } from "node:fs";
import { answer, print } from "./lines.mjs";

const name = process.argv[2];
const library = await import(`./verifiers/${name}.mjs`);
const manifest = new URL(`./node_modules/${name}/package.json`, import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8"));
const { algorithms, configuration } = library;
print({ version, algorithms, configuration });

await answer(async (question) => {
  if (question.op === "issue") return { token: await library.issue(question) };
  const { id, token } = question;
  try {
    await library.verify(token, question);
    return { id, verdict: "accept" };
  } catch (error) {
    return { id, verdict: "reject", error: String(error?.message ?? error).slice(0, 200) };
  }
});
