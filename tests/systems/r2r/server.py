"""R2R as its clients see it: `server.py SECRET PASSWORD`, with the secret of its tokens and the password of its superuser.

What it answers is what the complete server answered, whose outcomes stand in docs/systems/r2r.md; nothing here embeds or
generates anything. Where R2R does not look at whose something is, neither does this.

The first line on standard output is a JSON object with its port. It ends when standard input does.
"""

import base64
import hmac
import json
import os
import re
import secrets
import socket
import sys
import threading
import uuid
from typing import Optional
from uuid import UUID

import uvicorn
from fastapi import Body, FastAPI, Form, Request
from fastapi.responses import JSONResponse, PlainTextResponse

import documents
import played
import talks
from callers import USER, caller, results, superuser
from documents import listed
from store import NOW, Refused, issue, read, store

app = FastAPI(openapi_url=None)
app.include_router(documents.router)
app.include_router(talks.router)


@app.exception_handler(Refused)
def refused(_, error):
    return JSONResponse({"message": error.message, "error_type": "R2RException"}, error.status)


@app.middleware("http")
async def answer_played(request, proceed):
    if "x-played" not in request.headers:
        return await proceed(request)
    await request.body()
    try:
        user = caller(request)
    except Refused:
        user = None
    status = played.answer(request, user)
    if status < 400 and request.url.path == "/v3/users/logout":
        logout(request)
    return JSONResponse({"message": "as recorded", "error_type": "R2RException"}, status)


@app.middleware("http")
async def tenant(request, proceed):
    project = request.headers.get("x-project-name")
    if project is not None and not re.fullmatch(r"[A-Za-z0-9_]+", project):
        return JSONResponse({"detail": "Invalid schema name format"}, 400)
    if project not in (None, "r2r_default"):
        return PlainTextResponse("Internal Server Error", 500)
    return await proceed(request)


@app.post("/-/locked/{id}")
def lock_out(id: UUID):
    store.user(id)["is_active"] = False
    return results(None)


@app.get("/-/arrived")
def arrived():
    return played.arrived


@app.get("/openapi.json")
def description():
    return played.described()


@app.get("/v3/health")
def health():
    return results({"message": "ok"})


# Users


def tokens(user):
    kinds = ("access", "refresh")
    return results({f"{kind}_token": {"token": issue(user, kind), "token_type": kind} for kind in kinds})


def shown(user):
    members = ("id", "email", "is_superuser", "is_active")
    return {**{name: user[name] for name in members}, "created_at": NOW, "updated_at": NOW, "hashed_password": "x"}


@app.post("/v3/users/login")
def login(username: str = Form(), password: str = Form()):
    user = store.users.get(username)
    if user is None:
        raise Refused(404, "User not found")
    if not hmac.compare_digest(user["password"], password):
        raise Refused(401, "Incorrect email or password")
    return tokens(user)


@app.post("/v3/users/refresh-token")
def refresh(token: str = Body()):
    if token in store.spent:
        raise Refused(401, "Token has been invalidated")
    claims = read(token)
    if claims["token_type"] != "refresh":
        raise Refused(401, "Invalid refresh token")
    store.spent.add(token)
    return tokens(store.users[claims["sub"]])


@app.post("/v3/users/logout")
def logout(request: Request, user=USER):
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return JSONResponse({"detail": "Not authenticated"}, 401, {"www-authenticate": "Bearer"})
    store.spent.add(bearer)
    return results({"message": "Logged out successfully"})


@app.get("/v3/users/me")
def me(user=USER):
    return results(shown(user))


@app.get("/v3/users")
def users(user=superuser("users_overview")):
    return results([shown(user) for user in store.users.values()], total_entries=len(store.users))


@app.post("/v3/users")
def register(email: str = Body(), password: str = Body(), user=USER):
    return results(shown(store.add_user(email.lower(), password)))


@app.post("/v3/users/{id}")
def change_user(id: UUID, is_superuser: Optional[bool] = Body(None, embed=True), user=superuser("update_user")):
    changed = store.user(id)
    if is_superuser is not None:
        changed["is_superuser"] = is_superuser
    return results(shown(changed))


@app.post("/v3/users/{id}/api-keys")
def make_key(id: UUID, user=USER):
    part = lambda count: base64.urlsafe_b64encode(secrets.token_bytes(count)).decode()
    public = f"key_{part(16)}"
    key = f"{public}.{part(32)}"
    store.keys[key] = user
    return results({"public_key": public, "api_key": key, "key_id": str(uuid.uuid5(uuid.NAMESPACE_OID, key)), "name": "k"})


@app.delete("/v3/users/{id}/api-keys/{key_id}")
def delete_key(id: UUID, key_id: UUID, user=USER):
    for key in [key for key in store.keys if str(uuid.uuid5(uuid.NAMESPACE_OID, key)) == str(key_id)]:
        del store.keys[key]
    return results({"success": True})


@app.post("/v3/users/{id}/collections/{collection_id}")
def join(id: UUID, collection_id: UUID, user=USER):
    # Nobody looks whether the collection is the caller's.
    store.collections[str(collection_id)]["members"].add(user["id"])
    return results({"success": True})


@app.get("/v3/system/settings")
def settings(user=superuser("system/settings")):
    return results({"config": {}, "prompts": {}, "r2r_project_name": "r2r_default"})


# Collections


def collection_of(id, user):
    collection = store.collections.get(str(id))
    if collection is None:
        raise Refused(404, "The specified collection does not exist.")
    if user["id"] not in collection["members"] and not user["is_superuser"]:
        raise Refused(403, "You do not have access to this collection.")
    return collection


def described(collection):
    documents = [one for one in store.documents.values() if collection["id"] in one["collections"]]
    return {
        **{"id": collection["id"], "owner_id": collection["owner"], "name": collection["name"], "description": None},
        **{"graph_cluster_status": "pending", "graph_sync_status": "pending", "created_at": NOW, "updated_at": NOW},
        **{"user_count": len(collection["members"]), "document_count": len(documents)},
    }


@app.post("/v3/collections")
def make_collection(name: str = Body(embed=True), user=USER):
    return results(described(store.add_collection(user, name)))


@app.get("/v3/collections/{id}")
def read_collection(id: UUID, user=USER):
    return results(described(collection_of(id, user)))


@app.get("/v3/collections/{id}/documents")
def documents_of(id: UUID, user=USER):
    collection = collection_of(id, user)
    found = [listed(one) for one in store.documents.values() if collection["id"] in one["collections"]]
    return results(found, total_entries=len(found))


@app.post("/v3/collections/{id}/users/{user_id}")
def add_to_collection(id: UUID, user_id: UUID, user=USER):
    collection = collection_of(id, user)
    if str(user_id) in collection["members"]:
        raise Refused(400, "User already in collection")
    collection["members"].add(str(user_id))
    return results({"success": True})


@app.post("/v3/graphs/{collection_id}/entities")
def make_entity(collection_id: UUID, user=USER):
    collection_of(collection_id, user)
    return results({"id": str(uuid.uuid4())})


# Indices


@app.post("/v3/indices")
def make_index(user=USER):
    return results({"message": "Vector index creation task completed successfully."})


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    # asyncio sets it only on sockets that name their protocol: without it each answer waits for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listener])


main()
