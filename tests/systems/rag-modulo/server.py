"""RAG Modulo as a client sees it: its HTTP API, its WebSocket, and the process of its MCP server.

What it answers is what the real server answered (`recorded.json`). The first line on standard output is a JSON object
with the ports: that of its web page is one of them, which has no calls of its own here. It ends when standard input does."""

import asyncio
import json
import secrets
import sys
import threading
import time
import uuid
from pathlib import Path

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Route, WebSocketRoute

# Where the server finds its web page by default: the one origin that it shares with.
PAGE = "http://localhost:3000"
OPEN = {
    "/api/", "/api/health", "/docs", "/openapi.json", "/redoc", "/docs/oauth2-redirect",
    *(f"/api/auth/{name}" for name in [
        "login", "callback", "oidc-config", "token", "userinfo", "session",
        "device/start", "device/poll", "cli/start", "cli/token",
    ]),
}  # fmt: skip
ANN = {"email": "ann@example.com", "name": "Ann", "uuid": "478e32d7-5bda-4cc0-8958-680bbc4b90d3", "role": "user"}
# What keeps the state of a login.
STATE = "rag_modulo_session"
DEVELOPER = {"sub": "test_user_id", "uuid": "82e77361-f34e-4e8e-9d51-2bede9fcf6a3", "role": "admin"}


def detail(status, text):
    return JSONResponse({"detail": text}, status)


def believed(token, role=None):
    """Whose token it is, or says that it is: nothing is verified. An agent is nobody's user."""
    if token.startswith(("dev-", "mock_token")):
        return {**DEVELOPER, **({"role": role} if role else {})}
    claims = jwt.decode(token, options={name: False for name in ["verify_signature", "verify_exp", "verify_iat"]})
    subject = claims.get("sub")
    return {} if isinstance(subject, str) and subject.startswith("spiffe://") else claims


