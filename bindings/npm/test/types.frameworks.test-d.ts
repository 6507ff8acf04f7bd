// Compiled, never run: the guards with the types of what they are put into.
import { createServer } from "node:http";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import { type Allowed, Gate } from "portcullis";
import { guard as guardFetch, verdictOf as verdictOfFetch } from "portcullis/fetch";
import { guard, guardUpgrade, verdictOf } from "portcullis/node";

const gate = Gate.load({}, process.env);
const guarded = guard(gate, { log: console.log, requestId: () => crypto.randomUUID(), records: async () => null });

express().use(guarded).use("/admin", guarded);
express().get("/", (request, response) => {
  const verdict: Allowed | undefined = verdictOf(request);
  // @ts-expect-error: a route may have no guard, and a caller no identity
  response.send(verdict.principal.subject + gate.authorize(request).principal.subject);
});
createServer((request, response) => void guarded(request, response, () => response.end()))
  .on("upgrade", (request, socket, head) => void guardUpgrade(gate)(request, socket, head, () => socket.end()));
const app = Fastify({ serverFactory: (handler) => createServer((request, response) => void guarded(request, response, () => handler(request, response))) });
app.get("/", async (request) => gate.authorize(request.raw).principal?.subject);

const hono = new Hono();
hono.get("/", (c) => c.text(verdictOfFetch(c.req.raw)?.principal?.subject ?? gate.authorize(c.req.raw).target));
const handler: (request: Request) => Promise<Response> = guardFetch(gate, (request) => hono.fetch(request));
void handler;
const worker = { fetch: guardFetch(gate, async (request: Request, env: { ORIGIN: string }) => fetch(env.ORIGIN, request)) };
void worker.fetch(new Request("https://gate.example/"), { ORIGIN: "http://127.0.0.1" });
// @ts-expect-error: the environment goes on as it came
void worker.fetch(new Request("https://gate.example/"), 1);
// @ts-expect-error: no such option
guard(gate, { logs: console.log });
// @ts-expect-error: a gate, and not what it is made of
guard({});
// @ts-expect-error: a guard needs somewhere to go on
guarded({ rawHeaders: [], headers: {} }, { statusCode: 200, setHeader() {}, end() {} });
