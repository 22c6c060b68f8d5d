"""What is being written now, as this gateway hears it from the workers.

Each frame holds all that was written so far, so the board keeps the last one only, and a watcher takes what it finds
when it comes to look: a slow one sees larger steps, and nobody's queue grows.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from uuid import UUID

from contracts.live import ReflectionFrame
from gateway.live.report_retries import ReportRetries

#: A worker that fell silent for so long has died, or its task begins again with a frame of its own.
_KEEP_S = 600.0
#: More are written at once by nobody's workers; a runaway sender cannot fill the memory.
_WRITINGS_MAX = 1000


@dataclass
class _Writing:
    frame: ReflectionFrame | None = None
    heard_at_s: float = field(default_factory=time.monotonic)
    watchers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class LiveBoard:
    """Belongs to the loop of its gateway: `hear` and the watchers run there."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._writings: dict[tuple[UUID, int], _Writing] = {}
        self.reports = ReportRetries(clock)
        self.closing = asyncio.Event()

    def close(self) -> None:
        """Wake every watcher, to find `closing` set."""
        self.closing.set()
        for writing in self._writings.values():
            writing.changed.set()

    def hear(self, frame: ReflectionFrame) -> None:
        """A frame from a worker. Those of an attempt that a later one has replaced are dropped."""
        key = (frame.entry_id, frame.version)
        writing = self._writings.get(key)
        if writing is None:
            self._forget_old()
            writing = self._writings[key] = _Writing()
        if writing.frame is not None and frame.run < writing.frame.run:
            return
        writing.frame = frame
        writing.heard_at_s = self._clock()
        writing.changed.set()
        self._forget_ended(key, writing)

    def heard_s_ago(self, entry_id: UUID, version: int) -> float:
        """Since the newest frame came."""
        writing = self._writings.get((entry_id, version))
        return 0.0 if writing is None else self._clock() - writing.heard_at_s

    async def watch(self, entry_id: UUID, version: int, *, idle_s: float) -> AsyncGenerator[ReflectionFrame | None]:
        """The newest frame at once and after every change; None after `idle_s` without one. Ends with the gateway."""
        key = (entry_id, version)
        writing = self._writings.setdefault(key, _Writing())
        writing.watchers += 1
        seen: ReflectionFrame | None = None
        try:
            while not self.closing.is_set():
                if writing.frame is not seen:
                    seen = writing.frame
                    yield seen
                    continue
                writing.changed.clear()
                try:
                    async with asyncio.timeout(idle_s):
                        await writing.changed.wait()
                except TimeoutError:
                    yield None
        finally:
            writing.watchers -= 1
            self._forget_ended(key, writing)

    def _forget_ended(self, key: tuple[UUID, int], writing: _Writing) -> None:
        """What ended is in the database: whoever watches hears of it first."""
        ended = writing.frame is None or writing.frame.state in {"done", "failed"}
        if ended and writing.watchers == 0 and self._writings.get(key) is writing:
            del self._writings[key]

    def _forget_old(self) -> None:
        now_s = self._clock()
        unwatched = [(key, one) for key, one in self._writings.items() if one.watchers == 0]
        for key, one in unwatched:
            if now_s - one.heard_at_s > _KEEP_S or len(self._writings) >= _WRITINGS_MAX:
                del self._writings[key]
