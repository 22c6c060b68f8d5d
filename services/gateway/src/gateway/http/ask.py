"""Asking a journal: the answer as server-sent events, while it is written."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from contracts.ask import AnswerCited, AnswerWritten, AskEnded, AskEvent, AskQuestion, FoundEntries
from contracts.identifiers import JournalName
from gateway.domain.errors import ChatModelUnavailable
from gateway.http.answers import error_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import any_of_document, body_document, problem_documents
from gateway.http.event_stream import EventStream, comment_bytes, event_bytes
from gateway.http.json_bodies import body_of

#: A model that reads says nothing for a while, and proxies close what is quiet.
WAITING_S = 10.0
EVENTS = (FoundEntries, AnswerWritten, AnswerCited, AskEnded)

router = APIRouter(prefix="/v1/journals/{journal}/ask", tags=["ask"], dependencies=[KEY_NEEDED])


@router.post(
    "",
    operation_id="ask_journal",
    summary="An answer from the journal's entries, with citations",
    response_class=Response,
    responses={
        200: {
            "content": {"text/event-stream": {"schema": any_of_document(*EVENTS)}},
            "description": "Events, each with one of these as its data; the last one is `ended`",
        },
        **problem_documents(400, 401, 403, 404, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra=body_document(AskQuestion),
)
async def ask(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    question: Annotated[AskQuestion, Depends(body_of(AskQuestion))],
) -> Response:
    """`found`, then the answer as it grows (`written`, `cited`), then `ended` with the whole. Nothing is stored.

    What goes wrong before the first event is a problem; after it, `ended` says so. Who leaves stops the model.
    """
    if context.asker is None:
        return error_answer(ChatModelUnavailable("No chat model is set (GATEWAY_CHAT_MODEL)."))
    events = context.asker.answer(caller, journal, question)
    # The first one is awaited here: until it is there, the answer can still be a problem.
    first = await anext(events)
    stream = _as_bytes(first, events, context.board.closing)
    return EventStream(stream, send_timeout_s=context.send_timeout_s)


async def _as_bytes(first: AskEvent, events: AsyncGenerator[AskEvent], closing: asyncio.Event) -> AsyncGenerator[bytes]:
    """Without `ended` the gateway is stopping."""
    stopping = asyncio.ensure_future(closing.wait())
    following: asyncio.Future[AskEvent | None] | None = None
    async with aclosing(events):
        try:
            yield event_bytes(first.event, first)
            while True:
                if following is None:
                    following = asyncio.ensure_future(anext(events, None))
                await asyncio.wait({following, stopping}, timeout=WAITING_S, return_when=asyncio.FIRST_COMPLETED)
                if following.done():
                    event, following = following.result(), None
                    if event is None:
                        return
                    yield event_bytes(event.event, event)
                elif stopping.done():
                    return
                else:
                    yield comment_bytes("waiting")
        finally:
            # Cancelled and awaited before `events` is closed: a generator that runs cannot be.
            left: list[asyncio.Future[Any]] = [future for future in (following, stopping) if future is not None]
            for future in left:
                future.cancel()
            await asyncio.gather(*left, return_exceptions=True)
