"""A connection to NATS that is kept for the life of the process, and may be away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

#: A dead peer is noticed after two pings without an answer; with the client's defaults it takes minutes.
CONNECT_OPTIONS: dict[str, Any] = {
    "connect_timeout": 2,
    "reconnect_time_wait": 0.5,
    "max_reconnect_attempts": -1,
    "ping_interval": 2,
    "max_outstanding_pings": 2,
}
_AGAIN_S = 1.0

log = structlog.get_logger()


class NatsAway(Exception):
    """Retryable: there is no connection to NATS now."""


class NatsLink:
    """`run` connects, and connects again, until cancelled."""

    def __init__(self, url: str, *, name: str) -> None:
        self._url = url
        self._name = name
        self._connected: Callable[[], None] = lambda: None
        self._heard: list[tuple[str, Callable[[bytes], None]]] = []
        self._client: Client | None = None

    def listen(self, subject: str, hear: Callable[[bytes], None]) -> None:
        """Have `hear` called with each message of core NATS on `subject`, over every connection from now on."""
        self._heard.append((subject, hear))

    def on_connected(self, call: Callable[[], None]) -> None:
        """Have `call` called each time that there is a connection again."""
        self._connected = call

    @property
    def client(self) -> Client:
        """The connection.

        Raises:
            NatsAway: there is none now.
        """
        if self._client is None or not self._client.is_connected:
            raise NatsAway
        return self._client

    async def ping(self) -> None:
        """Raises NatsAway, or what flushing raises, while NATS does not answer."""
        await self.client.flush(timeout=1)

    async def run(self) -> None:
        try:
            while True:
                closed = asyncio.Event()
                await self._connect(closed)
                # Only an error that the client takes for final, such as a refused login, closes it for good.
                await closed.wait()
                log.warning("nats.closed")
                await asyncio.sleep(_AGAIN_S)
        finally:
            client, self._client = self._client, None
            if client is not None:
                await client.close()

    async def _connect(self, closed: asyncio.Event) -> None:
        async def on_closed() -> None:
            closed.set()

        async def on_reconnected() -> None:
            log.info("nats.reconnected")
            self._connected()

        try:
            # Tries for ever by itself, from the first time on.
            self._client = await nats.connect(
                self._url,
                name=self._name,
                error_cb=log_error,
                closed_cb=on_closed,
                reconnected_cb=on_reconnected,
                **CONNECT_OPTIONS,
            )
        except (NatsError, OSError) as error:
            await log_error(error)
            closed.set()
            return
        for subject, hear in self._heard:
            # The client subscribes again by itself after a reconnect; only a new client has to be told.
            await self._client.subscribe(subject, cb=_caller_of(hear))
        self._connected()


def _caller_of(hear: Callable[[bytes], None]) -> Callable[[Msg], Awaitable[None]]:
    async def on_message(message: Msg) -> None:
        hear(message.data)

    return on_message


async def log_error(error: Exception) -> None:
    """By type alone: the text may hold the address with its login."""
    log.warning("nats.error", reason=type(error).__name__)
