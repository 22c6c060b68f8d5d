"""Searching a journal, and finding what is similar to an entry."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from contracts.identifiers import JournalName
from contracts.search import SEARCH_MAX_HITS, SearchAnswer, SearchQuery
from gateway.http.answers import json_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import body_document, problem_documents
from gateway.http.json_bodies import body_of
from gateway.service.search import search_entries, similar_entries

router = APIRouter(prefix="/v1/journals/{journal}", tags=["search"], dependencies=[KEY_NEEDED])


@router.post(
    "/search",
    operation_id="search_entries",
    summary="The entries that fit a question best, by meaning and by words",
    responses={200: {"model": SearchAnswer}, **problem_documents(400, 401, 403, 404, 408, 413, 415, 422, 503)},
    openapi_extra=body_document(SearchQuery),
)
async def search(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    query: Annotated[SearchQuery, Depends(body_of(SearchQuery))],
) -> Response:
    return json_answer(await search_entries(context.store, context.finder, caller, journal, query))


@router.get(
    "/entries/{entry_id}/similar",
    operation_id="similar_entries",
    summary="The other entries closest in meaning to this one, best first",
    responses={200: {"model": SearchAnswer}, **problem_documents(401, 403, 404, 409, 422, 503)},
)
async def similar(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    entry_id: UUID,
    limit: Annotated[int, Query(ge=1, le=SEARCH_MAX_HITS)] = 10,
) -> Response:
    """Needs no model server: the entry's own vectors are compared. 409 until the entry is embedded."""
    return json_answer(await similar_entries(context.store, context.finder, caller, journal, entry_id, limit=limit))
