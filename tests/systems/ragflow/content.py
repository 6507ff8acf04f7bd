"""What stands behind the routes of 0.27.0, as far as it makes a difference to a gate: who may have what, and each kind of answer."""

import json
import time
import uuid

from flask import Response, g, redirect, request, session

def ok(data=None, **more):
    return {"code": 0, "data": data, "message": "success", **more}


def failed(code, message, status=200):
    return {"code": code, "data": None, "message": message}, status


def streamed(events):
    lines = (f"data:{json.dumps(event)}\n\n" for event in events)
    return Response(lines, content_type="text/event-stream; charset=utf-8")


class Store:
    """Things that belong to a tenant, by kind."""

    def __init__(self):
        self.things = {}

    def add(self, kind, **members):
        thing = {"id": uuid.uuid1().hex, "tenant_id": g.person.id, "create_time": int(time.time() * 1000), **members}
        self.things.setdefault(kind, []).append(thing)
        return thing

    def of(self, kind, **wanted):
        wanted["tenant_id"] = g.person.id
        return [t for t in self.things.get(kind, []) if all(t.get(name) == value for name, value in wanted.items())]

    def drop(self, kind, things):
        self.things[kind] = [t for t in self.things.get(kind, []) if t not in things]


def handlers(server):
    store = Store()
    return {**login(server), **tokens(server), **datasets(store), **chats(store), **agents(store, server), **bots(store), **rest()}


def login(server):
    accounts = server.accounts

    def let_in(person):
        """The token stands in a header; the page reads it there. The cookie is another credential."""
        person.access_token = uuid.uuid1().hex
        session.update(_user_id=person.id, _fresh=True, _id=uuid.uuid1().hex)
        response = server.app.make_response(ok(person.shown(), auth=person.access_token))
        response.headers["Authorization"] = accounts.session_of(person)
        return response

    def register():
        body = request.get_json()
        password = server.decrypted(body.get("password", ""))
        if "email" not in body or password is None:
            return failed(101, "required argument are missing: nickname,email,password")
        if accounts.find(email=body["email"]):
            return failed(103, f"Email: {body['email']} has already registered!")
        person = type(accounts.people[0])(body["email"], password, body["nickname"])
        return let_in(accounts.add(person))

    def enter():
        body = request.get_json()
        person = accounts.find(email=body.get("email", ""))
        if person is None:
            return failed(109, f"Email: {body.get('email')} is not registered!")
        password = server.decrypted(body.get("password", ""))
        if password is None:
            return failed(500, "Fail to crypt password")
        if password != person.password:
            return failed(109, "Email and password do not match!")
        if person.active == "0":
            return failed(403, "This account has been disabled, please contact the administrator!")
        return let_in(person)

    def leave():
        g.person.access_token = f"INVALID_{uuid.uuid4().hex}"
        session.clear()
        return ok(True)

    def by_channel(channel):
        session["oauth_state"] = uuid.uuid4().hex
        return redirect(f"https://login.example.com/{channel}?state={session['oauth_state']}")

    def back_from_channel(channel):
        known = request.args.get("state") and request.args.get("state") == session.get("oauth_state")
        return redirect("/?error=Failed to exchange code" if known else "/?error=invalid_state")

    return {
        "POST /api/v1/users": register,
        "POST /api/v1/auth/login": enter,
        "POST /api/v1/auth/logout": leave,
        "GET /api/v1/auth/login/{channel}": by_channel,
        "GET /api/v1/auth/oauth/{channel}/callback": back_from_channel,
        "GET /api/v1/users/me": lambda: ok(g.person.shown()),
        "POST /api/v1/auth/password/forgot/captcha": lambda: failed(102, "email is required"),
    }


def tokens(server):
    keys = server.accounts.keys

    def remove(token):
        keys[:] = [k for k in keys if not (k["token"] == token and k["tenant_id"] == g.person.id)]
        return ok(True)

    return {
        "GET /api/v1/system/tokens": lambda: ok([k for k in keys if k["tenant_id"] == g.person.id]),
        "POST /api/v1/system/tokens": lambda: ok(server.accounts.make_key(g.person)),
        "DELETE /api/v1/system/tokens/{token}": remove,
    }


