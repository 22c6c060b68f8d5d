"""Following the events of a journal as a client does, and writing events into the stream as a relay does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
import nats
from httpx_sse import EventSource, ServerSentEvent, aconnect_sse
from nats.aio.client import Client

from contracts.events import DomainEvent, EntryCreated, EntryRef, subject_of
from contracts.identifiers import new_id
from contracts.topology import EVENT_STREAM
from support.http_gateway import HttpGateway

DEADLINE_S = 20.0
#: How many events a gateway remembers: few, so that a test soon reads older ones from the stream.
KEPT = 8


class Following:
    """`last_id` is what a client would come back with."""

    def __init__(self, source: EventSource) -> None:
        self._events = source.aiter_sse()
        self.last_id = ""

    async def next(self) -> ServerSentEvent:
        """The next event with data. Raises StopAsyncIteration at the end of the stream."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                event = await anext(self._events)
                self.last_id = event.id
                if event.data:
                    return event

    async def take(self, count: int) -> list[ServerSentEvent]:
        return [await self.next() for _ in range(count)]

    async def opened(self) -> Self:
        """Returns once the stream has said where it begins."""
        async with asyncio.timeout(DEADLINE_S):
            self.last_id = (await anext(self._events)).id
        return self

    async def is_over(self) -> bool:
        """Waits for the end of the stream; False where an event comes instead."""
        try:
            await self.next()
        except (StopAsyncIteration, httpx.RemoteProtocolError):
            return True
        return False


@asynccontextmanager
async def following(
    client: httpx.AsyncClient, journal: str, last_id: str | None = None, **query: Any
) -> AsyncIterator[Following]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    path = f"/v1/journals/{journal}/events"
    async with aconnect_sse(client, "GET", path, headers=headers, params=query) as source:
        assert source.response.status_code == 200, await source.response.aread()
        yield Following(source)


class Pen:
    """Writes events into the stream."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._jetstream = client.jetstream()

    async def write(self, *events: DomainEvent) -> None:
        for event in events:
            await self._jetstream.publish(subject_of(event), event.model_dump_json(exclude_none=True).encode())

    async def write_raw(self, body: bytes) -> None:
        await self._jetstream.publish("daybook.v1.events.entry.created", body)

    async def forget_all(self) -> None:
        """The stream is emptied; it counts on."""
        await self._jetstream.purge_stream(EVENT_STREAM)

    async def tear_down(self) -> None:
        await self._jetstream.delete_stream(EVENT_STREAM)


@asynccontextmanager
async def pen_of(url: str) -> AsyncIterator[Pen]:
    client = await nats.connect(url)
    try:
        yield Pen(client)
    finally:
        await client.close()


def client_of(gateway: HttpGateway, *scopes: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {gateway.new_key(*(scopes or ('read', 'write', 'admin')))}"}
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(base_url=gateway.url, headers=headers, trust_env=False, timeout=DEADLINE_S, limits=limits)


def created(journal: str, revision: int = 1) -> EntryCreated:
    """With a different entry each time; `revision` to tell events apart by."""
    return EntryCreated(data=EntryRef(journal=journal, entry_id=new_id(), revision=revision))


def revisions(events: list[ServerSentEvent]) -> list[int]:
    return [event.json()["data"]["revision"] for event in events]
