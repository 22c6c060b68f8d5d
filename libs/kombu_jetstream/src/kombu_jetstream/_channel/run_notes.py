"""Notes of runs that were lost, beside the messages in the task stream: by them is known that a message kills.

A note rests under `<prefix>.tasks.<queue>.lost.<sequence>`, which no queue's consumer takes, and goes by its age. It is
written before a run of a message that was delivered before, so that it is there whatever becomes of the process. What
was delivered for the first time is not worth a write: most messages are.
"""

import asyncio
import math
from typing import Any

from kombu.log import get_logger

from kombu_jetstream._link.link import Link
from kombu_jetstream._messages.lost_runs import Runs
from kombu_jetstream._messages.schedules import TTL
from kombu_jetstream._publish.publishing import publish_confirmed
from kombu_jetstream._topology.naming import lost_subject
from kombu_jetstream.errors import JetStreamUnavailable, NotPermitted, TransportError

log = get_logger(__name__)

#: A first attempt that the server forbids is told of at the end of its own time.
LOOK_S = 0.5
#: Handing back waits so long for its note, and no longer: whoever stops is to stop.
HAND_BACK_S = 2.0


class RunNotes:
    """Lives on the io thread, but for `is_open` and `forget`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._timeout_s = link.options.api_timeout_s + LOOK_S
        #: By tag: what to write of a run that is under way, should its message be handed back.
        self._open: dict[str, tuple[dict[str, Any], Runs, float]] = {}
        self._denial: NotPermitted | None = None

    async def read(self, delivery: dict[str, Any]) -> Runs:
        """What is noted of the message with this `delivery_info`.

        Raises:
            NotPermitted, JetStreamUnavailable, LinkClosed: nobody says.
        """
        subject = lost_subject(delivery["subject"], delivery["sequence"])
        request = f"DIRECT.GET.{delivery['stream']}.{subject}"
        if self._denial is not None:
            raise self._denial  # without waiting for it again
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._link.api.ask(request)
        except NotPermitted as error:
            self._denial = error
            raise
        except TimeoutError as error:
            raise JetStreamUnavailable(self._link.api.subject(request), "it took too long") from error
        if "Status" in (answer.headers or {}):  # 404: there is none
            return Runs()
        try:
            return Runs.from_wire(answer.data)
        except (ValueError, KeyError, TypeError):
            log.warning("%s holds no note of ours", subject)
            return Runs()

    async def write(self, tag: str, delivery: dict[str, Any], runs: Runs, keep_s: float) -> None:
        """Note it for `keep_s`; until another note, a message that is handed back gets one that its run has ended.

        Raises:
            TransportError: it is not noted.
        """
        self._open.pop(tag, None)
        subject = lost_subject(delivery["subject"], delivery["sequence"])
        if runs.unfinished:
            # Before it is tried: what nobody confirmed may have been stored all the same.
            self._open[tag] = (delivery, runs, keep_s)
        await publish_confirmed(self._link.client, subject, runs.to_wire(), _kept(keep_s), timeout_s=self._timeout_s)

    def forget(self, tag: str) -> None:
        """It is done."""
        self._open.pop(tag, None)

    def is_open(self, tag: str) -> bool:
        """Whether a run of it is noted as under way. From any thread."""
        return tag in self._open

    async def hand_back(self, tag: str, word: bytes) -> None:
        """Settle by `word`, a -NAK, what is noted as under way: its run has ended in order.

        The note is stored first, so that whoever gets the message next finds it. To send it first is not enough: the
        server stores it in one place, of a cluster in several, and hears a -NAK in another.
        """
        delivery, runs, keep_s = self._open.pop(tag)
        if not self._link.custody.lapsed(tag):  # else another may have it, and have noted a run of its own
            subject = lost_subject(delivery["subject"], delivery["sequence"])
            note, kept = Runs(runs.lost).to_wire(), _kept(keep_s)
            try:
                await publish_confirmed(self._link.client, subject, note, kept, timeout_s=HAND_BACK_S)
            except TransportError as error:
                log.debug("%s: %r", subject, error)  # it may count as lost
        self._link.settlements.settle(tag, word)


def _kept(keep_s: float) -> dict[str, str]:
    return {TTL: f"{max(1, math.ceil(keep_s))}s"}
