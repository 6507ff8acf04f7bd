// A reverse proxy with a guard, for the checks of what a gate learns while it runs. Secrets, PORTCULLIS_CONFIG and ORIGIN come
// from the environment; the address is printed when it listens.
import { createServer, request as ask } from "node:http";
import { pipeline } from "node:stream";
import { Gate } from "portcullis";
import { guard } from "portcullis/node";

const { ORIGIN: origin, PORTCULLIS_CONFIG: config } = process.env;
const gate = Gate.load(config, process.env, { origin });
// By the clock of this server it is so many seconds later, or earlier, as a request says, until another one says otherwise.
const machine = Date.now;
let shift = 0;
Date.now = () => machine() + shift;
// Stands for what a proxy in front vouches for.
const clientAddress = ({ headers, socket }) => headers["x-test-client"] ?? socket.remoteAddress;
const guarded = guard(gate, { log: console.log, clientAddress });

const server = createServer((request, response) => {
  shift = 1000 * (request.headers["x-test-clock"] ?? shift / 1000);
  guarded(request, response, () => {
    const { method, url, headers } = request;
    const asked = ask(origin, { method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      pipeline(answer, response, () => {});
    });
    asked.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    pipeline(request, asked, () => {});
  });
});
server.listen(0, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
