"""How many connections one run may have at the same time."""

import asyncio
import threading

import httpx


class _Present(threading.local):
    loop: asyncio.AbstractEventLoop | None = None
    free: asyncio.Semaphore | None = None


class Places:
    """Counted for each loop by itself: a wait belongs to a loop, and what a finished run still held is nobody's."""

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._present = _Present()

    async def take(self, timeout_s: float | None) -> asyncio.Semaphore | None:
        """A place, to be released; None where there is no limit.

        Raises:
            httpx.PoolTimeout: none became free within `timeout_s`.
        """
        if self._count is None:
            return None
        loop, present = asyncio.get_running_loop(), self._present
        if present.loop is not loop or present.free is None:
            present.loop, present.free = loop, asyncio.Semaphore(self._count)
        free = present.free
        if not free.locked():
            # Does not wait, so it needs no timer.
            await free.acquire()
            return free
        try:
            async with asyncio.timeout(timeout_s):
                await free.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout(f"all {self._count} connections are in use") from error
        return free
