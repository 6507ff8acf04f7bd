"""Documents and their chunks."""

import uuid
from typing import Optional
from uuid import UUID

from fastapi import APIRouter, Body, Form, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import Json

from callers import USER, results
from store import NOW, Record, Refused, store

router = APIRouter()


def listed(document):
    return {
        **{"id": document["id"], "collection_ids": sorted(document["collections"]), "owner_id": document["owner"]},
        **{"document_type": "txt", "metadata": {}, "version": "v0", "size_in_bytes": len(document["text"])},
        **{"ingestion_status": "success", "extraction_status": "pending", "created_at": NOW, "updated_at": NOW},
    }


def may_read(document, user):
    return user["id"] == document["owner"] or document["collections"] & store.collections_of(user)


@router.post("/v3/documents", status_code=202)
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


@router.get("/v3/documents")
def list_documents(user=USER):
    found = [listed(document) for document in store.documents.values() if may_read(document, user)]
    return results(found, total_entries=len(found))


@router.get("/v3/documents/download_zip")
def download_zip(user=USER):
    return Response(b"PK", media_type="application/zip")


@router.get("/v3/documents/{id}")
def read_document(id: UUID, user=USER):
    document = store.documents.get(str(id))
    if document is None or not may_read(document, user):
        raise Refused(404, "Document not found.")
    return results(listed(document))


@router.get("/v3/documents/{id}/download")
def download(id: UUID, user=USER):
    document = store.documents[str(id)]
    if not may_read(document, user):
        raise Refused(403, "Not authorized to access this document.")
    return PlainTextResponse(document["text"])


def chunk_of(document):
    of = {"document_id": document["id"], "owner_id": document["owner"], "metadata": {}}
    return {"id": document["chunk"], "text": document["text"], "collection_ids": sorted(document["collections"]), **of}


@router.get("/v3/documents/{id}/chunks")
def chunks_of(id: UUID, user=USER):
    return results([chunk_of(store.documents[str(id)])], total_entries=1)


def of_chunk(id):
    return next(document for document in store.documents.values() if document["chunk"] == str(id))


@router.get("/v3/chunks/{id}")
def read_chunk(id: UUID, user=USER):
    document = of_chunk(id)
    if user["id"] != document["owner"]:
        raise Refused(403, "Not authorized to access this chunk")
    return results(chunk_of(document))


@router.post("/v3/chunks/{id}")
def change_chunk(id: UUID, text: str = Body(embed=True), user=USER):
    document = of_chunk(id)
    if user["id"] != document["owner"]:
        return JSONResponse({"detail": {"message": "You don't have permission to modify this chunk."}}, 500)
    document["text"] = text
    return results(chunk_of(document))
