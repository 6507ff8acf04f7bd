"""Who RAGFlow knows: people, their sessions, keys and beta tokens, and how the API server reads a credential."""

import secrets
import uuid

from itsdangerous import BadData, URLSafeTimedSerializer


class Person:
    def __init__(self, email, password, nickname="", superuser=False):
        self.id, self.email, self.password = uuid.uuid1().hex, email, password
        self.nickname, self.superuser = nickname, superuser
        self.access_token = uuid.uuid1().hex
        self.status, self.active = "1", "1"
        self.failing = False

    def shown(self):
        return {
            "id": self.id,
            "email": self.email,
            "nickname": self.nickname,
            "is_superuser": self.superuser,
            "is_active": self.active,
            "is_authenticated": "1",
            "status": self.status,
        }


class Accounts:
    def __init__(self, secret):
        self.sessions = URLSafeTimedSerializer(secret)
        self.people, self.keys = [], []

    def add(self, person):
        self.people.append(person)
        return person

    def find(self, **wanted):
        matches = (p for p in self.people if all(getattr(p, name) == value for name, value in wanted.items()))
        return next(matches, None)

    def make_key(self, person):
        """A key and its beta token, as `POST /api/v1/system/tokens` makes both."""
        key = {
            "tenant_id": person.id,
            "token": "ragflow-" + secrets.token_urlsafe(32),
            "beta": secrets.token_urlsafe(24),
        }
        self.keys.append(key)
        return key

    def session_of(self, person):
        return self.sessions.dumps(person.access_token)

    def by_session(self, value):
        """Whose session this is. `BadData` if it was not issued here. There is no maximum age."""
        handle = self.sessions.loads(value)
        if not isinstance(handle, str) or len(handle.strip()) < 32:
            return None
        return self.find(access_token=handle, status="1")

    def by_key(self, value, kind="token"):
        key = next((key for key in self.keys if key[kind] == value), None)
        return key and self.find(id=key["tenant_id"], status="1")

    def by_cookie(self, cookie):
        person = self.find(id=cookie.get("_user_id"), status="1")
        return None if person is None or person.access_token.startswith("INVALID_") else person

    def identify(self, header, cookie, kinds):
        """As of 0.25.1: `Bearer` is cut off if it is there, whatever its case; the cookie counts where nothing else does."""
        if not header:
            return self.by_cookie(cookie) if "session" in kinds else None
        words = header.split(maxsplit=1)
        value = words[1] if header[:7].lower() == "bearer " and len(words) == 2 else header
        if "beta" in kinds and (person := self.by_key(value, "beta")):
            return person
        if "session" in kinds:
            try:
                if person := self.by_session(value):
                    return person
            except BadData:
                pass
        return self.by_key(value) if "key" in kinds else None

    def identify_as_of_0_24(self, header):
        """The whole header is a session token; if it is none at all and has two words, the second one is a key."""
        try:
            return self.by_session(header)
        except BadData:
            words = header.split()
            return self.by_key(words[1]) if len(words) == 2 else None
