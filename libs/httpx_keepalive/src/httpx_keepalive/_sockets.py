"""A non-blocking socket that belongs to no event loop.

A wait registers with the loop that runs now, and leaves nothing in it: not after success, nor a timeout, a
cancellation, an exception that a signal handler raised, or the end of the loop itself.
"""

import asyncio
import os
import select
import socket
from enum import Enum
from typing import Any

#: So many reads that did not have to wait, and the loop gets a turn: timers and cancellations must not starve.
READS_A_TURN = 32


class _For(Enum):
    READING = "reading"
    WRITING = "writing"


class Socket:
    """Deadlines are absolute, in the running loop's time; None waits for ever. One reader and one writer at a time."""

    def __init__(self, raw: socket.socket) -> None:
        raw.setblocking(False)
        self._raw = raw
        # Kept: once the socket is closed, its number may be somebody else's.
        self._number = raw.fileno()
        self._waits: dict[_For, tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = {}
        self._reads = 0

    async def connect(self, address: Any, deadline_s: float | None) -> None:
        """Raises: TimeoutError, OSError."""
        try:
            self._raw.connect(address)
        except (BlockingIOError, InterruptedError):
            await self._wait(_For.WRITING, deadline_s)
            number = self._raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                raise OSError(number, os.strerror(number)) from None

    async def receive(self, max_bytes: int, deadline_s: float | None) -> bytes:
        """What has come; nothing at the end of the stream. Raises: TimeoutError, OSError."""
        while True:
            try:
                data = self._raw.recv(max_bytes)
            except (BlockingIOError, InterruptedError):
                self._reads = 0
                await self._wait(_For.READING, deadline_s)
                continue
            self._reads += 1
            if self._reads >= READS_A_TURN:
                self._reads = 0
                await asyncio.sleep(0)
            return data

    async def send(self, data: bytes, deadline_s: float | None) -> None:
        """Raises: TimeoutError, OSError."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._raw.send(rest) :]
            except (BlockingIOError, InterruptedError):
                await self._wait(_For.WRITING, deadline_s)

    @property
    def readable(self) -> bool:
        """Whether there is something to read. On an idle connection that is its end, or a server that breaks rules."""
        poll = select.poll()
        poll.register(self._number, select.POLLIN)
        return bool(poll.poll(0))

    @property
    def raw(self) -> socket.socket:
        return self._raw

    def close(self) -> None:
        """Whoever waits is told. Nothing happens the second time."""
        waits, self._waits = self._waits, {}
        for what, (loop, future) in waits.items():
            # Before the number is free: the next socket would be taken out of the loop in this one's stead.
            self._unregister(what, loop)
            if not future.done() and not loop.is_closed():
                future.set_exception(OSError("the connection was closed here"))
        self._raw.close()

    def let_go(self) -> None:
        """In a forked child: close this process's copy, send nothing, touch no loop: both are the parent's."""
        self._waits = {}
        self._raw.close()

    async def _wait(self, what: _For, deadline_s: float | None) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer: asyncio.TimerHandle | None = None
        self._waits[what] = (loop, future)
        try:
            if deadline_s is not None:
                timer = loop.call_at(deadline_s, _expire, future)
            (loop.add_reader if what is _For.READING else loop.add_writer)(self._number, _wake, future)
            await future
        finally:
            if timer is not None:
                timer.cancel()
            if self._waits.pop(what, None) is not None:
                self._unregister(what, loop)

    def _unregister(self, what: _For, loop: asyncio.AbstractEventLoop) -> None:
        # A closed loop has forgotten all of its descriptors.
        if not loop.is_closed():
            (loop.remove_reader if what is _For.READING else loop.remove_writer)(self._number)


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _expire(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_exception(TimeoutError("timed out"))
