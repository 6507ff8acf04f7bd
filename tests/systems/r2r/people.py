"""Users of R2R, and their requests, to the server itself or by way of a gate."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import sys
import time

import httpx

ADMIN = "admin@example.com"
# On standard input: what R2R signs with (`secret`), its superuser's `password`, and where its `database` is.
SETTINGS = json.load(sys.stdin)

# Nothing takes longer: R2R and its stand-in for a model are on this machine.
TIMEOUT = 60


def results(response):
    """What a response that has to be good says."""
    if response.status_code >= 300:
        raise SystemExit(f"{response.request.method} {response.request.url}: {response.status_code} {response.text}")
    return response.json()["results"]


def outcome(response):
    """The status, and of a refusal its message."""
    if response.status_code < 400:
        return str(response.status_code)
    if response.status_code >= 500:
        return str(response.status_code)
    said = response.json()
    message = said.get("message") or said.get("detail")
    code = f" {said['error_code']}" if "error_code" in said else ""
    text = message if isinstance(message, str) else json.dumps(message)
    return f"{response.status_code}{code} {text}"


class Person:
    """Somebody who sends requests to `base`."""

    def __init__(self, base, headers=None):
        self.client = httpx.Client(base_url=base, timeout=TIMEOUT, headers=headers)

    def send(self, method, path, **options):
        response = self.client.request(method, path, **options)
        # A gate that could not ask in time says when to come back: the server was busy.
        tries = 30
        while response.status_code == 503 and "retry-after" in response.headers and tries:
            time.sleep(1)
            response, tries = self.client.request(method, path, **options), tries - 1
        return response

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, **options):
        return self.send("POST", path, **options)

    def bearing(self, token):
        return Person(str(self.client.base_url), {"authorization": f"Bearer {token}"})


class User(Person):
    """A user of R2R with a session."""

    def __init__(self, base, email, password):
        self.email, self.password = email, password
        login = Person(base).post("/v3/users/login", data={"username": email, "password": password})
        tokens = results(login)
        self.token, self.refresh = tokens["access_token"]["token"], tokens["refresh_token"]["token"]
        super().__init__(base, {"authorization": f"Bearer {self.token}"})
        self.id = results(self.get("/v3/users/me"))["id"]

    def again(self):
        """Another session of the same user."""
        return User(str(self.client.base_url), self.email, self.password)

    def make_collection(self, name):
        return results(self.post("/v3/collections", json={"name": name}))["id"]

    def upload(self, text, **fields):
        # R2R knows a document by its name and its owner.
        name = f"{secrets.token_hex(4)}.txt"
        return self.post("/v3/documents", files={"file": (name, text.encode(), "text/plain")}, data=fields)

    def make_document(self, text, **fields):
        return results(self.upload(text, **fields))["document_id"]

    def make_conversation(self, *messages):
        conversation = results(self.post("/v3/conversations", json={"name": "talk"}))["id"]
        for message in messages:
            body = {"role": "user", "content": message}
            results(self.post(f"/v3/conversations/{conversation}/messages", json=body))
        return conversation


def superuser(base):
    return User(base, ADMIN, SETTINGS["password"])


def make_user(admin, base, name):
    """A user that the superuser makes at the server itself, logged in by way of `base`."""
    email, password = f"{name}-{secrets.token_hex(4)}@example.com", secrets.token_hex(12)
    results(admin.post("/v3/users", json={"email": email, "password": password}))
    return User(base, email, password)


def lock_out(origin, user):
    """As only the database can: R2R has no route for it. The server in its place has one."""
    if "database" not in SETTINGS:
        results(Person(origin).post(f"/-/locked/{user.id}"))
        return
    import asyncpg

    async def change():
        database = await asyncpg.connect(SETTINGS["database"])
        await database.execute("UPDATE r2r_default.users SET is_active = false WHERE id = $1", user.id)
        await database.close()

    asyncio.run(change())


def encode(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def sign(claims, secret=SETTINGS["secret"], algorithm="HS256"):
    head = encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    message = f"{head}.{encode(json.dumps(claims).encode())}"
    if algorithm == "none":
        return f"{message}."
    return f"{message}.{encode(hmac.digest(secret.encode(), message.encode(), hashlib.sha256))}"


def claims(email, kind="access", age=0.0, life=3600.0):
    now = time.time() - age
    return {"sub": email, "token_type": kind, "iat": now, "nbf": now, "exp": now + age + life}
