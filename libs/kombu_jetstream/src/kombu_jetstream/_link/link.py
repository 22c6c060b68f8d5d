"""The one NATS connection a process has to an endpoint, shared by all of its kombu connections."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

from kombu.log import get_logger

from kombu_jetstream._connection import bridge, socket
from kombu_jetstream._connection.api import Api
from kombu_jetstream._connection.connect_faults import setback
from kombu_jetstream._connection.connecting import UNANSWERED_PINGS, connect, new_client
from kombu_jetstream._connection.counters import counters
from kombu_jetstream._connection.denials import check_listening, forget_denials, note_denial
from kombu_jetstream._connection.duty import keep_up
from kombu_jetstream._connection.endpoint import Endpoint
from kombu_jetstream._connection.server import check_version, version_of
from kombu_jetstream._link.custody import Custody
from kombu_jetstream._link.reclaim import Reclaim
from kombu_jetstream._link.settlements import Settlements
from kombu_jetstream._messages.receipt import Receipt
from kombu_jetstream._topology.options import TransportOptions
from kombu_jetstream.errors import MAJORITY, JetStreamUnavailable, LinkClosed, NotPermitted, ServerTooOld

log = get_logger(__name__)

#: In a denial, which has the subject in lower case.
PULL = ".consumer.msg.next."
DRAIN_S = 2.0
CLOSE_S = 1.0
#: What a reconnect takes beyond the server's return.
MAY_PULL_S = 1.5


class Reconnectable(Protocol):
    """What wants to know that the connection is a new one."""

    def reconnected(self) -> None: ...


class Link:
    """Made by `_links.acquire`. Its members live on the io thread."""

    def __init__(self, endpoint: Endpoint, options: TransportOptions) -> None:
        self.endpoint = endpoint
        self.options = options
        self.client = new_client(endpoint)
        self.custody = Custody(self.client, options.max_hold_s)
        self.settlements = Settlements(self.client, self.custody)
        self.api = Api(self.client, options.api, options.api_timeout_s, options.publish_timeout_s)
        self.reclaim = Reclaim(self.client, self.api, self.custody, self.settlements, options)
        self.pullers: set[Reconnectable] = set()
        self._setback: str | None = None
        #: That a queue may not be read, which no answer would tell.
        self.unreadable: NotPermitted | None = None
        #: Called, on the io thread, when the connection is closed for good, or a queue may not be read.
        self.mourners: set[Callable[[], object]] = set()
        self.users = 0
        self._pid = os.getpid()
        self._duties: list[asyncio.Task[None]] = []
        self.descriptor: int | None = None

    @property
    def may_pull(self) -> bool:
        """Whether there is a connection, and everybody has taken back what is theirs."""
        return self.client.is_connected and self.reclaim.over.is_set()

    async def until_may_pull(self) -> None:
        """Wait: what is pulled before would have to be handed back, and so lose its place.

        Raises:
            LinkClosed: there is still no connection after api_timeout_s.
        """
        try:
            async with asyncio.timeout(self.options.api_timeout_s + MAY_PULL_S):
                await self.reclaim.over.wait()
        except TimeoutError as error:
            raise LinkClosed(f"not connected to {', '.join(self.endpoint.servers)}") from error

    @property
    def closed(self) -> bool:
        """Whether it is of no more use: also in a forked child, which must not touch its parent's connection."""
        return self.client.is_closed or os.getpid() != self._pid

    async def open(self) -> None:
        """Connect.

        Raises:
            CannotConnect: the first attempt failed. Only that one is reported; later the client reconnects by itself.
            InvalidOption: a file of the login or of TLS cannot be used.
            ServerTooOld: it would lose delayed tasks.
            NotPermitted: no answer could reach us.
        """
        await connect(
            self.client,
            self.endpoint,
            self.options,
            on_error=self._on_error,
            on_disconnect=self._on_disconnect,
            on_reconnect=self._on_reconnect,
            on_close=self._on_close,
        )
        self.descriptor = socket.descriptor(self.client)
        try:
            check_version(version_of(self.client))
            await self.settlements.start()
            await check_listening(self.client, self.options.inbox_prefix)
        except (ServerTooOld, NotPermitted):
            self.client.options["allow_reconnect"] = False
            await self.client.close()
            raise
        # A server that was tried in vain before this one is no lost connection.
        self.reclaim.connected()
        self._duties = [
            asyncio.create_task(keep_up(self.settlements.send_for_ever)),
            asyncio.create_task(keep_up(self.custody.beat_for_ever)),
            asyncio.create_task(keep_up(partial(socket.abort_dead_for_ever, self.client))),
        ]

    async def close(self) -> None:
        """Send what is unsettled, then disconnect."""
        if not self.client.is_closed and self.client.is_connected:
            await self.settlements.drain(DRAIN_S)
        for duty in self._duties:
            duty.cancel()
        self.client.options["allow_reconnect"] = False
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.client.close()
        except OSError:
            # Nobody takes what it still wanted to send, within the time or ever.
            socket.abort(self.client)
        finally:
            socket.end_subscriptions(self.client)

    def run(self, work: Coroutine[Any, Any, bridge.T], timeout_s: float | None = None) -> bridge.T:
        """The result of `work`, from one of kombu's threads.

        Raises:
            JetStreamUnavailable: it is not done after a time in which a single request would have been.
        """
        patience_s = timeout_s or self.options.publish_timeout_s + self.options.api_timeout_s
        try:
            return bridge.bridge().call(work, patience_s)
        except TimeoutError as error:
            raise JetStreamUnavailable(work.__qualname__, f"not done within {patience_s:g} s; {MAJORITY}") from error

    def admit(self, receipt: Receipt, ack_wait_s: float) -> bool:
        """Begin to hold a delivered message; False if it is a copy of one that this process holds or has finished."""
        if not self.reclaim.over.is_set():
            # By a pull from before: a server that was only frozen still has it.
            self.reclaim.take_back(receipt)
            admitted = False
        else:
            admitted = not self.settlements.settle_again(receipt) and self.custody.take(receipt, ack_wait_s)
        counters.deliveries += 1
        counters.redeliveries += receipt.deliveries > 1
        counters.copies_dropped += not admitted
        return admitted

    def post(self, callback: Callable[..., object], *args: Any) -> None:
        """Have `callback(*args)` called on the io thread, soon."""
        bridge.bridge().post(callback, *args)

    async def _on_error(self, error: Exception) -> None:
        if (denial := note_denial(self.client, error)) is not None:
            log.error("%s", denial)
            if PULL in denial.subject:
                self.unreadable = denial
                self._wake()
        elif self.client.options["allow_reconnect"] and (told := setback(self.endpoint, error)) is not None:
            if told != self._setback:
                self._setback = told
                log.error("cannot reconnect: %s", told)
        else:
            log.debug("nats: %r", error)

    async def _on_disconnect(self) -> None:
        self.descriptor = None
        self.reclaim.lost()
        self.custody.doubt(UNANSWERED_PINGS * self.options.ping_interval_s)
        if self.client.options["allow_reconnect"]:
            log.warning("nats: disconnected from %s", ", ".join(self.endpoint.servers))

    async def _on_reconnect(self) -> None:
        self.descriptor = socket.descriptor(self.client)
        counters.reconnects += 1
        forget_denials(self.client)
        self.unreadable = self._setback = None
        log.warning("nats: reconnected")
        await self.reclaim.reconnected()
        for puller in list(self.pullers):
            puller.reconnected()

    async def _on_close(self) -> None:
        self.descriptor = None
        self._wake()

    def _wake(self) -> None:
        for mourner in list(self.mourners):
            mourner()
