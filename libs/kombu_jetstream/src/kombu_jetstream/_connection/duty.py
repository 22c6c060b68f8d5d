"""Work on the io thread that must not end while its connection lives: heartbeats, verdicts."""

import asyncio
from collections.abc import Awaitable, Callable

from kombu.log import get_logger

log = get_logger(__name__)

PAUSE_S = 0.5


async def keep_up(work: Callable[[], Awaitable[object]]) -> None:
    """Begin `work` again whenever it fails: a heartbeat lost to a surprise must not be the last one."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s failed and begins again", getattr(work, "__qualname__", work))
        await asyncio.sleep(PAUSE_S)
