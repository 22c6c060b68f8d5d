"""Stopping in order: what a child was given runs there, or goes back to the broker, and not both.

A worker that stops gives back what no child has said that it began. A child that was given a task a moment ago has not
been heard yet: it ran the task all the same, beside whoever got it next, and then waited for half a minute for somebody
to read its result. So the children are heard first.
"""
# ruff: noqa: SLF001 - there is no public way to ask Celery's pool what its children have

from inspect import isgenerator
from multiprocessing.connection import wait
from time import monotonic
from typing import Any

import structlog
from celery import bootsteps
from celery.concurrency.asynpool import AsynPool
from celery.worker import state

#: A child says it within milliseconds. One that is held up for so long is taken as one that never will.
_HEARD_WITHIN_S = 5.0

log = structlog.get_logger()


class Hearing(bootsteps.StartStopStep):
    """Comes before Celery's own steps stop, which forget what they were not told."""

    def close(self, parent: Any) -> None:
        pool = getattr(parent.pool, "_pool", None)
        if isinstance(pool, AsynPool) and not state.should_terminate:
            _hear(pool, parent.hub)


def _hear(pool: Any, hub: Any) -> None:
    end_s = monotonic() + _HEARD_WITHIN_S
    if (tasks := _unheard(pool)) > 0:
        log.debug("worker.children_unheard", tasks=tasks)
    while _unheard(pool) and (left_s := end_s - monotonic()) > 0:
        for descriptor in wait([each for each in pool._fileno_to_outq if each in hub.readers], left_s):
            # What the loop itself would do: it may be in the middle of a message.
            callback, arguments = hub.readers[descriptor]
            try:
                if isgenerator(callback):
                    next(callback, None)
                else:
                    callback(*arguments)
            except (OSError, EOFError):
                hub.remove_reader(descriptor)


def _unheard(pool: Any) -> int:
    """Tasks that are with a child, which has not said that it began."""
    return sum(not job._accepted and _is_with_child(pool, job) for job in pool._cache.values())


def _is_with_child(pool: Any, job: Any) -> bool:
    """Written to its child to the end; the rest was not begun, and Celery takes it back."""
    return job._write_to is not None and job._writer() not in pool._active_writers