def datasets(store):
    denied = "User '{}' lacks permission for dataset '{}'"

    def listed():
        name = request.args.get("name")
        found = store.of("datasets", **({"name": name} if name else {}))
        if name and not found:
            return failed(102, denied.format(g.person.id, name))
        return ok(found, total_datasets=len(found))

    def update(dataset_id):
        found = store.of("datasets", id=dataset_id)
        if not found:
            return failed(102, denied.format(g.person.id, dataset_id))
        found[0].update(request.get_json())
        return ok(found[0])

    def delete(kind):
        def handler(**_):
            ids = (request.get_json(silent=True) or {}).get("ids") or []
            found = [thing for id in ids for thing in store.of(kind, id=id)]
            if len(found) < len(ids):
                return failed(102, f"lacks permission for {kind} {ids}")
            store.drop(kind, found)
            return ok()

        return handler

    def upload(dataset_id):
        made = [
            store.add("documents", dataset_id=dataset_id, name=file.filename, size=len(blob), blob=blob.decode("latin-1"))
            for file in request.files.getlist("file")
            for blob in [file.read()]
        ]
        return ok([{k: v for k, v in d.items() if k != "blob"} for d in made])

    def documents(dataset_id):
        found = store.of("documents", dataset_id=dataset_id)
        return ok({"docs": [{k: v for k, v in d.items() if k != "blob"} for d in found], "total": len(found)})

    def download(document_id, **_):
        found = store.of("documents", id=document_id)
        if not found:
            return failed(102, f"You do not own the document {document_id}.")
        return Response(found[0]["blob"].encode("latin-1"), content_type="application/octet-stream")

    def change(document_id, **_):
        found = store.of("documents", id=document_id)
        if found:
            found[0].update(request.get_json())
        return ok({k: v for k, v in found[0].items() if k != "blob"}) if found else failed(102, "no such document")

    one = "/api/v1/datasets/{dataset_id}"
    document = f"{one}/documents/{{document_id}}"
    return {
        "GET /api/v1/datasets": listed,
        "POST /api/v1/datasets": lambda: ok(store.add("datasets", **request.get_json())),
        "DELETE /api/v1/datasets": delete("datasets"),
        f"PUT {one}": update,
        f"GET {one}/documents": documents,
        f"POST {one}/documents": upload,
        f"DELETE {one}/documents": delete("documents"),
        f"GET {document}": download,
        f"PATCH {document}": change,
        f"PUT {document}": change,
        f"GET {document}/chunks": lambda **_: ok({"chunks": [], "doc": {}, "total": 0}),
        "POST /api/v1/retrieval": lambda: failed(100, "LookupError('Provider xxxx not found for model bge-m3@xxxx.')"),
    }


def chats(store):
    def drop():
        ids = request.get_json().get("ids") or []
        store.drop("chats", [thing for id in ids for thing in store.of("chats", id=id)])
        return ok()

    def ask(**_):
        answer = {"answer": "no chunk was found", "reference": {}}
        return streamed([{"code": 0, "data": answer}] * 6 + [{"code": 0, "data": True}])

    def begin(chat_id):
        return ok(store.add("sessions", chat_id=chat_id, name=request.get_json().get("name"), messages=[]))

    return {
        "GET /api/v1/chats": lambda: ok({"chats": store.of("chats"), "total": len(store.of("chats"))}),
        "POST /api/v1/chats": lambda: ok(store.add("chats", **request.get_json())),
        "DELETE /api/v1/chats": drop,
        "POST /api/v1/chats/{chat_id}/sessions": begin,
        "GET /api/v1/chats/{chat_id}/sessions": lambda chat_id: ok(store.of("sessions", chat_id=chat_id)),
        "POST /api/v1/chats/{chat_id}/completions": ask,
        "POST /api/v1/chat/completions": ask,
        "GET /api/v1/memories": lambda: ok({"memory_list": [], "total_count": 0}),
    }


