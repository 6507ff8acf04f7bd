// R2R's own client in JavaScript, as it is: `client.cjs BASE`, with a user, its session and a token that has expired on
// standard input. Prints what comes of each thing that a page does with it.
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { r2rClient } = require("r2r-js");

const base = process.argv[2];
const { email, password, expired } = JSON.parse(fs.readFileSync(0, "utf8"));
// What the client says of itself where something fails.
console.error = () => {};

function tell(flow, said) {
  process.stdout.write(`${JSON.stringify([`r2r-js: ${flow}`, said])}\n`);
}

async function attempt(flow, action, shown = () => "", tries = 30) {
  try {
    const result = await action();
    tell(flow, `good${shown(result)}`);
    return result;
  } catch (error) {
    const status = error.status ?? error.response?.status;
    if (status === 503 && tries > 0) {
      // A gate that could not ask in time: the server was busy, and will be there in a moment.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return attempt(flow, action, shown, tries - 1);
    }
    const message = String(error.message).replace(/^Status \d+: /, "").replace(/^HTTP error! status: \d+: /, "");
    tell(flow, status >= 500 ? `${status}` : `${status ?? "no status"} ${message}`);
    return undefined;
  }
}

async function words(stream) {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) text += chunk;
  return text.includes("word") ? "a stream" : `but ${text.slice(0, 80)}`;
}

// A client whose page keeps its tokens, and how often it was given others.
function page(tokens) {
  const kept = { ...tokens, renewed: 0, ended: 0 };
  const client = new r2rClient(base, true, {
    getTokensCallback: () => ({ accessToken: kept.accessToken, refreshToken: kept.refreshToken }),
    setTokensCallback: (accessToken, refreshToken) => {
      Object.assign(kept, { accessToken, refreshToken, renewed: kept.renewed + 1 });
    },
    onRefreshFailedCallback: () => {
      kept.ended += 1;
    },
  });
  client.setTokens(tokens.accessToken, tokens.refreshToken);
  kept.renewed = 0;
  return { client, kept };
}

async function main() {
  const client = new r2rClient(base);
  const session = await attempt("login", () => client.users.login({ email, password }));
  await attempt("who am I", () => client.users.me());
  const made = await attempt("make a collection", () => client.collections.create({ name: "fields" }));
  const collectionIds = [made.results.id];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "r2r-js-"));
  const file = path.join(folder, "field.txt");
  fs.writeFileSync(file, "The field is wide. ".repeat(10_000));
  await attempt("upload a file of 190 KB into it", () => client.documents.create({ file, collectionIds }));
  await attempt("upload a text", () => client.documents.create({ raw_text: "The barn is full", collectionIds }));
  await attempt("search", () => client.retrieval.search({ query: "field" }));
  const ask = { query: "field", ragGenerationConfig: { stream: true } };
  const stream = await attempt("RAG as a stream", () => client.retrieval.rag(ask));
  if (stream) tell("what the stream brings", await words(stream));
  const message = { role: "user", content: "hello" };
  await attempt("the agent begins a conversation", () => client.retrieval.agent({ message }));
  const begun = await attempt("begin a conversation", () => client.conversations.create());
  const conversationId = begun.results.id;
  await attempt("the agent goes on with that", () => client.retrieval.agent({ message, conversationId }));
  await attempt("a superuser's settings", () => client.system.settings());

  const refreshToken = session.results.refreshToken.token;
  const { client: kept, kept: tokens } = page({ accessToken: expired, refreshToken });
  const renewed = () => `, renewed ${tokens.renewed} times`;
  await attempt("a token that has expired is renewed", () => kept.users.me(), renewed);
  await attempt("what is not permitted is no reason to", () => kept.system.settings());
  tell("renewed by then", `${tokens.renewed} times, given up ${tokens.ended} times`);
  const { client: gone, kept: left } = page({ accessToken: expired, refreshToken });
  await attempt("a refresh token that was used before", () => gone.users.me());
  tell("given up by then", `${left.ended} times`);

  fs.writeFileSync(file, Buffer.alloc(30_000_000, "x"));
  await attempt("upload of 30 MB by nobody", () => new r2rClient(base).documents.create({ file }));
  fs.rmSync(folder, { recursive: true });
  await attempt("logout", () => client.users.logout());
}

main();
