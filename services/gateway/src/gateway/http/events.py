"""The events of a journal as server-sent events, from now on or from where the client was."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from contracts.api import FieldProblem
from contracts.events import EVENT_TYPES
from contracts.identifiers import JournalName
from gateway.domain.errors import EventsUnavailable, RequestInvalid
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import problem_documents
from gateway.http.event_stream import EventStream, comment_bytes, event_text, told_bytes
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
    told = told_bytes(news, lambda one: _told(one, wanted), context.events.closing)
    return EventStream(told, send_timeout_s=context.send_timeout_s, places=context.streams)


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


def _told(one: JournalNews, wanted: frozenset[str] | None) -> bytes | None:
    if isinstance(one, Here):
        # An id without data tells nobody anything, and moves the place to which the client comes back.
        return comment_bytes("here", event_id=one.id)
    if isinstance(one, Reset):
        return event_text("reset", "{}", event_id=one.id)
    if wanted is None or one.event.type in wanted:
        return event_text(one.event.type, one.event.body, event_id=one.id)
    return None
