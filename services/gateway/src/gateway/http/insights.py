"""Reports on a period of a journal: ask for one, watch it being made, read and erase it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from contracts.identifiers import JournalName
from contracts.reports import InsightsOrder, ReportList, ReportView
from gateway.http.answers import json_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import body_document, header_documents, problem_documents
from gateway.http.event_stream import EventStream, live_bytes
from gateway.http.json_bodies import body_of
from gateway.live.permission import while_allowed
from gateway.live.reports import follow_report
from gateway.service.read_reports import PAGE_MAX, erase_report, get_report, glance_at_report, list_reports
from gateway.service.request_report import request_report

router = APIRouter(prefix="/v1/journals/{journal}/insights", tags=["insights"], dependencies=[KEY_NEEDED])


class ReportsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50
    cursor: Annotated[str | None, Field(description="`next_cursor` of the page before")] = None


@router.post(
    "",
    operation_id="request_insights",
    summary="Have a report made",
    status_code=202,
    responses={
        202: {
            "model": ReportView,
            "description": "Pending; `Location` shows how far it is, and then the report",
            **header_documents("Location"),
        },
        **problem_documents(400, 401, 403, 404, 408, 413, 415, 422, 503),
    },
    openapi_extra=body_document(InsightsOrder),
)
async def request(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    order: Annotated[InsightsOrder, Depends(body_of(InsightsOrder))],
) -> Response:
    """While one of the same days is being made, it is that one."""
    asked = await request_report(context.store, caller, journal, order, care=context.care)
    headers = {"Location": f"/v1/journals/{journal}/insights/{asked.id}"}
    return json_answer(asked, status=202, headers=headers)


@router.get(
    "",
    operation_id="list_insights",
    summary="Reports without their results, those asked for last first",
    responses={200: {"model": ReportList}, **problem_documents(401, 403, 404, 422, 503)},
)
async def list_(
    context: ContextOfApi, caller: Caller, journal: JournalName, query: Annotated[ReportsQuery, Query()]
) -> Response:
    found = await list_reports(context.store, caller, journal, limit=query.limit, cursor=query.cursor)
    return json_answer(found)


@router.get(
    "/{report_id}",
    operation_id="get_insights",
    summary="A report, or how far it is",
    responses={200: {"model": ReportView}, **problem_documents(401, 403, 404, 422, 503)},
)
async def get(context: ContextOfApi, caller: Caller, journal: JournalName, report_id: UUID) -> Response:
    return json_answer(await get_report(context.store, caller, journal, report_id, care=context.care))


@router.get(
    "/{report_id}/live",
    operation_id="follow_insights",
    summary="How far a report is, as it is made",
    response_class=Response,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events; the last one is `ended`"},
        **problem_documents(401, 403, 404, 422, 503),
    },
)
async def follow(context: ContextOfApi, caller: Caller, journal: JournalName, report_id: UUID) -> Response:
    """`progress` at once and whenever there is more, then `ended` with the report.

    `retrying` says that an attempt failed and when the next one begins. `restarted` says that the report is made again,
    because an entry that it was made of was erased.
    """
    asked = await glance_at_report(context.store, caller, journal, report_id)
    events = follow_report(context.store, context.board, caller, asked, care=context.care)
    told = live_bytes(while_allowed(events, context.store, caller, journal), context.board.closing)
    return EventStream(told, send_timeout_s=context.send_timeout_s, places=context.streams)


@router.delete(
    "/{report_id}",
    operation_id="erase_insights",
    summary="Erase a report",
    status_code=204,
    responses=problem_documents(401, 403, 404, 422, 503),
)
async def erase(context: ContextOfApi, caller: Caller, journal: JournalName, report_id: UUID) -> Response:
    """Its entries stay. One that was made by itself is not made again."""
    await erase_report(context.store, caller, journal, report_id)
    return Response(status_code=204)
