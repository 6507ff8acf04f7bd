"""Origins that record what reaches them, byte for byte, and say of each request what a server would make of it.

The settings are a JSON list on standard input, an object for each gate. The first line printed is a list of what each
has: its port, and the routes of each caller. Every further line is about one request that has arrived."""

import asyncio
import base64
import hashlib
import json
import re
import sys

import h11

from judge import Judge, Request

MARKER = re.compile(rb"x-marker: ?(\d+)", re.IGNORECASE)
WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# A server closes what is idle; on a busy machine, too, no host still sends something then.
IDLE_SECONDS = 600


def upgrades_to_websocket(server, request):
    """As uvicorn's and hypercorn's own code decides, headers given twice included: the last one counts."""
    last = {name: value for name, value in request.headers}
    options = [option.strip().lower() for option in last.get(b"connection", b"").split(b",")]
    wanted = last.get(b"upgrade", b"").lower()
    return server == "uvicorn" and request.method == b"GET" and b"upgrade" in options and wanted == b"websocket"


class Origin:
    def __init__(self, index, setting):
        self.index, self.server = index, setting["server"]
        self.judge = Judge(setting)

    def say(self, raw, **facts):
        markers = [int(marker) for marker in MARKER.findall(raw)]
        line = {"gate": self.index, "markers": markers, "endpoint": None, "subject": None, "problem": None}
        line.update(facts)
        if line["problem"] or not markers:
            line["raw"] = raw[:4096].decode("latin-1")
        print(json.dumps(line), flush=True)

    async def serve(self, reader, writer):
        try:
            await self.converse(reader, writer)
        except (ConnectionError, asyncio.TimeoutError):
            pass
        finally:
            writer.close()

    async def converse(self, reader, writer):
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        raw, current, body = bytearray(), None, b""
        while True:
            try:
                event = connection.next_event()
            except h11.RemoteProtocolError as error:
                self.say(bytes(raw), unreadable=str(error))
                writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
                return
            if event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])))
                data = await asyncio.wait_for(reader.read(65536), IDLE_SECONDS)
                raw += data
                connection.receive_data(data)
            elif isinstance(event, h11.Request):
                current, body = self.arrive(event, bytes(raw)), b""
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self.complete(current, body, bytes(raw))
                if not self.answer(connection, writer, current):
                    return
                trailing, _ = connection.trailing_data
                raw = bytearray(trailing)
            else:
                return

    def arrive(self, event, raw):
        """Frameworks start on the head of a request; what is wrong there is wrong whatever follows."""
        websocket = upgrades_to_websocket(self.server, event)
        request = Request(event.method.decode(), event.target, event.headers, websocket)
        route, principal, problem = self.judge.head(request)
        self.say(
            raw,
            endpoint=route and route.key,
            subject=principal and principal.subject,
            problem=problem,
        )
        return request, route, principal, problem, event

    def complete(self, current, body, raw):
        request, route, principal, problem, _ = current
        if problem or route is None or principal is None:
            return
        problem = self.judge.body(route, principal, request.all("content-type"), body)
        if problem:
            self.say(raw, endpoint=route.key, subject=principal.subject, problem=problem)

    @staticmethod
    def answer(connection, writer, current):
        """Answers, and returns whether the connection goes on."""
        request, route, _, _, event = current
        version = request.all("sec-websocket-version")
        if request.websocket and (version != ["13"] or not request.all("sec-websocket-key")):
            # The handshake fails, and the connection goes on in HTTP.
            return Origin.respond(connection, writer, 426, b"no")
        if request.websocket and route is not None:
            key = next((value for name, value in event.headers if name == b"sec-websocket-key"), b"")
            accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET).digest())
            headers = [("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", accept)]
            offers = request.all("sec-websocket-protocol")
            if offers:
                headers.append(("sec-websocket-protocol", offers[0].split(",")[0].strip()))
            head = b"HTTP/1.1 101 Switching Protocols\r\n"
            for name, value in headers:
                value = value if isinstance(value, bytes) else value.encode()
                head += name.encode() + b": " + value + b"\r\n"
            # Then a close frame.
            writer.write(head + b"\r\n" + b"\x88\x02\x03\xe8")
            return False
        content = b"" if request.method == "HEAD" else b"ok"
        return Origin.respond(connection, writer, 200 if route is not None else 404, content)

    @staticmethod
    def respond(connection, writer, status, content):
        headers = [("content-length", "2")]
        writer.write(connection.send(h11.Response(status_code=status, headers=headers)) or b"")
        writer.write(connection.send(h11.Data(data=content)) or b"")
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        if connection.our_state is h11.MUST_CLOSE:
            return False
        connection.start_next_cycle()
        return True


async def main():
    settings = json.loads(sys.stdin.readline())
    greeting, servers = [], []
    for index, setting in enumerate(settings):
        origin = Origin(index, setting)
        server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, backlog=512)
        servers.append(server)
        allowed = {name: origin.judge.allowed(claims) for name, claims in setting["callers"].items()}
        greeting.append({"port": server.sockets[0].getsockname()[1], "allowed": allowed})
    print(json.dumps(greeting), flush=True)
    # The end of standard input is the end of the test.
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
