"""A pull on a queue with priorities: one consumer per step, and the urgent one is always emptied first."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import nats.errors
from nats.aio.msg import Msg

from kombu_jetstream._consume.complaints import Complaints
from kombu_jetstream._consume.puller import DRAIN_S, PAUSE_S
from kombu_jetstream._consume.ready import Intake
from kombu_jetstream._messages.receipt import is_receipt
from kombu_jetstream._topology.streams import NANOSECONDS
from kombu_jetstream.errors import TransportError

#: How long all steps are waited on together before the order is looked at again.
WAIT_S = 10.0
#: A pull that does not want to wait is answered at once, but not at all by a consumer that reached max_ack_pending.
AT_ONCE_S = 2.0


class PriorityPuller:
    """Lives on the io thread. May receive up to three messages (steps less one) over the channel's prefetch count."""

    def __init__(
        self, intake: Intake, consumers: list[tuple[str, str]], ensure: Callable[[], Awaitable[object]]
    ) -> None:
        self.intake = intake
        self._client = intake.link.client
        self._subjects = [intake.link.api.subject("CONSUMER.MSG.NEXT.{}.{}".format(*found)) for found in consumers]
        self._ensure = ensure
        self._complaints = Complaints(intake.queue.name, consumers)
        self._kick = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        #: Ends the round under way: it belongs to a connection that is gone, or nobody consumes any more.
        self._interrupt = asyncio.Event()

    async def start(self) -> None:
        self.intake.link.pullers.add(self)
        self._task = asyncio.create_task(self._pull_for_ever())

    async def stop(self) -> None:
        """Stop pulling; the round under way ends by handing back what it gets."""
        self.intake.closed = True
        self.intake.link.pullers.discard(self)
        self._interrupt.set()
        self._kick.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=DRAIN_S * 2)
            self._task.cancel()

    def allow(self, limit: int) -> None:
        self.intake.limit = limit
        self._kick.set()

    def retract(self) -> None:
        """End the wait under way if there is no room any more."""
        if not self.intake.room:
            self._interrupt.set()

    def reconnected(self) -> None:
        self._interrupt.set()
        self._kick.set()

    async def _pull_for_ever(self) -> None:
        while not self.intake.closed:
            if not self.intake.room or not self.intake.link.may_pull:
                self._kick.clear()
                await self._kick.wait()
                continue
            try:
                await self._one_pass()
            except (TransportError, nats.errors.Error, TimeoutError) as error:
                self._complaints.pull_failed(error)
                await asyncio.sleep(PAUSE_S)

    async def _one_pass(self) -> None:
        """Everything there is room for, handed over together: kombu then sees the steps in their order."""
        batch: list[Msg] = []
        self._interrupt.clear()
        try:
            for subject in self._subjects:
                room = self.intake.room - len(batch)
                if room > 0:
                    await self._round([subject], {"batch": room, "no_wait": True}, batch.append, enough=room)
        finally:
            self.intake.accept(*batch)
        if not batch and self.intake.room:
            request = {"batch": 1, "expires": int(WAIT_S * NANOSECONDS)}
            await self._round(self._subjects, request, self.intake.accept, enough=1)

    async def _look_after(self, answer: Msg) -> None:
        self._complaints.pull_ended(answer)
        await asyncio.sleep(PAUSE_S)
        try:
            await self._ensure()
        except TransportError as error:
            self._complaints.pull_failed(error)

    async def _round(
        self, subjects: list[str], request: dict[str, Any], take: Callable[[Msg], object], *, enough: int
    ) -> None:
        """Ask on all `subjects`, until `enough` messages came or every pull was answered."""
        done, messages, answers = asyncio.Event(), 0, 0

        async def on_message(message: Msg) -> None:
            nonlocal messages, answers
            if is_receipt(message.reply):
                messages += 1
                take(message)
            else:
                answers += 1
                if (message.headers or {}).get("Status") in {"409", "503"}:
                    await self._look_after(message)
            if messages >= enough or answers >= len(subjects):
                done.set()

        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox, cb=on_message, pending_msgs_limit=-1, pending_bytes_limit=-1)
        for subject in subjects:
            await self._client.publish(subject, json.dumps(request).encode(), reply=inbox)
        interrupted = asyncio.ensure_future(self._interrupt.wait())
        finished = asyncio.ensure_future(done.wait())
        patience_s = AT_ONCE_S if request.get("no_wait") else WAIT_S + 1
        await asyncio.wait([interrupted, finished], timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        interrupted.cancel()
        finished.cancel()
        async with asyncio.timeout(DRAIN_S):
            await subscription.drain()
