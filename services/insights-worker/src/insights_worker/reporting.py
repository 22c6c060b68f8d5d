"""What is done for a report, turn by turn, until it is recorded. It has never heard of Celery.

A report of years takes hours of a model's time. A turn does some of it, saves what it has, and ends, so that
reflections come in between and a killed worker loses one turn.
"""

import time
from collections import deque
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from pydantic import JsonValue, TypeAdapter, ValidationError

from contracts.enrichments import FailureReason
from contracts.events import ReportRef
from contracts.live import Retry
from contracts.report_work import ReportEntry, ReportWork
from contracts.reports import Removed, ReportProgress, ReportResult, ReportStep
from insights_worker.config import PipelineConfig
from insights_worker.desk import ReportDesk, ReportSettled
from insights_worker.drafts import Draft
from insights_worker.live import tell_report_retry
from insights_worker.model_calls import ReportModel
from insights_worker.numbers.counting import numbers_of
from insights_worker.numbers.readings import Reading, reading_of
from insights_worker.summary.claims import why_nothing
from insights_worker.summary.merging import fit_at_once, merge, next_batch, summarise
from insights_worker.summary.pile import in_order, lift, overfull, put
from insights_worker.summary.reading import Excerpt, excerpt_of, fits, read_batch
from insights_worker.themes.grouping import Material, find_themes
from ollama_client import OllamaClient
from worker_kit import GatewayClient, beginning_and_end, model_facts

#: Of each entry, while themes are found: names and telling words need no more.
_GLANCE_TOKENS = 128

#: What a worker that dies has done since the last time is done again.
_SAVE_EVERY_S = 1.0

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)

log = structlog.get_logger()


async def advance_report(config: PipelineConfig, ref: ReportRef) -> bool:
    """One turn. False: there is more to do.

    Raises: OllamaError, WorkerError.
    """
    async with GatewayClient(config.gateway) as gateway, OllamaClient(config.ollama) as ollama:
        begun = await gateway.begin_report(ref)
        if begun.work is None:
            log.info("report.skipped", outcome=begun.outcome)
            return True
        try:
            return await _Turn(config, ref, ReportDesk(gateway, ref), ollama, begun.work).run()
        except ReportSettled:
            log.info("report.dropped")
            return True


async def give_up_report(config: PipelineConfig, ref: ReportRef, reason: FailureReason) -> None:
    """Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        try:
            await ReportDesk(gateway, ref).record(reason)
        except ReportSettled:
            log.info("report.dropped")


async def tell_retry(config: PipelineConfig, ref: ReportRef, retry: Retry) -> None:
    """To those who watch. Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        await tell_report_retry(gateway, ref, retry)


