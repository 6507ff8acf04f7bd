"""What the page of RAG Modulo asks for, and what attackers send: each flow, and what came of it.

Arguments: where to send it, where the server itself is, the secret of its tokens, where the MCP server is to be had, and
`sockets` if WebSockets pass. What is recorded of the real server has the same names."""

import base64
import json
import sys
import time
import warnings
from pathlib import Path

import jwt
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

sys.path.insert(0, str(Path(__file__).parent.parent))
from caller import Caller

ANN, BOB = "478e32d7-5bda-4cc0-8958-680bbc4b90d3", "b0b00000-0000-4000-8000-000000000001"
ME, USERS = "/api/auth/me", "/api/users/"
PAGE = "http://localhost:3000"
COLLECTION = "c0110000-0000-4000-8000-000000000001"
SPIFFE = "spiffe://rag-modulo.example.com/agent/search-enricher/x"


def outcome(answer):
    reason = answer.header("x-portcullis-reason")
    if reason:
        right = answer.json is None or isinstance(answer.member("detail"), str)
        return f"{answer.status} {reason}" + ("" if right else f", but {answer.body!r}")
    return str(answer.status)


def spellings(identifier):
    """What the server takes for the same UUID, with a name for each way to write it."""
    return {
        "in capitals": identifier.upper(),
        "without hyphens": identifier.replace("-", ""),
        "in braces": f"%7B{identifier}%7D",
        "as a URN": f"urn:uuid:{identifier}",
    }


