"""Queues and this process's transport as Prometheus metrics. Needs the extra `prometheus`.

```python
from prometheus_client import REGISTRY
from kombu_jetstream.prometheus import JetStreamCollector

REGISTRY.register(JetStreamCollector(app.connection_for_read()))
```
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import fields

import kombu
from kombu.log import get_logger
from typing_extensions import override

from kombu_jetstream._connection.counters import Counters, process_counters
from kombu_jetstream._watch.lookout import Lookout
from kombu_jetstream._watch.queue_states import QueueState
from kombu_jetstream._watch.survey import Survey
from kombu_jetstream.errors import ApiError, TransportError

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    from kombu_jetstream._watch.queue_metrics import queue_metrics
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("metrics need the extra: install daybook-kombu-jetstream[prometheus]") from error

log = get_logger(__name__)

_PROCESS = {
    "publishes_confirmed": "Messages of this process that a stream confirmed.",
    "publishes_repeated": "Publish attempts after the first, under the same message id.",
    "deliveries": "Messages that this process received.",
    "redeliveries": "Messages received that had been delivered before, to anybody.",
    "copies_dropped": "Deliveries of a message that this process holds or has finished.",
    "verdicts": "Acks, requeues and rejects of this process.",
    "verdicts_repeated": "Verdicts said again because no confirmation came in time.",
    "verdicts_abandoned": "Verdicts that nobody confirmed for ten minutes.",
    "reconnects": "Connections to NATS made again after one was lost.",
}


class JetStreamCollector(Collector):
    """Reads the queues when it is scraped, at most once in `cache_s`, over one connection that it keeps.

    A server that does not answer costs a scrape about `patience_s` (the first one, `connect_timeout_s`); the scrape
    then succeeds with `kombu_jetstream_up 0` and without queues. One collector a registry: several would tell the same
    metric twice.
    """

    def __init__(
        self,
        connection: kombu.Connection | str,
        *,
        bound: Iterable[tuple[str, str]] = (),
        transient: bool = False,
        cache_s: float = 1.0,
        patience_s: float = 2.0,
    ) -> None:
        self._connection = connection
        self._bound = tuple(bound)
        self._transient = transient
        self._cache_s = cache_s
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._lookout: Lookout | None = None
        self._read_s = float("-inf")
        self._took_s = 0.0
        self._states: list[QueueState] | None = None
        self._errors = 0

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registry would otherwise scrape at once, and fail where there is no server yet."""
        return []

    @override
    def collect(self) -> Iterable[Metric]:
        with self._lock:
            if time.monotonic() - self._read_s > self._cache_s:
                self._refresh()
            states, took_s, errors = self._states, self._took_s, self._errors
        yield GaugeMetricFamily("kombu_jetstream_up", "Whether the queues could be read.", states is not None)
        yield CounterMetricFamily("kombu_jetstream_scrape_errors", "Readings of the queues that failed.", errors)
        yield GaugeMetricFamily("kombu_jetstream_scrape_duration_seconds", "What the last reading took.", took_s)
        yield from queue_metrics(states or [])
        counters = process_counters()
        for field in fields(Counters):
            name = f"kombu_jetstream_process_{field.name}"
            yield CounterMetricFamily(name, _PROCESS[field.name], getattr(counters, field.name))

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            if self._lookout is not None:
                self._lookout.close()
                self._lookout = None

    def _refresh(self) -> None:
        began_s = time.monotonic()
        try:
            self._states = self._read()
        except (TransportError, OSError) as error:
            log.warning("kombu_jetstream: reading the queues failed: %s", error)
            self._states = None
            self._errors += 1
        self._read_s = time.monotonic()
        self._took_s = self._read_s - began_s

    def _read(self) -> list[QueueState]:
        if self._lookout is None or self._lookout.closed:
            self._lookout = Lookout(self._connection, self._patience_s)
        survey = Survey(self._lookout.api, self._lookout.names)
        states = self._lookout.run(survey.read(transient=self._transient))
        for stream, durable in self._bound:
            try:
                states.append(self._lookout.run(survey.foreign(stream, durable)))
            except ApiError as error:
                # Somebody else's stream: that it is gone must not hide our own queues.
                log.warning("kombu_jetstream: a bound queue cannot be read: %s", error)
                self._errors += 1
        return states
