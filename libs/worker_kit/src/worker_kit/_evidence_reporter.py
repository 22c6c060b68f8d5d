"""Tells the gateway every few seconds what the pool's tasks took: the decision can be asked about without a Prometheus.

A thread of the worker's main process. A report is kept until the gateway has answered, and keeps its number: sent
twice, it counts once.
"""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import structlog

from contracts.evidence import PERIOD_MAX, ReportEvidence
from contracts.identifiers import new_id
from worker_kit._evidence_totals import Totals, read_totals
from worker_kit._gateway_client import GatewayClient, GatewayConfig
from worker_kit._metrics import EVIDENCE_REPORTS
from worker_kit._run import run_async
from worker_kit.errors import DeadlineExceeded, GatewayRefused, GatewayUnreachable

log = structlog.get_logger()

#: Reports that wait for a gateway; the oldest is let go beyond it. An hour's worth of them at one every 15 s.
_KEPT_MAX = 240
_SEND_DEADLINE_S = 10.0
#: A clock that was set back would end a period before it began.
_PERIOD_MIN = timedelta(milliseconds=1)


@dataclass(frozen=True)
class EvidenceReporterConfig:
    gateway: GatewayConfig
    every_s: float = 15.0


class EvidenceReporter:
    """Reports inside the block, and once more at its end. Nothing is sent while there are no tasks."""

    def __init__(self, config: EvidenceReporterConfig) -> None:
        self._config = config
        self._worker = new_id()
        self._sequence = 0
        self._unsent: deque[ReportEvidence] = deque(maxlen=_KEPT_MAX)
        self._counted: dict[str, Totals] = {}
        self._since = datetime.now(UTC)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evidence-reporter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(_SEND_DEADLINE_S)

    def _run(self) -> None:
        while not self._stop.wait(self._config.every_s):
            self._turn()
        self._turn()

    def _turn(self) -> None:
        try:
            self._take_stock()
            if self._unsent:
                run_async(self._send(), deadline_s=_SEND_DEADLINE_S)
        except (GatewayUnreachable, DeadlineExceeded) as error:
            EVIDENCE_REPORTS.labels("unsent").inc()
            log.info("evidence.unsent", error=type(error).__name__, reports=len(self._unsent))
        except GatewayRefused as refused:
            # It would be refused again: by a key without the scope, or by a gateway of another version.
            self._unsent.clear()
            EVIDENCE_REPORTS.labels("refused").inc()
            log.warning("evidence.refused", problem=refused.problem.type)
        except Exception as error:  # The thread's border: evidence must not end with one bad turn.
            EVIDENCE_REPORTS.labels("failed").inc()
            log.exception("evidence.failed", error=type(error).__name__)

    def _take_stock(self) -> None:
        """A report of the tasks that ended since the last turn, if any did."""
        totals = read_totals()
        grown = {task: now for task, now in totals.items() if now.tasks > self._before(task).tasks}
        began_at, self._since = self._since, datetime.now(UTC)
        if not grown:
            return
        self._sequence += 1
        report = ReportEvidence(
            worker=self._worker,
            sequence=self._sequence,
            began_at=min(max(began_at, self._since - PERIOD_MAX), self._since - _PERIOD_MIN),
            ended_at=self._since,
            kinds=tuple(now.since(self._before(task), task) for task, now in sorted(grown.items())),
        )
        self._counted |= grown
        self._unsent.append(report)

    def _before(self, task: str) -> Totals:
        return self._counted.get(task, Totals())

    async def _send(self) -> None:
        async with GatewayClient(self._config.gateway) as gateway:
            while self._unsent:
                reply = await gateway.report_evidence(self._unsent[0])
                self._unsent.popleft()
                EVIDENCE_REPORTS.labels(reply.outcome).inc()
