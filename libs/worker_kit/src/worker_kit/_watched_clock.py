"""Celery beat that can be looked at: when it last looked at its schedule, and what it sent."""

import time
from collections.abc import Iterable
from typing import Any

from celery.beat import Scheduler, SchedulingError
from prometheus_client import Counter, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

ORDERS = Counter("daybook_beat_orders_total", "Orders that the clock was to send, by what became of it.", ["outcome"])


class ClockWatch(Collector):
    """Ready while the clock ticks: it must not have been silent for longer than `patience_s`."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._ticked_s: float | None = None
        self._ticked_at = 0.0

    def ticked(self) -> None:
        self._ticked_s, self._ticked_at = time.monotonic(), time.time()

    def is_ticking(self) -> bool:
        return self._ticked_s is not None and time.monotonic() - self._ticked_s < self._patience_s

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "daybook_beat_last_tick_timestamp_seconds",
            "When the clock last looked at its schedule; 0 before the first time.",
            self._ticked_at,
        )


def watched_scheduler(watch: ClockWatch) -> type[Scheduler]:
    """Celery's scheduler in memory, telling `watch`.

    In memory: a clock that starts anew asks after one interval, and what it missed is due still.
    """

    class WatchedScheduler(Scheduler):
        def tick(self, *args: Any, **kwargs: Any) -> Any:
            wait_s = super().tick(*args, **kwargs)
            watch.ticked()
            return wait_s

        def apply_async(self, *args: Any, **kwargs: Any) -> Any:
            try:
                sent = super().apply_async(*args, **kwargs)
            except SchedulingError:
                ORDERS.labels("failed").inc()
                raise
            ORDERS.labels("sent").inc()
            return sent

    return WatchedScheduler
