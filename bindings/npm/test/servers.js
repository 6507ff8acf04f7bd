// Servers on loopback, and a client that sends targets as they are.
import { createServer, request as send } from "node:http";
import { once } from "node:events";

// Runs `use` with a client for a server, or for one of `listener`.
export async function serving(listener, use) {
  const server = typeof listener === "function" ? createServer(listener) : listener;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await use(client(server.address().port), server);
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
}

// Asks for a target exactly as written, which `fetch` would fold.
function client(port) {
  const ask = async (path, { method = "GET", headers = {}, body } = {}) => {
    const request = send({ port, host: "127.0.0.1", path, method, headers, agent: false });
    // A refusal may come before the end of the body.
    request.on("error", () => {});
    request.end(body);
    const [response] = await once(request, "response");
    return { status: response.statusCode, headers: response.headers, text: (await response.toArray()).join("") };
  };
  return Object.assign(ask, { port });
}
