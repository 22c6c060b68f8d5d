"""Verdicts on messages (ack, requeue, reject), each repeated until the server confirms it."""

import asyncio
import itertools
import json
import time
from collections import OrderedDict
from dataclasses import dataclass

import nats.errors
from kombu.log import get_logger
from nats.aio.client import Client
from nats.aio.msg import Msg

from kombu_jetstream._connection.counters import counters
from kombu_jetstream._link.custody import Custody
from kombu_jetstream._messages.receipt import MessageKey, Receipt

log = get_logger(__name__)

ACK = b"+ACK"
TERMINATE = b"+TERM"
REPEAT_AFTER_S = 2.0
TOO_EARLY_S = 0.25
#: A verdict nobody confirms for so long has no consumer any more (deleted, or its stream is gone).
GIVE_UP_AFTER_S = 600.0
#: How many finished messages are remembered, to know a copy of one.
REMEMBERED = 10_000


def requeue_verdict(delay_s: float = 0.0) -> bytes:
    """-NAK, with the time before the message is delivered again."""
    return b"-NAK" + (b" " + json.dumps({"delay": int(delay_s * 1e9)}).encode() if delay_s > 0 else b"")


@dataclass(slots=True)
class _Verdict:
    tag: str
    word: bytes
    since_s: float
    sent_s: float = 0.0
    sends: int = 0


class Settlements:
    """Lives on the io thread.

    An ack is one packet that a broken connection may swallow, and JetStream would then run the task again. So every
    verdict asks for an answer and is sent again, over the next connection too, until one comes. Repeats change nothing:
    a message that is settled stays settled.
    """

    def __init__(self, client: Client, custody: Custody) -> None:
        self._client = client
        self._custody = custody
        self._open: OrderedDict[str, _Verdict] = OrderedDict()
        self._finished: OrderedDict[MessageKey, bytes] = OrderedDict()
        self._names = itertools.count()
        self._inbox = ""
        #: Messages that nobody has any more but we.
        self._void: set[str] = set()
        self._changed = asyncio.Event()
        self._all_closed = asyncio.Event()

    async def start(self) -> None:
        self._inbox = self._client.new_inbox()
        await self._client.subscribe(f"{self._inbox}.*", cb=self._on_answer)

    def settle(self, tag: str, word: bytes) -> None:
        """Say the verdict on a message; does not wait.

        A message that somebody else may have by now is acked all the same, but not handed back: that would have it
        delivered once more while they work on it. If nobody has it, the server delivers it again by itself.
        """
        ours = self._custody.release(tag)
        if tag in self._void:
            self._void.remove(tag)
            return
        if not ours and word.startswith(b"-NAK"):
            return
        name = str(next(self._names))
        self._open[name] = _Verdict(tag, word, time.monotonic())
        counters.verdicts += 1
        if not word.startswith(b"-NAK"):
            self._finished[Receipt.parse(tag).message] = word
            if len(self._finished) > REMEMBERED:
                self._finished.popitem(last=False)
        self._changed.set()

    def settle_again(self, receipt: Receipt) -> bool:
        """Whether this delivery is a copy of a message that we acked or terminated; if so, that is said once more.

        A server that was killed may have forgotten that it delivered a message. It confirms an ack of that one, ignores
        it, and delivers the message again (nats-server 2.15).
        """
        word = self._finished.get(receipt.message)
        if word is None:
            return False
        self.settle(receipt.tag, word)
        return True

    def forget_consumer(self, stream: str, consumer: str) -> None:
        """The consumer is deleted, its messages with it: a verdict on one would wait in vain to be confirmed."""
        for tag in self._custody.tags_of(stream, consumer):
            self._custody.release(tag)
            self._void.add(tag)
        for name, verdict in list(self._open.items()):
            if Receipt.parse(verdict.tag).message[:2] == (stream, consumer):
                self._close(name)

    def unconfirmed(self) -> set[MessageKey]:
        """Finished messages of which the server may not know it."""
        verdicts = [verdict for verdict in self._open.values() if not verdict.word.startswith(b"-NAK")]
        return {Receipt.parse(verdict.tag).message for verdict in verdicts}

    def repeat(self) -> None:
        """Send everything unconfirmed again at once: the connection is new."""
        for verdict in self._open.values():
            verdict.sent_s = 0.0
        self._changed.set()

    async def send_for_ever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(REPEAT_AFTER_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            await self._send_due()

    async def drain(self, timeout_s: float) -> bool:
        """Whether all verdicts were confirmed within `timeout_s`."""
        await self._send_due()
        self._all_closed.clear()
        if self._open:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._all_closed.wait()
            except TimeoutError:
                return False
        return True

    async def _send_due(self) -> None:
        now_s = time.monotonic()
        for name, verdict in list(self._open.items()):
            if now_s - verdict.sent_s < REPEAT_AFTER_S:
                continue
            if now_s - verdict.since_s > GIVE_UP_AFTER_S:
                receipt = Receipt.parse(verdict.tag)
                log.error(
                    "stream %s, consumer %s, message %d: nobody confirms %s for %d s, given up; "
                    "was the consumer or its stream deleted?",
                    receipt.stream, receipt.consumer, receipt.sequence, verdict.word.decode(), GIVE_UP_AFTER_S,
                )  # fmt: skip
                counters.verdicts_abandoned += 1
                self._close(name)
                continue
            if not self._client.is_connected:
                return
            verdict.sent_s, verdict.sends = now_s, verdict.sends + 1
            counters.verdicts_repeated += verdict.sends > 1
            try:
                await self._client.publish(verdict.tag, verdict.word, reply=f"{self._inbox}.{name}")
            except nats.errors.Error:
                # The connection went away in between; repeat() follows with the next one.
                return

    async def _on_answer(self, answer: Msg) -> None:
        name = answer.subject.rpartition(".")[2]
        if (answer.headers or {}).get("Status") != "503":
            self._close(name)
        elif name in self._open:
            # No responders. JetStream starts after the server accepts connections, so it may only be early.
            self._open[name].sent_s = 0.0
            asyncio.get_running_loop().call_later(TOO_EARLY_S, self._changed.set)

    def _close(self, name: str) -> None:
        self._open.pop(name, None)
        if not self._open:
            self._all_closed.set()
