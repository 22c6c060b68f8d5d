"""The io thread: one event loop in one daemon thread a process, and the only way to it from kombu's threads."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Bridge:
    """A running loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, name="kombu-jetstream-io", daemon=True).start()

    def call(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """The result of `work`, run on the io thread; the caller's thread waits.

        Raises:
            TimeoutError: it took longer than `timeout_s`; the work is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout_s)
        finally:
            # Also when a signal (Celery's soft time limit, Ctrl-C) ends the wait: nobody is left to want the work.
            future.cancel()

    def post(self, callback: Callable[..., object], *args: Any) -> None:
        """Have `callback(*args)` called on the io thread, soon; nobody waits."""
        self.loop.call_soon_threadsafe(callback, *args)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


class _Process:
    """What belongs to one process: a fork starts again with nothing."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.bridge: Bridge | None = None
        #: Objects of the parent that the child must never finalize: their sockets and selectors are the parent's.
        self.inherited: list[object] = []
        self.watching_forks = False
        self.before_forget: list[Callable[[], object]] = []


_process = _Process()


def bridge() -> Bridge:
    """This process's bridge, started on first use."""
    with _process.lock:
        if not _process.watching_forks:
            os.register_at_fork(after_in_child=_forget)
            _process.watching_forks = True
        if _process.bridge is None:
            _process.bridge = Bridge()
        return _process.bridge


def on_fork(callback: Callable[[], object]) -> None:
    """Have `callback` called in every forked child; what it returns is kept alive there, untouched, for ever."""
    _process.before_forget.append(callback)


def _forget() -> None:
    # The parent may have held the lock at the moment of the fork, and its thread does not exist here.
    _process.lock = threading.Lock()
    if _process.bridge is not None:
        _process.inherited.append(_process.bridge)
        _process.bridge = None
    _process.inherited.extend(callback() for callback in _process.before_forget)
