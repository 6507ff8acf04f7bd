"""What comes of the ways in which people work with R2R, and of the ways in which they could reach what is not theirs:
`flows.py BASE ORIGIN`, where BASE is the server itself or a gate in front of it.

Prints a line of JSON for each: its name and its outcome, with nothing in them that differs from one run to the next.
"""

import json
import sys
import time

import httpx

from people import ADMIN, SETTINGS, Person, claims, lock_out, make_user, outcome, results, sign, superuser

# The constant in py/core/providers/crypto, with which a server signs that was given no secret.
BUILT_IN = "wNFbczH3QhUVcPALwtWZCPi0lrDlGV3P1DPRVEQCPbM"
# For so long a gate may remember what R2R said of somebody, and a little more.
REMEMBERED = 31


def tell(flow, said):
    print(json.dumps([flow, said]), flush=True)


def tokens(base, alice):
    me = lambda token: outcome(Person(base).bearing(token).get("/v3/users/me"))
    as_admin = lambda token: outcome(Person(base).bearing(token).get("/v3/users"))
    tell("me: nobody", outcome(Person(base).get("/v3/users/me")))
    tell("me: a token", me(alice.token))
    tell("me: garbage", me("garbage"))
    tell("the admin's, signed with the secret that R2R has built in", as_admin(sign(claims(ADMIN), BUILT_IN)))
    tell("the admin's, with `alg: none`", as_admin(sign(claims(ADMIN), algorithm="none")))
    tell("a refresh token as an access token", me(alice.refresh))
    tell("`xxtoken=` before a token", me(f"xxtoken={alice.token}"))
    tell("a token with a `=` more", me(f"{alice.token}="))
    tell("a token that has expired", me(sign(claims(alice.email, age=7200.0, life=-3600.0))))
    tell("a token of two days ago, good for a month", me(sign(claims(alice.email, age=172800.0, life=2592000.0))))
    tell("a token of nobody whom R2R knows", me(sign(claims("ghost@example.com"))))
    wrong = {"username": alice.email, "password": "wrong"}
    tell("login: wrong password", outcome(Person(base).post("/v3/users/login", data=wrong)))
    right = {"username": alice.email, "password": alice.password}
    stale = Person(base).bearing("stale")
    tell("login: beside a token that is no good", outcome(stale.post("/v3/users/login", data=right)))


def sessions(base, alice):
    again = alice.again()
    refreshed = Person(base).bearing("stale").post("/v3/users/refresh-token", json=again.refresh)
    tell("refresh, beside a token that is no good", outcome(refreshed))
    tell("refresh: used before", outcome(Person(base).post("/v3/users/refresh-token", json=again.refresh)))
    other = alice.again()
    tell("logout", outcome(again.post("/v3/users/logout")))
    tell("logout: the same token again", outcome(again.get("/v3/users/me")))
    tell("logout: with a `=` more", outcome(Person(base).bearing(f"{again.token}=").get("/v3/users/me")))
    tell("logout: another session of the user", outcome(other.get("/v3/users/me")))


def keys(base, alice):
    made = results(alice.post(f"/v3/users/{alice.id}/api-keys", json={"name": "ci"}))
    key = made["api_key"]
    with_key = Person(base, {"x-api-key": key})
    tell("an API key that a user makes: `X-API-Key`", outcome(with_key.get("/v3/users/me")))
    tell("an API key: `Authorization: Bearer`", outcome(Person(base).bearing(key).get("/v3/users/me")))
    search = with_key.post("/v3/retrieval/search", json={"query": "anything"})
    tell("an API key: search", outcome(search))
    tell("an API key: a superuser's route", outcome(with_key.get("/v3/users")))
    both = Person(base, {"x-api-key": key, "authorization": f"Bearer {alice.token}"})
    tell("an API key beside a token", outcome(both.get("/v3/users/me")))
    tell("an API key: logout", outcome(with_key.post("/v3/users/logout")))
    tell("an API key: wrong", outcome(Person(base, {"x-api-key": key[:-4] + "AAA="}).get("/v3/users/me")))
    tell("an API key: deleted", outcome(alice.send("DELETE", f"/v3/users/{alice.id}/api-keys/{made['key_id']}")))
    tell("an API key: a moment after", outcome(with_key.get("/v3/users/me")))