def agents(store, server):
    def find(agent_id):
        return next((a for a in store.things.get("agents", []) if a["id"] == agent_id), None)

    def allowed(security):
        """What an agent says of how it is called: its own affair."""
        kind = security.get("auth_type", "none")
        if kind == "token":
            return request.headers.get(security["header"]) == security["value"]
        if kind == "basic":
            given = request.authorization
            return given is not None and (given.username, given.password) == tuple(security["value"])
        if kind == "jwt":
            return request.headers.get("Authorization", "") == f"Bearer {security['value']}"
        return True

    def called(agent_id):
        agent = find(agent_id)
        if agent is None:
            return failed(102, "Canvas not found.", 404)
        if not allowed(agent.get("dsl", {}).get("security", {})):
            return failed(400, "Invalid credential of the webhook", 400)
        if request.method in ("GET", "HEAD"):
            return Response("ok", content_type="text/plain")
        return failed(100, "the components of an agent are not run here")

    def inspect(agent_id):
        found = store.of("agents", id=agent_id)
        return ok(found[0]) if found else failed(103, "Only owner of canvas authorized for this operation.")

    webhook = "/api/v1/agents/{agent_id}/webhook"
    return {
        "GET /api/v1/agents": lambda: ok({"canvas": store.of("agents"), "total": len(store.of("agents"))}),
        "POST /api/v1/agents": lambda: ok(store.add("agents", **request.get_json())),
        "GET /api/v1/agents/{agent_id}": inspect,
        **{f"{method} {webhook}": called for method in ["GET", "POST", "PUT", "PATCH", "DELETE"]},
        f"POST {webhook}/test": lambda agent_id: failed(103, "the components of an agent are not run here"),
    }


def bots(store):
    def own(kind, id):
        return store.of(kind, id=id)

    def info(dialog_id):
        if not own("chats", dialog_id):
            return failed(102, "Authentication error: no access to this chatbot!")
        return ok({"title": "a chat", "avatar": "", "prologue": "Hi!", "has_tavily_key": False})

    def complete(**_):
        return streamed([{"code": 0, "data": {"answer": "no chunk was found"}}, {"code": 0, "data": True}])

    def inputs(agent_id):
        if not own("agents", agent_id):
            return failed(102, "Can't find agent by ID: " + agent_id)
        return ok({"title": "an agent", "inputs": {}, "mode": "conversational"})

    return {
        "GET /api/v1/chatbots/{dialog_id}/info": info,
        "POST /api/v1/chatbots/{dialog_id}/completions": complete,
        "GET /api/v1/agentbots/{agent_id}/inputs": inputs,
        "POST /api/v1/agentbots/{agent_id}/completions": complete,
        "GET /api/v1/searchbots/detail": lambda: failed(103, "Has no permission for this operation."),
    }


def rest():
    text = {"content_type": "text/plain"}
    page = {"content_type": "text/html"}
    no_message = lambda **_: failed(404, "Message not found")
    message = "/api/v1/messages/{memory_id}:{message_id}"
    instance = "/api/v1/providers/{provider_id_or_name}/instances/{instance_id_or_name}"
    return {
        "GET /api/v1/system/ping": lambda: Response("pong", **text),
        "GET /api/v1/system/version": lambda: ok("v0.27.0"),
        "GET /api/v1/system/config": lambda: ok({"registerEnabled": 1, "disablePasswordLogin": False}),
        "GET /api/v1/system/healthz": lambda: {"status": "ok"},
        "GET /v1/system/healthz": lambda: {"status": "ok"},
        "GET /openapi.json": lambda: {"openapi": "3.1.0"},
        **{f"GET /{name}": lambda: Response("<!doctype html>", **page) for name in ["docs", "redocs", "scalar"]},
        "GET /static/{filename:path}": lambda filename: failed(404, f"Not Found: /static/{filename}", 404),
        "GET /api/v1/connectors/gmail/oauth/web/callback": lambda: Response("<!doctype html>", **page),
        "GET /api/v1/documents/{doc_id}/preview": lambda doc_id: Response("the content", **text),
        "GET /api/v1/documents/images/{image_id}": lambda image_id: failed(102, "Image not found."),
        f"PUT {message}": lambda **_: failed(101, "Status must be a boolean."),
        f"DELETE {message}": no_message,
        f"GET {message}/content": no_message,
        f"PATCH {instance}/models/{{model_name:path}}": lambda **_: failed(101, "required argument are missing"),
    }
