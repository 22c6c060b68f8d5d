"""Journals: making, erasing, and enriching all of one again."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from contracts.enrichments import EnrichmentKind
from contracts.identifiers import JournalName
from contracts.journals import JournalDetails, JournalSettingsChange
from contracts.model import Request, Value
from gateway.domain.entries import KINDS
from gateway.http.answers import json_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import body_document, header_documents, problem_documents
from gateway.http.json_bodies import body_of, optional_body_of
from gateway.service.enrich import reprocess_journal
from gateway.service.erase import erase_journal
from gateway.service.journal_settings import change_settings, get_journal
from gateway.service.list_journals import list_journals
from gateway.service.put_journal import put_journal

router = APIRouter(prefix="/v1/journals", tags=["journals"], dependencies=[KEY_NEEDED])


class JournalView(Value):
    name: JournalName


class JournalSummary(JournalView):
    created_at: datetime


class JournalList(Value):
    journals: tuple[JournalSummary, ...]


class ReprocessOrder(Request):
    """Which enrichments to make again; without, all of them."""

    kinds: tuple[EnrichmentKind, ...] = KINDS


class ReprocessAnswer(Value):
    #: How many entries wait for their enrichments now.
    entries: int


@router.get(
    "",
    operation_id="list_journals",
    summary="The journals that the key may touch",
    responses={200: {"model": JournalList}, **problem_documents(401, 403, 503)},
)
async def list_(context: ContextOfApi, caller: Caller) -> Response:
    found = await list_journals(context.store, caller)
    summaries = tuple(JournalSummary(name=journal.name, created_at=journal.created_at) for journal in found)
    return json_answer(JournalList(journals=summaries))


@router.put(
    "/{journal}",
    operation_id="put_journal",
    summary="Make a journal; nothing changes if it is there",
    responses={
        200: {"model": JournalView, "description": "It was there"},
        201: {"model": JournalView, "description": "It is new", **header_documents("Location")},
        **problem_documents(401, 403, 404, 422, 503),
    },
)
async def put(context: ContextOfApi, caller: Caller, journal: JournalName) -> Response:
    is_new = await put_journal(context.store, caller, journal)
    headers = {"Location": f"/v1/journals/{journal}/entries"} if is_new else None
    return json_answer(JournalView(name=journal), status=201 if is_new else 200, headers=headers)


@router.get(
    "/{journal}",
    operation_id="get_journal",
    summary="A journal with its settings",
    responses={200: {"model": JournalDetails}, **problem_documents(401, 403, 404, 422, 503)},
)
async def get(context: ContextOfApi, caller: Caller, journal: JournalName) -> Response:
    return json_answer(await get_journal(context.store, caller, journal, care=context.care))


@router.patch(
    "/{journal}/settings",
    operation_id="change_settings",
    summary="Change some of a journal's settings",
    responses={
        200: {"model": JournalDetails, "description": "As they are now"},
        **problem_documents(400, 401, 403, 404, 408, 413, 415, 422, 503),
    },
    openapi_extra=body_document(JournalSettingsChange),
)
async def change(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    change: Annotated[JournalSettingsChange, Depends(body_of(JournalSettingsChange))],
) -> Response:
    """What is not given stays as it is. It holds for what happens from now on."""
    return json_answer(await change_settings(context.store, caller, journal, change, care=context.care))


@router.delete(
    "/{journal}",
    operation_id="erase_journal",
    summary="Erase a journal and every entry in it",
    status_code=204,
    responses=problem_documents(401, 403, 404, 422, 503),
)
async def erase(context: ContextOfApi, caller: Caller, journal: JournalName) -> Response:
    """The entries are gone when the answer comes. The search index follows."""
    await erase_journal(context.store, caller, journal)
    return Response(status_code=204)


@router.post(
    "/{journal}/reprocess",
    operation_id="reprocess_journal",
    summary="Have every entry of a journal enriched again",
    status_code=202,
    responses={
        202: {"model": ReprocessAnswer, **header_documents("Location")},
        **problem_documents(400, 401, 403, 404, 408, 413, 415, 422, 503),
    },
    openapi_extra=body_document(ReprocessOrder, required=False),
)
async def reprocess(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    order: Annotated[ReprocessOrder, Depends(optional_body_of(ReprocessOrder))],
) -> Response:
    entries = await reprocess_journal(context.store, caller, journal, order.kinds, care=context.care)
    headers = {"Location": f"/v1/journals/{journal}/entries"}
    return json_answer(ReprocessAnswer(entries=entries), status=202, headers=headers)
