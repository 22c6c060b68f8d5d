"""The events of a journal as server-sent events, from now on or from where the client was."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from contracts.api import FieldProblem
from contracts.events import EVENT_TYPES
from contracts.identifiers import JournalName
from gateway.domain.errors import EventsUnavailable, GatewayError, RequestInvalid
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import problem_documents
from gateway.http.event_stream import EventStream, come_back_bytes, comment_bytes, event_text
from gateway.live.event_feed import EventFeed
from gateway.live.journal_events import JOURNAL_ERASED, Here, JournalNews, Reset, find_place, follow_journal
from gateway.live.permission import while_allowed
from gateway.service.find_journal import require_readable

_TYPES = frozenset(event.model_fields["type"].default for event in EVENT_TYPES)

router = APIRouter(prefix="/v1/journals/{journal}", tags=["events"])


@router.get(
    "/events",
    operation_id="follow_events",
    summary="What happens in a journal, as it happens",
    dependencies=[KEY_NEEDED],
    response_class=Response,
    responses={
        200: {
            "content": {"text/event-stream": {}},
            "description": "Events as they are in the stream: `event` is the type, `data` the CloudEvent",
        },
        **problem_documents(401, 403, 404, 422, 503),
    },
)
async def follow(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    types: Annotated[
        list[str] | None, Query(description="Only these types of events; all where it is left out")
    ] = None,
    last_event_id: Annotated[str | None, Header(description="Go on behind this event; from now on without")] = None,
) -> Response:
    """Every event of the journal, in the order of the stream, which is at least once.

    `reset` instead of events says that some can no longer be told: read the journal anew. The last event there is of
    a journal is `journal.erased.v1`.
    """
    wanted = _wanted(types)
    await require_readable(context.store, caller, journal)
    if context.events is None:
        raise EventsUnavailable
    place = await find_place(context.events, last_event_id)
    news = while_allowed(follow_journal(context.events, journal, place), context.store, caller, journal)
    return EventStream(
        _as_bytes(news, wanted, context.events), send_timeout_s=context.send_timeout_s, places=context.streams
    )


def _wanted(types: list[str] | None) -> frozenset[str] | None:
    """None: all, also those of a newer gateway beside this one.

    Raises:
        RequestInvalid: a type that there is not would be waited for in vain.
    """
    if types is None:
        return None
    if not _TYPES.issuperset(types):
        known = ", ".join(sorted(_TYPES))
        raise RequestInvalid([FieldProblem(pointer="/query/types", detail=f"must be of {known}")])
    # Whoever follows is told why nothing more comes.
    return frozenset({*types, JOURNAL_ERASED})


async def _as_bytes(
    news: AsyncGenerator[JournalNews], wanted: frozenset[str] | None, feed: EventFeed
) -> AsyncGenerator[bytes]:
    is_refused = False
    async with aclosing(news):
        try:
            async for one in news:
                if isinstance(one, Here):
                    # An id without data tells nobody anything, and moves the place to which the client comes back.
                    yield comment_bytes("here", event_id=one.id)
                elif isinstance(one, Reset):
                    yield event_text("reset", "{}", event_id=one.id)
                elif wanted is None or one.event.type in wanted:
                    yield event_text(one.event.type, one.event.body, event_id=one.id)
        except GatewayError:
            # Who comes back is told why: an answer that has begun can be no problem any more.
            is_refused = True
    if is_refused or feed.closing.is_set():
        yield come_back_bytes()
