"""The composition root of `gateway serve`: opens everything in order, and closes it in reverse."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from importlib.metadata import version

import structlog
import uvicorn

from care import HelpTexts
from contracts.subjects import ALL_LIVE
from entry_index import EntryIndex, IndexConfig, Lexicon
from gateway.ask.answering import Asker
from gateway.ask.places import AskPlaces
from gateway.ask.writing import ChatModel
from gateway.context import Context, Probe
from gateway.db.listening import listen
from gateway.db.migrations import require_current
from gateway.db.outbox import CHANNEL
from gateway.db.store import Store, require_writable
from gateway.http import create_api
from gateway.http.listener import open_listener
from gateway.http.server_log import hush_cut_answers
from gateway.http.websockets import WebSocketProtocol
from gateway.live.event_feed import EventFeed
from gateway.live.places import StreamPlaces
from gateway.messaging.api import create_broker
from gateway.messaging.asyncapi import asyncapi_document
from gateway.messaging.event_log import JetStreamEventLog
from gateway.messaging.event_tail import tail_events
from gateway.messaging.frames import hearing
from gateway.messaging.intake import nats_intake
from gateway.messaging.nats_link import NatsLink
from gateway.messaging.relay import OutboxRelay
from gateway.metrics import count_index_call, count_model_call
from gateway.scraping import Scrape, connections, dependencies, event_consumers, stored_work
from gateway.service.care import Care
from gateway.service.fill_lexicon import fill_lexicon_forever
from gateway.service.finder import IndexFinder
from gateway.service.reconcile import reconcile_forever
from gateway.settings import Settings
from telemetry import configure_tracing, flush_tracing

VERSION = version("daybook-gateway")
#: At shutdown the relay gets this long for what the last requests left in the outbox. The rest is relayed later.
_FLUSH_S = 5.0
_INDEX_TIMEOUT_S = 5.0

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Serve HTTP and NATS until SIGINT or SIGTERM, drain until a second one or the end, then finish what is in hand.

    Starts while PostgreSQL, NATS, Ollama or Qdrant are away: `/readyz` tells which.

    Raises:
        OSError: the HTTP address cannot be listened on.
        InvalidEndpoint, RemoteEndpointRefused: traces have nowhere to go.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # Its start and stop are told by lines of ours.
    hush_cut_answers()
    configure_tracing(service="gateway", endpoint=settings.otlp_endpoint, allow_remote=settings.otlp_allow_remote)
    stopping, hurry = asyncio.Event(), asyncio.Event()

    def stop() -> None:
        (hurry if stopping.is_set() else stopping).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    # First of all, so that a taken port is told before anything is opened.
    with open_listener(settings.http_host, settings.http_port) as listener:
        async with _running(settings, listener, stopping):
            host, port = listener.getsockname()[:2]
            log.info("gateway.listening", host=host, port=port, version=VERSION)
            await stopping.wait()
            log.info("gateway.stopping", drain_s=settings.drain_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(settings.drain_s):
                    await hurry.wait()
            log.info("gateway.drained", hurried=hurry.is_set())
    flush_tracing()
    log.info("gateway.stopped")


@asynccontextmanager
async def _running(settings: Settings, listener: socket.socket, stopping: asyncio.Event) -> AsyncGenerator[None, None]:
    """Everything open. Closed in reverse: intake with the work in hand, what that left in the outbox, then pools."""
    async with AsyncExitStack() as stack:
        url = settings.database_url.get_secret_value()
        store = await stack.enter_async_context(Store(url, connections_max=settings.database_connections_max))
        index = await stack.enter_async_context(EntryIndex(_index_config(settings)))
        finder = IndexFinder(
            replace(settings.ollama, on_call=count_model_call),
            index,
            model=settings.embedding_model,
            timeout_s=settings.search_timeout_s,
            lexicon=_lexicon(settings),
        )
        link = NatsLink(settings.nats_url.get_secret_value(), name="daybook-gateway-relay")
        care = _care(settings)
        events = JetStreamEventLog(link)
        feed = EventFeed(events, kept=settings.events_kept)
        probes = _probes(store, link, finder)
        context = Context(
            store=store,
            finder=finder,
            probes=probes,
            version=VERSION,
            asyncapi=lambda: asyncapi_document(version=VERSION, nats_url=settings.nats_url.get_secret_value()),
            request_max_bytes=settings.request_max_bytes,
            care=care,
            asker=_asker(settings, store, finder, care),
            events=feed,
            streams=StreamPlaces(settings.event_streams_max),
            cors_origins=frozenset(settings.cors_origins),
            stopping=stopping,
            watch=Scrape(
                [dependencies(probes, timeout_s=2), stored_work(store), connections(store), event_consumers(link)]
            ),
        )
        broker = create_broker(
            settings.nats_url.get_secret_value(),
            lambda: context,
            workers=settings.api_workers,
            grace_s=settings.shutdown_grace_s,
        )
        await stack.enter_async_context(_background(settings, context, link, finder))
        await stack.enter_async_context(_tailing(events, feed))
        await stack.enter_async_context(nats_intake(broker, grace_s=settings.shutdown_grace_s))
        await stack.enter_async_context(_http_intake(settings, context, listener))
        yield


@asynccontextmanager
async def _background(
    settings: Settings, context: Context, link: NatsLink, finder: IndexFinder
) -> AsyncGenerator[None, None]:
    store = context.store
    relay = OutboxRelay(store, link, batch_max=settings.outbox_batch_max, poll_s=settings.outbox_poll_s)
    link.on_connected(relay.wake)
    link.listen(ALL_LIVE, hearing(context.board))
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(link.run()),
            group.create_task(listen(store.url, CHANNEL, relay.wake)),
            group.create_task(
                reconcile_forever(
                    store,
                    every_s=settings.reconcile_every_s,
                    overdue_s=settings.enrichment_overdue_s,
                    idempotency_keep_s=settings.idempotency_keep_s,
                )
            ),
            group.create_task(
                fill_lexicon_forever(
                    store,
                    finder.lexicon_to_fill,
                    every_s=settings.reconcile_every_s,
                    overdue_s=settings.enrichment_overdue_s,
                )
            ),
        ]
        relaying = group.create_task(relay.run())
        try:
            yield
        finally:
            relay.stop()
            await asyncio.wait([relaying], timeout=_FLUSH_S)
            for task in (relaying, *tasks):
                task.cancel()


@asynccontextmanager
async def _tailing(events: JetStreamEventLog, feed: EventFeed) -> AsyncGenerator[None, None]:
    async with asyncio.TaskGroup() as group:
        tail = group.create_task(tail_events(events, feed))
        try:
            yield
        finally:
            tail.cancel()


@asynccontextmanager
async def _http_intake(settings: Settings, context: Context, listener: socket.socket) -> AsyncGenerator[None, None]:
    server = _Server(
        uvicorn.Config(
            create_api(context),
            lifespan="off",
            log_config=None,
            ws=WebSocketProtocol,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=round(settings.shutdown_grace_s),
        )
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            # Streams would hold the server up until its grace is over.
            context.board.close()
            if context.events is not None:
                context.events.close()
            server.should_exit = True


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are ours: uvicorn's handlers would end the process before the rest is closed."""
        yield