async def schedule_reports(config: PipelineConfig) -> None:
    """Have the reports made whose period has ended. Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        reply = await gateway.schedule_reports()
    log.info("reports.scheduled", made=reply.made)


class _Turn:
    """Every step raises `ReportSettled`, OllamaError, WorkerError."""

    def __init__(
        self, config: PipelineConfig, ref: ReportRef, desk: ReportDesk, ollama: OllamaClient, work: ReportWork
    ) -> None:
        self._config = config
        self._ref = ref
        self._desk = desk
        self._ollama = ollama
        self._work = work
        self._ends_s = time.monotonic() + config.report_turn_s
        self._kept = 0
        self._unsaved: tuple[ReportProgress, Draft] | None = None
        self._saved_at_s = 0.0

    async def run(self) -> bool:
        is_done = await self._advance()
        if not is_done:
            await self._save()
        return is_done

    async def _advance(self) -> bool:
        draft = _draft_of(self._work.draft)
        facts = await model_facts(self._ollama, self._config.chat_model)
        model = ReportModel(
            self._ollama,
            facts,
            draft.provenance if draft else None,
            context_tokens=self._config.report_context_tokens,
        )
        if draft is None:
            draft = await self._group(model)
            await self._keep(model, draft, "grouping", len(draft.themes), len(draft.themes))
        if not draft.is_read:
            await self._begin("reading", draft.seen, max(draft.seen, draft.numbers.entries))
        while not draft.is_read or overfull(draft.levels) is not None:
            if self._is_over:
                return False
            step = self._read if overfull(draft.levels) is None else self._condense
            draft = await step(model, draft)
        draft = draft.model_copy(update={"notes": (*draft.notes, *in_order(draft.levels)), "levels": ()})
        await self._begin("writing", len(draft.merged), len(draft.merged) + max(len(draft.notes), 1))
        while not fit_at_once(model, [*draft.merged, *draft.notes]):
            if self._is_over:
                return False
            draft = await self._merge(model, draft)
        await self._desk.record(await self._result(model, draft))
        log.info("report.recorded", entries=draft.numbers.entries, read=draft.read, calls=model.spent.calls)
        return True

    @property
    def _is_over(self) -> bool:
        """Never before something was done, however short a turn is: each one comes further."""
        return self._kept > 0 and time.monotonic() >= self._ends_s

    async def _group(self, model: ReportModel) -> Draft:
        work, zone = self._work, ZoneInfo(self._work.time_zone)
        readings: dict[UUID, Reading] = {}
        glances: dict[UUID, str] = {}
        cursor: str | None = None
        await self._desk.save(ReportProgress(step="counting", done=0, total=1))
        while True:
            page = await self._desk.page(cursor)
            for entry in page.entries:
                readings[entry.mood.entry_id] = reading_of(entry.mood, zone)
                if entry.text is not None:
                    glances[entry.mood.entry_id] = beginning_and_end(entry.text, limit_tokens=_GLANCE_TOKENS)
            await self._desk.tell("counting", len(readings), len(readings) + (page.next_cursor is not None))
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        today = datetime.now(UTC).astimezone(zone).date()
        numbers = numbers_of(list(readings.values()), work.first_day, work.last_day, today)
        embedding = await model_facts(self._ollama, self._config.embedding_model)

        async def named(done: int, total: int) -> None:
            await self._begin("grouping", done, total)

        material = Material(self._ref.journal, readings, glances)
        themes = await find_themes(self._config.index, embedding.digest, model, work, material, named=named)
        return Draft(numbers=numbers, themes=themes.found, themes_missing=themes.missing, removed=themes.removed)

    async def _read(self, model: ReportModel, draft: Draft) -> Draft:
        """All that is left to read, or as much as the turn has time for and notes have room for."""
        waiting: deque[ReportEntry] = deque()
        cursor, is_last, position = draft.cursor, False, draft.cursor
        while not self._is_over and overfull(draft.levels) is None:
            batch: list[Excerpt] = []
            seen = withheld = 0
            while True:
                if not waiting and not is_last:
                    page = await self._desk.page(cursor)
                    waiting.extend(page.entries)
                    cursor, is_last = page.next_cursor, page.next_cursor is None
                if not waiting:
                    break
                excerpt = excerpt_of(waiting[0])
                if excerpt is not None and not fits(model, batch, excerpt):
                    break
                entry = waiting.popleft()
                seen += 1
                position = entry.cursor
                if excerpt is None:
                    withheld += 1
                else:
                    batch.append(excerpt)
            notes, removed = await read_batch(model, batch, draft.removed) if batch else ([], draft.removed)
            draft = draft.model_copy(
                update={
                    "cursor": position,
                    "seen": draft.seen + seen,
                    "read": draft.read + len(batch),
                    "withheld": draft.withheld + withheld,
                    "levels": put(draft.levels, 0, notes),
                    "removed": removed,
                    "is_read": is_last and not waiting,
                }
            )
            await self._keep_reading(model, draft)
            if draft.is_read:
                break
        return draft

    async def _condense(self, model: ReportModel, draft: Draft) -> Draft:
        """One batch of the notes that are too many."""
        level = overfull(draft.levels)
        assert level is not None, "asked for before"
        notes = draft.levels[level]
        count = next_batch(model, notes)
        merged, removed = await merge(model, notes[:count], draft.removed)
        draft = draft.model_copy(update={"levels": lift(draft.levels, level, count, merged), "removed": removed})
        await self._keep_reading(model, draft)
        return draft

    async def _merge(self, model: ReportModel, draft: Draft) -> Draft:
        """One batch of notes. When all are merged, the next pass begins with what came of it."""
        if not draft.notes:
            return draft.model_copy(update={"notes": draft.merged, "merged": ()})
        count = next_batch(model, draft.notes)
        merged, removed = await merge(model, draft.notes[:count], draft.removed)
        draft = draft.model_copy(
            update={"notes": draft.notes[count:], "merged": (*draft.merged, *merged), "removed": removed}
        )
        await self._keep(model, draft, "writing", len(draft.merged), len(draft.merged) + len(draft.notes))
        return draft

    async def _result(self, model: ReportModel, draft: Draft) -> ReportResult:
        notes = [*draft.merged, *draft.notes]
        made = ReportResult(
            numbers=draft.numbers,
            themes=draft.themes,
            themes_missing=draft.themes_missing,
            entries_read=draft.read,
            entries_withheld=draft.withheld,
            removed=draft.removed,
            provenance=model.spent if model.spent.calls else None,
        )
        if not draft.read:
            return made.model_copy(update={"summary_missing": "no_entries"})
        if not notes:
            return made.model_copy(update={"summary_missing": why_nothing(Removed(), draft.removed)})
        found = await summarise(model, notes, draft.removed)
        missing = None if found.claims else why_nothing(draft.removed, found.removed)
        return made.model_copy(
            update={
                "summary": found.claims,
                # Nobody makes up advice for a time in which somebody wrote of suicide or self-harm (docs/care.md).
                "suggestions": () if draft.withheld else found.suggestions,
                "summary_missing": missing,
                "removed": found.removed,
                "provenance": model.spent,
            }
        )

    async def _begin(self, step: ReportStep, done: int, total: int) -> None:
        """Told at once: what begins here waits for the model, and who looks meanwhile sees the last that was told."""
        progress = ReportProgress(step=step, done=done, total=total)
        if self._unsaved is None:
            await self._desk.save(progress)
        else:
            self._unsaved = progress, self._unsaved[1]
            await self._save()

    async def _keep_reading(self, model: ReportModel, draft: Draft) -> None:
        await self._keep(model, draft, "reading", draft.seen, max(draft.seen, draft.numbers.entries))

    async def _keep(self, model: ReportModel, draft: Draft, step: ReportStep, done: int, total: int) -> None:
        """Saved at the turn's end, and seldom enough before: a model that answers at once would wait for it mostly."""
        self._kept += 1
        self._unsaved = (
            ReportProgress(step=step, done=done, total=total),
            draft.model_copy(update={"provenance": model.spent}),
        )
        if time.monotonic() - self._saved_at_s >= _SAVE_EVERY_S:
            await self._save()

    async def _save(self) -> None:
        if self._unsaved is not None:
            progress, draft = self._unsaved
            await self._desk.save(progress, draft.model_dump(mode="json"))
            self._unsaved, self._saved_at_s = None, time.monotonic()


def _draft_of(saved: JsonValue) -> Draft | None:
    if saved is None:
        return None
    try:
        return Draft.model_validate_json(_JSON.dump_json(saved))
    except ValidationError:
        log.warning("report.draft_unknown")
        return None
