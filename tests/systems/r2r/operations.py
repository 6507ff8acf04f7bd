"""Every operation that R2R describes, by nobody, a user, a superuser, and a stranger to what the user has:
`operations.py BASE ORIGIN`. Prints a line of JSON for each: who and what, and the status, with the reason if the gate
has refused it.

Whoever is no stranger works on what is its own. What needs an object that only a superuser can make is asked about one
that does not exist.
"""

import json
import secrets
import sys
import uuid

import httpx

from people import Person, User, make_user, results, superuser

# What ends a session or an account comes last, in this order.
LAST = ["POST /v3/users/logout", "POST /v3/users/change-password", "DELETE /v3/users/{id}"]


class World:
    """What a user has."""

    def __init__(self, user):
        self.user, self.mark = user, secrets.token_hex(4)
        self.collection = user.make_collection(self.mark)
        collection = json.dumps([self.collection])
        self.document = user.make_document(f"The harvest {self.mark} is late", collection_ids=collection)
        self.chunk = results(user.get(f"/v3/documents/{self.document}/chunks"))[0]["id"]
        self.conversation = user.make_conversation("hello")
        self.message = results(user.get(f"/v3/conversations/{self.conversation}"))[0]["id"]
        self.key = results(user.post(f"/v3/users/{user.id}/api-keys", json={"name": "k"}))["key_id"]
        entity = {"name": "harvest", "description": "what is cut", "category": "thing"}
        self.entity = results(user.post(f"/v3/graphs/{self.collection}/entities", json=entity))["id"]

    def path(self, template):
        values = {
            "document_id": self.document,
            "collection_id": self.collection,
            "message_id": self.message,
            "key_id": self.key,
            "entity_id": self.entity,
            "table_name": "chunks",
            "index_name": "none",
            "collection_name": self.mark,
            "name": "none",
            "id": {
                "chunks": self.chunk,
                "collections": self.collection,
                "conversations": self.conversation,
                "documents": self.document,
                "users": self.user.id,
            }.get(template.split("/")[2]),
        }
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", str(value))
        # Communities and relationships are a superuser's to make.
        while "{" in template:
            template = template.partition("{")[0] + str(uuid.uuid4()) + template.partition("}")[2]
        return template

    def options(self, operation, caller):
        """What is sent with an operation besides its path."""
        text = {"description": "what is cut", "name": "harvest"}
        message = {"role": "user", "content": "hello"}
        index = {"table_name": "chunks", "index_method": "hnsw", "index_measure": "cosine_distance"}
        ends = {"subject": "a", "subject_id": self.entity, "predicate": "is", "object": "b", "object_id": self.entity}
        stranger = secrets.token_hex(6)
        bodies = {
            "POST /v3/chunks/search": {"query": "harvest"},
            "POST /v3/chunks/{id}": {"id": self.chunk, "text": f"The harvest {self.mark} is early"},
            "POST /v3/collections": {"name": stranger},
            "POST /v3/collections/{id}": {"name": self.mark, "description": "fields"},
            "POST /v3/conversations": {"name": "talk"},
            "POST /v3/conversations/{id}": {"name": "talk"},
            "POST /v3/conversations/{id}/messages": message,
            "POST /v3/conversations/{id}/messages/{message_id}": {"content": "edited"},
            "POST /v3/documents/search": {"query": "harvest"},
            "PATCH /v3/documents/{id}/metadata": [{"a": "b"}],
            "PUT /v3/documents/{id}/metadata": [{"a": "b"}],
            "POST /v3/graphs/{collection_id}": {"name": self.mark},
            "POST /v3/graphs/{collection_id}/communities": {"name": "c", "summary": "s", "findings": ["f"], "rating": 5},
            "POST /v3/graphs/{collection_id}/communities/{community_id}": {"name": "c"},
            "POST /v3/graphs/{collection_id}/entities": {**text, "category": "thing"},
            "POST /v3/graphs/{collection_id}/entities/{entity_id}": {**text, "category": "thing"},
            "POST /v3/graphs/{collection_id}/relationships": {**ends, "description": "d"},
            "POST /v3/graphs/{collection_id}/relationships/{relationship_id}": {**ends, "description": "d"},
            "POST /v3/indices": {"config": index},
            "POST /v3/prompts": {"name": stranger, "template": "t", "input_types": {}},
            "PUT /v3/prompts/{name}": {"template": "t", "input_types": {}},
            "POST /v3/retrieval/agent": {"message": message, "conversation_id": self.conversation},
            "POST /v3/retrieval/completion": {"messages": [message]},
            "POST /v3/retrieval/rag": {"query": "harvest"},
            "POST /v3/retrieval/search": {"query": "harvest"},
            "POST /v3/retrieval/embedding": "harvest",
            "POST /v3/users": {"email": f"{stranger}@example.com", "password": stranger},
            "POST /v3/users/refresh-token": "none",
            "POST /v3/users/verify-email": {"email": "none@example.com", "verification_code": "none"},
            "POST /v3/users/send-verification-email": "none@example.com",
            "POST /v3/users/request-password-reset": "none@example.com",
            "POST /v3/users/reset-password": {"reset_token": "none", "new_password": stranger},
            "POST /v3/users/{id}/api-keys": {"name": "k"},
            "POST /v3/users/{id}": {"name": "somebody"},
            "DELETE /v3/documents/by-filter": {"document_id": {"$eq": str(uuid.uuid4())}},
        }
        if operation == "POST /v3/documents":
            return {"data": {"raw_text": stranger, "collection_ids": json.dumps([self.collection])}}
        if operation == "POST /v3/users/login":
            return {"data": {"username": "none@example.com", "password": "none"}}
        if operation == "POST /v3/users/change-password":
            password = caller.password if isinstance(caller, User) else "none"
            return {"json": {"current_password": password, "new_password": password}}
        if operation == "GET /v3/documents/download_zip":
            return {"params": {"document_ids": [self.document]}}
        if operation in bodies:
            return {"json": bodies[operation]}
        return {"json": {}} if operation.split()[0] in ("POST", "PUT", "PATCH") else {}


def operations(base):
    described = httpx.get(f"{base}/openapi.json", timeout=60).json()["paths"]
    every = [f"{method.upper()} {path}" for path, methods in described.items() for method in methods]
    order = {"GET": 0, "PUT": 1, "PATCH": 1, "POST": 1, "DELETE": 2}
    rank = lambda operation: (LAST.index(operation) + 3 if operation in LAST else order[operation.split()[0]], operation)
    return sorted(every, key=rank)


def play(base, who, caller, world, every):
    for operation in every:
        method, template = operation.split()
        # The server in R2R's place notes what arrives by this name.
        named = {"x-played": f"{base} {who} {operation}"}
        options = world.options(operation, caller)
        response = caller.send(method, world.path(template), headers=named, **options)
        reason = response.headers.get("x-portcullis-reason", "")
        print(json.dumps([f"{who} {operation}", f"{response.status_code} {reason}".strip()]), flush=True)


def main():
    base, origin = sys.argv[1:3]
    every = operations(origin)
    admin = superuser(origin)
    world = lambda user: World(user)
    user = make_user(admin, base, "user")
    users = world(user)
    play(base, "stranger", make_user(admin, base, "stranger"), users, every)
    play(base, "nobody", Person(base), users, every)
    # What a stranger may have changed is made anew.
    user = make_user(admin, base, "user")
    play(base, "user", user, world(user), every)
    root = make_user(admin, base, "root")
    results(admin.post(f"/v3/users/{root.id}", json={"is_superuser": True}))
    root = root.again()
    play(base, "superuser", root, world(root), every)


main()