def _lexicon(settings: Settings) -> Lexicon | None:
    key = settings.lexicon_key
    return Lexicon(key.get_secret_value().encode()) if key else None


def _care(settings: Settings) -> Care:
    if settings.care == "off":
        log.warning("care.off", setting="GATEWAY_CARE")
    return Care(HelpTexts.load(settings.care_texts), settings.care_locale, is_on=settings.care == "on")


def _asker(settings: Settings, store: Store, finder: IndexFinder, care: Care) -> Asker | None:
    if settings.chat_model is None:
        return None
    longest_s = settings.ask_timeout_s
    ollama = replace(
        settings.ollama,
        first_token_timeout_s=longest_s,
        total_timeout_s=longest_s,
        on_call=count_model_call,
    )
    model = ChatModel(ollama, settings.chat_model, settings.ask_context_tokens)
    return Asker(store, finder, care, model, AskPlaces(at_once=settings.ask_at_once))


def _index_config(settings: Settings) -> IndexConfig:
    key = settings.qdrant_api_key
    return IndexConfig(
        url=settings.qdrant_url,
        timeout_s=_INDEX_TIMEOUT_S,
        api_key=key.get_secret_value() if key else None,
        on_call=count_index_call,
    )


def _probes(store: Store, link: NatsLink, finder: IndexFinder) -> tuple[Probe, ...]:
    """Only the database is required: without the others entries are taken, and what they wait for is done later."""

    async def database() -> None:
        async with store.connection() as connection:
            await require_writable(connection)
            await require_current(connection)

    return (
        Probe("database", required=True, check=database),
        Probe("nats", required=False, check=link.ping),
        Probe("ollama", required=False, check=finder.ping_model_server),
        Probe("index", required=False, check=finder.ping_index),
    )