def b64(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


class Flows(Caller):
    def __init__(self, base, direct, secret, sockets):
        super().__init__(base, outcome)
        self.base, self.direct, self.secret, self.has_sockets = base, Caller(direct, outcome), secret, sockets
        self.ann, self.bob = self.token(), self.token(sub="idp|bob", uuid=BOB, email="bob@example.com", name="Bob")
        self.admin = self.token(sub="idp|root", role="admin", uuid="0c0c0c0c-0000-4000-8000-000000000001")

    def claims(self, **more):
        """As the callback of a login issues them; what is `None` is left out."""
        claims = {"sub": "idp|ann", "email": "ann@example.com", "name": "Ann", "uuid": ANN, "role": "user"}
        claims.update({"exp": int(time.time()) + 600, **more})
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, secret=None, algorithm="HS256", **more):
        return jwt.encode(self.claims(**more), secret or self.secret, algorithm)

    def written(self, claims, header='{"alg":"HS256","typ":"JWT"}', secret=None):
        """A token of a text that no library would write."""
        import hashlib
        import hmac

        signed = f"{b64(header.encode())}.{b64(claims.encode())}"
        mac = hmac.new((secret or self.secret).encode(), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{b64(mac)}"

    def get(self, target, token=None, headers=(), method="GET", body=None):
        given = [("Authorization", f"Bearer {token}")] if token is not None else []
        return self.send(method, target, [*given, *headers], body)

    def who(self, answer):
        """Who the server takes the caller for."""
        if answer.status != 200 or self.refused(answer):
            return outcome(answer)
        return f"200 as {answer.member('role')}/{str(answer.member('sub'))[:22]}"

    def calls(self):
        """The calls of the page, for whoever has logged in: a name for each, method, path, type of the body and body."""
        names = {"c": COLLECTION, "s": "5d914c44-6e9d-4aee-a578-f769aa6965ee", "me": ANN}
        for line in Path(__file__).with_name("page.txt").read_text().splitlines():
            method, path = line.split()
            kind, body = None, None
            if "documents" in path or "with-files" in path:
                kind, body = "multipart/form-data; boundary=b", "--b--\r\n"
            elif method in ("POST", "PUT"):
                kind, body = "application/json", json.dumps({"question": "q"})
            yield line, method, path.format(**names), kind, body

    def page(self):
        for line, method, target, kind, body in self.calls():
            headers = [("Origin", PAGE), *([("Content-Type", kind)] if kind else [])]
            answer = self.get(target, self.ann, headers, method, body and body.encode())
            readable = "" if answer.header("access-control-allow-origin") == PAGE else ", not readable by the page"
            self.say("page", line, outcome(answer) + readable)

    def logins(self):
        """With an identity provider, and from the command line."""

        def through(token):
            session = self.get("/api/auth/session", token)
            return [
                f"me {outcome(self.get(ME, token))}",
                f"session {outcome(session)} {session.member('authenticated')}",
                f"userinfo {outcome(self.get('/api/auth/userinfo', token))}",
                f"logout {outcome(self.get('/api/auth/logout', token, method='POST'))}",
                f"me after logout {outcome(self.get(ME, token))}",
            ]

        for flow, code in [
            ("with an identity provider", "code"),
            ("with one that does not say when the token ends", "without-expires-in"),
        ]:
            begun = self.get("/api/auth/login")
            state = begun.header("location").rsplit("state=", 1)[-1]
            cookie = [("Cookie", begun.cookie("rag_modulo_session"))]
            ended = self.get(f"/api/auth/callback?code={code}&state={state}", None, cookie)
            token = ended.header("location").rsplit("token=", 1)[-1]
            came = [f"login {outcome(begun)}", f"callback {outcome(ended)}", *through(token)]
            self.say("login", flow, ", ".join(came))
        started = self.get("/api/auth/device/start", method="POST", body={})
        polled = self.get("/api/auth/device/poll", method="POST", body={"device_code": started.member("device_code")})
        token = polled.member("access_token")
        came = [
            f"start {outcome(started)}",
            f"poll {outcome(polled)} {polled.member('status')}",
            f"me {outcome(self.get(ME, token))}",
            f"check-auth {self.get('/api/auth/check-auth', token).member('authenticated')}",
        ]
        self.say("login", "from the command line", ", ".join(came))

    def attacks(self):
        """Who may make users? `GET /api/auth/me` shows whom the server takes the caller for."""
        exp = int(time.time()) + 600
        admin = {"sub": "idp|eve", "role": "admin", "uuid": BOB}

        def unsigned(alg, claims, mac=""):
            header = b64(json.dumps({"alg": alg, "typ": "JWT"}).encode())
            return f"{header}.{b64(json.dumps(claims).encode())}.{mac}"

        old = int(time.time()) - 86400
        duplicate = json.dumps(self.claims())[:-1] + ', "role": "admin"}'
        published = "dev-secret-key-change-in-production-f8a7b2c1"
        for flow, token, headers in [
            ("no credential", None, []),
            ("garbage", "garbage", []),
            ("alg none, admin", unsigned("none", {**self.claims(), **admin}), []),
            ("wrong key, admin, exp 1", self.token("k" * 32, exp=1, **admin), []),
            ("published default secret, admin", self.token(published, **admin), []),
            ("right key, expired", self.token(exp=old), []),
            ("right key, exp null", self.written(json.dumps({**self.claims(), "exp": None})), []),
            ("right key, no exp", self.token(exp=None), []),
            ("right key, exp string", self.written(json.dumps({**self.claims(), "exp": str(exp)})), []),
            ("right key, HS512", self.token(algorithm="HS512"), []),
            ("right key, aud other", self.token(aud="other"), []),
            ("right key, no role", self.token(role=None), []),
            ("right key, role list", self.token(role=["user", "admin"]), []),
            ("right key, role 'superuser'", self.token(role="superuser"), []),
            ("right key, no uuid", self.token(uuid=None), []),
            ("right key, integer sub", self.written(json.dumps({**self.claims(), "sub": 5})), []),
            ("dup claim role", self.written(duplicate), []),
            ("dev-bypass-auth", "dev-bypass-auth", []),
            ("dev-x", "dev-x", []),
            ("mock_token_for_testing", "mock_token_for_testing", []),
            ("mock_token_7", "mock_token_7", []),
            ("dev-x + X-User-Role: guest", "dev-x", [("X-User-Role", "guest")]),
            ("unsigned spiffe sub", unsigned("none", {**self.claims(), "sub": SPIFFE}), []),
            ("right key, spiffe sub", self.token(sub=SPIFFE), []),
            ("right key, SPIFFE:// upper", self.token(sub=SPIFFE.replace("spiffe", "SPIFFE")), []),
            ("good user", self.ann, []),
            ("good + X-User-Role admin, X-User-UUID", self.ann, [("X-User-Role", "admin"), ("X-User-UUID", BOB)]),
            ("good + X-Authenticated-User", self.ann, [("X-Authenticated-User", "bob@example.com")]),
            ("good + X-SPIFFE-JWT, X-API-Key", self.ann, [("X-SPIFFE-JWT", self.admin), ("X-API-Key", "k")]),
        ]:
            self.say("token", flow, self.who(self.get(ME, token, headers)))
            if token is not None:
                made = self.get(USERS, token, headers, "POST", {"email": "e"})
                self.say("making a user", flow, made)
        self.say("making a user", "an admin", self.get(USERS, self.admin, (), "POST", {"email": "e"}))

    def headers(self):
        good = self.ann
        for flow, lines in [
            ("lower-case bearer, good", [f"bearer {good}"]),
            ("BEARER, good", [f"BEARER {good}"]),
            ("two spaces, good", [f"Bearer  {good}"]),
            ("tab, good", [f"Bearer\t{good}"]),
            ("good then text", [f"Bearer {good} text"]),
            ("dev-x then good", [f"Bearer dev-x {good}"]),
            ("two headers: good, dev-x", [f"Bearer {good}", "Bearer dev-x"]),
            ("two headers: dev-x, good", ["Bearer dev-x", f"Bearer {good}"]),
            ("comma: good, Bearer dev-x", [f"Bearer {good}, Bearer dev-x"]),
        ]:
            answer = self.send("GET", ME, [("Authorization", line) for line in lines])
            self.say("header", flow, self.who(answer))
        self.say("header", "?token=good on HTTP", self.who(self.get(f"{ME}?token={good}")))
        self.say("header", "open path with dev-x", self.get("/api/health", "dev-x"))

    def paths(self):
        for flow, path, token in [
            ("/static/../api/auth/me", "/static/../api/auth/me", None),
            ("/static/%2e%2e/api/auth/me", "/static/%2e%2e/api/auth/me", None),
            ("/api/health/../auth/me", "/api/health/../auth/me", None),
            ("//api/auth/me, good", "//api/auth/me", self.ann),
        ]:
            self.say("path", flow, self.who(self.get(path, token)))
        for path in ["/docs", "/openapi.json"]:
            self.say("path", path, self.get(path))

    def others(self):
        """What is somebody else's."""
        mine = f"/api/users/{ANN}/prompt-templates"
        theirs = f"/api/users/{BOB}/prompt-templates"
        say = lambda flow, answer: self.say("another's", flow, answer)
        say("my templates", self.get(mine, self.ann))
        for way, spelt in spellings(ANN).items():
            say(f"my templates, UUID {way}", self.get(mine.replace(ANN, spelt), self.ann))
        say("bob's templates", self.get(theirs, self.ann))
        say("bob's templates, an admin", self.get(theirs, self.admin))
        say("bob's preferred provider", self.get(f"/api/users/{BOB}/preferred", self.ann))
        for way, spelt in spellings(BOB).items():
            say(f"bob's preferred provider, UUID {way}", self.get(f"/api/users/{spelt}/preferred", self.ann))
        made = self.direct.send("POST", "/api/conversations", [("Authorization", f"Bearer {self.bob}")], {})
        for way, spelt in {"": BOB, **spellings(BOB)}.items():
            listed = self.get(f"/api/conversations?user_id={spelt}", self.ann)
            seen = made.member("id") in [c["id"] for c in listed.json] if isinstance(listed.json, list) else False
            flow = f"bob's conversations, UUID {way}" if way else "bob's conversations"
            say(flow, outcome(listed) + (", and sees them" if seen else ""))
        body = {"name": "p", "user_id": BOB}
        say("a pipeline of mine, bob's in the body", self.get(f"/api/users/{ANN}/pipelines", self.ann, (), "POST", body))
        body["user_id"] = BOB.upper()
        say("a pipeline of mine, bob's in the body in capitals", self.get(f"/api/users/{ANN}/pipelines", self.ann, (), "POST", body))
        say("bob's collection, read", self.get(f"/api/collections/{COLLECTION}", self.ann))
        for way, spelt in spellings(COLLECTION).items():
            say(f"bob's collection, read, UUID {way}", self.get(f"/api/collections/{spelt}", self.ann))
        say("everybody out of a collection", self.get("/api/collections/c1/users", self.ann, (), "DELETE"))
        say("agents", self.get("/api/agents", self.ann))

    def sharing(self):
        asked = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,content-type")]

        def seen(answer):
            return f"{outcome(answer)}, readable by {answer.header('access-control-allow-origin') or 'nobody'}"

        for name, origin in [("its page", PAGE), ("another origin", "https://other.example")]:
            preflight = self.send("OPTIONS", "/api/search", [("Origin", origin), *asked])
            self.say("cross-origin", f"preflight of a search, {name}", seen(preflight))
            self.say("cross-origin", f"good user, {name}", seen(self.get(ME, self.ann, [("Origin", origin)])))
            self.say("cross-origin", f"garbage, {name}", seen(self.get(ME, "garbage", [("Origin", origin)])))

    def sockets(self):
        def opened(flow, target, headers=None, session=None):
            if not self.has_sockets:
                return self.say("WebSocket", flow, "-")
            url = self.base.replace("http://", "ws://") + target
            try:
                with connect(url, additional_headers=headers, open_timeout=20, proxy=None) as socket:
                    first = json.loads(socket.recv(20))
                    text = f"101, {first['type']}" + (" as ann" if first.get("user_id") == ANN else "")
                    if session:
                        socket.send(json.dumps({"type": "chat_message", "content": "c", "session_id": session}))
                        said = json.loads(socket.recv(20))
                        text += ", writes into bob's session" if said["session_id"] == session else ""
            except InvalidStatus as error:
                response = error.response
                text = f"{response.status_code} {response.headers.get('x-portcullis-reason', '')}".strip()
            return self.say("WebSocket", flow, text)

        admin, bearer = self.admin, lambda token: {"Authorization": f"Bearer {token}"}
        opened("no token", "/ws")
        opened("?token=, user", f"/ws?token={self.ann}", session="5d914c44-6e9d-4aee-a578-f769aa6965ee")
        opened("?token=, admin", f"/ws?token={admin}")
        opened("Authorization, admin", "/ws", bearer(admin))
        opened("?token=, alg none, admin", "/ws?token=" + jwt.encode(self.claims(role="admin"), None, "none"))
        opened("?token=dev-x", "/ws?token=dev-x")
        opened("?token=, expired", f"/ws?token={self.token(exp=1, role='admin')}")
        opened("Authorization good, ?token=dev-x", "/ws?token=dev-x", bearer(admin))
        opened("?token=dev-x&token=good", f"/ws?token=dev-x&token={admin}")
        opened("?%74oken=dev-x, Authorization good", "/ws?%74oken=dev-x", bearer(admin))
        opened("/ws/health", "/ws/health")

    def mcp(self, base):
        """Its MCP server, behind a gate of its own or none."""
        caller = Caller(base, outcome)
        believed = [("X-Authenticated-User", "bob@example.com")]

        def say(flow, headers):
            answer = caller.send("POST", "/mcp", headers, {})
            user = answer.member("user")
            came = f"{answer.status} {self.refused(answer)}".strip()
            self.say("MCP", flow, came + (f" as {user}" if user else ""))

        say("nobody", [])
        say("X-Authenticated-User: bob", believed)
        say("X_Authenticated_User: bob", [("X_Authenticated_User", "bob@example.com")])
        say("ann's token", [("Authorization", f"Bearer {self.ann}")])
        say("ann's token, X-Authenticated-User: bob", [("Authorization", f"Bearer {self.ann}"), *believed])
        say("X-SPIFFE-JWT, X-API-Key", [("X-SPIFFE-JWT", self.admin), ("X-API-Key", "k")])


def main():
    # That one of the keys is short for its algorithm.
    warnings.simplefilter("ignore")
    base, direct, secret, mcp, sockets = sys.argv[1:]
    flows = Flows(base, direct, secret, sockets == "sockets")
    flows.page()
    flows.logins()
    flows.attacks()
    flows.headers()
    flows.paths()
    flows.others()
    flows.sharing()
    flows.sockets()
    flows.mcp(mcp)


if __name__ == "__main__":
    main()
