"""A report's draft on its way to the gateway."""

import time

from contracts.reports import ReportProgress, ReportProvenance, ReportStep
from insights_worker.desk import ReportDesk
from insights_worker.drafts import Draft

#: What a worker that dies has done since the last time is done again.
_SAVE_EVERY_S = 1.0


class DraftKeeper:
    """For one turn. Every call raises `ReportSettled`, or WorkerError."""

    def __init__(self, desk: ReportDesk) -> None:
        self._desk = desk
        #: How often the turn came further.
        self.kept = 0
        self._unsaved: tuple[ReportProgress, Draft] | None = None
        self._saved_at_s = 0.0

    async def begin(self, step: ReportStep, done: int, total: int) -> None:
        """Told at once: what begins here waits for the model, and who looks meanwhile sees the last that was told."""
        progress = ReportProgress(step=step, done=done, total=total)
        if self._unsaved is None:
            await self._desk.save(progress)
        else:
            self._unsaved = progress, self._unsaved[1]
            await self.save()

    async def keep(self, draft: Draft, spent: ReportProvenance, step: ReportStep, done: int, total: int) -> None:
        """Saved at the turn's end, and seldom enough before: a model that answers at once would wait for it mostly."""
        self.kept += 1
        progress = ReportProgress(step=step, done=done, total=total)
        self._unsaved = progress, draft.model_copy(update={"provenance": spent})
        if time.monotonic() - self._saved_at_s >= _SAVE_EVERY_S:
            await self.save()

    async def save(self) -> None:
        if self._unsaved is not None:
            progress, draft = self._unsaved
            await self._desk.save(progress, draft.model_dump(mode="json"))
            self._unsaved, self._saved_at_s = None, time.monotonic()
