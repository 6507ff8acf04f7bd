"""What R2R keeps in its database, and the tokens that it signs: with the secret and the password of its superuser that the
server is given as arguments."""

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
import uuid
from datetime import datetime, timezone

SECRET, PASSWORD = sys.argv[1:3]
ADMIN = "admin@example.com"
NOW = datetime.now(timezone.utc).isoformat()


class Refused(Exception):
    def __init__(self, status, message):
        self.status, self.message = status, message


class Record(dict):
    __getattr__ = dict.__getitem__


class Store:
    """Everything that R2R keeps in its database."""

    def __init__(self):
        self.users, self.keys, self.spent = {}, {}, set()
        self.collections, self.documents, self.conversations, self.messages = {}, {}, {}, {}
        self.add_user(ADMIN, PASSWORD, is_superuser=True)

    def add_user(self, email, password, is_superuser=False):
        user = Record(id=str(uuid.uuid4()), email=email, password=password, is_superuser=is_superuser, is_active=True)
        self.users[email] = user
        user["home"] = self.add_collection(user, "Default")["id"]
        return user

    def user(self, id):
        return next(user for user in self.users.values() if user["id"] == str(id))

    def add_collection(self, user, name):
        collection = Record(id=str(uuid.uuid4()), owner=user["id"], name=name, members={user["id"]})
        self.collections[collection["id"]] = collection
        return collection

    def collections_of(self, user):
        return {key for key, value in self.collections.items() if user["id"] in value["members"]}


store = Store()


def encode(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def issue(user, kind):
    now = time.time()
    life = 3600.0 if kind == "access" else 604800.0
    claims = {"sub": user["email"], "token_type": kind, "exp": now + life, "iat": now, "nbf": now}
    claims.update(jti=secrets.token_urlsafe(16) + "==", nonce=secrets.token_urlsafe(16) + "==")
    message = encode(b'{"alg":"HS256","typ":"JWT"}') + b"." + encode(json.dumps(claims).encode())
    return (message + b"." + encode(hmac.digest(SECRET.encode(), message, hashlib.sha256))).decode()


def decoded(part):
    return base64.urlsafe_b64decode(part.rstrip("=") + "=" * (-len(part.rstrip("=")) % 4))


def read(token):
    """The claims of a token of its own, in whatever spelling Python's decoder forgives."""
    token = token.split("token=")[-1].split("&tokenType=refresh")[0]
    try:
        head, body, signature = token.split(".")
        right = hmac.digest(SECRET.encode(), f"{head}.{body}".encode(), hashlib.sha256)
        claims = json.loads(decoded(body))
        good = hmac.compare_digest(right, decoded(signature)) and claims["exp"] > time.time()
        good = good and json.loads(decoded(head))["alg"] == "HS256" and "token_type" in claims
    except (ValueError, KeyError, TypeError):
        good = False
    if not good or token in store.spent:
        raise Refused(401, "Invalid token or API key")
    return claims
