"""Server-sent events whose reader must keep up.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, nullcontext
from typing import TypeVar

import structlog
from fastapi.sse import format_sse_event
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from contracts.live import LiveEvent, ReportLiveEvent, Waiting
from gateway.domain.errors import GatewayError
from gateway.http.methods import IS_HEAD
from gateway.live.places import StreamPlaces

#: Who is sent away comes back after a time between these: not all at once, and not to the gateway that is going.
_COME_BACK_MS = (500, 2500)

T = TypeVar("T")

log = structlog.stdlib.get_logger()


class SlowReader(Exception):
    """The client does not take what it asked for. What it misses is stored, or told again when it comes back."""


class EventStream(StreamingResponse):
    """Bytes of events, if there is a place among `places`: where there is none, `TooManyStreams` is the answer.

    A send that takes longer than `send_timeout_s` ends it with `SlowReader`.
    """

    def __init__(
        self, events: AsyncGenerator[bytes], *, send_timeout_s: float, places: StreamPlaces | None = None
    ) -> None:
        super().__init__(events, headers={"X-Accel-Buffering": "no"}, media_type="text/event-stream")
        self._events = events
        self._places = places
        self._send_timeout_s = send_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get(IS_HEAD):
            await self._events.aclose()
            await Response(headers=dict(self.headers))(scope, receive, send)
            return
        with nullcontext() if self._places is None else self._places.taken():
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        async def bounded(message: Message) -> None:
            try:
                async with asyncio.timeout(self._send_timeout_s):
                    await send(message)
            except TimeoutError:
                raise SlowReader from None

        # Closed here and not whenever it is collected: until then its watcher would be counted.
        async with aclosing(self._events):
            await super().stream_response(bounded)


def live_bytes(events: AsyncGenerator[LiveEvent | ReportLiveEvent], closing: asyncio.Event) -> AsyncGenerator[bytes]:
    """What is told of something while it is made."""

    def told(event: LiveEvent | ReportLiveEvent) -> bytes:
        return comment_bytes("waiting") if isinstance(event, Waiting) else event_bytes(event.event, event)

    return told_bytes(events, told, closing, ends=lambda event: event.event == "ended")


async def told_bytes(
    events: AsyncGenerator[T],
    told: Callable[[T], bytes | None],
    closing: asyncio.Event,
    *,
    ends: Callable[[T], bool] = lambda _: False,
) -> AsyncGenerator[bytes]:
    """What is `told` of each event, up to one that `ends` it; where it is cut short before, when to come back."""
    is_broken = False
    async with aclosing(events):
        try:
            async for event in events:
                if (words := told(event)) is not None:
                    yield words
                if ends(event):
                    return
        except GatewayError as error:
            # The answer has begun: it can be no problem any more.
            log.info("live.broken_off", error=type(error).__name__)
            is_broken = True
    if is_broken or closing.is_set():
        yield come_back_bytes()


def event_bytes(name: str, data: BaseModel) -> bytes:
    return event_text(name, data.model_dump_json())


def event_text(name: str, data: str, *, event_id: str | None = None) -> bytes:
    return format_sse_event(event=name, data_str=data, id=event_id)


def comment_bytes(text: str, *, event_id: str | None = None) -> bytes:
    """What keeps a quiet connection open, and says nothing to its reader."""
    return format_sse_event(comment=text, id=event_id)


def come_back_bytes() -> bytes:
    """The last word where the end is not the last: how long the reader waits before it opens the stream again."""
    return format_sse_event(comment="come back", retry=random.randint(*_COME_BACK_MS))  # noqa: S311 - jitter
