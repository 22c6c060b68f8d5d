"""The one place where synchronous Celery meets asynchronous code (ADR 0001)."""

import asyncio
import signal
import threading
import time
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded

from telemetry import inner_span
from worker_kit._evidence import note_bridge
from worker_kit.errors import DeadlineExceeded

T = TypeVar("T")


def run_async(work: Coroutine[Any, Any, T], *, deadline_s: float) -> T:
    """The result of `work`, run in an event loop of its own that is gone afterwards.

    A Celery task is a plain function; all that it needs (the Ollama client, NATS, Qdrant) is asynchronous, because the
    gateway streams with the same clients. So a task is `run_async(pipeline(...), deadline_s=...)`: a loop is made, the
    coroutine opens what it uses inside itself and closes it again, and the loop is destroyed. Nothing is shared between
    tasks, every error reaches Celery's own handlers, and a task that was cut off leaves no half-used connection behind.
    It costs some hundred microseconds, which `daybook_bridge_overhead_seconds` holds of every task, beside what opening
    a connection to NATS in it costs.

    Never keep a client, connection, lock or queue over two calls: it belongs to a loop that no longer exists.

    Celery's soft time limit is a signal that would be raised at any point inside the loop, and uvloop swallows it. It
    cancels the coroutine instead, so that `finally` and `async with` blocks run.

    Raises:
        DeadlineExceeded: `work` was cancelled after `deadline_s`.
        SoftTimeLimitExceeded: Celery's soft limit came first, and `work` was cancelled.
        RuntimeError: a loop is running in this thread already; await `work` there.
    """
    if _in_running_loop():
        work.close()  # or Python would warn that nobody awaited it, far from here
        raise RuntimeError("run_async was called inside a running event loop: await the coroutine there")
    run = _Run()
    # On every run, not once at start: billiard installs its own handler after our start-up hooks. Only the main thread
    # may, and only there does Celery send the signal.
    in_main = threading.current_thread() is threading.main_thread()
    previous = signal.signal(signal.SIGUSR1, run.on_soft_limit) if in_main else None
    began_s = time.perf_counter()
    try:
        with inner_span("asyncio.run"):
            return asyncio.run(run.main(work, deadline_s))
    finally:
        note_bridge(max(0.0, time.perf_counter() - began_s - run.own_s))
        if previous is not None:
            signal.signal(signal.SIGUSR1, previous)


def _in_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Run:
    """One coroutine in one loop, and the signal that may end it."""

    def __init__(self) -> None:
        self.own_s = 0.0
        self._soft_limit = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    async def main(self, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        began_s = time.perf_counter()
        scope = asyncio.timeout(deadline_s)
        try:
            async with scope:
                return await work
        except asyncio.CancelledError:
            if self._soft_limit:
                raise SoftTimeLimitExceeded from None
            raise
        except TimeoutError as error:
            # The pipeline's own timeouts have names; a bare one that is not ours goes on as it is.
            if scope.expired():
                raise DeadlineExceeded(deadline_s) from error
            raise
        finally:
            self.own_s = time.perf_counter() - began_s
            self._task = None

    def on_soft_limit(self, _signal: int, _frame: FrameType | None) -> None:
        self._soft_limit = True
        if self._task is None or self._loop is None:
            raise SoftTimeLimitExceeded
        self._loop.call_soon_threadsafe(self._task.cancel)
