// Puts shared cases to the packed package: one JSON object a line in, one a line out.
//
//   in   {"config": …, "secrets": {…}, "head": {"method", "target", "headers": [[name, value], …]}, "now": seconds,
//         "requestId": text, "records": {key: text, or null where nobody can say}, "body": text}
//   out  {"refused": {"status", "reason", "headers", "body"}}
//        {"allowed": {"target", "headers", "removeResponseHeaders", "responseHeaders", "appendResponseHeaders"}}: what the
//        origin receives, and what to remove from, set on and add to its response
//        {"answered": {"status", "headers", "body"}}
//        {"error": {"name", "code", "message", "errors"}}
import { createInterface } from "node:readline";
import { Gate } from "portcullis";
import { applyTo } from "portcullis/node";

const gates = new Map();

function gateFor(config, secrets) {
  const key = JSON.stringify([config, secrets]);
  let gate = gates.get(key);
  // No case comes so far that the origin is asked; a configuration that may ask has to know where it is.
  const options = { signatures: process.env.SIGNATURES, origin: "http://127.0.0.1:9" };
  if (!gate) gates.set(key, (gate = Gate.load(config, secrets, options)));
  return gate;
}

// A case is text in UTF-8; Node.js shows the bytes of a header one by one.
const asNode = (text) => Buffer.from(text, "utf8").toString("latin1");
const asText = (shown) => (/^[\0-\xff]*$/.test(shown) ? Buffer.from(shown, "latin1").toString("utf8") : shown);

async function decide({ config, secrets, head, now, requestId = "", records, body = "" }) {
  const gate = gateFor(config, secrets);
  const request = {
    method: head.method,
    url: asNode(head.target),
    rawHeaders: head.headers.flat().map(asNode),
  };
  const options = { now: new Date(now * 1000), requestId, body: Buffer.from(body ?? "") };
  const record = (key) => {
    if (records[key] === null) throw new Error("the store does not answer");
    return records[key] ?? null;
  };
  const stores = { records: record, revocations: (names) => names.map(record) };
  const verdict = records ? await gate.decideAsync(request, { ...options, ...stores }) : gate.decide(request, options);
  if (!verdict.allowed) {
    const { status, reason, headers, body: text } = verdict;
    if (reason === null) return { answered: { status, headers, body: text } };
    return { refused: { status, reason, headers, body: text } };
  }
  if (!applyTo(verdict, request)) throw new Error("the verdict cannot be carried out");
  const headers = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    headers.push([request.rawHeaders[i].toLowerCase(), asText(request.rawHeaders[i + 1])]);
  }
  const { removeResponseHeaders, responseHeaders, appendResponseHeaders } = verdict;
  const response = { removeResponseHeaders, responseHeaders, appendResponseHeaders };
  return { allowed: { target: request.url, headers, ...response } };
}

for await (const line of createInterface({ input: process.stdin, terminal: false })) {
  let answer;
  try {
    answer = await decide(JSON.parse(line));
  } catch ({ name, code, message, errors }) {
    answer = { error: { name, code, message, errors } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
