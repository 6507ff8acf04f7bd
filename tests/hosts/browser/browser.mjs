// Sends requests from pages in Chromium.
//
//   node browser.mjs TOOLS
//
// TOOLS is a node_modules folder with playwright-core. Standard input is
//   {"cookie": {name, value, domain, path} or none, "pages": [{"url", "asks": [{"id", "url", "init"} or {"id", "socket"}]}]}
// and standard output {id: outcome}, where an outcome is {"status", "text", "total", "challenge"}, {"blocked": why} or
// {"socket": "open" or "closed"}.
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";

const { chromium } = createRequire(resolve(process.argv[2]) + "/")("playwright-core");
const { cookie, pages } = JSON.parse(await text(process.stdin));

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

// Runs in the page.
async function askAll(asks) {
  const socket = (url) =>
    new Promise((done) => {
      const opened = new WebSocket(url);
      opened.onopen = () => done({ socket: "open" });
      opened.onerror = () => done({ socket: "closed" });
    });
  const ask = async ({ url, init, socket: address }) => {
    if (address) return socket(address);
    try {
      const response = await fetch(url, { ...init, cache: "no-store", signal: AbortSignal.timeout(20_000) });
      const { headers, status } = response;
      const [total, challenge] = [headers.get("x-total"), headers.get("www-authenticate")];
      return { status, text: await response.text(), total, challenge };
    } catch (error) {
      return { blocked: String(error) };
    }
  };
  return Object.fromEntries(await Promise.all(asks.map(async (one) => [one.id, await ask(one)])));
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
try {
  const context = await browser.newContext();
  if (cookie) await context.addCookies([cookie]);
  const outcomes = await Promise.all(
    pages.map(async ({ url, asks }) => {
      const tab = await context.newPage();
      await tab.goto(url);
      return tab.evaluate(askAll, asks);
    }),
  );
  console.log(JSON.stringify(Object.assign({}, ...outcomes)));
} finally {
  await browser.close();
}
