"""RAGFlow's API server as a client sees it: 0.27.0 or 0.24.0, every route of it, with its four credentials.

What it answers is what the real servers answered (`recorded-*.json`): they were run with their storage replaced, so that
nothing here retrieves or generates anything. Cookies and sessions are made and read by the packages that RAGFlow uses.

The first line on standard output is a JSON object: port, and the key that passwords are encrypted under. It ends when
standard input does. Under `/-/` is what only tests ask for; no gate lets that pass."""

import base64
import json
import sys
import threading
from datetime import timedelta
from pathlib import Path

from Crypto.Cipher import PKCS1_v1_5
from Crypto.PublicKey import RSA
from flask import Flask, g, request, session
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

import content
import content_0_24
from accounts import Accounts, Person

UNAUTHORIZED = {"code": 401, "data": None, "message": "<Unauthorized '401: Unauthorized'>"}
KINDS = {"user": {"session", "key"}, "beta": {"beta"}, "any": {"beta", "session", "key"}}


class OneLine(WSGIRequestHandler):
    """Of a header that is there twice, the server reads the first."""

    protocol_version = "HTTP/1.1"

    def make_environ(self):
        environ = super().make_environ()
        lines = self.headers.get_all("Authorization")
        if lines:
            environ["HTTP_AUTHORIZATION"] = lines[0].strip()
        return environ

    def log_request(self, *_):
        pass


class Server:
    def __init__(self, version, secret):
        self.app = Flask("ragflow", static_folder=None)
        self.app.secret_key = secret
        # Cookies that were recorded once are good for ever.
        self.app.permanent_session_lifetime = timedelta(days=36500)
        self.app.url_map.strict_slashes = False
        self.accounts, self.password_key = Accounts(secret), RSA.generate(2048)
        self.version, self.arrived = version, []
        handlers = (content if version == "0.27.0" else content_0_24).handlers(self)
        for line in Path(__file__).with_name(f"routes-{version}.txt").read_text().splitlines():
            kind, path, *methods = line.split()
            self.route(path, methods, kind, handlers)
        self.app.before_request(self.arrive)
        self.app.after_request(self.share)
        self.app.register_error_handler(HTTPException, self.wrong)
        self.app.add_url_rule("/-/people", view_func=self.invite, methods=["POST"])
        self.app.add_url_rule("/-/arrived", view_func=lambda: self.arrived)

    def route(self, path, methods, kind, handlers):
        for method in methods:
            handler = handlers.get(f"{method} {path}", lambda **_: {"code": 0, "data": None, "message": "success"})
            rule = path.replace("{", "<").replace("}", ">")
            for name in ["filename", "slug", "name", "model_name", "skill_kwd"]:
                rule = rule.replace(f"<{name}:path>", f"<path:{name}>")
            view = self.guarded(kind, handler)
            self.app.add_url_rule(rule, f"{method} {path}", view, methods=[method])

    def guarded(self, kind, handler):
        def view(**parameters):
            refused = self.refuse(kind)
            return handler(**parameters) if refused is None else refused

        return view

    def refuse(self, kind):
        """What a caller is told who may not; `g.person` is who asks otherwise."""
        header = request.headers.get("Authorization", "")
        if kind == "public":
            return None
        if self.version == "0.27.0":
            g.person = self.accounts.identify(header, session, KINDS[kind])
        elif kind == "user":
            g.person = self.accounts.identify_as_of_0_24(header)
        else:
            words = header.split()
            if len(words) < 2 and kind == "key":
                return {"code": 0, "data": False, "message": "`Authorization` can't be empty"}
            name = "beta" if kind == "beta" else "token"
            g.person = self.accounts.by_key(words[1], name) if len(words) == 2 else None
        if g.person is not None:
            # As if its database were gone, for those whom a test has chosen.
            return ("<h1>Internal Server Error</h1>", 500) if g.person.failing else None
        invalid = "Authentication error: API key is invalid!"
        if kind == "beta":
            return {"code": 102, "data": None, "message": f"{invalid} " if header else "Authorization is not valid!"}
        if kind == "key":
            return {"code": 109, "data": False, "message": invalid}
        if kind == "dify":
            return {"code": 403, "message": "API-KEY is invalid!"}, 403
        return UNAUTHORIZED, 401

    def decrypted(self, password):
        """`None` if it was not encrypted for this server."""
        try:
            encrypted = base64.b64decode(password, validate=True)
            return base64.b64decode(PKCS1_v1_5.new(self.password_key).decrypt(encrypted, b"")).decode()
        except ValueError:
            return None

    def arrive(self):
        if not request.path.startswith("/-/"):
            # `path` is decoded: what came is in the raw address.
            self.arrived.append(f"{request.method} {request.environ['RAW_URI'].split('?')[0]}")

    def share(self, response):
        if "Origin" in request.headers:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = "Authorization"
            if wanted := request.headers.get("Access-Control-Request-Headers"):
                response.headers["Access-Control-Allow-Headers"] = wanted
        response.headers.add("Vary", "Origin")
        return response

    def wrong(self, error):
        if error.code == 404:
            said = f"Not Found: {request.path}"
            return {"code": 404, "data": None, "error": "Not Found", "message": said}, 404
        if error.code in (301, 302, 308):
            return error.get_response()
        return {"code": 100, "data": None, "message": repr(error)}

    def invite(self):
        """Makes a person for a test, with a session, a key and a beta token; members of the body stand in its record, but `key`."""
        wanted = request.get_json()
        person = self.accounts.add(Person(wanted.pop("email"), wanted.pop("password", "")))
        token = wanted.pop("key", None)
        for name, value in wanted.items():
            setattr(person, name, value)
        key = self.accounts.make_key(person)
        key["token"] = token or key["token"]
        return {"id": person.id, "session": self.accounts.session_of(person), **key}


def main():
    version, secret = sys.argv[1], sys.argv[2]
    server = Server(version, secret)
    http = make_server("127.0.0.1", 0, server.app, threaded=True, request_handler=OneLine)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    key = server.password_key.public_key().export_key().decode()
    print(json.dumps({"port": http.port, "password_key": key}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