def stream(person, path, body):
    """Whether a stream comes as it is made."""
    moments = []
    with person.client.stream("POST", path, json=body) as response:
        if response.status_code >= 400:
            response.read()
            return outcome(response)
        for chunk in response.iter_raw():
            moments.append(time.monotonic())
    return f"{response.status_code}, " + ("word by word" if moments[-1] - moments[0] > 0.5 else "at once")


def content(base, alice, mallory):
    collection = alice.make_collection("plans")
    document = alice.make_document("The harvest is late this year")
    tell("upload", outcome(alice.upload("A note for everybody")))
    mine = alice.upload("A plan for the winter", collection_ids=json.dumps([collection]))
    tell("upload into one's own collection", outcome(mine))
    long = "The field is wide. " * 12000
    tell("upload of 228 KB into one's own collection", outcome(alice.upload(long, collection_ids=json.dumps([collection]))))
    text = {"raw_text": "Some words", "collection_ids": json.dumps([collection])}
    tell("a text into one's own collection, in a form", outcome(alice.post("/v3/documents", data=text)))
    try:
        refused = Person(base).post("/v3/documents", files={"file": ("long.txt", b"x" * 30_000_000)})
        tell("upload of 30 MB by nobody", outcome(refused))
    except httpx.TransportError as error:
        tell("upload of 30 MB by nobody", f"no answer: {type(error).__name__}")
    tell("download", outcome(alice.get(f"/v3/documents/{document}/download")))
    tell("download_zip", outcome(alice.get("/v3/documents/download_zip", params={"document_ids": [document]})))
    hits = alice.post("/v3/retrieval/search", json={"query": "harvest"})
    found = [hit["text"] for hit in results(hits)["chunk_search_results"]]
    tell("search", "200, finds it" if any("harvest" in text for text in found) else "200, finds nothing")
    ask = {"query": "harvest", "rag_generation_config": {"stream": True}}
    tell("RAG as a stream", stream(alice, "/v3/retrieval/rag", ask))
    ask = {"message": {"role": "user", "content": "harvest"}, "rag_generation_config": {"stream": True}}
    tell("agent as a stream", stream(alice, "/v3/retrieval/agent", ask))
    tell("a stranger: the document", outcome(mallory.get(f"/v3/documents/{document}")).replace(document, "…"))
    tell("a stranger: its download", outcome(mallory.get(f"/v3/documents/{document}/download")))
    chunk = results(alice.get(f"/v3/documents/{document}/chunks"))[0]["id"]
    change = {"id": chunk, "text": "The harvest is early"}
    tell("a chunk, changed by its owner", outcome(alice.post(f"/v3/chunks/{chunk}", json=change)))
    tell("a chunk, read by a stranger", outcome(mallory.get(f"/v3/chunks/{chunk}")))
    return collection


def strangers_join(alice, mallory, collection):
    documents = lambda person: results(person.get(f"/v3/collections/{collection}/documents"))
    before = len(documents(alice))
    poison = mallory.upload("poison", collection_ids=json.dumps([collection]))
    into = ", and it is in there" if len(documents(alice)) > before else ""
    tell("poisoning: a stranger uploads into the collection", outcome(poison) + into)
    text = {"raw_text": "more poison", "collection_ids": json.dumps([collection])}
    poison = mallory.post("/v3/documents", data=text)
    into = ", and it is in there" if len(documents(alice)) > before + (1 if into else 0) else ""
    tell("poisoning: in a form", outcome(poison) + into)
    tell("joining: before", outcome(mallory.get(f"/v3/collections/{collection}/documents")))
    joined = mallory.post(f"/v3/users/{mallory.id}/collections/{collection}")
    tell("joining: a stranger adds itself to the collection", outcome(joined))
    tell("joining: after", outcome(mallory.get(f"/v3/collections/{collection}/documents")))
    added = alice.post(f"/v3/collections/{collection}/users/{mallory.id}")
    tell("joining: the owner adds somebody", outcome(added))
    tell("joining: who was added reads", outcome(mallory.get(f"/v3/collections/{collection}/documents")))


