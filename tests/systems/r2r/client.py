"""R2R's own client in Python, as it is: `client.py BASE ORIGIN`. Prints what comes of each thing that a person does with it."""

import json
import pathlib
import sys
import tempfile
import time

from r2r import R2RClient
from shared.abstractions import R2RClientException, R2RException

from people import claims, make_user, sign, superuser


def tell(flow, said):
    print(json.dumps([f"r2r for Python: {flow}", said]), flush=True)


def attempt(flow, action, shown=lambda _: "", tries=30):
    """Does something, and tells how it went; what came of it, if anything did."""
    try:
        result = action()
    except R2RException as error:
        if error.status_code == 503 and tries:
            # A gate that could not ask in time: the server was busy, and will be there in a moment.
            time.sleep(1)
            return attempt(flow, action, shown, tries - 1)
        message = error.message if isinstance(error.message, str) else json.dumps(error.message)
        return tell(flow, f"{error.status_code}" if error.status_code >= 500 else f"{error.status_code} {message}")
    except R2RClientException as error:
        return tell(flow, f"no answer: {error}")
    tell(flow, f"good{shown(result)}")
    return result


def words(events):
    text = "".join(str(event) for event in events)
    return ", as a stream" if "word" in text else f", but {text[:80]}"


def main():
    base, origin = sys.argv[1:3]
    user = make_user(superuser(origin), origin, "paula")
    client = R2RClient(base)
    attempt("login", lambda: client.users.login(user.email, user.password))
    attempt("who am I", lambda: client.users.me(), lambda me: "" if me.results.email == user.email else ", but another")
    made = attempt("make a collection", lambda: client.collections.create(name="plans"))
    collection = str(made.results.id)
    into = lambda **what: client.documents.create(collection_ids=[collection], ingestion_mode="fast", **what)
    attempt("upload a text into it", lambda: into(raw_text="The harvest is late"))
    attempt("upload chunks into it", lambda: into(chunks=["The field is wide", "The barn is full"]))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "résumé of the year.txt"
        file.write_text("The year was long. " * 10000)
        attempt("upload a file of 190 KB into it", lambda: into(file_path=str(file)))
        attempt("upload it into none", lambda: client.documents.create(file_path=str(file), id=user.id))
    attempt("list documents", lambda: client.documents.list(), lambda found: f", {len(found.results)} of them")
    attempt("search", lambda: client.retrieval.search("harvest"))
    attempt("RAG", lambda: client.retrieval.rag("harvest"))
    stream = {"stream": True}
    attempt("RAG as a stream", lambda: list(client.retrieval.rag("harvest", rag_generation_config=stream)), words)
    message = {"role": "user", "content": "hello"}
    agent = lambda talk: client.retrieval.agent(message=message, conversation_id=talk)
    first = attempt("the agent begins a conversation", lambda: client.retrieval.agent(message=message))
    # One that the agent begins has no owner.
    attempt("the agent goes on with it", lambda: agent(str(first.results.conversation_id)))
    begun = attempt("begin a conversation", lambda: client.conversations.create())
    talk = str(begun.results.id)
    attempt("the agent goes on with that", lambda: agent(talk))
    attempt("rename the conversation", lambda: client.conversations.update(id=talk, name="harvest"))
    attempt("add a message", lambda: client.conversations.add_message(id=talk, role="user", content="hi"))
    key = attempt("make an API key", lambda: client.users.create_api_key(id=user.id, name="ci"))
    with_key = R2RClient(base)
    with_key.set_api_key(key.results.api_key)
    attempt("who am I, with the key", lambda: with_key.users.me())
    attempt("search, with the key", lambda: with_key.retrieval.search("harvest"))
    attempt("a superuser's settings", lambda: client.system.settings())
    elsewhere = R2RClient(base)
    elsewhere.set_project_name("other")
    attempt("login to another project", lambda: elsewhere.users.login(user.email, user.password))
    old = R2RClient(base)
    old.access_token = sign(claims(user.email, age=172800.0, life=2592000.0))
    attempt("a token of two days ago, good for a month", lambda: old.users.me())
    old.access_token = sign(claims(user.email, age=7200.0, life=-3600.0))
    attempt("a token that has expired", lambda: old.users.me())
    attempt("refresh", lambda: client.users.refresh_token())
    attempt("who am I, refreshed", lambda: client.users.me())
    attempt("logout", lambda: client.users.logout())


main()
