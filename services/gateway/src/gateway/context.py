"""What the HTTP and NATS sides are given: everything a request may need, already open."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from prometheus_client import Metric

from gateway.ask.answering import Asker
from gateway.db.store import Store
from gateway.live.board import LiveBoard
from gateway.live.event_feed import EventFeed
from gateway.live.places import StreamPlaces
from gateway.service.care import Care, default_care
from gateway.service.search import Finder


@dataclass(frozen=True)
class Probe:
    """A dependency that `/readyz` asks about."""

    name: str
    #: Without a required one no entry can be taken; without another the gateway is degraded and goes on.
    required: bool
    #: Raises, whatever it likes, while the dependency is away. Bounded in time by the caller.
    check: Callable[[], Awaitable[None]]


async def _nothing() -> Iterable[Metric]:
    return ()


@dataclass(frozen=True)
class Context:
    store: Store
    finder: Finder
    probes: tuple[Probe, ...]
    version: str
    #: The AsyncAPI document, as JSON.
    asyncapi: Callable[[], bytes]
    #: A request's body is refused beyond this, before it is read whole.
    request_max_bytes: int
    #: A probe that takes longer counts as failed.
    probe_timeout_s: float = 2.0
    care: Care = field(default_factory=default_care)
    #: How many streams may be open.
    streams: StreamPlaces = field(default_factory=StreamPlaces)
    #: What is being written now.
    board: LiveBoard = field(default_factory=LiveBoard)
    #: None: no chat model is set, and questions are not answered.
    asker: Asker | None = None
    #: The newest events of all journals. None: there is no event stream here.
    events: EventFeed | None = None
    #: What is read anew whenever metrics are asked for.
    watch: Callable[[], Awaitable[Iterable[Metric]]] = _nothing
    #: A live stream whose reader takes nothing for so long is dropped.
    send_timeout_s: float = 10.0
    #: Of web pages that may use this API from a browser, besides the gateway's own.
    cors_origins: frozenset[str] = frozenset()
    #: Set once the gateway was told to stop: it serves on, and is not to be sent more.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
