"""Retrieval and conversations, without a model."""

import asyncio
import json
import uuid
from typing import Optional
from uuid import UUID

from fastapi import APIRouter, Body
from fastapi.responses import StreamingResponse

from callers import USER, results
from documents import chunk_of, may_read
from store import NOW, Record, Refused, store

router = APIRouter()
WORDS = ". That is all of it, word by word, and it takes me a while to say so."


def search_of(query, user):
    found = [chunk_of(one) for one in store.documents.values() if query in one["text"] and may_read(one, user)]
    chunks = [{**chunk, "text": chunk["text"][:200], "score": 0.5} for chunk in found]
    names = ("graph_search_results", "web_search_results", "document_search_results", "generic_tool_results")
    return {"chunk_search_results": chunks, **{name: [] for name in names}}


@router.post("/v3/retrieval/search")
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


@router.post("/v3/retrieval/rag")
def rag(query: str = Body(), rag_generation_config: dict = Body({}), user=USER):
    text = f"I was told: {query}{WORDS}"
    if rag_generation_config.get("stream"):
        return stream(text)
    found = search_of(query, user)
    return results({"generated_answer": text, "search_results": found, "citations": [], "metadata": {}, "completion": text})


@router.post("/v3/retrieval/agent")
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


@router.post("/v3/conversations")
def make_conversation(name: Optional[str] = Body(None, embed=True), user=USER):
    return conversation_shown(begin(user, name))


@router.get("/v3/conversations/{id}")
def read_conversation(id: UUID, user=USER):
    conversation = store.conversations.get(str(id))
    if conversation is None or conversation["owner"] != user["id"]:
        raise Refused(404, f"Conversation {id} not found.")
    return results([message_shown(said) for said in conversation["messages"]])


@router.post("/v3/conversations/{id}")
def rename(id: UUID, name: str = Body(embed=True), user=USER):
    conversation = store.conversations[str(id)]
    conversation["name"] = name
    return conversation_shown(conversation)


@router.post("/v3/conversations/{id}/messages")
def add_message(id: UUID, role: str = Body(), content: str = Body(), user=USER):
    return results(message_shown(say(store.conversations[str(id)], {"role": role, "content": content})))


@router.post("/v3/conversations/{id}/messages/{message_id}")
def edit_message(id: UUID, message_id: UUID, content: str = Body(embed=True), user=USER):
    said = store.messages[str(message_id)]
    said["content"] = content
    return results(message_shown(said))
