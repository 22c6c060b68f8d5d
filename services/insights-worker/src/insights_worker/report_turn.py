"""One turn of a report: counting, grouping, naming, reading, writing, each from where the turn before left off."""

import time
from collections import deque
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from pydantic import JsonValue, TypeAdapter, ValidationError

from contracts.events import ReportRef
from contracts.report_work import ReportEntry, ReportWork
from contracts.reports import ReportProgress
from insights_worker.config import PipelineConfig
from insights_worker.desk import ReportDesk
from insights_worker.drafts import Draft
from insights_worker.keeping import DraftKeeper
from insights_worker.model_calls import ReportModel
from insights_worker.numbers.counting import numbers_of
from insights_worker.numbers.readings import Reading, reading_of
from insights_worker.results import result_of
from insights_worker.summary.claims import counted
from insights_worker.summary.merging import fit_at_once, merge, next_batch
from insights_worker.summary.pile import in_order, lift, overfull, put
from insights_worker.summary.reading import Excerpt, excerpt_of, fits, read_batch
from insights_worker.themes.grouping import Material, find_themes
from insights_worker.themes.naming import name_theme
from ollama_client import OllamaClient
from worker_kit import beginning_and_end, model_facts

#: Of each entry, while themes are found: names and telling words need no more.
_GLANCE_TOKENS = 128

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)

log = structlog.get_logger()


class ReportTurn:
    """Every step raises `ReportSettled`, OllamaError, WorkerError."""

    def __init__(
        self, config: PipelineConfig, ref: ReportRef, desk: ReportDesk, ollama: OllamaClient, work: ReportWork
    ) -> None:
        self._config = config
        self._ref = ref
        self._desk = desk
        self._ollama = ollama
        self._work = work
        self._keeper = DraftKeeper(desk)
        self._ends_s = time.monotonic() + config.report_turn_s

    async def run(self) -> bool:
        """False: there is more to do."""
        is_done = await self._advance()
        if not is_done:
            await self._keeper.save()
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
            draft = await self._group()
            await self._keep_naming(model, draft)
        while draft.unnamed:
            if self._is_over:
                return False
            draft = await self._name(model, draft)
        if not draft.is_read:
            await self._keeper.begin("reading", draft.seen, max(draft.seen, draft.numbers.entries))
        while not draft.is_read or overfull(draft.levels) is not None:
            if self._is_over:
                return False
            step = self._read if overfull(draft.levels) is None else self._condense
            draft = await step(model, draft)
        draft = draft.model_copy(update={"notes": (*draft.notes, *in_order(draft.levels)), "levels": ()})
        await self._keeper.begin("writing", len(draft.merged), len(draft.merged) + max(len(draft.notes), 1))
        while not fit_at_once(model, [*draft.merged, *draft.notes]):
            if self._is_over:
                return False
            draft = await self._merge(model, draft)
        await self._desk.record(await result_of(model, draft))
        log.info("report.recorded", entries=draft.numbers.entries, read=draft.read, calls=model.spent.calls)
        return True

    @property
    def _is_over(self) -> bool:
        """Never before something was done, however short a turn is: each one comes further."""
        return self._keeper.kept > 0 and time.monotonic() >= self._ends_s

    async def _group(self) -> Draft:
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
        material = Material(self._ref.journal, readings, glances)
        themes = await find_themes(self._config.index, embedding.digest, work, material)
        return Draft(numbers=numbers, themes=themes.found, themes_missing=themes.missing, unnamed=themes.typical)

    async def _name(self, model: ReportModel, draft: Draft) -> Draft:
        """One theme."""
        place = len(draft.themes) - len(draft.unnamed)
        theme, fault = await name_theme(model, draft.themes[place], draft.unnamed[0])
        draft = draft.model_copy(
            update={
                "themes": (*draft.themes[:place], theme, *draft.themes[place + 1 :]),
                "unnamed": draft.unnamed[1:],
                "removed": counted(draft.removed, numbers=fault == "number", unfit=fault == "unfit"),
            }
        )
        await self._keep_naming(model, draft)
        return draft

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
        total = len(draft.merged) + len(draft.notes)
        await self._keeper.keep(draft, model.spent, "writing", len(draft.merged), total)
        return draft

    async def _keep_naming(self, model: ReportModel, draft: Draft) -> None:
        total = len(draft.themes)
        await self._keeper.keep(draft, model.spent, "grouping", total - len(draft.unnamed), total)

    async def _keep_reading(self, model: ReportModel, draft: Draft) -> None:
        await self._keeper.keep(draft, model.spent, "reading", draft.seen, max(draft.seen, draft.numbers.entries))


def _draft_of(saved: JsonValue) -> Draft | None:
    if saved is None:
        return None
    try:
        return Draft.model_validate_json(_JSON.dump_json(saved))
    except ValidationError:
        log.warning("report.draft_unknown")
        return None
