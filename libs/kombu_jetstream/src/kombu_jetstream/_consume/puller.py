"""A continuous pull on one consumer: never more asked for than the channel may hold, no polling while nothing comes."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import nats.errors
from kombu.log import get_logger
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from kombu_jetstream._consume.complaints import Complaints
from kombu_jetstream._consume.ready import Intake
from kombu_jetstream._messages.receipt import is_receipt
from kombu_jetstream._topology.streams import NANOSECONDS
from kombu_jetstream.errors import TransportError

log = get_logger(__name__)

EXPIRES_S = 30.0
#: While a pull is open the server says so this often; silence for longer than SILENCE_S means that it forgot us.
#: After the death of a consumer's leader nobody else says so: a worker would stand idle for that long.
SERVER_BEAT_S = 2.0
SILENCE_S = 5.0
DRAIN_S = 1.5
PAUSE_S = 0.25

HEARTBEAT = "100"


class Puller:
    """Lives on the io thread.

    `ensure` creates the consumer again where it may be gone: a transient one does not survive the server's restart.
    """

    def __init__(self, intake: Intake, consumer: tuple[str, str], ensure: Callable[[], Awaitable[object]]) -> None:
        self.intake = intake
        self._client = intake.link.client
        self._next = intake.link.api.subject("CONSUMER.MSG.NEXT.{}.{}".format(*consumer))
        self._ensure = ensure
        self._complaints = Complaints(intake.queue.name, [consumer])
        self._asked = 0
        self._heard_s = time.monotonic()
        self._stale = False
        self._retracting = False
        self._kick = asyncio.Event()
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._open_inbox()
        self.intake.link.pullers.add(self)
        self._task = asyncio.create_task(self._pull_for_ever())

    async def stop(self) -> None:
        """Stop pulling. What is still on its way goes straight back to the queue."""
        self.intake.closed = True
        self.intake.link.pullers.discard(self)
        if self._task is not None:
            self._task.cancel()
        await self._close_inbox()

    def allow(self, limit: int) -> None:
        """The channel may have received `limit` messages in all."""
        self.intake.limit = limit
        self._kick.set()

    def retract(self) -> None:
        """Take back what was asked for beyond the room."""
        if self._asked > self.intake.room:
            self._retracting = True
            self._kick.set()

    def reconnected(self) -> None:
        self._stale = True
        self._kick.set()

    async def _pull_for_ever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SERVER_BEAT_S):
                    await self._kick.wait()
            except TimeoutError:
                pass
            self._kick.clear()
            silent = self._asked > 0 and time.monotonic() - self._heard_s > SILENCE_S
            if not self.intake.link.may_pull:
                continue
            try:
                if self._stale or silent:
                    # Before the waiting: a connection that changes meanwhile says so again.
                    self._stale = False
                    await self._ensure()
                    await self._renew()
                elif self._retracting:
                    await self._renew()
                await self._ask()
            except (TransportError, nats.errors.Error) as error:
                self._complaints.pull_failed(error)
                self._stale = True
                self._kick.set()
                await asyncio.sleep(PAUSE_S)

    async def _renew(self) -> None:
        """Begin again with a new inbox: what the old pulls may still bring must not count for the new one."""
        self._retracting = False
        await self._close_inbox()
        await self._open_inbox()
        self._asked = 0

    async def _ask(self) -> None:
        more = self.intake.room - self._asked
        if more <= 0 or self._subscription is None:
            return
        self._asked += more
        self._heard_s = time.monotonic()
        request = {
            "batch": more,
            "expires": int(EXPIRES_S * NANOSECONDS),
            "idle_heartbeat": int(SERVER_BEAT_S * NANOSECONDS),
        }
        inbox = self._subscription.subject.removesuffix("*") + "pull"
        await self._client.publish(self._next, json.dumps(request).encode(), reply=inbox)

    async def _on_message(self, message: Msg) -> None:
        self._heard_s = time.monotonic()
        if is_receipt(message.reply):
            self._asked = max(0, self._asked - 1)
            if not self.intake.accept(message):
                # Dropped, so there is room for another at once.
                self._kick.set()
            return
        headers = message.headers or {}
        status = headers.get("Status")
        if status == HEARTBEAT:
            return
        unfilled = headers.get("Nats-Pending-Messages")
        self._asked = max(0, self._asked - int(unfilled)) if unfilled else 0
        # 408: the pull expired, ask again. 409 and 503: the consumer is gone or JetStream is not there (yet).
        if status in {"409", "503"} and "Leadership" not in headers.get("Description", ""):
            self._complaints.pull_ended(message)
            await asyncio.sleep(PAUSE_S)
            self._stale = True
        self._kick.set()

    async def _open_inbox(self) -> None:
        # No limits: what was asked for was counted already.
        self._subscription = await self._client.subscribe(
            f"{self._client.new_inbox()}.*", cb=self._on_message, pending_msgs_limit=-1, pending_bytes_limit=-1
        )

    async def _close_inbox(self) -> None:
        """Drained, not dropped: a message in it would otherwise be missed until its ack_wait is over."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None and self._client.is_connected:
            try:
                async with asyncio.timeout(DRAIN_S):
                    await subscription.drain()
            except (nats.errors.Error, TimeoutError) as error:
                log.debug("draining the inbox of queue %s: %r", self.intake.queue.name, error)
