"""Reflections on an entry: ask for one, read them."""

from uuid import UUID

from fastapi import APIRouter, Response

from contracts.identifiers import JournalName, Ordinal
from contracts.reflections import ReflectionList, ReflectionView
from gateway.http.answers import json_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import header_documents, problem_documents
from gateway.service.read_reflections import get_reflection, list_reflections
from gateway.service.reflect import request_reflection

router = APIRouter(prefix="/v1/journals/{journal}/entries/{entry_id}", tags=["reflections"], dependencies=[KEY_NEEDED])


@router.post(
    "/reflection",
    operation_id="request_reflection",
    summary="Have a reflection written",
    status_code=202,
    responses={
        202: {
            "model": ReflectionView,
            "description": "Pending; `Location` shows when it is there",
            **header_documents("Location"),
        },
        **problem_documents(401, 403, 404, 422, 503),
    },
)
async def request(context: ContextOfApi, caller: Caller, journal: JournalName, entry_id: UUID) -> Response:
    """A new version each time; the old ones are kept as long as the entry. While one is pending, it is that one."""
    asked = await request_reflection(context.store, caller, journal, entry_id, care=context.care)
    return json_answer(asked, status=202, headers={"Location": _location(asked)})


@router.get(
    "/reflection",
    operation_id="get_reflection",
    summary="The newest reflection",
    responses={200: {"model": ReflectionView}, **problem_documents(401, 403, 404, 422, 503)},
)
async def newest(context: ContextOfApi, caller: Caller, journal: JournalName, entry_id: UUID) -> Response:
    return json_answer(await get_reflection(context.store, caller, journal, entry_id, care=context.care))


@router.get(
    "/reflections",
    operation_id="list_reflections",
    summary="All reflections, the newest first",
    responses={200: {"model": ReflectionList}, **problem_documents(401, 403, 404, 422, 503)},
)
async def list_(context: ContextOfApi, caller: Caller, journal: JournalName, entry_id: UUID) -> Response:
    return json_answer(await list_reflections(context.store, caller, journal, entry_id, care=context.care))


@router.get(
    "/reflections/{version}",
    operation_id="get_reflection_version",
    summary="One version of the reflections",
    responses={200: {"model": ReflectionView}, **problem_documents(401, 403, 404, 422, 503)},
)
async def get(
    context: ContextOfApi, caller: Caller, journal: JournalName, entry_id: UUID, version: Ordinal
) -> Response:
    return json_answer(await get_reflection(context.store, caller, journal, entry_id, version, care=context.care))


def _location(reflection: ReflectionView) -> str:
    entry = f"/v1/journals/{reflection.journal}/entries/{reflection.entry_id}"
    return f"{entry}/reflections/{reflection.version}"