class Authentication:
    """In front of everything else, so that it has preflights as well."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope)
        scope["state"] = {"user": None}
        if request.url.path in OPEN or request.url.path.startswith("/static/"):
            return await self.app(scope, receive, send)
        header = request.headers.get("authorization", "")
        if not header.startswith("Bearer "):
            return await detail(401, "Authentication required")(scope, receive, send)
        try:
            scope["state"]["user"] = believed(header.split(" ")[1], request.headers.get("x-user-role"))
        except jwt.PyJWTError:
            return await PlainTextResponse("Internal Server Error", 500)(scope, receive, send)
        await self.app(scope, receive, send)


class Api:
    def __init__(self, secret, pages):
        self.secret, self.pages, self.conversations, self.states = secret, pages, [], {}

    def verified(self, request):
        """Of three routes alone: the claims, or nothing."""
        header = request.headers.get("authorization", "")
        try:
            return jwt.decode(header.removeprefix("Bearer "), self.secret, ["HS256"], options={"verify_aud": False})
        except jwt.PyJWTError:
            return None

    def has_no_end(self, request):
        """Whether its `exp` is null, on which the library fails in a way that the server does not expect."""
        try:
            claims = jwt.decode(request.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
        except (KeyError, jwt.PyJWTError):
            return False
        return claims.get("exp", 0) is None

    def login(self, request):
        cookie, state = secrets.token_hex(8), secrets.token_hex(8)
        self.states[cookie] = state
        response = RedirectResponse(f"https://idp.example/authorize?response_type=code&state={state}", 302)
        response.set_cookie(STATE, cookie)
        return response

    def callback(self, request):
        """The identity provider sends people here with a code, for which it gives their identity, and a time if it says one."""
        if self.states.pop(request.cookies.get(STATE), None) != request.query_params.get("state"):
            return PlainTextResponse("Internal Server Error", 500)
        tells = request.query_params.get("code") != "without-expires-in"
        claims = {"sub": "idp|ann", **ANN, "exp": int(time.time()) + 3600 if tells else None}
        # The library would not write `null`.
        signer = jwt.PyJWS()
        token = signer.encode(json.dumps(claims).encode(), self.secret, "HS256", {"typ": "JWT"})
        return RedirectResponse(f"{PAGE}/auth/callback?token={token}", 307)

    def start_device(self, request):
        return JSONResponse({"device_code": secrets.token_hex(8), "user_code": "ABCD-EFGH", "interval": 5})

    def poll_device(self, request):
        now = int(time.time())
        claims = {**ANN, "sub": ANN["uuid"], "username": "ann", "iat": now, "exp": now + 86400, "iss": "rag-modulo"}
        return JSONResponse({"status": "success", "access_token": jwt.encode(claims, self.secret, "HS256")})

    def userinfo(self, request):
        if self.has_no_end(request):
            return PlainTextResponse("Internal Server Error", 500)
        claims = self.verified(request)
        if claims is None:
            return detail(401, "Invalid token" if "authorization" in request.headers else "Not authenticated")
        # A model of all four: without one it fails.
        if any(not isinstance(claims.get(name), str) for name in ["sub", "email", "name", "uuid"]):
            return PlainTextResponse("Internal Server Error", 500)
        return JSONResponse({name: claims.get(name) for name in ["sub", "email", "name", "uuid", "role"]})

    def session(self, request):
        if self.has_no_end(request):
            return PlainTextResponse("Internal Server Error", 500)
        claims = self.verified(request)
        if claims is None:
            return JSONResponse({"authenticated": False, "error": "Invalid token"})
        if "email" not in claims or "name" not in claims:
            return PlainTextResponse("Internal Server Error", 500)
        return JSONResponse({"authenticated": True, "user": claims})

    def check(self, request):
        claims = self.verified(request)
        return JSONResponse({"authenticated": True, "user_id": claims["uuid"]} if claims else {"authenticated": False})

    def me(self, request):
        user = request.state.user
        return JSONResponse({name: user.get(name) for name in ["sub", "uuid", "role"]})

    def own(self, request):
        """What belongs to the user in the path. A UUID has many spellings."""
        try:
            same = uuid.UUID(request.path_params["user_id"]) == uuid.UUID(str(request.state.user.get("uuid")))
        except ValueError:
            return detail(422, "not a UUID")
        return JSONResponse([]) if same else detail(403, "Not authorized to access this user's resources")

    def make_user(self, request):
        if request.state.user.get("role") != "admin":
            return detail(403, "User is not authorized to access this resource (requires admin role)")
        return JSONResponse({"id": str(uuid.uuid4())}, 201)

    def list_conversations(self, request):
        """Of whom the query says, without a question."""
        try:
            wanted = uuid.UUID(request.query_params.get("user_id") or request.state.user.get("uuid"))
        except ValueError:
            return detail(422, "not a UUID")
        return JSONResponse([c for c in self.conversations if uuid.UUID(c["user_id"]) == wanted])

    async def make_conversation(self, request):
        body = await request.json()
        made = {"id": str(uuid.uuid4()), "user_id": request.state.user.get("uuid"), **body}
        self.conversations.append(made)
        return JSONResponse(made, 201)

    async def search(self, request):
        body = await request.json()
        return JSONResponse({"answer": "none", "user_id": request.state.user.get("uuid"), "question": body["question"]})

    async def anything(self, request):
        await request.body()
        return JSONResponse({"path": request.url.path, "method": request.method})

    async def socket(self, websocket):
        header = websocket.headers.get("authorization", "")
        token = websocket.query_params.get("token") or (header.split(" ")[1] if header.startswith("Bearer ") else None)
        try:
            user = believed(token) if token else None
        except jwt.PyJWTError:
            user = None
        if user is None:
            return await websocket.close(1008)
        await websocket.accept()
        await websocket.send_json({"type": "connection_established", "user_id": user.get("uuid")})
        async for frame in websocket.iter_json():
            # Whose the session is, nobody asks.
            await websocket.send_json({"type": "chat_message", "session_id": frame.get("session_id")})

    async def health_socket(self, websocket):
        await websocket.accept()
        await websocket.send_json({"type": "health_check", "status": "healthy"})
        await websocket.close()

    def app(self):
        own = {
            "GET /api/auth/userinfo": self.userinfo,
            "GET /api/auth/session": self.session,
            "GET /api/auth/check-auth": self.check,
            "GET /api/auth/me": self.me,
            "GET /api/auth/login": self.login,
            "GET /api/auth/callback": self.callback,
            "POST /api/auth/device/start": self.start_device,
            "POST /api/auth/device/poll": self.poll_device,
            "POST /api/users/": self.make_user,
            "GET /api/conversations": self.list_conversations,
            "POST /api/conversations": self.make_conversation,
            "POST /api/search": self.search,
        }
        routes = [WebSocketRoute("/ws", self.socket), WebSocketRoute("/ws/health", self.health_socket)]
        for line in Path(__file__).with_name("routes.txt").read_text().splitlines():
            path, *methods = line.split()
            for method in methods:
                # Of a preferred provider and of warnings nobody asks whose they are.
                bound = "{user_id}" in path and not any(part in path for part in ["preferred", "token-warnings", "teams"])
                handler = own.get(f"{method} {path}", self.own if bound else self.anything)
                routes.append(Route(path, handler, methods=[method]))
        app = Starlette(routes=routes)
        app.router.redirect_slashes = False
        shared = {"allow_methods": ["*"], "allow_headers": ["*"], "allow_credentials": True}
        return Authentication(CORSMiddleware(app, self.pages, **shared))


async def page(_request):
    return HTMLResponse("<!doctype html><title>RAG Modulo</title>")


async def mcp(request):
    """The other process: it believes an e-mail address in a header; its tokens and keys never work as shipped."""
    email = request.headers.get("x-authenticated-user")
    return JSONResponse({"user": email}) if email else detail(401, "Authentication required")


def serve(app):
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True).start()
    while not server.started:
        threading.Event().wait(0.01)
    return server.servers[0].sockets[0].getsockname()[1]


def main():
    page_port = serve(Starlette(routes=[Route("/", page)]))
    port = serve(Api(sys.argv[1], [PAGE, f"http://localhost:{page_port}"]).app())
    mcp_port = serve(Starlette(routes=[Route(path, mcp, methods=["GET", "POST"]) for path in ["/mcp", "/sse", "/messages/"]]))
    print(json.dumps({"port": port, "mcp_port": mcp_port, "page_port": page_port}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
