"""What people and scripts do with RAGFlow 0.24.0, in which a session token stands alone in its header, and an API key after a
word. Arguments as those of `flows.py`."""

import sys

from flows import Flows, outcome as spoken

ME, DATASETS = "/v1/user/info", "/api/v1/datasets"


def outcome(answer):
    """With what the server says if its SDK's key is refused, and the gate too."""
    return spoken(answer, (None, False)) + (" data=false" if answer.member("data") is False else "")


class Flows024(Flows):
    def page(self):
        say = lambda flow, answer: self.say("page", flow, answer)
        email = f"page@{self.run}.example"

        def log_in(password="first"):
            body = {"email": email, "password": self.encrypted(password)}
            return self.get("/v1/user/login", "", method="POST", body=body)

        def told(answer):
            return f"{outcome(answer)} header={bool(answer.header('authorization'))}"

        person = {"nickname": "page", "email": email, "password": self.encrypted("first")}
        registered = say("POST /v1/user/register", self.get("/v1/user/register", method="POST", body=person))
        if self.refused(registered):
            self.direct.send("POST", "/v1/user/register", body=person)
        entered = log_in()
        say("POST /v1/user/login", told(entered))
        say("POST /v1/user/login, wrong password", log_in("second"))
        token = entered.header("authorization")
        say("GET /v1/user/info, session token", self.get(ME, token))
        say("GET /v1/user/info, session token after Bearer", self.get(ME, f"Bearer {token}"))
        made = say("POST /v1/system/new_token", self.get("/v1/system/new_token", token, method="POST", body={}))
        say("GET /v1/system/token_list", self.get("/v1/system/token_list", token))
        key = (made.member("data") or {}).get("token", "ragflow-" + "x" * 43)
        say("the new key, at once", self.get(DATASETS, f"Bearer {key}"))
        say("DELETE /v1/system/token/{token}", self.get(f"/v1/system/token/{key}", token, method="DELETE"))
        say("the deleted key: what is said", self.words(self.get(DATASETS, f"Bearer {key}")))
        say("POST /v1/kb/list", self.get("/v1/kb/list", token, method="POST", body={}))
        say("GET /v1/user/logout", self.get("/v1/user/logout", token))
        say("after logout, session token", self.by_either(self.get(ME, token)))

    def keys(self):
        say = lambda flow, answer: self.say("key", flow, answer)
        key = self.user["token"]
        say("GET /v1/user/info, after Bearer", self.get(ME, f"Bearer {key}"))
        say("GET /v1/user/info, alone", self.get(ME, key))
        say("GET /v1/user/info, nobody", self.get(ME))
        for name in ["datasets", "chats", "agents"]:
            say(f"GET /api/v1/{name}, after Bearer", self.get(f"/api/v1/{name}", f"Bearer {key}"))
        say("GET /api/v1/datasets, after another word", self.get(DATASETS, f"Token {key}"))
        say("GET /api/v1/datasets, alone", self.get(DATASETS, key))
        say("GET /api/v1/datasets, nobody", self.get(DATASETS))
        say("GET /api/v1/datasets, unknown key", self.get(DATASETS, "Bearer ragflow-" + "x" * 43))
        say("GET /api/v1/datasets, session token after Bearer", self.get(DATASETS, f"Bearer {self.user['session']}"))
        failing = self.invite("failing", failing=True)
        say("GET /v1/user/info, while the server fails", self.get(ME, f"Bearer {failing['token']}"))
        say("GET /v1/system/token_list", self.get("/v1/system/token_list", f"Bearer {key}"))
        say("POST /v1/system/new_token", self.get("/v1/system/new_token", f"Bearer {key}", method="POST", body={}))

    ME = ME

    def delete_key(self, person):
        session = [("Authorization", person["session"])]
        self.direct.send("DELETE", f"/v1/system/token/{person['token']}", session)

    def without_anything(self):
        for line in [
            "GET /v1/document/thumbnails", "GET /v1/document/image/a-b", "POST /v1/canvas/upload/x",
            "GET /v1/canvas/trace", "GET /v1/canvas/download", "POST /v1/document/upload_info",
            "GET /api/v1/webhook_trace/x", "POST /api/v1/webhook_test/x",
            "GET /v1/user/login/channels", "GET /v1/system/ping", "GET /v1/system/healthz", "GET /v1/system/config",
        ]:  # fmt: skip
            method, target = line.split()
            self.say("nobody", line, self.get(target, method=method, body={} if method == "POST" else None))

    def bots(self):
        say = lambda flow, answer: self.say("share link", flow, answer)
        beta = f"Bearer {self.user['beta']}"
        key = [("Authorization", f"Bearer {self.user['token']}")]
        chat = self.direct.send("POST", "/api/v1/chats", key, {"name": "shared"}).json["data"]["id"]
        say("GET chatbots/{id}/info", self.get(f"/api/v1/chatbots/{chat}/info", beta))
        say("GET chatbots/{id}/info, nobody", self.get(f"/api/v1/chatbots/{chat}/info"))
        say("GET searchbots/detail", self.get("/api/v1/searchbots/detail", beta))
        say("GET /api/v1/datasets", self.get(DATASETS, beta))


def main():
    base, direct, secret = sys.argv[1:4]
    flows = Flows024(base, direct, secret, sys.stdin.read())
    flows.outcome = outcome
    flows.page()
    flows.keys()
    flows.refusals()
    flows.without_anything()
    flows.bots()


if __name__ == "__main__":
    main()
