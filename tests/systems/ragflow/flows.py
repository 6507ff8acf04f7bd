"""What people, scripts and pages do with RAGFlow 0.27.0, and what others try: each flow, and what came of it.

Arguments: where to send it, where the server itself is, the secret of its sessions; on standard input the key that
passwords are encrypted under. What is recorded of the real server has the same names."""

import base64
import json
import sys
import time
from pathlib import Path

from Crypto.Cipher import PKCS1_v1_5
from Crypto.PublicKey import RSA
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from ragflow_sdk import RAGFlow

sys.path.insert(0, str(Path(__file__).parent.parent))
from caller import Caller

ME, DATASETS, TOKENS = "/api/v1/users/me", "/api/v1/datasets", "/api/v1/system/tokens"


def outcome(answer, data=(None,)):
    """`data` is what may stand under this name where the gate refuses."""
    reason = answer.header("x-portcullis-reason")
    code = answer.member("code")
    if reason:
        # The page reads `code`, not the status.
        right = answer.json is None or (code == answer.status and any(answer.json["data"] is one for one in data))
        return f"{answer.status} {reason}" + ("" if right else f", but {answer.body!r}")
    return str(answer.status) if code is None else f"{answer.status}/{code}"


class Flows(Caller):
    def __init__(self, base, direct, secret, password_key):
        super().__init__(base, outcome)
        self.base, self.direct, self.secret = base, Caller(direct, outcome), secret
        self.password_key = RSA.import_key(password_key)
        # Each run has people of its own.
        self.run = base.rsplit(":", 1)[1]
        self.user = self.invite("user")
        self.other = self.invite("other")
        self.admin = self.invite("admin", superuser=True)

    def invite(self, name, **members):
        person = {"email": f"{name}@{self.run}.example", "password": "a password", "nickname": name, **members}
        return {**self.direct.send("POST", "/-/people", body=person).json, "email": person["email"]}

    def get(self, target, authorization=None, headers=(), method="GET", body=None):
        given = [("Authorization", authorization)] if authorization is not None else []
        return self.send(method, target, [*given, *headers], body)

    def encrypted(self, password):
        encoded = base64.b64encode(password.encode())
        return base64.b64encode(PKCS1_v1_5.new(self.password_key).encrypt(encoded)).decode()

    def whose(self, answer):
        """Of an answer about the caller: who that is."""
        data = answer.member("data")
        names = {p["id"]: name for name, p in vars(self).items() if isinstance(p, dict) and "id" in p}
        return f"{outcome(answer)} as {names.get(data['id'], 'another')}" if data else answer

    def page(self):
        """A person at the page: registering, logging in, making a key, using it, deleting it, logging out."""
        say = lambda flow, answer: self.say("page", flow, answer)
        email = f"page@{self.run}.example"
        credentials = {"email": email, "password": self.encrypted("first")}

        def log_in(authorization, password="first"):
            body = {"email": email, "password": self.encrypted(password)}
            return self.get("/api/v1/auth/login", authorization, method="POST", body=body)

        def told(answer):
            if self.refused(answer):
                return outcome(answer)
            return f"{outcome(answer)} header={bool(answer.header('authorization'))} cookie={bool(answer.cookie('session'))}"

        person = {"nickname": "page", **credentials}
        registered = self.get("/api/v1/users", method="POST", body=person)
        say("register", told(registered))
        if self.refused(registered):
            self.direct.send("POST", "/api/v1/users", body=person)
        entered = log_in("")
        say("login, with the empty Authorization that the page sends", told(entered))
        say("login again while a stale token is sent", told(log_in(entered.header("authorization"))))
        say("login, wrong password", log_in("", "second"))
        entered = log_in("")
        token, cookie = entered.header("authorization"), [("Cookie", entered.cookie("session"))]
        say("who am I, session token", self.get(ME, token))
        say("who am I, session token after Bearer", self.get(ME, f"Bearer {token}"))
        say("who am I, session token after bearer", self.get(ME, f"bearer {token}"))
        say("who am I, cookie alone", self.get(ME, None, cookie))
        say("who am I, cookie and empty Authorization", self.get(ME, "", cookie))
        say("who am I, both, as the page sends them", self.get(ME, token, cookie))
        say("list datasets", self.get(DATASETS, token, cookie))
        say("make a dataset", self.get(DATASETS, token, cookie, "POST", {"name": "mine"}))
        flipped = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
        say("session token with a bit flipped", self.get(DATASETS, flipped))
        made = say("make an API key", self.get(TOKENS, token, cookie, "POST", {}))
        say("list API keys", self.get(TOKENS, token, cookie))
        key = (made.member("data") or {}).get("token", "ragflow-" + "x" * 43)
        say("the new key, at once", self.get(DATASETS, f"Bearer {key}"))
        say("delete the key", self.get(f"{TOKENS}/{key}", token, cookie, "DELETE"))
        say("the deleted key", self.by_either(self.get(DATASETS, f"Bearer {key}")))
        say("logout", self.get("/api/v1/auth/logout", token, cookie, "POST"))
        say("after logout, session token", self.by_either(self.get(ME, token)))
        say("after logout, cookie", self.by_either(self.get(ME, None, cookie)))
        say("login again", told(log_in("")))
        begun = self.get("/api/v1/auth/login/github")
        say("login by another service begins", f"{begun.status} cookie={bool(begun.cookie('session'))}")
        state = begun.header("location").rsplit("state=", 1)[-1]
        back = f"/api/v1/auth/oauth/github/callback?code=c&state={state}"
        ended = self.get(back, None, [("Cookie", begun.cookie("session"))])
        say("and comes back", f"{ended.status} {ended.header('location').split('=')[0]}")

    def sessions(self):
        """Session tokens that are not what a login gave out."""
        say = lambda flow, value, headers=(): self.say("session", flow, self.get(ME, value, headers))
        token = self.user["session"]
        handle = URLSafeTimedSerializer(self.secret).loads(token)
        signed_by = lambda secret: URLSafeTimedSerializer(secret).dumps(handle)
        say("as it was given out", token)
        say("of another server", signed_by("f" * 64))
        say("without its last two characters", token[:-2])
        say("padded", token + "=")
        say("its handle alone", handle)

        class Long(URLSafeTimedSerializer):
            def dump_payload(self, obj):
                import zlib

                return b"." + base64.urlsafe_b64encode(zlib.compress(json.dumps(obj).encode())).rstrip(b"=")

        say("compressed and signed again", Long(self.secret).dumps(handle))

        def at(seconds):
            class Clock(TimestampSigner):
                def get_timestamp(self):
                    return seconds

            return URLSafeTimedSerializer(self.secret, signer=Clock).dumps(handle)

        say("signed in 1970", at(0))
        say("signed in 2100", at(4102444800))
        say("signed, of nobody", URLSafeTimedSerializer(self.secret).dumps("f" * 32))
        say("signed, an object", URLSafeTimedSerializer(self.secret).dumps({"id": handle}))
        inactive = self.invite("inactive", active="0")
        say("of somebody who is not active", inactive["session"])
        say("of somebody who was removed", self.invite("removed", status="0")["session"])
        failing = self.invite("failing", failing=True)
        say("while the server fails", failing["session"])
        say("while the server fails, a key", f"Bearer {failing['token']}")
        answer = self.get("/api/v1/auth/login", "", method="POST", body={"email": self.other["email"], "password": self.encrypted("a password")})
        self.other["session"], cookie = answer.header("authorization"), answer.cookie("session")
        both = self.get(ME, token, [("Cookie", cookie)])
        self.say("session", "token of one user, cookie of another", self.whose(both))
        for name, person in [("user", self.user), ("superuser", self.admin)]:
            for route in ["/api/v1/connectors", TOKENS, "/api/v1/agents/templates"]:
                self.say("session", f"{name}: GET {route}", self.get(route, person["session"]))

    def keys(self):
        say = lambda flow, answer: self.say("key", flow, answer)
        user, admin = self.user["token"], self.admin["token"]
        say("user's, after Bearer", self.get(DATASETS, f"Bearer {user}"))
        say("superuser's, after Bearer", self.get(DATASETS, f"Bearer {admin}"))
        say("user's, alone", self.get(DATASETS, user))
        say("user's, after bearer", self.get(DATASETS, f"bearer {user}"))
        say("unknown", self.get(DATASETS, "Bearer ragflow-" + "x" * 43))
        say("in X-API-Key", self.get(DATASETS, None, [("X-API-Key", user)]))
        cookie = self.get("/api/v1/auth/login", "", method="POST", body={"email": self.admin["email"], "password": self.encrypted("a password")})
        self.admin["session"] = cookie.header("authorization")
        say("with the cookie of another user", self.whose(self.get(ME, f"Bearer {user}", [("Cookie", cookie.cookie("session"))])))
        for name, key in [("user's", user), ("superuser's", admin)]:
            say(f"{name}: GET system/tokens", self.get(TOKENS, f"Bearer {key}"))
            say(f"{name}: POST system/tokens", self.get(TOKENS, f"Bearer {key}", method="POST", body={}))
            say(f"{name}: DELETE system/tokens", self.get(f"{TOKENS}/none", f"Bearer {key}", method="DELETE"))
        for name in ["users/me", "agents", "models", "tenants", "providers", "users/me/models", "connectors", "system/status"]:
            say(f"user's: GET {name}", self.get(f"/api/v1/{name}", f"Bearer {user}"))
        say("nobody: GET datasets", self.get(DATASETS))
        twice = [("Authorization", f"Bearer {user}")] * 2
        say("two Authorization lines", str(self.send("GET", DATASETS, twice).status))
        say("Basic, garbage", self.get(DATASETS, "Basic xxxx"))
        say("logout with it", self.get("/api/v1/auth/logout", f"Bearer {self.invite('leaves')['token']}", method="POST"))

    def refusals(self):
        """What somebody is told who was good a second ago."""

        def say(flow, answer):
            self.say("refusal", flow, self.with_body(answer))

        inactive = self.invite("asleep", active="0")
        say("a session of somebody who is not active", self.get(self.ME, inactive["session"]))
        say("an API key of somebody who is not active", self.get(DATASETS, f"Bearer {inactive['token']}"))
        used, unused = self.invite("leaves-used"), self.invite("leaves-unused")
        self.get(DATASETS, f"Bearer {used['token']}")
        self.delete_key(used)
        self.delete_key(unused)
        time.sleep(1)
        answer = self.get(DATASETS, f"Bearer {unused['token']}")
        say("an API key that was never used, deleted a second ago", answer)
        answer = self.get(DATASETS, f"Bearer {used['token']}")
        self.say("refusal", "an API key that was used, deleted a second ago: what is said", self.words(answer))

    # Where people ask who they are.
    ME = ME

    def delete_key(self, person):
        session = [("Authorization", person["session"])]
        self.direct.send("DELETE", f"{TOKENS}/{person['token']}", session)

    # What was good until now is refused by the gate, or by the server if the gate still remembers it. Which of both depends
    # on how many instances a host runs; what is said does not.

    def by_either(self, answer):
        return f"{answer.status}/{answer.member('code')}"

    def words(self, answer):
        if answer.member("code") == 0 and answer.member("data") is not False:
            return self.outcome(answer)
        told = {name: answer.member(name) for name in ["data", "message"]}
        return f"`{json.dumps(told, separators=(',', ':'))}`"

    def with_body(self, answer):
        """With the whole body of a refusal, whosever it is."""
        if answer.member("code") == 0 and answer.member("data") is not False:
            return answer
        return f"{self.outcome(answer)} `{json.dumps(answer.json, separators=(',', ':'))}`"

    def sdk(self, name, key):
        """`ragflow-sdk`, unchanged."""
        rag = RAGFlow(key, self.base)
        made = {}

        def step(flow, act):
            try:
                made[flow] = act()
                return "ok"
            except Exception as error:
                return str(error)

        for flow, act in {
            "list_datasets": rag.list_datasets,
            "create_dataset": lambda: rag.create_dataset("sdk"),
            "dataset.update": lambda: made["create_dataset"].update({"name": "sdk2"}),
            "upload_documents": lambda: made["create_dataset"].upload_documents([{"display_name": "a.txt", "blob": b"a" * 6000}]),
            "list_documents": lambda: made["create_dataset"].list_documents()[0],
            "document.download": lambda: made["list_documents"].download(),
            "document.update": lambda: made["list_documents"].update({"name": "b.txt"}),
            "document.list_chunks": lambda: made["list_documents"].list_chunks(),
            "delete_documents": lambda: made["create_dataset"].delete_documents(ids=[made["list_documents"].id]),
            "create_chat": lambda: rag.create_chat("chat"),
            "list_chats": rag.list_chats,
            "create_session": lambda: made["create_chat"].create_session(),
            "session.ask": lambda: list(made["create_session"].ask("q", stream=True)),
            "list_sessions": lambda: made["create_chat"].list_sessions(),
            "delete_chats": lambda: rag.delete_chats(ids=[made["create_chat"].id]),
            "list_agents": rag.list_agents,
            "create_agent": lambda: rag.create_agent("agent", {"security": {}}),
            "list_memory": rag.list_memory,
            "delete_datasets": lambda: rag.delete_datasets(ids=[made["create_dataset"].id]),
        }.items():
            self.say(f"ragflow-sdk, {name} key", flow, step(flow, act))

    def bots(self):
        """Share links: the page of a bot has a beta token in its address."""
        say = lambda flow, answer: self.say("share link", flow, answer)
        beta, key = f"Bearer {self.user['beta']}", f"Bearer {self.user['token']}"
        make = lambda path, body: self.direct.send("POST", path, [("Authorization", key)], body).json["data"]
        chat = make("/api/v1/chats", {"name": "shared"})["id"]
        self.direct.send("POST", "/api/v1/agents", [("Authorization", key)], {"title": "shared", "dsl": {}})
        agent = self.direct.send("GET", "/api/v1/agents", [("Authorization", key)]).json["data"]["canvas"][-1]["id"]
        info, ask = f"/api/v1/chatbots/{chat}/info", f"/api/v1/chatbots/{chat}/completions"
        say("GET chatbots/{id}/info", self.get(info, beta))
        streamed = self.get(ask, beta, method="POST", body={"question": "q", "stream": True})
        say("POST chatbots/{id}/completions", f"{outcome(streamed)} {streamed.header('content-type').split(';')[0]}")
        say("GET chatbots/{id}/info, nobody", self.get(info))
        say("GET chatbots/{id}/info, API key", self.get(info, key))
        say("GET chatbots/{id}/info, session", self.get(info, self.user["session"]))
        say("GET chatbots/{id}/info, beta token of another user", self.get(info, f"Bearer {self.other['beta']}"))
        say("GET agentbots/{id}/inputs", self.get(f"/api/v1/agentbots/{agent}/inputs", beta))
        say("GET searchbots/detail", self.get("/api/v1/searchbots/detail", beta))
        say("GET documents/{id}/preview", self.get("/api/v1/documents/d/preview", beta))
        say("GET thumbnails", self.get("/api/v1/thumbnails?doc_ids=", beta))
        say("GET documents/images/{id}", self.get("/api/v1/documents/images/a-b", beta))
        say("POST agents/{id}/upload", self.get(f"/api/v1/agents/{agent}/upload", beta, method="POST", body=b"x"))
        say("GET documents/images/{id}, nobody", self.get("/api/v1/documents/images/a-b"))
        say("GET datasets", self.get(DATASETS, beta))
        say("GET system/tokens", self.get(TOKENS, beta))

    def public(self):
        for path in [
            "/api/v1/system/ping", "/api/v1/system/version", "/api/v1/system/config", "/api/v1/system/healthz",
            "/api/v1/language", "/api/v1/auth/login/channels", "/api/v1/dify/retrieval/health", "/v1/system/healthz",
            "/openapi.json", "/docs", "/api/v1/connectors/gmail/oauth/web/callback?state=x",
            "/", "/login", "/logo.svg", "/static/x.js",
        ]:  # fmt: skip
            self.say("nobody", f"GET {path}", self.get(path))
        self.say("nobody", "HEAD /api/v1/system/ping", self.get("/api/v1/system/ping", method="HEAD"))
        self.say("nobody", "GET system/ping, bad Authorization", self.get("/api/v1/system/ping", "Bearer x"))
        self.say("nobody", "GET system/config, empty Authorization", self.get("/api/v1/system/config", ""))
        captcha = self.get("/api/v1/auth/password/forgot/captcha", method="POST", body={})
        self.say("nobody", "POST auth/password/forgot/captcha", captcha)

    def webhooks(self):
        key = [("Authorization", f"Bearer {self.user['token']}")]

        def agent(security):
            self.direct.send("POST", "/api/v1/agents", key, {"title": "hook", "dsl": {"security": security}})
            return self.direct.send("GET", "/api/v1/agents", key).json["data"]["canvas"][-1]["id"]

        def call(flow, security, headers, method="POST", suffix=""):
            target = f"/api/v1/agents/{agent(security)}/webhook{suffix}"
            self.say("webhook", flow, self.send(method, target, headers, {} if method == "POST" else None))

        token = lambda header: {"auth_type": "token", "header": header, "value": "a secret"}
        for method in ["POST", "GET", "HEAD"]:
            call(f"{method}, open to all", {}, [], method)
        for header in ["X-Hook-Token", "Authorization", "X-Api-Key", "X-Auth-Token"]:
            call(f"POST, its token in {header}", token(header), [(header, "a secret")])
        call("POST, another token in X-Hook-Token", token("X-Hook-Token"), [("X-Hook-Token", "another")])
        basic = base64.b64encode(b"name:word").decode()
        call("POST, Basic", {"auth_type": "basic", "value": ["name", "word"]}, [("Authorization", f"Basic {basic}")])
        call("POST, JWT", {"auth_type": "jwt", "value": "a.b.c"}, [("Authorization", "Bearer a.b.c")])
        call("POST webhook/test, nobody", {}, [], suffix="/test")
        call("POST webhook/test, user's key", {}, key, suffix="/test")
        admin = [("Authorization", f"Bearer {self.admin['token']}")]
        call("POST webhook/test, superuser's key", {}, admin, suffix="/test")

    def paths(self):
        key = f"Bearer {self.admin['token']}"
        for line in [
            "GET /api/v1/datasets/", "GET //api/v1/datasets", "GET /api//v1/datasets", "GET /api/v1/datasets//",
            "GET /api/v1/%64atasets", "GET /API/v1/datasets", "GET /api/v1/./datasets", "GET /api/v1/x/../datasets",
            "GET /api/v1/datasets?page=1&name=%E4%BD%A0", "HEAD /api/v1/datasets", "HEAD /api/v1/datasets/",
            "GET /api/v1/nope", "POST /api/v1/system/ping", "PATCH /api/v1/datasets",
            "GET /api/v1/datasets/D/artifacts/a/b%20c/d", "GET /api/v1/datasets/D/artifacts/a/b%2Fc",
            "GET /api/v1/datasets/D/navigation/a/b/children", "GET /api/v1/datasets/D/skills/x%20y/z",
            "PUT /api/v1/messages/m1:7", "DELETE /api/v1/messages/m1:7", "GET /api/v1/messages/m1:7/content",
            "PATCH /api/v1/providers/p/instances/i/models/openai/gpt-4",
        ]:  # fmt: skip
            method, target = line.split()
            body = {} if method in ("PUT", "PATCH", "POST") else None
            self.say("path, superuser's key", line, self.get(target, key, method=method, body=body))
        user = f"Bearer {self.user['token']}"
        for line in [
            "GET /api/v1/system/tokens/", "HEAD /api/v1/system/tokens", "GET //api/v1/system/tokens",
            "GET /api/v1/%73ystem/tokens", "GET /api/v1/system/tokens;a=b", "GET /api/v1/system%2ftokens",
            "GET /api/v1/datasets/..;/system/tokens",
        ]:  # fmt: skip
            method, target = line.split()
            self.say("path, user's key", line, self.get(target, user, method=method))

    def sharing(self):
        origin = ("Origin", "https://page.example")
        asked = [origin, ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,content-type")]

        def seen(answer):
            return f"{outcome(answer)}, readable by {answer.header('access-control-allow-origin') or 'nobody'}"

        for path in ["datasets", "auth/login", "chatbots/x/completions", "nope"]:
            self.say("cross-origin", f"preflight of POST {path}", seen(self.send("OPTIONS", f"/api/v1/{path}", asked)))
        self.say("cross-origin", "OPTIONS that is no preflight", self.send("OPTIONS", DATASETS))
        self.say("cross-origin", "GET datasets, key", seen(self.get(DATASETS, f"Bearer {self.user['token']}", [origin])))
        self.say("cross-origin", "GET datasets, unknown key", seen(self.get(DATASETS, "Bearer ragflow-" + "y" * 43, [origin])))

    def bodies(self):
        say = lambda flow, answer: self.say("body", flow, answer)
        key = f"Bearer {self.user['token']}"
        dataset = self.direct.send("POST", DATASETS, [("Authorization", key)], {"name": "bodies"}).json["data"]["id"]
        form = [("Content-Type", "multipart/form-data; boundary=b")]
        for size, text in [(1 << 20, "1 MiB"), (40 << 20, "40 MiB")]:
            body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * size + b"\r\n--b--\r\n"
            say(f"upload {text}, key", self.get(f"{DATASETS}/{dataset}/documents", key, form, "POST", body))
        streamed = self.get("/api/v1/chat/completions", key, method="POST", body={"stream": True})
        lines = streamed.body.count(b"data:")
        say("chat/completions, streamed", f"{streamed.status} {streamed.header('content-type').split(';')[0]}, {lines} events")
        say("documents/{id}/preview, key", self.get("/api/v1/documents/d/preview", key))
        say("DELETE datasets with a JSON body", self.get(DATASETS, key, method="DELETE", body={"ids": ["none"]}))


def main():
    base, direct, secret = sys.argv[1:4]
    flows = Flows(base, direct, secret, sys.stdin.read())
    flows.page()
    flows.sessions()
    flows.keys()
    flows.refusals()
    flows.sdk("user's", flows.user["token"])
    flows.sdk("superuser's", flows.admin["token"])
    flows.bots()
    flows.public()
    flows.webhooks()
    flows.paths()
    flows.sharing()
    flows.bodies()


if __name__ == "__main__":
    main()
