"""The gateway's HTTP side on a real socket, over a real PostgreSQL, with everything else as a test wants it."""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any, Self
from uuid import UUID

import httpx
import uvicorn

from contracts.live import ReflectionFrame, ReportFrame
from contracts.search import Degradation, SearchQuery
from entry_index import EntryHit, SearchFilters
from gateway.ask.answering import Asker
from gateway.ask.places import AskPlaces
from gateway.ask.writing import ChatModel
from gateway.context import Context, Probe
from gateway.db.store import Store
from gateway.http import create_api
from gateway.http.listener import open_listener
from gateway.http.server_log import hush_cut_answers
from gateway.http.websockets import WebSocketProtocol
from gateway.live.board import LiveBoard
from gateway.live.event_feed import EventFeed
from gateway.live.places import StreamPlaces
from gateway.messaging.event_log import JetStreamEventLog
from gateway.messaging.event_tail import tail_events
from gateway.messaging.nats_link import NatsLink
from gateway.service.care import default_care
from gateway.service.finder import Found
from gateway.service.keys import ensure_key, mint_key, revoke_key

REQUEST_MAX_BYTES = 1024 * 1024


@dataclass
class ShelfFinder:
    """Finds what a test has put on the shelf, whatever the question; or fails as it is told."""

    model: str = "test-model"
    shelf: list[EntryHit] = field(default_factory=list)
    fault: Exception | None = None
    degraded: Degradation | None = None
    #: What was asked for last.
    filters: SearchFilters | None = None

    async def find(self, journal: str, search: SearchQuery, filters: SearchFilters, *, limit: int) -> Found:
        self.filters = filters
        if self.fault is not None:
            raise self.fault
        return Found(self.shelf[:limit], "dense", self.degraded)

    async def similar(
        self, journal: str, entry_id: UUID, revision: int, filters: SearchFilters, *, limit: int
    ) -> list[EntryHit] | None:
        self.filters = filters
        if self.fault is not None:
            raise self.fault
        return self.shelf[:limit] or None


class HttpGateway:
    """Served by uvicorn in a thread of its own, whose loop owns the store."""

    def __init__(
        self,
        database_url: str,
        *,
        finder: ShelfFinder | None = None,
        probes: Sequence[Probe] | None = None,
        body_deadline_s: float = 5.0,
        request_max_bytes: int = REQUEST_MAX_BYTES,
        send_timeout_s: float = 1.0,
        chat: ChatModel | None = None,
        now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC),
        nats_url: str | None = None,
        events_kept: int = 2048,
        event_streams_max: int = 1000,
        cors_origins: Collection[str] = (),
    ) -> None:
        """`nats_url`: the event stream is followed; there is no relay."""
        self.finder = finder or ShelfFinder()
        self.store = Store(database_url)
        self._probes = (Probe("postgres", True, self.store.ping),) if probes is None else tuple(probes)
        self._body_deadline_s = body_deadline_s
        self._request_max_bytes = request_max_bytes
        self._listener = open_listener("127.0.0.1", 0)
        self.board = LiveBoard()
        self.streams = StreamPlaces(event_streams_max)
        self._send_timeout_s = send_timeout_s
        self._chat = chat
        self._now = now
        self._cors_origins = frozenset(cors_origins)
        self._link = NatsLink(nats_url, name="test-gateway") if nats_url else None
        self._event_log = JetStreamEventLog(self._link) if self._link else None
        self.events = EventFeed(self._event_log, kept=events_kept) if self._event_log else None
        self._ready = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def new_key(self, *scopes: str, journals: Collection[str] = ("*",)) -> str:
        key = mint_key()
        self.run(ensure_key(self.store, key, name="test", scopes=scopes, journals=journals))
        return key

    def revoke(self, key: str) -> None:
        assert self.run(revoke_key(self.store, key.split("_")[1]))

    def client(self, *scopes: str, journals: Collection[str] = ("*",)) -> httpx.Client:
        """With a new key; without scopes, with none."""
        headers = {"Authorization": f"Bearer {self.new_key(*scopes, journals=journals)}"} if scopes else {}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=20)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """In the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20), "the server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        """May be called again."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server did not stop"

    def hear(self, frame: ReflectionFrame | ReportFrame) -> None:
        """As if a worker had sent it."""
        if isinstance(frame, ReportFrame):
            self._loop.call_soon_threadsafe(self.board.reports.hear, frame)
        else:
            self._loop.call_soon_threadsafe(self.board.hear, frame)

    def peers(self) -> set[int]:
        """The ports of those who are connected."""

        async def ports() -> set[int]:
            return {one.client[1] for one in self._server.server_state.connections if one.client}

        return self.run(ports())

    def _stop(self) -> None:
        self.board.close()
        if self.events is not None:
            self.events.close()
        self._server.should_exit = True

    def _asker(self) -> Asker | None:
        if self._chat is None:
            return None
        places = AskPlaces(at_once=2)
        return Asker(self.store, self.finder, default_care(), self._chat, places, clock=lambda: self._now)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        hush_cut_answers()
        self._port = self._listener.getsockname()[1]
        async with AsyncExitStack() as stack:
            stack.enter_context(self._listener)
            await stack.enter_async_context(self.store)
            context = Context(
                store=self.store,
                finder=self.finder,
                probes=self._probes,
                version="0.0.0",
                asyncapi=lambda: b'{"asyncapi":"3.0.0"}',
                request_max_bytes=self._request_max_bytes,
                probe_timeout_s=0.5,
                board=self.board,
                streams=self.streams,
                asker=self._asker(),
                send_timeout_s=self._send_timeout_s,
                events=self.events,
                cors_origins=self._cors_origins,
            )
            api = create_api(context, body_deadline_s=self._body_deadline_s)
            config = uvicorn.Config(
                api,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws=WebSocketProtocol,
                timeout_graceful_shutdown=1,
            )
            self._server = uvicorn.Server(config)
            serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.01)
            background: list[asyncio.Task[None]] = []
            if self._link and self._event_log and self.events:
                background.append(asyncio.create_task(self._link.run()))
                background.append(asyncio.create_task(tail_events(self._event_log, self.events)))
            self._ready.set()
            await serving
            for task in reversed(background):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
