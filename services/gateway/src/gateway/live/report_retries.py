"""Which reports wait for another attempt, as this gateway hears it from the workers."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from contracts.live import ReportFrame, Retry, Retrying

#: More are not made at once by anybody's workers; a runaway sender cannot fill the memory.
_KEPT_MAX = 1000


@dataclass(frozen=True)
class HeardRetry:
    retry: Retry
    #: By the clock of the loop's machine, since that of the worker may differ.
    at_s: float

    def told_at(self, now_s: float) -> Retrying:
        """With what is left of the time to wait."""
        left_s = max(0.0, round(self.retry.in_s - (now_s - self.at_s), 1))
        return Retrying(in_s=left_s, attempt=self.retry.attempt, reason=self.retry.reason)


class ReportRetries:
    """The last one heard of each report. Belongs to the loop of its gateway."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._heard: dict[tuple[UUID, int], HeardRetry] = {}

    def hear(self, frame: ReportFrame) -> None:
        key = (frame.report_id, frame.edition)
        self._heard.pop(key, None)
        self._heard[key] = HeardRetry(frame.retry, self.clock())
        if len(self._heard) > _KEPT_MAX:
            del self._heard[next(iter(self._heard))]

    def find(self, report_id: UUID, edition: int) -> HeardRetry | None:
        """It may be over: then nothing is left of its time."""
        return self._heard.get((report_id, edition))
