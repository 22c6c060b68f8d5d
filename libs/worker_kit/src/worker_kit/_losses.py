"""Lost runs: the process is killed, for its memory, by a fault in a native library, or at the hard time limit.

Such a task comes back, and one that kills whatever runs it would come back for ever. So lost runs are counted, and
after `lost_max` of them the task ends like any other that failed. What a worker hands back in order is no lost run.
"""

from typing import Any

import structlog
from celery import bootsteps
from celery.exceptions import TimeLimitExceeded, WorkerLostError
from celery.worker import state
from celery.worker.request import Request

from kombu_jetstream import Runs
from kombu_jetstream.errors import TransportError
from worker_kit._backoff import Backoff
from worker_kit._metrics import LOST_RUNS
from worker_kit.errors import WorkerLost

#: A task message's header, and what its runs find in it: how many before were lost. Retries keep headers.
LOST = "lostruns"
#: What is known of a task's runs is kept for as long as two runs may take, and for so long at least.
_KEPT_S = 3600.0
#: What tells a parent that a child is gone. Celery takes an exit for the loss of the child, too.
_LOSSES = (WorkerLostError, TimeLimitExceeded, SystemExit, KeyboardInterrupt)

log = structlog.get_logger()


class CountedRequest(Request):
    """Celery's, in the worker's main process; it knows how many runs of its task were lost.

    A child that is killed is seen here, and counted. If all of the worker is killed nobody is left to count, and so a
    run of what was delivered before is noted at the broker before it begins. Of a first delivery nothing is noted: a
    second delivery alone is no sign of a lost run.
    """

    _already_cancelled: bool
    _already_revoked: bool

    def __init__(self, message: Any, **options: Any) -> None:
        super().__init__(message, **options)
        self._lost_runs = _told(self.request_dict)
        self._back_s = 0.0
        self._is_noted = False

    def begin(self) -> bool:
        """Whether it may run now; if not, it was given back, to come again."""
        if not self._counts:
            return True
        try:
            runs: Runs = self.message.earlier_runs
        except TransportError as error:
            log.warning("task.losses_unknown", task=self.name, task_id=self.id, error=str(error))
            return True
        self._lost_runs = max(self._lost_runs, runs.lost)
        if runs.unfinished:
            self._count()
            if self._back_s:
                # Apart from what ran beside it, of which one may be what kills.
                state.task_ready(self)
                self.reject(requeue=True)
                return False
        if self.delivery_info.get("redelivered"):
            self._is_noted = True
            self._note(unfinished=True)
        if self._lost_runs:
            self.request_dict[LOST] = self._lost_runs
        return True

    def excuse(self) -> None:
        """Its worker was told to stop: if it is killed before the task is done, that is no lost run."""
        if self._is_noted and not self.acknowledged:
            self._note(unfinished=False)

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> None:
        error = exc_info.exception
        # From another process it comes in a wrapping that holds its traceback.
        if isinstance(error, _LOSSES) or isinstance(getattr(error, "exc", None), _LOSSES):
            self._count_unless_ended()
        super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        if not soft:
            self._count_unless_ended()
        super().on_timeout(soft, timeout)

    def reject(self, requeue: bool = False) -> None:
        if not (requeue and self._back_s) or self.acknowledged:
            super().reject(requeue=requeue)
            return
        self.message.requeue_after(self._back_s)
        self.acknowledged = True
        self.send_event("task-rejected", requeue=True)

    @property
    def _conf(self) -> Any:
        app: Any = self.app  # the stubs think that there may be none
        return app.conf

    @property
    def _counts(self) -> bool:
        """Only with JetStream there is a place to count in."""
        return self._conf.get("daybook_lost_max", 0) > 0 and hasattr(self.message, "note_runs")

    def _count_unless_ended(self) -> None:
        """A worker that stops ends its children, or whoever stops it does: their tasks are handed back."""
        stopping = any(flag is not None and flag is not False for flag in (state.should_stop, state.should_terminate))
        ended = self.acknowledged or self._already_cancelled or self._already_revoked
        if self._counts and not stopping and not ended:
            self._count()

    def _count(self) -> None:
        conf = self._conf
        self._lost_runs += 1
        LOST_RUNS.labels(self.name).inc()
        backoff = Backoff(base_s=conf.daybook_lost_base_s)
        self._back_s = backoff.delay_s(self._lost_runs - 1) if self._lost_runs < conf.daybook_lost_max else 0.0
        log.warning(
            "task.lost", task=self.name, task_id=self.id, lost_runs=self._lost_runs, back_s=round(self._back_s, 1)
        )
        self._note(unfinished=False)

    def _note(self, *, unfinished: bool) -> None:
        try:
            keep_s = max(_KEPT_S, 2 * (self._conf.task_time_limit or 0.0))
            self.message.note_runs(Runs(self._lost_runs, unfinished), keep_s)
        except TransportError as error:
            log.warning("task.losses_unknown", task=self.name, task_id=self.id, error=str(error))


class Excuses(bootsteps.StartStopStep):
    """A worker that stops may be given less time than its tasks need; then it is killed, and by no task."""

    def close(self, parent: Any) -> None:  # noqa: ARG002 - a step is told whose it is
        for request in list(state.reserved_requests):
            if isinstance(request, CountedRequest):
                request.excuse()


def lost_runs(task: Any) -> int:
    """How many runs of the task in hand were lost before this one. `task` is bound."""
    return _told(task.request.headers or {})


def lost_for_good(task: Any) -> WorkerLost | None:
    """What to end the task in hand with, instead of running it once more; None while it may run."""
    lost, most = lost_runs(task), int(task.app.conf.get("daybook_lost_max", 0))
    return WorkerLost(lost) if 0 < most <= lost else None


def fresh_headers(task: Any) -> dict[str, Any]:
    """For a message that goes on with the task in hand, and whose own lost runs are counted from none."""
    return {name: value for name, value in (task.request.headers or {}).items() if name != LOST}


def _told(headers: Any) -> int:
    """Whoever may send tasks may write anything there, and a worker must not end by it."""
    told = headers.get(LOST)
    return told if isinstance(told, int) and told > 0 else 0
