"""Telling every gateway what is being written, while it is written. Nobody answers, and nothing waits for it."""

import time

from contracts.events import ReflectionRef, ReportRef
from contracts.identifiers import new_id
from contracts.live import LiveState, ReflectionFrame, ReportFrame, Retry
from contracts.subjects import live_subject
from worker_kit import GatewayClient

#: Frames hold all that was written so far, so one for each token would be a lot of bytes: an eye sees no difference.
_EVERY_S = 0.03


class LiveReflection:
    """One attempt at one reflection. A later attempt replaces what this one told."""

    def __init__(self, gateway: GatewayClient, ref: ReflectionRef) -> None:
        self._gateway = gateway
        self._ref = ref
        self._run = new_id()
        self._text = ""
        self._questions: tuple[str, ...] = ()
        self._told_at_s = 0.0

    async def write(self, text: str, questions: tuple[str, ...]) -> None:
        """All that was written so far. The first words go out at once, what follows in short steps."""
        self._text, self._questions = text, questions
        now_s = time.monotonic()
        if text and now_s - self._told_at_s >= _EVERY_S:
            self._told_at_s = now_s
            await self._tell("writing")

    async def end(self, state: LiveState) -> None:
        """Say that it is stored, or given up. Call it after it was recorded: who hears it reads the record."""
        await self._tell(state)

    async def retry(self, retry: Retry) -> None:
        """Say that the attempt before failed, and when the next one begins."""
        await self._tell("retrying", retry)

    async def _tell(self, state: LiveState, retry: Retry | None = None) -> None:
        ref = self._ref
        frame = ReflectionFrame(
            journal=ref.journal,
            entry_id=ref.entry_id,
            version=ref.version,
            run=self._run,
            state=state,
            text=self._text,
            questions=self._questions,
            retry=retry,
        )
        await self._gateway.publish(live_subject(ref.entry_id), frame)


async def tell_report_retry(gateway: GatewayClient, ref: ReportRef, retry: Retry) -> None:
    """How far a report is, the gateway has stored; that nobody works on it now, it cannot know."""
    frame = ReportFrame(journal=ref.journal, report_id=ref.report_id, edition=ref.edition, retry=retry)
    await gateway.publish(live_subject(ref.report_id), frame)
