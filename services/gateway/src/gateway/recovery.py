"""The commands for what was lost or is made anew: `gateway reindex | erasures | erase-again`.

Each may run again, and beside all services.
"""

import asyncio
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import structlog

from contracts.enrichments import EnrichmentKind
from gateway.command_failures import CommandFailed
from gateway.db.store import Store
from gateway.domain.entries import KINDS
from gateway.messaging.event_log import JetStreamEventLog
from gateway.messaging.nats_link import NatsLink
from gateway.service.erase_again import ERASURES, erase_again, erasures_in, list_erasures
from gateway.service.reindex import Reindexing, clock, reindex, until_made
from gateway.settings import Settings

_CONNECT_S = 5.0
#: So often, and at the end, progress is told.
_TELL_EVERY_S = 5.0

log = structlog.get_logger()


class Teller:
    """Tells progress now and then, not at each step."""

    def __init__(self) -> None:
        self._told_s = asyncio.get_running_loop().time()

    def tell(self, event: str, **numbers: object) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s >= _TELL_EVERY_S:
            self._told_s = now_s
            log.info(event, **numbers)


async def run_reindex(settings: Settings, options: Namespace) -> None:
    kinds: list[EnrichmentKind] = options.kinds
    async with Store(settings.database_url.get_secret_value()) as store:
        since: datetime = options.since or await clock(store)
        log.info("reindex.began", since=since.isoformat(), kinds=kinds)
        wanted = Reindexing(journals=options.journals or None, kinds=kinds, since=since, in_work_max=options.in_work)
        teller, ordered = Teller(), 0
        async for ordered in reindex(store, wanted):
            teller.tell("reindex.ordered", entries=ordered)
        log.info("reindex.all_ordered", entries=ordered)
        if options.wait:
            async for pending in until_made(store, kinds):
                teller.tell("reindex.pending", enrichments=pending)
            log.info("reindex.done", entries=ordered)


async def run_erasures(settings: Settings, _options: Namespace) -> None:
    async with Store(settings.database_url.get_secret_value()) as store:
        async for line in list_erasures(store):
            sys.stdout.write(f"{line}\n")


async def run_erase_again(settings: Settings, options: Namespace) -> None:
    async with Store(settings.database_url.get_secret_value()) as store:
        if options.list is not None:
            erased = await erase_again(store, _each(erasures_in(_text_of(options.list).splitlines())))
        else:
            async with _event_log(settings.nats_url.get_secret_value()) as events:
                bounds = await events.bounds()
                erased = await erase_again(store, _erasures(events, bounds.last))
        log.info("erase_again.done", entries=erased.entries, journals=erased.journals)


def _text_of(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{name} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from error


async def _each(bodies: list[str]) -> AsyncGenerator[str]:
    for body in bodies:
        yield body


@asynccontextmanager
async def _event_log(url: str) -> AsyncGenerator[JetStreamEventLog]:
    connected = asyncio.Event()
    link = NatsLink(url, name="daybook-gateway-erase-again")
    link.on_connected(connected.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(link.run())
        try:
            async with asyncio.timeout(_CONNECT_S):
                await connected.wait()
            yield JetStreamEventLog(link)
        finally:
            running.cancel()


async def _erasures(events: JetStreamEventLog, through: int) -> AsyncGenerator[str]:
    if through == 0:
        return
    async for event in events.read(0, through):
        if event.type in ERASURES:
            yield event.body


def kinds_of(text: str) -> list[EnrichmentKind]:
    """Raises ValueError."""
    chosen: list[EnrichmentKind] = [kind for kind in KINDS if kind in text.split(",")]
    if len(chosen) != len(text.split(",")):
        raise ValueError(text)
    return chosen
