"""Searching a journal by meaning."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from contracts.identifiers import JournalName
from contracts.search import SearchAnswer, SearchQuery
from gateway.http.answers import json_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import body_document, problem_documents
from gateway.http.json_bodies import body_of
from gateway.service.search import search_entries

router = APIRouter(prefix="/v1/journals/{journal}/search", tags=["search"], dependencies=[KEY_NEEDED])


@router.post(
    "",
    operation_id="search_entries",
    summary="The entries closest in meaning to a question, best first",
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
