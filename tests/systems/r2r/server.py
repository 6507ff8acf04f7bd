"""R2R as its clients see it: `server.py SECRET PASSWORD`, with the secret of its tokens and the password of its superuser.

What it answers is what the complete server answered, whose outcomes stand in docs/systems/r2r.md; nothing here embeds or
generates anything. Where R2R does not look at whose something is, neither does this.

The first line on standard output is a JSON object with its port. It ends when standard input does.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import socket
import sys
import threading
import time
import uuid
from datetime import datetime, timezone
from typing import Optional
from uuid import UUID

import uvicorn
from fastapi import Body, Depends, FastAPI, Form, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import Json

SECRET, PASSWORD = sys.argv[1:3]
ADMIN = "admin@example.com"
NOBODY = (
    "No credentials provided. Create an account at https://app.sciphi.ai and set your API key using `r2r configure key` "
    "OR change your base URL to a custom deployment."
)
WORDS = ". That is all of it, word by word, and it takes me a while to say so."


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

    def add_collection(self, user, name):
        collection = Record(id=str(uuid.uuid4()), owner=user["id"], name=name, members={user["id"]})
        self.collections[collection["id"]] = collection
        return collection

    def collections_of(self, user):
        return {key for key, value in self.collections.items() if user["id"] in value["members"]}


store, app = Store(), FastAPI()
NOW = datetime.now(timezone.utc).isoformat()


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


def caller(request: Request):
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    bearer = bearer if scheme.lower() == "bearer" else ""
    key = request.headers.get("x-api-key", "")
    if bearer and key:
        raise Refused(400, "Cannot have both Bearer token and API key")
    if not bearer and not key:
        raise Refused(401, NOBODY)
    owner = store.keys.get(key or bearer)
    user = owner or store.users.get(read(bearer)["sub"].lower() if bearer else "")
    if user is None:
        raise Refused(401, "Invalid token or API key")
    return user


def superuser(text):
    def check(user=Depends(caller)):
        if not user["is_superuser"]:
            raise Refused(403, f"Only a superuser can call the `{text}` endpoint.")
        return user

    return Depends(check)


USER = Depends(caller)


def results(value, **more):
    return {"results": value, **more}


@app.exception_handler(Refused)
def refused(_, error):
    return JSONResponse({"message": error.message, "error_type": "R2RException"}, error.status)


@app.middleware("http")
async def tenant(request, proceed):
    project = request.headers.get("x-project-name")
    if project is not None and not re.fullmatch(r"[A-Za-z0-9_]+", project):
        return JSONResponse({"detail": "Invalid schema name format"}, 400)
    if project not in (None, "r2r_default"):
        return PlainTextResponse("Internal Server Error", 500)
    return await proceed(request)


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
    changed = next(user for user in store.users.values() if user["id"] == str(id))
    changed["is_superuser"] = bool(is_superuser)
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


# Documents


def listed(document):
    return {
        **{"id": document["id"], "collection_ids": sorted(document["collections"]), "owner_id": document["owner"]},
        **{"document_type": "txt", "metadata": {}, "version": "v0", "size_in_bytes": len(document["text"])},
        **{"ingestion_status": "success", "extraction_status": "pending", "created_at": NOW, "updated_at": NOW},
    }


def may_read(document, user):
    return user["id"] == document["owner"] or document["collections"] & store.collections_of(user)


@app.post("/v3/documents", status_code=202)
async def upload(
    request: Request,
    id: Optional[UUID] = Form(None),
    collection_ids: Optional[Json[list[UUID]]] = Form(None),
    raw_text: Optional[str] = Form(None),
    chunks: Optional[Json[list[str]]] = Form(None),
    user=USER,
):
    file = (await request.form()).get("file")
    text = (await file.read()).decode() if file else raw_text or " ".join(chunks or [])
    # Nobody looks whether the collections are the caller's.
    collections = {str(one) for one in collection_ids or []} or {user["home"]}
    document = Record(id=str(id or uuid.uuid4()), owner=user["id"], text=text, chunk=str(uuid.uuid4()))
    document["collections"] = collections
    store.documents[document["id"]] = document
    message = "Document created and ingested successfully."
    return results({"message": message, "task_id": None, "document_id": document["id"]})


@app.get("/v3/documents")
def list_documents(user=USER):
    found = [listed(document) for document in store.documents.values() if may_read(document, user)]
    return results(found, total_entries=len(found))


@app.get("/v3/documents/download_zip")
def download_zip(user=USER):
    return Response(b"PK", media_type="application/zip")


@app.get("/v3/documents/{id}")
def read_document(id: UUID, user=USER):
    document = store.documents.get(str(id))
    if document is None or not may_read(document, user):
        raise Refused(404, "Document not found.")
    return results(listed(document))


@app.get("/v3/documents/{id}/download")
def download(id: UUID, user=USER):
    document = store.documents[str(id)]
    if not may_read(document, user):
        raise Refused(403, "Not authorized to access this document.")
    return PlainTextResponse(document["text"])


def chunk_of(document):
    of = {"document_id": document["id"], "owner_id": document["owner"], "metadata": {}}
    return {"id": document["chunk"], "text": document["text"], "collection_ids": sorted(document["collections"]), **of}


@app.get("/v3/documents/{id}/chunks")
def chunks_of(id: UUID, user=USER):
    return results([chunk_of(store.documents[str(id)])], total_entries=1)


def of_chunk(id):
    return next(document for document in store.documents.values() if document["chunk"] == str(id))


@app.get("/v3/chunks/{id}")
def read_chunk(id: UUID, user=USER):
    document = of_chunk(id)
    if user["id"] != document["owner"]:
        raise Refused(403, "Not authorized to access this chunk")
    return results(chunk_of(document))


@app.post("/v3/chunks/{id}")
def change_chunk(id: UUID, text: str = Body(embed=True), user=USER):
    document = of_chunk(id)
    if user["id"] != document["owner"]:
        return JSONResponse({"detail": {"message": "You don't have permission to modify this chunk."}}, 500)
    document["text"] = text
    return results(chunk_of(document))


# Retrieval


def search_of(query, user):
    found = [chunk_of(one) for one in store.documents.values() if query in one["text"] and may_read(one, user)]
    chunks = [{**chunk, "text": chunk["text"][:200], "score": 0.5} for chunk in found]
    names = ("graph_search_results", "web_search_results", "document_search_results", "generic_tool_results")
    return {"chunk_search_results": chunks, **{name: [] for name in names}}


@app.post("/v3/retrieval/search")
def search(query: str = Body(embed=True), user=USER):
    return results(search_of(query, user))


def stream(text):
    async def events():
        for word in text.split():
            content = [{"type": "text", "payload": {"value": f"{word} ", "annotations": []}}]
            data = {"id": "m", "object": "agent.message.delta", "delta": {"content": content}}
            yield f"event: message\ndata: {json.dumps(data)}\n\n"
            await asyncio.sleep(0.05)
        yield "event: done\ndata: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@app.post("/v3/retrieval/rag")
def rag(query: str = Body(), rag_generation_config: dict = Body({}), user=USER):
    text = f"I was told: {query}{WORDS}"
    if rag_generation_config.get("stream"):
        return stream(text)
    found = search_of(query, user)
    return results({"generated_answer": text, "search_results": found, "citations": [], "metadata": {}, "completion": text})


@app.post("/v3/retrieval/agent")
def agent(
    message: dict = Body(),
    rag_generation_config: dict = Body({}),
    conversation_id: Optional[UUID] = Body(None),
    user=USER,
):
    # Nobody looks whose the conversation is, and one that begins here is nobody's.
    conversation = store.conversations.get(str(conversation_id)) or begin(None, None)
    say(conversation, message)
    text = "I was told: " + " | ".join(one["content"] for one in conversation["messages"]) + WORDS
    say(conversation, {"role": "assistant", "content": text})
    if rag_generation_config.get("stream"):
        return stream(text)
    answer = {"role": "assistant", "content": text, "metadata": {}}
    return results({"messages": [answer], "conversation_id": conversation["id"]})


# Conversations


def begin(user, name):
    conversation = Record(id=str(uuid.uuid4()), owner=user and user["id"], name=name, messages=[])
    store.conversations[conversation["id"]] = conversation
    return conversation


def say(conversation, message):
    said = Record(id=str(uuid.uuid4()), role=message["role"], content=message["content"])
    conversation["messages"].append(said)
    store.messages[said["id"]] = said
    return said


def message_shown(said):
    return {"id": said["id"], "message": {"role": said["role"], "content": said["content"]}, "metadata": {}}


def conversation_shown(conversation):
    owner = {"user_id": conversation["owner"], "name": conversation["name"]}
    return results({"id": conversation["id"], "created_at": NOW, **owner})


@app.post("/v3/conversations")
def make_conversation(name: Optional[str] = Body(None, embed=True), user=USER):
    return conversation_shown(begin(user, name))


@app.get("/v3/conversations/{id}")
def read_conversation(id: UUID, user=USER):
    conversation = store.conversations.get(str(id))
    if conversation is None or conversation["owner"] != user["id"]:
        raise Refused(404, f"Conversation {id} not found.")
    return results([message_shown(said) for said in conversation["messages"]])


@app.post("/v3/conversations/{id}")
def rename(id: UUID, name: str = Body(embed=True), user=USER):
    conversation = store.conversations[str(id)]
    conversation["name"] = name
    return conversation_shown(conversation)


@app.post("/v3/conversations/{id}/messages")
def add_message(id: UUID, role: str = Body(), content: str = Body(), user=USER):
    return results(message_shown(say(store.conversations[str(id)], {"role": role, "content": content})))


@app.post("/v3/conversations/{id}/messages/{message_id}")
def edit_message(id: UUID, message_id: UUID, content: str = Body(embed=True), user=USER):
    said = store.messages[str(message_id)]
    said["content"] = content
    return results(message_shown(said))


# Indices


@app.post("/v3/indices")
def make_index(user=USER):
    return results({"message": "Vector index creation task completed successfully."})


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listener])


main()
