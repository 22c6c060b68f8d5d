"""Waiting for something that comes true by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], Awaitable[object]], *, within_s: float = 15.0) -> None:
    """Returns once `condition` answers something true.

    Raises:
        AssertionError: it never did.
    """
    deadline_s = time.monotonic() + within_s
    while not await condition():
        assert time.monotonic() < deadline_s, f"not within {within_s} s"
        await asyncio.sleep(0.02)


def wait_until(condition: Callable[[], object], *, within_s: float = 15.0) -> None:
    """As `eventually`, for tests that are not coroutines."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, f"not within {within_s} s"
        time.sleep(0.05)
