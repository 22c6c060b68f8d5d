"""Entries: create, read, replace, erase, enrich again."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from contracts.entries import EntryDraft, EntryPage, EntryView
from contracts.identifiers import JournalName
from gateway.http.answers import json_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import body_document, header_documents, problem_documents
from gateway.http.entity_tags import entity_tag, is_known, optional_revision, required_revision
from gateway.http.journals import ReprocessOrder
from gateway.http.json_bodies import body_of, optional_body_of
from gateway.http.listing import ListQuery
from gateway.service.create_entry import create_entry
from gateway.service.enrich import reprocess_entry
from gateway.service.erase import erase_entry
from gateway.service.read_entries import get_entry, list_entries
from gateway.service.replace_entry import replace_entry

router = APIRouter(prefix="/v1/journals/{journal}/entries", tags=["entries"], dependencies=[KEY_NEEDED])

_Draft = Annotated[EntryDraft, Depends(body_of(EntryDraft))]
_IfMatch = Annotated[str | None, Header(description="The `ETag` of the entry, or its revision in quotes")]


@router.post(
    "",
    operation_id="create_entry",
    summary="Store an entry; its enrichments follow by themselves",
    status_code=201,
    responses={
        201: {
            "model": EntryView,
            "description": "Stored",
            **header_documents("Location", "ETag", "Idempotency-Replayed"),
        },
        **problem_documents(400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
    },
    openapi_extra=body_document(EntryDraft),
)
async def create(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    draft: _Draft,
    idempotency_key: Annotated[str | None, Header(description="Makes a repeated request harmless")] = None,
) -> Response:
    """A repeated request with the same `Idempotency-Key` makes no second entry.

    It is answered with the entry that the first one made, as it is now, and `Idempotency-Replayed: true`.
    """
    created = await create_entry(
        context.store, caller, journal, draft, idempotency_key=idempotency_key, care=context.care
    )
    headers = _headers_of(created.entry)
    if created.replayed:
        headers["Idempotency-Replayed"] = "true"
    return json_answer(created.entry, status=201, headers=headers)


@router.get(
    "/{entry_id}",
    operation_id="get_entry",
    summary="One entry, with what became of it",
    responses={
        200: {"model": EntryView, "description": "As it is now", **header_documents("ETag")},
        304: {"description": "It is as `If-None-Match` knows it", **header_documents("ETag")},
        **problem_documents(401, 403, 404, 422, 503),
    },
)
async def get(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    entry_id: UUID,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    entry = await get_entry(context.store, caller, journal, entry_id, care=context.care)
    tag = entity_tag(entry)
    if is_known(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return json_answer(entry, headers={"ETag": tag})


@router.get(
    "",
    operation_id="list_entries",
    summary="A page of a journal, newest first",
    responses={
        200: {"model": EntryPage, "description": "The page", **header_documents("Link")},
        **problem_documents(401, 403, 404, 422, 503),
    },
)
async def list_(
    request: Request,
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    query: Annotated[ListQuery, Query()],
) -> Response:
    page = await list_entries(
        context.store,
        caller,
        journal,
        limit=query.limit,
        cursor=query.cursor,
        written_from=query.written_from,
        written_to=query.written_to,
        tags=tuple(query.tag),
        care=context.care,
    )
    headers: dict[str, str] = {}
    if page.next_cursor is not None:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        address = f"{request.url.path}?{urlencode([*kept, ('cursor', page.next_cursor)])}"
        headers["Link"] = f'<{address}>; rel="next"'
    return json_answer(page, headers=headers)


@router.put(
    "/{entry_id}",
    operation_id="replace_entry",
    summary="Replace an entry by its next revision",
    responses={
        200: {"model": EntryView, "description": "The new revision", **header_documents("ETag")},
        **problem_documents(400, 401, 403, 404, 408, 412, 413, 415, 422, 428, 503),
    },
    openapi_extra=body_document(EntryDraft),
)
async def replace(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    entry_id: UUID,
    draft: _Draft,
    *,
    if_match: _IfMatch = None,
) -> Response:
    revision = required_revision(if_match)
    entry = await replace_entry(
        context.store, caller, journal, entry_id, draft, expected_revision=revision, care=context.care
    )
    return json_answer(entry, headers={"ETag": entity_tag(entry)})


@router.delete(
    "/{entry_id}",
    operation_id="erase_entry",
    summary="Erase an entry and everything made of it",
    status_code=204,
    responses=problem_documents(401, 403, 404, 412, 422, 503),
)
async def erase(
    context: ContextOfApi, caller: Caller, journal: JournalName, entry_id: UUID, if_match: _IfMatch = None
) -> Response:
    """The entry is gone when the answer comes; a second request finds none (404). The search index follows."""
    revision = optional_revision(if_match)
    await erase_entry(context.store, caller, journal, entry_id, expected_revision=revision)
    return Response(status_code=204)


@router.post(
    "/{entry_id}/reprocess",
    operation_id="reprocess_entry",
    summary="Have an entry enriched again",
    status_code=202,
    responses={
        202: {
            "model": EntryView,
            "description": "Its enrichments are pending; `Location` shows when they are there",
            **header_documents("Location", "ETag"),
        },
        **problem_documents(400, 401, 403, 404, 408, 413, 415, 422, 503),
    },
    openapi_extra=body_document(ReprocessOrder, required=False),
)
async def reprocess(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    entry_id: UUID,
    order: Annotated[ReprocessOrder, Depends(optional_body_of(ReprocessOrder))],
) -> Response:
    entry = await reprocess_entry(context.store, caller, journal, entry_id, order.kinds, care=context.care)
    return json_answer(entry, status=202, headers=_headers_of(entry))


def _headers_of(entry: EntryView) -> dict[str, str]:
    return {"Location": f"/v1/journals/{entry.journal}/entries/{entry.id}", "ETag": entity_tag(entry)}