def conversations(alice, mallory):
    secret = "the safe opens with 4711"
    talk = alice.make_conversation(secret)
    path = f"/v3/conversations/{talk}"
    message = {"role": "user", "content": "hello"}
    tell("conversation: its owner renames it", outcome(alice.post(path, json={"name": "renamed"})))
    added = alice.post(f"{path}/messages", json=message)
    tell("conversation: its owner adds a message", outcome(added))
    own = results(alice.get(path))[0]["id"]
    edit = {"content": "edited"}
    tell("conversation: its owner edits a message", outcome(alice.post(f"{path}/messages/{own}", json={"content": secret})))
    goes_on = {"message": message, "conversation_id": talk}
    tell("conversation: its owner's agent goes on", outcome(alice.post("/v3/retrieval/agent", json=goes_on)))
    begins = {"message": message, "conversation_id": None}
    tell("conversation: an agent begins one", outcome(alice.post("/v3/retrieval/agent", json=begins)))
    of = lambda text: text.replace(talk, "…")
    tell("conversation: a stranger reads it", of(outcome(mallory.get(path))))
    tell("conversation: a stranger renames it", outcome(mallory.post(path, json={"name": "mine"})))
    tell("conversation: a stranger adds a message", outcome(mallory.post(f"{path}/messages", json=message)))
    tell("conversation: a stranger edits a message", outcome(mallory.post(f"{path}/messages/{own}", json=edit)))
    theirs = mallory.make_conversation()
    by_other = mallory.post(f"/v3/conversations/{theirs}/messages/{own}", json=edit)
    tell("conversation: a stranger edits it by way of another", outcome(by_other))
    results(alice.post(f"{path}/messages", json={"role": "user", "content": secret}))
    heard = mallory.post("/v3/retrieval/agent", json=goes_on)
    said = ", and hears the secret" if secret in heard.text else ""
    tell("conversation: a stranger's agent goes on with it", outcome(heard) + said)
    odd = {"message": message, "conversation_id": f"{{{talk}}}".upper()}
    said = mallory.post("/v3/retrieval/agent", json=odd)
    heard = ", and hears the secret" if secret in said.text else ""
    tell("conversation: the same, its identifier written otherwise", outcome(said) + heard)


def tenants(base, alice):
    other = {"x-project-name": "other"}
    tell("`x-project-name`: another", outcome(alice.get("/v3/documents", headers=other)))
    right = {"username": alice.email, "password": alice.password}
    tell("`x-project-name`: at login", outcome(Person(base).post("/v3/users/login", data=right, headers=other)))


def everybodys(alice):
    index = {"config": {"table_name": "chunks", "index_method": "hnsw", "index_measure": "cosine_distance",
                        "index_arguments": None, "index_name": None, "concurrently": False}}
    tell("a user makes a vector index", outcome(alice.post("/v3/indices", json=index)))
    another = {"email": f"x-{time.time_ns()}@example.com", "password": "0123456789ab"}
    tell("a user registers another", outcome(alice.post("/v3/users", json=another)))


def later(admin, origin, rosa, locked):
    tell("a user: settings", outcome(rosa.get("/v3/system/settings")))
    results(admin.post(f"/v3/users/{rosa.id}", json={"is_superuser": True}))
    lock_out(origin, locked)
    time.sleep(REMEMBERED)
    tell("promoted to superuser: settings, half a minute later", outcome(rosa.get("/v3/system/settings")))
    tell("locked out in the database: half a minute later", outcome(locked.get("/v3/users/me")))
    results(admin.post(f"/v3/users/{rosa.id}", json={"is_superuser": False}))
    time.sleep(REMEMBERED)
    tell("demoted: an index is dropped, half a minute later", outcome(rosa.send("DELETE", "/v3/indices/chunks/none")))


def main():
    base, origin = sys.argv[1:3]
    admin = superuser(origin)
    alice, mallory, rosa, locked = (make_user(admin, base, name) for name in ("alice", "mallory", "rosa", "locked"))
    tokens(base, alice)
    sessions(base, alice)
    keys(base, alice)
    collection = content(base, alice, mallory)
    strangers_join(alice, mallory, collection)
    conversations(alice, mallory)
    tenants(base, alice)
    everybodys(alice)
    if "database" in SETTINGS:
        later(admin, origin, rosa, locked)


main()
