"""Moods of a journal over time."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from contracts.days import Day
from contracts.identifiers import JournalName
from contracts.moods import BucketSize, DaysOf, MoodTimeline, TimelineQuery
from gateway.http.answers import tagged_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import header_documents, problem_documents
from gateway.service.read_moods import read_timeline

router = APIRouter(prefix="/v1/journals/{journal}/moods", tags=["moods"], dependencies=[KEY_NEEDED])


class MoodQuery(TimelineQuery):
    """As it stands in an address."""

    bucket: Annotated[BucketSize, Field(description="Weeks begin on Monday")] = "day"
    first_day: Annotated[
        Day | None,
        Field(alias="from", description="The first day; without, 30 days, 26 weeks or 24 months up to the last"),
    ] = None
    last_day: Annotated[Day | None, Field(alias="to", description="The last day, included; without, today")] = None
    time_zone: Annotated[
        DaysOf | None,
        Field(
            description="Whose days these are: a zone, as `Europe/Berlin`, or `author`, each entry's own; without, the "
            "zone that the journal's settings name, else `author`"
        ),
    ] = None


@router.get(
    "",
    operation_id="list_moods",
    summary="Moods over time, inferred and given, in days, weeks or months",
    responses={
        200: {"model": MoodTimeline, "description": "Every bucket of the range", **header_documents("ETag")},
        304: {"description": "It is as `If-None-Match` knows it", **header_documents("ETag")},
        **problem_documents(401, 403, 404, 422, 503),
    },
)
async def list_(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    query: Annotated[MoodQuery, Query()],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The buckets that hold the first and the last day are answered whole, and empty ones say why they are."""
    return tagged_answer(await read_timeline(context.store, caller, journal, query), if_none_match)
