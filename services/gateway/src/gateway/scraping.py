"""What is read anew whenever metrics are asked for: nothing of it is stale, and what cannot be read is left out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from gateway.context import Probe
from gateway.db import enrichments, outbox
from gateway.db.store import Store
from gateway.messaging.event_backlog import event_backlogs
from gateway.messaging.nats_link import NatsLink
from telemetry import BuildInfo

#: A request of JetStream's; two come after one another.
_JETSTREAM_S = 1.4

log = structlog.stdlib.get_logger()

Source = Callable[[], Awaitable[Iterable[Metric]]]


class Scrape:
    """Call it for the metrics of all sources. One that fails, or takes longer than `timeout_s`, tells none."""

    def __init__(self, sources: Sequence[Source], *, timeout_s: float = 3.0) -> None:
        self._sources = sources
        self._timeout_s = timeout_s
        self._build = BuildInfo("gateway")

    async def __call__(self) -> Iterable[Metric]:
        found = await asyncio.gather(*map(self._read, self._sources))
        return [*self._build.collect(), *(metric for metrics in found for metric in metrics)]

    async def _read(self, source: Source) -> Iterable[Metric]:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await source()
        except Exception as error:  # noqa: BLE001 - whatever a client raises means "away", which another gauge tells
            log.debug("metrics.unread", error=type(error).__qualname__)
            return ()


def dependencies(probes: Sequence[Probe], *, timeout_s: float) -> Source:
    """Whether each answers within `timeout_s`."""

    async def is_up(probe: Probe) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await probe.check()
        except Exception:  # noqa: BLE001 - as for `/readyz`
            return False
        return True

    async def read() -> Iterable[Metric]:
        family = _gauge("dependency_up", "Whether it answers; without `database` no entry is taken.", "dependency")
        for probe, up in zip(probes, await asyncio.gather(*map(is_up, probes)), strict=True):
            family.add_metric((probe.name,), float(up))
        return (family,)

    return read


def stored_work(store: Store) -> Source:
    """What waits in PostgreSQL: events for JetStream, and results for entries."""

    async def read() -> Iterable[Metric]:
        async with store.connection() as connection:
            state = await outbox.state(connection)
            pending = await enrichments.pending_work(connection)
        work = _gauge("pending_work", "Enrichments, reflections and reports that are awaited.", "kind")
        oldest = _gauge("pending_work_oldest_age_seconds", "Since the oldest of them was asked for.", "kind")
        for each in pending:
            work.add_metric((each.kind,), each.number)
            oldest.add_metric((each.kind,), each.oldest_s)
        return (
            _single("outbox_events", "Events that JetStream has not acknowledged yet.", state.events),
            _single("outbox_lag_seconds", "Age of the oldest event in the outbox.", state.lag_s),
            work,
            oldest,
        )

    return read


def connections(store: Store) -> Source:
    async def read() -> Iterable[Metric]:
        family = _gauge("database_connections", "Of the pool, by what they do.", "state")
        for state, number in store.connections().items():
            family.add_metric((state,), number)
        return (family,)

    return read


def event_consumers(link: NatsLink) -> Source:
    """How far each worker service is with the events."""

    async def read() -> Iterable[Metric]:
        events = GaugeMetricFamily(
            "daybook_gateway_consumer_events", "Events of a durable consumer, by state.", labels=("durable", "state")
        )
        oldest = _gauge("consumer_oldest_event_age_seconds", "Of the oldest event not yet acknowledged.", "durable")
        pulls = _gauge("consumer_open_pulls", "Pulls that wait for an event: 0 while no worker reads.", "durable")
        for backlog in await event_backlogs(link.client.jetstream(timeout=_JETSTREAM_S)):
            events.add_metric((backlog.durable, "waiting"), backlog.waiting)
            events.add_metric((backlog.durable, "held"), backlog.held)
            oldest.add_metric((backlog.durable,), backlog.oldest_s)
            pulls.add_metric((backlog.durable,), backlog.open_pulls)
        return (events, oldest, pulls)

    return read


def _gauge(name: str, meaning: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"daybook_gateway_{name}", meaning, labels=(label,))


def _single(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"daybook_gateway_{name}", meaning, value=value)
