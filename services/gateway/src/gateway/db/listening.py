"""Notifications of PostgreSQL, for as long as it takes."""

import asyncio
from collections.abc import Callable

import asyncpg
import structlog

from gateway.db.store import AWAY, CONNECT_TIMEOUT_S

_RECONNECT_S = 1.0

log = structlog.get_logger()


async def listen(url: str, channel: str, notified: Callable[[], None]) -> None:
    """Call `notified` at every notification, and after every (re)connect: some may have been missed. Never returns."""
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
        except AWAY as error:
            log.warning("outbox.listen_failed", reason=type(error).__name__)
            await asyncio.sleep(_RECONNECT_S)
            continue
        closed = asyncio.Event()
        connection.add_termination_listener(_setter_of(closed))
        try:
            await connection.add_listener(channel, _caller_of(notified))
            notified()
            await closed.wait()
        except AWAY as error:
            log.warning("outbox.listen_failed", reason=type(error).__name__)
        finally:
            connection.terminate()


def _setter_of(closed: asyncio.Event) -> Callable[[object], None]:
    def on_termination(_connection: object) -> None:
        closed.set()

    return on_termination


def _caller_of(notified: Callable[[], None]) -> Callable[[object, int, str, object], None]:
    def on_notification(_connection: object, _pid: int, _channel: str, _payload: object) -> None:
        notified()

    return on_notification
